//! A PgBouncer in transaction mode before a private cluster, as `docs/configuration.md` has one.

use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::account::Account;
use crate::cluster::{self, Cluster};
use crate::failure::{Failure, OrFail, Result};
use crate::project::{self, Project};
use crate::started::Started;

/// Where it listens, on the address of the cluster.
pub const PORT: u16 = 6432;
/// Where Debian puts it: not in every user's path.
const PROGRAM: &str = "/usr/sbin/pgbouncer";
/// Fewer connections than a program with a few of its own has: they go from one transaction to the next, in turns, so that
/// what must come to one of them and is sent in two transactions fails each time.
const CONNECTIONS: usize = 2;
const PATIENCE: Duration = Duration::from_secs(20);

/// Starts a pooler for one login, of every database; it ends with what is returned. The cluster listens on its address.
pub fn start(project: &Project, cluster: &Cluster, name: &str, login: &str) -> Result<Started> {
    let account = Account::of_servers()?;
    let folder = cluster::server_folder(project, account, &Path::new(&project.feature()).join(name))?;
    let (settings, logins) = (folder.join("pooler.ini"), folder.join("logins"));
    let address = cluster.address();
    let text = format!(
        "[databases]\n* = host={} port={}\n[pgbouncer]\nlisten_addr = {address}\nlisten_port = {PORT}\n\
         unix_socket_dir =\nauth_type = trust\nauth_file = {}\npool_mode = transaction\n\
         default_pool_size = {CONNECTIONS}\nserver_round_robin = 1\n\
         server_reset_query =\nignore_startup_parameters = extra_float_digits\n",
        cluster.socket().display(),
        cluster::PORT,
        logins.display()
    );
    for (file, text) in [(&settings, text), (&logins, format!("\"{login}\" \"\"\n"))] {
        project::write_text(file, &text)?;
        account.own(file)?;
    }
    let program = if Path::new(PROGRAM).exists() { PROGRAM } else { "pgbouncer" };
    let mut started = Started::new(&folder);
    started.start("pgbouncer", account.command(Path::new(program), &folder).arg(&settings))?;
    let begun = Instant::now();
    while let Err(error) = TcpStream::connect((address.as_str(), PORT)) {
        if begun.elapsed() > PATIENCE {
            let said = project::read_text(&folder.join("pgbouncer.log")).unwrap_or_default();
            return Err(Failure::new(format!("no pooler on {address}:{PORT} ({error}):\n{said}"), "mend what it says"));
        }
        thread::sleep(Duration::from_millis(50));
    }
    Ok(started)
}

/// Has the pooler open all its connections to a database, side by side: a program alone has it open one.
pub fn fill(cluster: &Cluster, database: &str, login: &str) -> Result<()> {
    let begin = || {
        let mut command = Command::new(cluster.bin().join("psql"));
        command.args(["-X", "-q", "-h", &cluster.address(), "-p", &PORT.to_string(), "-U", login, "-d", database]);
        command.args(["-c", "SELECT pg_sleep(1)"]).stdout(Stdio::null());
        command.spawn().or_fail(|| "cannot start psql".into(), "run `cargo xtask setup`")
    };
    let sleepers: Vec<Child> = (0..CONNECTIONS).map(|_| begin()).collect::<Result<_>>()?;
    for mut sleeper in sleepers {
        let ended = sleeper.wait().or_fail(|| "psql is lost".into(), "try again")?;
        if !ended.success() {
            return Err(Failure::new(format!("the pooler has no connection to {database}"), "see its log"));
        }
    }
    Ok(())
}
