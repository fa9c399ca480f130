//! A bare system of the machine's own release of Debian: what debootstrap makes, in a folder, and nothing else in it.
//!
//! Everything that runs in it runs in a namespace of its own for mounts and processes, which ends with its first
//! process, and that one when this program does: however it ends, no mount and no server is left.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::{below, printed};
use crate::failure::{Failure, OrFail, Result};
use crate::progress;
use crate::project::{self, Project};

/// Mounts what a server needs, keeps what apt fetches, shows the repository at its own path, and waits for the end of
/// its input. It is a bash, which collects the processes whose parents have ended.
const HOLD: &str = r#"
set -e
mount -t proc proc "$1/proc"
mount -t tmpfs -o mode=1777 tmpfs "$1/dev/shm"
mount --bind "$2" "$1/var/cache/apt/archives"
mount --bind "$3" "$1$3"
mount -o remount,bind,ro "$1$3"
echo ready
read -r _ || true
"#;
const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The system while it can be entered.
pub struct Bare<'a> {
    project: &'a Project,
    root: PathBuf,
    holder: Child,
    /// Of the first process in the namespaces.
    inside: u32,
}

impl Drop for Bare<'_> {
    /// The end of its input ends the holder, which ends all that is inside.
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        if let Err(error) = self.holder.wait() {
            eprintln!("lost the holder of {}: {error}", self.root.display());
        }
    }
}

impl<'a> Bare<'a> {
    /// A new copy of the system, which is made when there is none yet.
    pub fn open(project: &'a Project) -> Result<Self> {
        let folder = project.target.join("xtask/bare");
        let archives = folder.join("archives");
        project::make_folder(&archives.join("partial"))?;
        let sources = Sources::of_machine()?;
        let original = folder.join(&sources.release);
        if !original.exists() {
            bootstrap(project, &sources, &original, &archives)?;
        }
        let root = folder.join("copy");
        project::remove_folder(&root)?;
        printed(Command::new("cp").args(["-a", "--reflink=auto"]).args([&original, &root]))?;
        project::write_text(&root.join("etc/apt/sources.list"), &sources.list)?;
        project::make_folder(&below(&root, &project.root.to_string_lossy()))?;
        let (holder, inside) = hold(project, &root, &archives)?;
        Ok(Self { project, root, holder, inside })
    }

    /// Ends what runs inside, and removes the copy.
    pub fn remove(self) -> Result<()> {
        let root = self.root.clone();
        drop(self);
        project::remove_folder(&root)
    }

    /// Where a path of the system lies in ours, to put files there.
    pub fn path(&self, path: &str) -> PathBuf {
        below(&self.root, path)
    }

    /// A command inside.
    pub fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.inside.to_string(), "--mount", "--pid", "chroot"]).arg(&self.root);
        command.args(["env", "-i", PATH, "LANG=C.UTF-8", "DEBIAN_FRONTEND=noninteractive", program]);
        command.args(arguments);
        command
    }

    /// Runs a command inside, as a step.
    pub fn run(&self, label: &str, program: &str, arguments: &[&str]) -> Result<()> {
        let remedy = "mend what the log says; the system stands in target/xtask/bare/copy until the next try";
        progress::run(self.project, label, &mut self.command(program, arguments), remedy)
    }

    /// What a command inside prints.
    pub fn said(&self, program: &str, arguments: &[&str]) -> Result<String> {
        printed(&mut self.command(program, arguments))
    }
}

/// Makes a system; one that was not finished leaves nothing that looks like one.
fn bootstrap(project: &Project, sources: &Sources, original: &Path, archives: &Path) -> Result<()> {
    let begun = original.with_extension("begun");
    project::remove_folder(&begun)?;
    let mut command = Command::new("unshare");
    // What it mounts goes with it, also when it fails.
    command.args(["--mount", "debootstrap", "--variant=minbase"]);
    command.arg(format!("--cache-dir={}", archives.display()));
    command.arg(&sources.release).arg(&begun).arg(&sources.mirror);
    progress::run(project, "debootstrap", &mut command, "check the network and the sources of apt")?;
    std::fs::rename(&begun, original).or_fail(|| format!("cannot name {}", original.display()), "try again")
}

fn hold(project: &Project, root: &Path, archives: &Path) -> Result<(Child, u32)> {
    let cannot = || "cannot enter the bare system".to_owned();
    let mut holder = Command::new("unshare")
        .args(["--mount", "--pid", "--fork", "--kill-child", "bash", "-c", HOLD, "hold"])
        .args([root, archives, &project.root])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .or_fail(cannot, "install util-linux")?;
    let mut line = String::new();
    if let Some(output) = holder.stdout.take() {
        BufReader::new(output).read_line(&mut line).or_fail(cannot, "try again")?;
    }
    let inside = processes::children(holder.id()).or_fail(cannot, "try again")?;
    match (line.trim(), inside.as_slice()) {
        ("ready", [inside]) => Ok((holder, *inside)),
        _ => Err(Failure::new(cannot(), "mend what mount says above")),
    }
}

/// Where this machine's apt has its Debian from.
struct Sources {
    /// By its name, for example bookworm.
    release: String,
    mirror: String,
    /// As sources.list has it: the release, its updates, and what mends its faults.
    list: String,
}

impl Sources {
    fn of_machine() -> Result<Self> {
        let system = project::read_text(Path::new("/etc/os-release"))?;
        let mut targets = Command::new("apt-get");
        targets.args(["indextargets", "--format", "$(ORIGIN) $(RELEASE) $(REPO_URI) $(COMPONENT)"]);
        Self::read(&system, &printed(targets.arg("Created-By: Packages"))?)
    }

    /// Reads what the system says of itself, and what apt says of its sources.
    fn read(system: &str, targets: &str) -> Result<Self> {
        let field = |name: &str| {
            let mut lines = system.lines().filter_map(|line| line.split_once('='));
            lines.find(|(key, _)| *key == name).map(|(_, value)| value.trim_matches('"').to_owned())
        };
        let release = field("VERSION_CODENAME").unwrap_or_default();
        let distribution = field("ID").unwrap_or_default();
        let (mut mirror, mut list) = (None, String::new());
        for line in targets.lines() {
            let [origin, suite, address, component] = line.split(' ').collect::<Vec<_>>()[..] else { continue };
            if !origin.eq_ignore_ascii_case(&distribution) {
                continue;
            }
            if suite == release {
                mirror.get_or_insert_with(|| address.to_owned());
            }
            list.push_str(&format!("deb {address} {suite} {component}\n"));
        }
        match mirror {
            Some(mirror) => Ok(Self { release, mirror, list }),
            None => Err(Failure::new("apt has no source of this machine's release", "run `apt-get update`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_has_its_packages_from_where_the_machine_has_them() {
        let system = "ID=debian\nVERSION_CODENAME=bookworm\nNAME=\"Debian\"\n";
        let targets = "Other stable http://o.invalid/ main\nDebian bookworm http://a.invalid/d/ main\n\
                       Debian bookworm-security http://a.invalid/s/ main\n";
        let sources = Sources::read(system, targets).expect("sources");
        assert_eq!((sources.release.as_str(), sources.mirror.as_str()), ("bookworm", "http://a.invalid/d/"));
        let list = "deb http://a.invalid/d/ bookworm main\ndeb http://a.invalid/s/ bookworm-security main\n";
        assert_eq!(sources.list, list);
        assert!(Sources::read(system, "Other stable http://o.invalid/ main\n").is_err());
    }
}
