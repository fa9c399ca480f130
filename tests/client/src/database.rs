//! A fresh database with the extension installed.

use std::cell::RefCell;
use std::sync::Mutex;

use crate::server::on_database;
use crate::{Failure, Result, Server, Session};

/// What `pg_dump` is told of rows that go into an installed database, which has a trail and what a migration puts there:
/// policies, schedules, kinds of bots, how bills are paid, brokers.
pub const ROWS_ALONE: [&str; 17] = [
    "--data-only",
    "-T",
    "bourse.schema_migrations",
    "-T",
    "bourse.policies",
    "-T",
    "bourse.thresholds",
    "-T",
    "jobs.schedules",
    "-T",
    "marketplace.bot_categories",
    "-T",
    "marketplace.billing_settings",
    "-T",
    "mirror.brokers",
    "-N",
    "audit",
];

/// The first CREATE EXTENSION of a cluster makes the roles: one at a time.
static CREATION: Mutex<()> = Mutex::new(());

/// Whether the suite's server has the database that the others are copies of.
static TEMPLATE: Mutex<bool> = Mutex::new(false);
const TEMPLATE_NAME: &str = "installed";

thread_local! {
    /// What the test of this thread has made in the suite's server: gone when the thread ends, so that all tests
    /// together need the disk of a few.
    static MADE: RefCell<Made> = const { RefCell::new(Made(Vec::new())) };
}

/// Databases that end with it.
struct Made(Vec<Database>);

impl Drop for Made {
    fn drop(&mut self) {
        for database in &self.0 {
            // By a program: a driver's runtime may be gone at the end of a thread. What has a slot or a prepared
            // transaction stays until its cluster goes.
            let _ = database.server.program("dropdb").args(["--if-exists", "--force", &database.name]).output();
        }
    }
}

/// The logins of the suite that are members of `bourse_gateway` and `bourse_admin`.
const GATEWAY: &str = "test_gateway";
const ADMIN: &str = "test_admin";

/// One database of a server.
#[derive(Clone, Debug)]
pub struct Database {
    /// Its server.
    pub server: Server,
    /// Its name.
    pub name: String,
}

impl Database {
    /// An empty database of this name; one that stands is dropped.
    pub fn empty(server: &Server, name: &str) -> Result<Self> {
        Self::create(&mut server.connect("postgres", "postgres")?, name, "")?;
        Ok(Self { server: server.clone(), name: name.to_owned() }.ends_with_test())
    }

    /// Drops a database of this name that stands, and makes it with these clauses.
    fn create(session: &mut Session, name: &str, clauses: &str) -> Result<()> {
        session.run(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))?;
        session.run(&format!("CREATE DATABASE {name} {clauses}"))
    }

    /// A database of this name with the extension, not yet installed.
    pub fn with_extension(server: &Server, name: &str) -> Result<Self> {
        let database = Self::empty(server, name)?;
        let _one_at_a_time = CREATION.lock().map_err(|_| Failure::new("another test has failed here"))?;
        database.connect()?.run("CREATE EXTENSION pg_bourse")?;
        Ok(database)
    }

    /// A database of this name on this server, installed: a copy, where the server has one to copy.
    pub fn on(server: &Server, name: &str) -> Result<Self> {
        let mut session = server.connect("postgres", "postgres")?;
        if session.lines(&format!("SELECT 1 FROM pg_database WHERE datname = '{TEMPLATE_NAME}'"))?.is_empty() {
            let database = Self::with_extension(server, name)?;
            database.connect()?.run("SELECT bourse.install()")?;
            return Ok(database);
        }
        Self::create(&mut session, name, &format!("TEMPLATE {TEMPLATE_NAME}"))?;
        // CREATE EXTENSION has granted it on the other.
        session.run(&format!("GRANT CREATE ON DATABASE {name} TO bourse_owner"))?;
        Ok(Self { server: server.clone(), name: name.to_owned() }.ends_with_test())
    }

    /// Makes the database that [`Database::on`] copies. Nobody connects to it: who is connected would be in the way.
    pub(crate) fn installed(server: &Server) -> Result<()> {
        Self::on(server, TEMPLATE_NAME)?;
        let closed = format!("ALTER DATABASE {TEMPLATE_NAME} ALLOW_CONNECTIONS false");
        server.connect("postgres", "postgres")?.run(&closed)
    }

    /// A database of this name on the suite's server, installed: a copy, made in a tenth of the time.
    pub fn fresh(name: &str) -> Result<Self> {
        let server = Server::of_suite()?;
        let mut made = TEMPLATE.lock().map_err(|_| Failure::new("another test has failed here"))?;
        if !*made {
            Self::installed(&server)?;
            *made = true;
        }
        drop(made);
        Self::on(&server, name)
    }

    /// The template outlives the tests.
    fn ends_with_test(self) -> Self {
        if self.name != TEMPLATE_NAME {
            MADE.with_borrow_mut(|made| made.0.push(self.clone()));
        }
        self
    }

    /// The same with these markets, and two users, 1 and 2, who have so much of each asset; a session there.
    pub fn with_traders(name: &str, markets: &[&str], funds: &[(&str, &str)]) -> Result<(Self, Session)> {
        let database = Self::fresh(name)?;
        let mut session = database.connect()?;
        for symbol in markets {
            session.market(symbol)?;
        }
        for user in ["ann", "bob"] {
            let user = session.user(user)?;
            session.fund(user, funds)?;
        }
        Ok((database, session))
    }

    /// A session of the superuser.
    pub fn connect(&self) -> Result<Session> {
        self.connect_as("postgres")
    }

    /// A session of this login.
    pub fn connect_as(&self, login: &str) -> Result<Session> {
        self.server.connect(&self.name, login)
    }

    /// A session of a login that is a member of `bourse_gateway`.
    pub fn connect_gateway(&self) -> Result<Session> {
        self.login(GATEWAY, "bourse_gateway")?;
        self.connect_as(GATEWAY)
    }

    /// A session of a login that is a member of `bourse_admin`.
    pub fn connect_admin(&self) -> Result<Session> {
        self.login(ADMIN, "bourse_admin")?;
        self.connect_as(ADMIN)
    }

    /// Makes a login role, a member of this group, if it does not stand.
    pub fn login(&self, name: &str, group: &str) -> Result<()> {
        let _one_at_a_time = CREATION.lock().map_err(|_| Failure::new("another test has failed here"))?;
        self.connect()?.run(&format!(
            "DO $$ BEGIN
                 IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{name}') THEN
                     CREATE ROLE {name} LOGIN IN ROLE {group};
                 END IF;
             END $$"
        ))
    }

    /// Runs one of PostgreSQL's programs on this database; its output.
    pub fn program(&self, name: &str, arguments: &[&str]) -> Result<String> {
        on_database(&self.server, name, &self.name, arguments)
    }

    /// Fails when heap or indexes are damaged.
    pub fn check_files(&self) -> Result<()> {
        if !self.connect()?.has_extension("amcheck")? {
            return Ok(());
        }
        self.program("pg_amcheck", &["--install-missing", "--heapallindexed", "--rootdescend"]).map(drop)
    }
}

/// What tests put into a database.
impl Session {
    /// A new user; the id.
    pub fn user(&mut self, name: &str) -> Result<i64> {
        self.number(&format!("INSERT INTO identity.users (name) VALUES ('{name}') RETURNING id"))
    }

    /// A row of the user in every table of identity; the credentials hold a token that nobody can open.
    pub fn identities(&mut self, user: i64) -> Result<()> {
        self.run(&format!(
            "SELECT identity.link_identity({user}, 'telegram', 'account {user}'),
                    identity.register_principal('principal {user}', {user}),
                    identity.issue_api_key({user}), identity.issue_code({user});
             INSERT INTO identity.exchange_credentials
                 (user_id, principal_id, exchange, api_key_encrypted, api_secret_encrypted, key_id)
             SELECT {user}, 'principal {user}', 'KRAKEN', token, token, repeat('0', 16)
             FROM concat('gAAAAA', repeat('A', 134)) token"
        ))
    }

    /// Deposits for a user.
    pub fn fund(&mut self, user: i64, funds: &[(&str, &str)]) -> Result<()> {
        funds
            .iter()
            .try_for_each(|(asset, amount)| self.run(&format!("SELECT exchange.deposit({user}, '{asset}', {amount})")))
    }

    /// Gives a table an index of its owner's that does not take a client_order_id like this pattern (22012).
    pub fn picky_index(&mut self, table: &str, pattern: &str) -> Result<()> {
        self.run(&format!(
            "CREATE FUNCTION public.picky(name text) RETURNS text
             IMMUTABLE LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
             BEGIN
                 IF name LIKE '{pattern}' THEN
                     RAISE EXCEPTION 'not this one: %', name USING ERRCODE = '22012';
                 END IF;
                 RETURN name;
             END $$;
             CREATE INDEX picky ON {table} (public.picky(client_order_id))"
        ))
    }

    /// A new market `BASE-QUOTE` with the default rules.
    pub fn market(&mut self, symbol: &str) -> Result<()> {
        let (base, quote) = symbol.split_once('-').ok_or_else(|| Failure::new(format!("{symbol} is no BASE-QUOTE")))?;
        self.run(&format!("SELECT exchange.create_market('{symbol}', '{base}', '{quote}')"))
    }
}

/// One line for each table of these parts of the platform: its name, its rows, a hash of their contents.
pub fn checksums(session: &mut Session) -> Result<Vec<String>> {
    checksums_of(session, "'bourse', 'identity', 'audit', 'calendar', 'exchange'")
}

/// The same of every schema of the platform, those included in which time alone changes rows.
pub fn all_checksums(session: &mut Session) -> Result<Vec<String>> {
    checksums_of(
        session,
        "'bourse', 'identity', 'audit', 'calendar', 'exchange', 'jobs', 'marketplace', 'messaging', 'mirror', \
         'trading', 'webui'",
    )
}

fn checksums_of(session: &mut Session, schemas: &str) -> Result<Vec<String>> {
    let tables = session.lines(&format!(
        "SELECT oid::regclass FROM pg_class
         WHERE relkind IN ('r', 'p') AND relnamespace::regnamespace::text IN ({schemas})
         ORDER BY oid::regclass::text COLLATE \"C\""
    ))?;
    tables
        .iter()
        .map(|table| {
            session.line(&format!(
                "SELECT '{table}', count(*), md5(string_agg(t::text, E'\\n' ORDER BY t::text COLLATE \"C\"))
                 FROM {table} t"
            ))
        })
        .collect()
}
