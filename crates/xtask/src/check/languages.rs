//! The languages of `examples/clients`: where their libraries come from, and how a program in each of them runs.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Result;
use crate::progress;
use crate::project::{self, Project};
use crate::python;
use crate::setup::Need;

/// The examples, below the repository: a folder for each language.
pub const FOLDER: &str = "examples/clients";
const JDBC: &str = "/usr/share/java/postgresql.jar";
/// Where Debian has the sources of Go's packages.
const GO_SOURCES: &str = "/usr/share/gocode";
const NETWORK: &str = "check the network";

const JAVA: [Need; 2] =
    [("javac", &["--version"], "default-jdk-headless"), ("test", &["-e", JDBC], "libpostgresql-jdbc-java")];
const GO: [Need; 2] = [
    ("go", &["version"], "golang-go"),
    ("test", &["-d", "/usr/share/gocode/src/github.com/lib/pq"], "golang-github-lib-pq-dev"),
];
const PHP: [Need; 1] = [(
    "php",
    &["-r", "exit(extension_loaded('pdo_pgsql') && extension_loaded('bcmath') ? 0 : 1);"],
    "php-cli php-pgsql php-bcmath",
)];
const RUBY: [Need; 1] = [("ruby", &["-e", "require 'pg'; require 'bigdecimal'"], "ruby ruby-pg")];

/// How a program runs.
pub enum Runner {
    /// An interpreter, what stands before the file, and a variable that tells where libraries are.
    Interpreter(PathBuf, &'static [&'static str], Option<(&'static str, PathBuf)>),
    /// The folder of compiled programs, which have the names of their files.
    Compiled(PathBuf),
}

impl Runner {
    /// The command of a program.
    pub fn command(&self, file: &Path) -> Command {
        match self {
            Self::Interpreter(program, arguments, variable) => {
                let mut command = Command::new(program);
                command.args(*arguments).arg(file);
                command.envs(variable.iter().map(|(name, value)| (name, value)));
                command
            }
            Self::Compiled(folder) => Command::new(folder.join(file.file_stem().unwrap_or_default())),
        }
    }
}

/// One of the languages.
pub struct Language {
    /// Its folder.
    pub name: &'static str,
    /// Where in its folder the programs stand.
    pub inside: &'static str,
    /// How their names end.
    pub extension: &'static str,
    /// What it needs of Debian.
    pub debian: &'static [Need],
    /// Fetches the libraries, and compiles the programs: of the folder, these.
    pub prepare: fn(&Project, &Path, &[PathBuf]) -> Result<Runner>,
}

/// All of them.
pub static LANGUAGES: [Language; 7] = [
    Language { name: "rust", inside: "src/bin", extension: "rs", debian: &[], prepare: rust },
    Language { name: "python", inside: "", extension: "py", debian: &[python::DEBIAN], prepare: python },
    Language { name: "node", inside: "", extension: "js", debian: &[("npm", &["--version"], "npm")], prepare: node },
    Language { name: "go", inside: "", extension: "go", debian: &GO, prepare: go },
    Language {
        name: "java",
        inside: "",
        extension: "java",
        debian: &JAVA,
        prepare: |_, _, _| Ok(Runner::Interpreter("java".into(), &["-cp", JDBC], None)),
    },
    Language {
        name: "php",
        inside: "",
        extension: "php",
        debian: &PHP,
        prepare: |_, _, _| Ok(Runner::Interpreter("php".into(), &[], None)),
    },
    Language {
        name: "ruby",
        inside: "",
        extension: "rb",
        debian: &RUBY,
        prepare: |_, _, _| Ok(Runner::Interpreter("ruby".into(), &[], None)),
    },
];

fn place(project: &Project, language: &str) -> PathBuf {
    project.target.join("examples").join(language)
}

fn rust(project: &Project, folder: &Path, _: &[PathBuf]) -> Result<Runner> {
    let target = place(project, "rust");
    let mut build = project.cargo();
    build.args(["build", "--locked", "--manifest-path"]).arg(folder.join("Cargo.toml"));
    build.arg("--target-dir").arg(&target);
    progress::run(project, "cargo build of the examples", &mut build, "mend what the compiler says")?;
    Ok(Runner::Compiled(target.join("debug")))
}

fn python(project: &Project, folder: &Path, _: &[PathBuf]) -> Result<Runner> {
    let requirements = folder.join("requirements.txt");
    let python = python::prepare(project, "examples", &["-r", &requirements.to_string_lossy()])?;
    Ok(Runner::Interpreter(python, &[], None))
}

fn node(project: &Project, folder: &Path, _: &[PathBuf]) -> Result<Runner> {
    let there = place(project, "node");
    project::make_folder(&there)?;
    project::write_text(&there.join("package.json"), &project::read_text(&folder.join("package.json"))?)?;
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-audit", "--no-fund"]).current_dir(&there);
    progress::run(project, "npm install of the examples", &mut npm, NETWORK)?;
    Ok(Runner::Interpreter("node".into(), &[], Some(("NODE_PATH", there.join("node_modules")))))
}

/// Against the packages that Debian has, without a module.
fn go(project: &Project, _: &Path, programs: &[PathBuf]) -> Result<Runner> {
    let there = place(project, "go");
    for program in programs {
        let mut build = Command::new("go");
        build.args(["build", "-o"]).arg(there.join(program.file_stem().unwrap_or_default())).arg(program);
        build.envs([("GO111MODULE", "off"), ("GOPATH", GO_SOURCES), ("GOFLAGS", ""), ("CGO_ENABLED", "0")]);
        build.env("GOCACHE", there.join("cache"));
        progress::run(project, "go build", &mut build, "mend what the compiler says")?;
    }
    Ok(Runner::Compiled(there))
}
