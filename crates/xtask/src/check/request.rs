//! Which tests somebody asked for.

use super::{KINDS, Kind};
use crate::failure::{Failure, Result};

/// The arguments of `cargo check-all`.
pub const USAGE: &str = "cargo check-all [--installed] [KIND …] [-- NAME …]";
/// The kinds whose tests can be chosen by name.
const NAMED: [&str; 4] = ["pg_regress", "isolation", "client", "examples"];

/// The kinds that run what is there, without a compiler.
const READY: [&str; 3] = ["pg_regress", "isolation", "readme"];

/// What a run tests.
pub struct Request {
    /// The kinds, in the order in which they run.
    pub kinds: Vec<&'static Kind>,
    /// Whether the extension is tested as it is installed, without a build.
    pub installed: bool,
    /// Only the tests with one of these in their names; without one all of them.
    pub names: Vec<String>,
}

impl Request {
    /// Reads what [`USAGE`] says; without a kind all of them.
    pub fn parse(arguments: &[String]) -> Result<Self> {
        let (mut installed, mut wanted) = (false, Vec::new());
        let mut rest = arguments.iter();
        for argument in rest.by_ref() {
            match argument.as_str() {
                "--" => break,
                "--installed" => installed = true,
                name if KINDS.iter().any(|kind| kind.name == name) => wanted.push(name),
                other => {
                    let names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
                    let remedy = format!("{USAGE}; a kind is one of {}", names.join(", "));
                    return Err(Failure::new(format!("there is no kind of test `{other}`"), remedy));
                }
            }
        }
        let kinds = KINDS.iter().filter(|kind| wanted.is_empty() || wanted.contains(&kind.name)).collect();
        let request = Self { kinds, installed, names: rest.cloned().collect() };
        if !request.names.is_empty() && request.kinds.iter().any(|kind| !NAMED.contains(&kind.name)) {
            return Err(Failure::new("other kinds run whole", format!("before -- name kinds of {}", NAMED.join(", "))));
        }
        if installed && request.has("pg_test") {
            return Err(Failure::new("pg_test installs a build of its own", "with --installed name other kinds"));
        }
        Ok(request)
    }

    /// Whether something has to be compiled: for what is installed, the server's own programs are enough, which Debian
    /// has in the packages of a server.
    pub fn compiles(&self) -> bool {
        !self.installed || self.kinds.iter().any(|kind| !READY.contains(&kind.name))
    }

    /// Whether a kind is asked for.
    pub fn has(&self, name: &str) -> bool {
        self.kinds.iter().any(|kind| kind.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Request> {
        Request::parse(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    fn names(text: &str) -> Vec<&'static str> {
        parse(text).expect("a request").kinds.iter().map(|kind| kind.name).collect()
    }

    #[test]
    fn kinds_are_chosen_by_name_and_run_in_their_order() {
        assert_eq!(names("").len(), KINDS.len());
        assert_eq!(names("client unit"), ["unit", "client"]);
        assert!(parse("units").is_err());
    }

    #[test]
    fn tests_are_chosen_by_name_in_kinds_that_can_run_some() {
        let request = parse("pg_regress -- exchange_funds identity").expect("a request");
        assert_eq!(request.names, ["exchange_funds", "identity"]);
        assert!(parse("readme -- orders").is_err());
        assert!(parse("-- exchange_funds").is_err());
    }

    #[test]
    fn what_is_installed_is_tested_without_the_kind_that_installs() {
        assert!(parse("--installed client").expect("a request").installed);
        assert!(parse("--installed").is_err());
        assert!(parse("--installed pg_test client").is_err());
    }

    #[test]
    fn a_bare_system_is_enough_for_some_kinds() {
        assert!(!parse("--installed pg_regress isolation readme").expect("a request").compiles());
        assert!(parse("pg_regress").expect("a request").compiles());
        assert!(parse("--installed pg_regress client").expect("a request").compiles());
    }
}
