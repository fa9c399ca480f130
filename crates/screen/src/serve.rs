//! Connections: who says nothing on one, or only a part of a request, is not waited for.

use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};

/// How long a connection may be without a whole head of a request, between two requests, too.
const HEAD: Duration = Duration::from_secs(30);
/// A reader who takes nothing for so long has gone, or is too slow for a live screen.
const PATIENCE: Duration = Duration::from_secs(10);
/// So much at most waits in the kernel for a reader who takes nothing: what is in there is kept for him alone.
const UNSENT: u32 = 64 * 1024;
/// How long those are waited for who are there at the end: streams have none of their own.
const FAREWELL: Duration = Duration::from_secs(1);
/// A system that has no file left for a connection is asked again after this.
const RETRY: Duration = Duration::from_secs(1);

/// Serves until it is told to end.
pub async fn serve(listener: TcpListener, router: Router, ended: impl Future<Output = ()>) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD);
    let present = GracefulShutdown::new();
    tokio::pin!(ended);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut ended => break,
        };
        match accepted {
            Ok((connection, _)) => {
                tune(&connection);
                let service = TowerToHyperService::new(router.clone());
                let served = present.watch(http.serve_connection(TokioIo::new(connection), service));
                // A connection that breaks is its browser's concern, who comes back.
                tokio::spawn(async { served.await.unwrap_or_default() });
            }
            Err(error) => {
                eprintln!("screen: {error}");
                tokio::time::sleep(RETRY).await;
            }
        }
    }
    drop(listener);
    let _ = tokio::time::timeout(FAREWELL, present.shutdown()).await;
}

fn tune(connection: &TcpStream) {
    // All of them only make it better: a system without them serves as well.
    let _ = connection.set_nodelay(true);
    let socket = SockRef::from(connection);
    let _ = socket.set_tcp_user_timeout(Some(PATIENCE));
    let _ = socket.set_tcp_notsent_lowat(UNSENT);
}
