//! A recipe: the shell blocks below a heading, of which the last but one names a moment, and the last goes back to it.

/// The beginning of the headings.
const HEADING: &str = "### Recipe: ";

/// One recipe.
#[derive(Debug, PartialEq)]
pub struct Recipe {
    /// What its heading calls it.
    pub name: String,
    /// Sets up and takes the backup.
    pub before: String,
    /// Names a moment.
    pub point: String,
    /// Goes back to it.
    pub restore: String,
}

/// The recipes of a page.
pub fn all(page: &str) -> Vec<Recipe> {
    let sections = page.split(HEADING).skip(1);
    sections
        .filter_map(|section| {
            let (name, rest) = section.split_once('\n')?;
            // The next heading, of any depth, is of something else.
            let own = rest.split("\n#").next()?;
            let mut blocks: Vec<&str> =
                own.split("```sh\n").skip(1).filter_map(|block| block.split("```").next()).collect();
            let (restore, point) = (blocks.pop()?, blocks.pop()?);
            // A variable of the first block is known in the last.
            let exported: String = blocks.iter().flat_map(|b| b.lines()).filter(|l| l.starts_with("export ")).collect();
            let after = |block: &str| format!("{exported}\n{block}");
            Some(Recipe {
                name: name.to_owned(),
                before: blocks.concat(),
                point: after(point),
                restore: after(restore),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_two_blocks_are_the_moment_and_the_way_back() {
        let page = "# A\n```sh\nnot\n```\n### Recipe: one\ntext\n```sh\nexport A=1\n```\n```sh\ntake\n```\n\
                    ```sh\nname\n```\n```sh\nback\n```\n## B\n```sh\nnot\n```\n### Recipe: none\n```sh\nnot\n```\n";
        let found = all(page);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].name, "one");
        assert_eq!(found[0].before, "export A=1\ntake\n");
        assert_eq!(found[0].point, "export A=1\nname\n");
        assert_eq!(found[0].restore, "export A=1\nback\n");
    }
}
