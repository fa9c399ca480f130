//! Two venues behind a router, as `docs/venues.md` and the files of `examples/venues` have it: orders through PL/Proxy,
//! users by replication, and money from one to the other while its carrier and a venue are killed. What users hold in
//! both, and what is under way, stays the same to the last decimal; of a careless transfer it does not. Installs what
//! Debian packages; so it is no part of `cargo check-all`.

use std::process::{Child, Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::cluster::{self, Cluster, PORT};
use crate::failure::{Failure, OrFail, Result};
use crate::project::{self, Project};
use crate::psql::Database;
use crate::{install, progress, setup};

const DATABASE: &str = "venue";
const SETTINGS: [(&str, &str); 3] =
    [("shared_preload_libraries", "pg_bourse"), ("wal_level", "logical"), ("max_connections", "50")];
const PATIENCE: Duration = Duration::from_secs(60);
/// In how many rounds something is killed.
const ROUNDS: u32 = 12;
const USERS: u32 = 20;
const ORDERS: u32 = 4000;
const TRANSFERS: u32 = 25;
const INSTALLED: &str = "
    CREATE EXTENSION pg_bourse;
    SELECT bourse.install();
    CREATE ROLE carrier LOGIN IN ROLE bourse_carrier;";
/// What both venues hold of one asset, and what has left the first and has not arrived.
const HELD: &str = "
    SELECT symbol, sum(amount + locked_amount) FROM exchange.assets GROUP BY symbol
    UNION ALL
    SELECT m.quote, t.commission FROM exchange.trades t JOIN exchange.markets m ON m.symbol = t.symbol;\n";

/// Does all of it, and says what was found.
pub fn run(project: &Project, arguments: &[String]) -> Result<ExitCode> {
    setup::for_venues(project)?;
    install::unless_told(project, arguments, "cargo xtask venues [--installed]")?;
    let (east, west) = (Cluster::open(project, "venue_east")?, Cluster::open(project, "venue_west")?);
    let _east_runs = east.run_anew(&SETTINGS)?;
    let _west_runs = west.run_anew(&SETTINGS)?;
    let venues = Venues {
        project,
        west_cluster: &west,
        east: east.fresh_database(DATABASE)?,
        west: west.fresh_database(DATABASE)?,
        router: east.fresh_database("router")?,
    };
    venues.set_up()?;
    venues.trade()?;
    venues.transfer()?;
    venues.be_careless()?;
    println!("all is well");
    Ok(ExitCode::SUCCESS)
}

struct Venues<'a> {
    project: &'a Project,
    west_cluster: &'a Cluster,
    east: Database,
    west: Database,
    router: Database,
}

impl Venues<'_> {
    /// Markets split, users of the first in both, and a router.
    fn set_up(&self) -> Result<()> {
        self.east.run(INSTALLED)?;
        self.west.run(INSTALLED)?;
        self.east.run("SELECT exchange.register_venue('west');")?;
        self.west.run("SELECT exchange.register_venue('east');")?;
        self.east.run("SELECT exchange.create_market('BTC-USD', 'BTC', 'USD');")?;
        self.east.run("CREATE PUBLICATION users FOR TABLE identity.users;")?;
        self.west.run("SELECT exchange.create_market('ETH-USD', 'ETH', 'USD');")?;
        self.west.run(&self.example("second_venue.sql")?)?;
        self.west.run(&format!(
            "CREATE SUBSCRIPTION west_users CONNECTION '{}' PUBLICATION users;",
            address(&self.east, "postgres")
        ))?;
        self.east.run(&format!(
            "INSERT INTO identity.users (name) SELECT 'trader ' || n FROM generate_series(1, {USERS}) n;"
        ))?;
        self.wait_for(&self.west, &format!("SELECT count(*) = {USERS} FROM identity.users;\n"))?;
        let refused = self.west.run("INSERT INTO identity.users (name) VALUES ('nobody');");
        if refused.is_ok() {
            return Err(Failure::new("the second venue makes users", "see second_venue.sql"));
        }
        let fund = |asset: &str| {
            format!(
                "SELECT exchange.deposit(u.id, a, 100000) FROM identity.users u, unnest(ARRAY['{asset}', 'USD']) a;"
            )
        };
        self.east.run(&(fund("BTC") + "SELECT exchange.deposit(1, 'BIG', 1000);"))?;
        // So that it can hold nothing that comes.
        self.west.run(&(fund("ETH") + "SELECT exchange.deposit(1, 'BIG', 999999999999);"))?;
        let mut command = self.router.psql();
        for (name, at) in [("east", &self.east), ("west", &self.west)] {
            command.args(["-v", &format!("{name}={}", address(at, "postgres"))]);
        }
        command.arg("-f").arg(self.project.root.join("examples/venues/router.sql"));
        progress::run(self.project, "router.sql", &mut command, "see what it says")?;
        self.router.run("INSERT INTO venue_of_market VALUES ('BTC-USD', 'east'), ('ETH-USD', 'west');")
    }

    fn example(&self, name: &str) -> Result<String> {
        project::read_text(&self.project.root.join("examples/venues").join(name))
    }

    /// Orders for both markets through one address; some are repeated, as by clients that got no answer.
    fn trade(&self) -> Result<()> {
        let before = self.money()?;
        self.router.run(&format!(
            "SELECT count(o.id) FROM generate_series(1, {ORDERS}) n CROSS JOIN LATERAL exchange.place_order(
                 1 + n * 7 % {USERS}, CASE n % 2 WHEN 0 THEN 'BTC-USD' ELSE 'ETH-USD' END,
                 CASE n / 2 % 2 WHEN 0 THEN 'buy' ELSE 'sell' END, 98 + n * 13 % 5, 1 + n % 3, 'order ' || n) o;
             SELECT o.id FROM exchange.place_order(1, 'ETH-USD', 'buy', 1, 1, 'far') o;
             SELECT o.id FROM exchange.place_order(1, 'ETH-USD', 'buy', 1, 1, 'far') o;
             SELECT o.status FROM exchange.cancel_order(1, 'ETH-USD', 'far') o;"
        ))?;
        // What a venue says no to, the router says too.
        let other = self.router.run("SELECT o.id FROM exchange.place_order(1, 'ETH-USD', 'buy', 1, 2, 'far') o;");
        if !other.is_err_and(|failure| failure.to_string().contains("client_order_id")) {
            return Err(Failure::new("a client_order_id stands for two orders", "see router.sql"));
        }
        let counts = [&self.east, &self.west].map(|at| {
            let rows = at.rows("SELECT count(*), (SELECT count(*) FROM exchange.trades) FROM exchange.orders;\n")?;
            Ok(rows.concat().join(" orders, "))
        });
        let [in_east, in_west] = counts;
        println!("  through one address: {} trades in the first venue, {} in the second", in_east?, in_west?);
        self.require_same(&before)
    }

    /// Transfers, with the carrier killed in every round and the venue where they arrive in every third.
    fn transfer(&self) -> Result<()> {
        let before = self.money()?;
        let mut killed = 0;
        for round in 0..ROUNDS {
            // Each is sent twice, and one is for somebody who cannot hold it.
            let send = format!(
                "SELECT exchange.send_to_venue('east', md5('{round} ' || n)::uuid, 1 + n % {USERS}, 'west', 'USD', n)
                 FROM generate_series(1, {TRANSFERS}) n;
                 SELECT exchange.send_to_venue('east', md5('{round} big')::uuid, 1, 'west', 'BIG', 1);"
            );
            self.router.run(&send)?;
            self.router.run(&send)?;
            let mut carrier = self.carry()?;
            thread::sleep(Duration::from_millis(u64::from(30 + round * 97 % 400)));
            if round % 3 == 2 {
                self.kill_west()?;
            }
            killed += u32::from(end(&mut carrier)?);
            if round % 3 == 2 {
                self.west_cluster.start(&[&cluster::SHORT_LIVED, &SETTINGS[..]].concat())?;
            }
            // Of who is killed the last statement may go on for a moment in the server.
            for at in [&self.east, &self.west] {
                self.wait_for(at, "SELECT count(*) = 0 FROM pg_stat_activity WHERE usename = 'carrier';\n")?;
            }
            self.require_same(&before)?;
        }
        let since = Instant::now();
        while !self.east.rows("SELECT transfer_id FROM exchange.unsettled_venue_transfers();\n")?.is_empty() {
            let status = self.carry()?.wait().or_fail(|| "lost the carrier".into(), "try again")?;
            if !status.success() || since.elapsed() > PATIENCE {
                return Err(Failure::new("carrier.sh does not come to its end", "see what it says"));
            }
        }
        self.require_same(&before)?;
        let ended = self.east.rows("SELECT status, count(*) FROM exchange.venue_transfers GROUP BY 1 ORDER BY 1;\n")?;
        println!("  {ended:?}; {killed} carriers killed at work, the venue where they arrive {} times", ROUNDS / 3);
        self.reconcile()
    }

    fn carry(&self) -> Result<Child> {
        let mut command = Command::new(self.project.root.join("examples/venues/carrier.sh"));
        command.args(["east", &address(&self.east, "carrier"), "west", &address(&self.west, "carrier")]);
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", self.east.bin.display()));
        // Whoever is killed with a venue says so.
        command.stdin(Stdio::null()).stderr(Stdio::null());
        command.spawn().or_fail(|| "cannot run carrier.sh".into(), "install bash")
    }

    /// The server of the second venue and all its sessions end at once.
    fn kill_west(&self) -> Result<()> {
        let file = self.west_cluster.data().join("postmaster.pid");
        let eldest = processes::postmaster(&self.west_cluster.data())
            .or_fail(|| "the second venue does not run".into(), "see its log")?;
        let family = kill(eldest)?;
        let since = Instant::now();
        while family.iter().any(|pid| processes::is_alive(*pid)) {
            if since.elapsed() > PATIENCE {
                return Err(Failure::new("the second venue does not end", "end its processes by hand"));
            }
            thread::sleep(Duration::from_millis(10));
        }
        // Where nobody waits for the dead, a server takes them for the living.
        let lock = self.west_cluster.socket().join(format!(".s.PGSQL.{PORT}.lock"));
        [file, lock].iter().try_for_each(|file| {
            std::fs::remove_file(file).or_fail(|| format!("cannot remove {}", file.display()), "remove it by hand")
        })
    }

    /// Every leg has its other half.
    fn reconcile(&self) -> Result<()> {
        let out = self.east.rows(
            "SELECT transfer_id, named_user_id, asset, amount,
                    CASE status WHEN 'settled' THEN 'received' ELSE 'refused' END
             FROM exchange.venue_transfers ORDER BY 1;\n",
        )?;
        let arrived = self.west.rows(
            "SELECT transfer_id, named_user_id, asset, amount, status FROM exchange.venue_transfers ORDER BY 1;\n",
        )?;
        if out == arrived && !out.is_empty() {
            return Ok(());
        }
        Err(Failure::new("the legs of the venues are not the same", "compare exchange.venue_transfers"))
    }

    /// withdraw() and deposit() by somebody who is killed between them, and by somebody who repeats.
    fn be_careless(&self) -> Result<()> {
        let before = self.money()?;
        self.east.run("SELECT exchange.withdraw(2, 'USD', 10);")?;
        let is_lost = self.money()? != before;
        self.west.run("SELECT exchange.deposit(2, 'USD', 10);")?;
        if self.money()? != before {
            return Err(Failure::new("a withdrawal and its deposit are not the same", "look at money()"));
        }
        self.west.run("SELECT exchange.deposit(2, 'USD', 10);")?;
        let is_made = self.money()? != before;
        println!(
            "  a careless transfer: killed between its legs, money is lost: {is_lost}; repeated, it is made: {is_made}"
        );
        if is_lost && is_made {
            return Ok(());
        }
        Err(Failure::new("the control loses and makes nothing", "a comparison that sees no difference"))
    }

    /// By asset: what users of both venues hold, what the houses have earned, what is under way and has not arrived.
    fn money(&self) -> Result<Vec<Vec<String>>> {
        let under_way = "SELECT transfer_id, asset, amount FROM exchange.venue_transfers WHERE status = 'sent';\n";
        let under_way = self.east.rows(under_way)?;
        let ids: Vec<&str> = under_way.iter().map(|leg| leg[0].as_str()).collect();
        let arrived = self.west.rows(&format!(
            "SELECT transfer_id FROM exchange.venue_transfers
             WHERE status = 'received' AND transfer_id = ANY ('{{{}}}');\n",
            ids.join(",")
        ))?;
        let is_nowhere = |leg: &&Vec<String>| !arrived.iter().any(|id| id[0] == leg[0]);
        let mut parts = self.east.rows(HELD)?;
        parts.extend(self.west.rows(HELD)?);
        parts.extend(under_way.iter().filter(is_nowhere).map(|leg| leg[1..].to_vec()));
        // PostgreSQL adds: there are no floats near money.
        let lines: Vec<String> = parts.iter().map(|part| format!("('{}', {})", part[0], part[1])).collect();
        let sum = "SELECT asset, sum(amount) FROM (VALUES {}) m (asset, amount) GROUP BY asset ORDER BY asset;\n";
        self.east.rows(&sum.replace("{}", &lines.join(", ")))
    }

    /// Fails where money was lost or made, or a venue is not sound.
    fn require_same(&self, before: &[Vec<String>]) -> Result<()> {
        let now = self.money()?;
        if now != before {
            return Err(Failure::new(format!("there was {before:?}, there is {now:?}"), "money was lost or made"));
        }
        for (name, at) in [("first", &self.east), ("second", &self.west)] {
            let wrong = at.rows("SELECT * FROM exchange.verify();\n")?;
            if !wrong.is_empty() {
                return Err(Failure::new(format!("verify() of the {name} venue says {wrong:?}"), "look at its rows"));
            }
        }
        Ok(())
    }

    fn wait_for(&self, at: &Database, question: &str) -> Result<()> {
        let since = Instant::now();
        while at.rows(question)?.concat() != ["t"] {
            if since.elapsed() > PATIENCE {
                return Err(Failure::new(format!("it is never true: {question}"), "see the logs of the servers"));
            }
            thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }
}

/// Ends a carrier and all that it has started; whether it was at work still.
fn end(carrier: &mut Child) -> Result<bool> {
    let is_at_work = carrier.try_wait().or_fail(|| "lost the carrier".into(), "try again")?.is_none();
    kill(carrier.id())?;
    carrier.wait().or_fail(|| "lost the carrier".into(), "try again")?;
    Ok(is_at_work)
}

/// Ends a process and all that it has started; which they were.
fn kill(eldest: u32) -> Result<Vec<u32>> {
    let family = processes::family(eldest).or_fail(|| "cannot read /proc".into(), "try again")?;
    processes::send("-9", &family).or_fail(|| "cannot kill".into(), "install procps")?;
    Ok(family)
}

fn address(at: &Database, user: &str) -> String {
    format!("host={} port={PORT} dbname={} user={user}", at.socket.display(), at.name)
}
