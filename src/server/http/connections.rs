//! Open connections: only so many, none for a client that stalls, and all ended with the server.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::header;
use axum::routing::get;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;

use crate::domain::{Limits, Problem};

/// Connections beyond the limit that are told so at the same time; still more are closed at once.
const REFUSED_AT_ONCE: usize = 64;

/// After a failure to accept a connection, as for want of file descriptors.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(100);

/// Serves until `stop`, and then until the last request is answered.
pub async fn serve(listener: TcpListener, router: Router, limits: Arc<Limits>, stop: CancellationToken) {
    let most = (limits.max_connections as usize).min(Semaphore::MAX_PERMITS);
    let (places, refusals) = (Arc::new(Semaphore::new(most)), Arc::new(Semaphore::new(REFUSED_AT_ONCE)));
    let refusing = refusing(&limits);
    let timeout = Duration::from_secs(limits.client_timeout);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(timeout);
    let open = GracefulShutdown::new();
    let accepting = async {
        loop {
            let stream = accept(&listener).await;
            let (place, service) = match places.clone().try_acquire_owned() {
                Ok(place) => (place, router.clone()),
                Err(_) => match refusals.clone().try_acquire_owned() {
                    Ok(place) => (place, refusing.clone()),
                    Err(_) => continue,
                },
            };
            let mut stream = TimeoutStream::new(stream);
            // A client that takes nothing must not hold its answer, or its place, for ever.
            stream.set_write_timeout(Some(timeout));
            let stream = TokioIo::new(Box::pin(stream));
            let connection = open.watch(http.serve_connection(stream, TowerToHyperService::new(service)));
            tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "a connection ended badly");
                }
                drop(place);
            });
        }
    };
    stop.run_until_cancelled(accepting).await;
    drop(listener);
    open.shutdown().await;
}

async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Fails only for a connection that is gone already.
                let _ = stream.set_nodelay(true);
                return stream;
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
            }
        }
    }
}

/// What answers on connections beyond the limit.
fn refusing(limits: &Limits) -> Router {
    let detail = format!(
        "This server has {} open connections, as many as it takes (--max-connections). Try again soon.",
        limits.max_connections
    );
    let problem = Problem::new(503, "too_many_connections", detail);
    // A server that is busy is alive: to restart it would help nobody.
    let live = || async { ([(header::CONNECTION, "close")], super::probes::live().await) };
    Router::new().route("/livez", get(live)).fallback(move || {
        let problem = problem.clone();
        async move { ([(header::CONNECTION, "close")], problem) }
    })
}
