//! The life of a package on a bare system: installed, upgraded under a session that works, removed, installed again;
//! then the tests that need no compiler.

use std::fs;
use std::path::Path;

use super::bare::Bare;
use super::session::{DATABASE, Session, psql};
use super::{Package, deb};
use crate::failure::{Failure, OrFail, Result};
use crate::project::Project;

/// Kinds of test whose programs come with the server's own packages.
const KINDS: [&str; 3] = ["pg_regress", "isolation", "readme"];
/// What would make the trial worthless.
const COMPILERS: &str = "for name in cc gcc clang rustc cargo; do command -v $name; done; true";
const SETUP: &str = "
    CREATE EXTENSION pg_bourse;
    SELECT bourse.install();
    INSERT INTO identity.users (id, name) VALUES (11, 'alice'), (12, 'bob');
    SELECT exchange.create_market('BTC-USD', 'BTC', 'USD');
    SELECT exchange.deposit(11, 'USD', 1000000), exchange.deposit(12, 'BTC', 1000000);
    SELECT exchange.place_order(12, 'BTC-USD', 'sell', 100, 1000);
";
/// Trades with what SETUP has offered.
const ORDER: &str = "SELECT status FROM exchange.place_order(11, 'BTC-USD', 'buy', 100, 0.01)";
const ORDERS: &str = "SELECT count(*) FROM exchange.orders";
const VERIFY: &str = "SELECT count(*) FROM bourse.verify()";

/// Runs all of it; each step says what it has seen.
pub fn run(project: &Project, package: &Package, root: &Path, file: &Path) -> Result<()> {
    let bare = Bare::open(project)?;
    let trial = Trial { bare: &bare, package };
    trial.install(file)?;
    let later = Package { version: format!("{}+1", package.version), ..package.clone() };
    let upgrade = file.with_file_name(later.file_name());
    deb::pack_later(project, &later, root, &upgrade)?;
    let orders = trial.upgrade(&later, &upgrade)?;
    trial.remove(&orders)?;
    trial.come_back(&orders, &upgrade)?;
    trial.test(project)?;
    bare.remove()
}

struct Trial<'a> {
    bare: &'a Bare<'a>,
    package: &'a Package,
}

impl Trial<'_> {
    /// What apt brings is all that a platform needs.
    fn install(&self, file: &Path) -> Result<()> {
        self.bare.run("apt-get update on the bare system", "apt-get", &["update"])?;
        self.apt_install(file)?;
        let compilers = self.bare.said("sh", &["-c", COMPILERS])?;
        expect("compilers on the bare system", &compilers, "")?;
        let major = self.package.major.to_string();
        // It has its own folders, but the addresses of this machine.
        self.bare.said("pg_conftool", &[&major, "main", "set", "listen_addresses", ""])?;
        self.bare.run("start Debian's cluster", "pg_ctlcluster", &[&major, "main", "start"])?;
        self.bare.said("runuser", &["-u", "postgres", "--", "createdb", DATABASE])?;
        self.bare.said("runuser", &psql(&["-c", SETUP]))?;
        let mut session = Session::open(self.bare)?;
        expect("an order", &session.ask(ORDER)?, "filled")?;
        expect("rows of verify()", &session.ask(VERIFY)?, "0")?;
        println!("  installed: no compiler, dpkg verifies the files, an order is filled, verify() is empty");
        self.bare.said("runuser", &["-u", "postgres", "--", "createdb", "first"])?;
        let first = self.package.first_session();
        self.bare.said("runuser", &["-u", "postgres", "--", "psql", "-X", "-d", "first", "-f", &first])?;
        println!("  the first session runs");
        Ok(())
    }

    /// A session that works keeps its library; one that comes later has the new one. How many orders there are now.
    fn upgrade(&self, later: &Package, file: &Path) -> Result<String> {
        let mut session = Session::open(self.bare)?;
        let process = session.ask("SELECT pg_backend_pid()")?;
        expect("an order before", &session.ask(ORDER)?, "filled")?;
        let filled = session.ask_during(ORDER, || self.apt_install(file))?;
        let installed = self.bare.said("dpkg-query", &["-W", "-f", "${Version}", &later.name])?;
        expect("the version", &installed, &later.version)?;
        expect("the process of the session", &session.ask("SELECT pg_backend_pid()")?, &process)?;
        expect("an order after", &session.ask(ORDER)?, "filled")?;
        expect("the library of the session", &self.library_of(&process)?, "old")?;
        let mut new = Session::open(self.bare)?;
        expect("an order of a new session", &new.ask(ORDER)?, "filled")?;
        let process = new.ask("SELECT pg_backend_pid()")?;
        expect("the library of a new session", &self.library_of(&process)?, "new")?;
        expect("rows of verify()", &new.ask(VERIFY)?, "0")?;
        println!(
            "  upgraded to {installed}: a session placed {filled} orders meanwhile, and goes on with the old library"
        );
        new.ask(ORDERS)
    }

    /// Whether a process has mapped the file that is there now, or one that is gone.
    fn library_of(&self, process: &str) -> Result<String> {
        let maps = self.bare.said("cat", &[&format!("/proc/{process}/maps")])?;
        let mut lines = maps.lines().filter(|line| line.contains("/pg_bourse.so"));
        Ok(match lines.next() {
            Some(line) if line.ends_with(" (deleted)") => "old",
            Some(_) => "new",
            None => "none",
        }
        .to_owned())
    }

    /// The tables stay and can be dumped, and who calls the engine learns what is missing.
    fn remove(&self, orders: &str) -> Result<()> {
        self.bare.run("apt-get remove", "apt-get", &["remove", "-y", &self.package.name])?;
        let library = format!("{}/pg_bourse.so", self.package.library_folder());
        expect("the library", &self.bare.path(&library).exists().to_string(), "false")?;
        let mut session = Session::open(self.bare)?;
        expect("the orders", &session.ask(ORDERS)?, orders)?;
        self.bare.said("runuser", &["-u", "postgres", "--", "pg_dump", "-f", "/var/tmp/venue.sql", DATABASE])?;
        let refusal = match session.ask(ORDER) {
            Ok(answer) => return Err(Failure::new(format!("an order without a library: {answer}"), "")),
            Err(refusal) => refusal.to_string(),
        };
        let missing = "could not access file \"$libdir/pg_bourse\": No such file or directory";
        expect("the refusal names the library", &refusal.contains(missing).to_string(), "true")?;
        println!("  removed: {orders} orders are still there, pg_dump has them, and the server says {missing}");
        Ok(())
    }

    fn come_back(&self, orders: &str, file: &Path) -> Result<()> {
        self.apt_install(file)?;
        let mut session = Session::open(self.bare)?;
        expect("the orders", &session.ask(ORDERS)?, orders)?;
        expect("an order", &session.ask(ORDER)?, "filled")?;
        expect("rows of verify()", &session.ask(VERIFY)?, "0")?;
        println!("  installed again: orders are filled, verify() is empty");
        Ok(())
    }

    /// Puts a package into the system and lets apt install it, with what it depends on.
    fn apt_install(&self, file: &Path) -> Result<()> {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let inside = format!("/var/tmp/{name}");
        fs::copy(file, self.bare.path(&inside)).or_fail(|| format!("cannot copy {name}"), "check the target folder")?;
        let arguments =
            ["-o", "APT::Keep-Downloaded-Packages=true", "install", "-y", "--no-install-recommends", &inside];
        self.bare.run(&format!("apt-get install {name}"), "apt-get", &arguments)?;
        self.bare.said("dpkg", &["--verify", &self.package.name]).and_then(|said| expect("dpkg --verify", &said, ""))
    }

    /// Runs this program inside, beside the repository, with a target folder of the system.
    fn test(&self, project: &Project) -> Result<()> {
        let program = std::env::current_exe().or_fail(|| "this program has no path".into(), "try again")?;
        let cannot = || "cannot copy this program".to_owned();
        fs::copy(program, self.bare.path("/usr/local/bin/xtask")).or_fail(cannot, "check the target folder")?;
        let major = format!("PG_BOURSE_PG={}", project.major);
        let words =
            [&["CARGO_TARGET_DIR=/srv/suite", &major, "xtask", "check-all", "--installed"], &KINDS[..]].concat();
        self.bare.run(&format!("check-all --installed {} on the bare system", KINDS.join(" ")), "env", &words)
    }
}

fn expect(what: &str, seen: &str, wanted: &str) -> Result<()> {
    if seen == wanted { Ok(()) } else { Err(Failure::new(format!("{what}: {seen:?} instead of {wanted:?}"), "")) }
}
