//! The live screen: what the database says through its public SQL, as HTTP, and a page that shows it. No rule of the
//! business and no state lives here: a session is an API key of the user, an order is what the exchange answers.

mod admin;
mod api;
mod bots;
mod config;
mod database;
mod feed;
mod files;
mod guesses;
mod listener;
mod market;
mod orders;
mod page;
mod preview;
mod problem;
mod sent;
mod serve;
mod session;
mod stream;

use std::process::ExitCode;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use config::Config;
use database::Database;
use feed::Feeds;
use guesses::Guesses;

/// Each login costs the server a hash of 19 MiB: so many at a time.
const LOGINS: usize = 4;

/// What every handler knows.
pub struct Screen {
    /// The gateway's connections.
    pub database: Database,
    /// A login that may see how the platform is, for admins; none where none was given.
    pub monitor: Option<Database>,
    /// What goes to all viewers of a market.
    pub feeds: Arc<Feeds>,
    /// Room for logins under way.
    pub logins: Semaphore,
    /// Wrong passwords.
    pub guesses: Guesses,
    /// How it was started.
    pub config: Config,
}

/// A handler's view of it.
pub type Shared = axum::extract::State<Arc<Screen>>;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("screen: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), String> {
    let Some(config) = Config::read(std::env::args().skip(1), |name| std::env::var(name).ok())? else {
        println!("{}", config::USAGE);
        return Ok(());
    };
    files::make_room(config.streams)?;
    let database = Database::new(&config.database, config.connections)?;
    let monitor = config.monitor.as_deref().map(|dsn| Database::new(dsn, 2)).transpose()?;
    let feeds = Feeds::new(database.clone(), config.streams);
    tokio::spawn(listener::listen(config.database.clone(), Arc::clone(&feeds)));
    let listener = TcpListener::bind(config.listen).await.map_err(|e| format!("{}: {e}", config.listen))?;
    let address = listener.local_addr().map_err(|e| e.to_string())?;
    let screen =
        Screen { database, monitor, feeds, logins: Semaphore::new(LOGINS), guesses: Guesses::default(), config };
    println!("http://{address}/");
    serve::serve(listener, api::router(Arc::new(screen)), ended()).await;
    Ok(())
}

/// Waits for a signal.
async fn ended() {
    let interrupted = tokio::signal::ctrl_c();
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => signal.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = interrupted => {}
        _ = terminated => {}
    }
}
