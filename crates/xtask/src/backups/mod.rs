//! The recipes of `docs/backup.md`, run as they stand there: a backup is taken, a mistake is made after the moment that
//! has a name, and what comes back is compared with what stood there in that moment, table by table. Installs what
//! Debian packages; so it is no part of `cargo check-all`.

mod recipe;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::account::Account;
use crate::cluster::{self, Cluster, PORT};
use crate::contents::Contents;
use crate::failure::{Failure, OrFail, Result};
use crate::install;
use crate::progress;
use crate::project::{self, Project};
use crate::psql::Database;
use crate::setup;
use recipe::Recipe;

const PAGE: &str = "docs/backup.md";
const DATABASE: &str = "venue";
const SETTINGS: [(&str, &str); 4] = [
    ("shared_preload_libraries", "pg_bourse"),
    ("archive_mode", "on"),
    ("archive_timeout", "1h"),
    ("log_min_messages", "log"),
];
/// Enough rows that a table of the exchange has several pages.
const LIFE: &str = "
    CREATE EXTENSION pg_bourse;
    SELECT bourse.install();
    SELECT exchange.create_market('BTC-USD', 'BTC', 'USD');
    INSERT INTO identity.users (name) SELECT 'trader ' || n FROM generate_series(1, 20) n;
    SELECT exchange.deposit(u.id, a, 1000000) FROM identity.users u, unnest(ARRAY['BTC', 'USD']) a;";
const TRADE: &str = "
    SELECT exchange.place_order(1 + n % 20, 'BTC-USD', CASE n % 2 WHEN 0 THEN 'buy' ELSE 'sell' END, 98 + n % 5, 1)
    FROM generate_series(1, 2000) n;";
const MISTAKE: &str = "
    SET session_replication_role = replica;
    UPDATE exchange.assets SET amount = 0;
    DELETE FROM exchange.transfers;
    DROP TABLE exchange.trades CASCADE;";
const CRITICAL: &str =
    "SELECT check_name, subject, actual FROM bourse.validate_integrity() WHERE severity = 'critical';\n";
/// A sequence that had been set back would give ids that are used.
const NEXT: &str = "
    SELECT exchange.cancel_all_orders(u.id) FROM identity.users u;
    SELECT exchange.place_order(1, 'BTC-USD', 'buy', 100, 1);
    SELECT status FROM exchange.place_order(2, 'BTC-USD', 'sell', 100, 1);\n";

/// Runs every recipe, or those whose names have one of these words.
pub fn run(project: &Project, arguments: &[String]) -> Result<ExitCode> {
    let (is_installed, names) = install::without_build(arguments, "cargo xtask backups [--installed] [NAME …]")?;
    setup::for_backups(project)?;
    if !is_installed {
        install::run(project)?;
    }
    let page = project::read_text(&project.root.join(PAGE))?;
    let is_wanted = |recipe: &Recipe| names.is_empty() || names.iter().any(|name| recipe.name.contains(name));
    let recipes: Vec<Recipe> = recipe::all(&page).into_iter().filter(is_wanted).collect();
    let mut failed = 0;
    for recipe in &recipes {
        match follow(project, recipe) {
            Ok(contents) => println!("  {}: {contents}, all as before", recipe.name),
            Err(failure) => {
                println!("  FAILED {}: {failure}", recipe.name);
                failed += 1;
            }
        }
    }
    println!("{} recipes, {failed} failed", recipes.len());
    Ok(if failed == 0 && !recipes.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Takes a backup as a recipe says, and brings it back; what was compared.
fn follow(project: &Project, recipe: &Recipe) -> Result<Contents> {
    let cluster = Cluster::open(project, "backups")?;
    let _running = cluster.run_anew(&SETTINGS)?;
    let database = cluster.fresh_database(DATABASE)?;
    database.run(LIFE)?;
    database.run(TRADE)?;
    let places = Places::make(project, &cluster)?;
    let step = |label: &str, script: &str| -> Result<()> {
        let mut shell = places.shell(script);
        let label = format!("{} {label}", recipe.name);
        progress::run(project, &label, &mut shell, &format!("{PAGE} has what was run"))
    };
    step("backup", &recipe.before)?;
    // What the log alone brings back.
    database.run(TRADE)?;
    let expected = Contents::of(&database)?;
    step("point", &recipe.point)?;
    database.run(MISTAKE)?;
    let restored = step("restore", &recipe.restore).and_then(|()| places.start(project, &database));
    let found = restored.and_then(|restored| examine(&restored, &expected));
    step("end", Places::END)?;
    found
}

/// Compares what came back, and trades on in it.
fn examine(restored: &Database, expected: &Contents) -> Result<Contents> {
    let remedy = "the recipe does not bring back what there was";
    let found = Contents::of(restored)?;
    expected.require_recovered(&found)?;
    let critical = restored.rows(CRITICAL)?;
    if !critical.is_empty() {
        return Err(Failure::new(format!("validate_integrity() says {critical:?}"), remedy));
    }
    let next = restored.rows(NEXT)?;
    if next.last().is_none_or(|row| row != &["filled"]) {
        return Err(Failure::new(format!("the next order: {next:?}"), remedy));
    }
    Ok(found)
}

/// Where a recipe finds what it is told of.
struct Places {
    account: Account,
    home: PathBuf,
    variables: Vec<(&'static str, String)>,
}

impl Places {
    /// Ends what a recipe has started: the server that came back, the receiver of the log.
    const END: &'static str = "pg_ctl -D \"$RESTORED\" -m immediate -w stop || true
        if [ -f \"$BACKUPS/receiver.pid\" ]; then kill \"$(cat \"$BACKUPS/receiver.pid\")\"; fi
        rm -rf \"$RESTORED\" \"$BACKUPS\"";

    fn make(project: &Project, cluster: &Cluster) -> Result<Self> {
        let account = Account::of_servers()?;
        let home = cluster::server_folder(project, account, &Path::new(&project.feature()).join("backups"))?;
        let (backups, restored) = (home.join("copies"), home.join("restored"));
        project::remove_folder(&backups)?;
        project::remove_folder(&restored)?;
        fs::create_dir(&backups).or_fail(|| format!("cannot make {}", backups.display()), "make room")?;
        account.own(&backups)?;
        let path = std::env::var("PATH").unwrap_or_default();
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let variables = vec![
            ("PATH", format!("{}:{path}", cluster.bin().display())),
            ("PGHOST", text(cluster.socket())),
            ("PGPORT", PORT.to_string()),
            ("PGUSER", "postgres".to_owned()),
            ("PGDATABASE", DATABASE.to_owned()),
            ("PGDATA", text(&cluster.data())),
            ("BACKUPS", text(&backups)),
            ("RESTORED", text(&restored)),
        ];
        Ok(Self { account, home, variables })
    }

    fn shell(&self, script: &str) -> Command {
        let mut shell = self.account.command(Path::new("/bin/sh"), &self.home);
        shell.args(["-euc", script]).envs(self.variables.iter().map(|(name, value)| (name, value)));
        shell
    }

    /// Starts the server that came back, beside the other one, and waits until it is out of recovery.
    fn start(&self, project: &Project, beside: &Database) -> Result<Database> {
        let port = PORT + 1;
        let start = format!(
            "pg_ctl -D \"$RESTORED\" -l \"$RESTORED/log\" -w -o '-p {port}' start
             until [ \"$(psql -p {port} -AtXc 'SELECT pg_is_in_recovery()')\" = f ]; do sleep 0.1; done"
        );
        progress::run(project, "backups start", &mut self.shell(&start), "its log says more")?;
        let Database { bin, socket, name, .. } = beside;
        Ok(Database { bin: bin.clone(), socket: socket.clone(), port, name: name.clone() })
    }
}
