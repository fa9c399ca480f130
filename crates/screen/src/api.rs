//! Which path is whose.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, patch, post};
use tower_http::set_header::SetResponseHeaderLayer;

use crate::problem::{AGAIN, Problem};
use crate::{Screen, admin, bots, market, orders, page, preview, session, stream};

/// The longest body: an order is a tenth of it.
const BODY: usize = 8 * 1024;
/// The longest request, but for streams: the database ends its statements before.
const TIME: Duration = Duration::from_secs(15);

type Routes = [(&'static str, MethodRouter<Arc<Screen>>); 19];

/// The endpoints, as `openapi.json` has them.
fn endpoints() -> Routes {
    [
        ("/api/session", get(session::current).post(session::log_in).delete(session::log_out)),
        ("/api/markets", get(market::list)),
        ("/api/markets/{symbol}/candles", get(market::candles)),
        ("/api/markets/{symbol}/depth", get(market::depth)),
        ("/api/markets/{symbol}/trades", get(market::tape)),
        ("/api/markets/{symbol}/ladder", get(market::ladder)),
        ("/api/orders", get(orders::open).post(orders::place).delete(orders::cancel_all)),
        ("/api/orders/closed", get(orders::closed)),
        ("/api/orders/refused", get(orders::refused)),
        ("/api/orders/preview", post(preview::preview)),
        ("/api/orders/{id}", patch(orders::amend).delete(orders::cancel)),
        ("/api/balances", get(orders::balances)),
        ("/api/trades", get(orders::trades)),
        ("/api/bots", get(bots::list)),
        ("/api/bots/{id}/equity", get(bots::equity)),
        ("/api/bots/{id}/metrics", get(bots::metrics)),
        ("/api/accounts", get(bots::accounts)),
        ("/api/admin", get(admin::overview)),
        ("/openapi.json", get(page::openapi)),
    ]
}

/// The whole server.
pub fn router(screen: Arc<Screen>) -> Router {
    let mut bounded = Router::new();
    for (path, handler) in endpoints() {
        bounded = bounded.route(path, handler);
    }
    let pages = [("/", get(page::index)), ("/app.js", get(page::script)), ("/app.css", get(page::style))];
    for (path, handler) in pages {
        bounded = bounded.route(path, handler);
    }
    let bounded = bounded
        .route("/icon.svg", get(page::icon))
        .layer(middleware::from_fn(|request: Request, next: Next| in_time(TIME, next.run(request))))
        .layer(DefaultBodyLimit::max(BODY));
    let always = |name: HeaderName, value| SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value));
    bounded
        .route("/api/markets/{symbol}/stream", get(stream::open))
        .fallback(nothing)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn(session::guard))
        .layer(always(header::CONTENT_SECURITY_POLICY, page::POLICY))
        .layer(always(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(always(header::REFERRER_POLICY, "no-referrer"))
        .layer(always(HeaderName::from_static("cross-origin-opener-policy"), "same-origin"))
        .layer(always(HeaderName::from_static("cross-origin-resource-policy"), "same-origin"))
        .with_state(screen)
}

async fn nothing() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "42704", "there is no such page", "/openapi.json has all endpoints.")
}

async fn wrong_method() -> Problem {
    const HINT: &str = "Use one of those that the header Allow names.";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "0A000", "this path does not take the method", HINT)
}

/// The answer, if it comes in time.
async fn in_time(time: Duration, answer: impl Future<Output = Response>) -> Response {
    match tokio::time::timeout(time, answer).await {
        Ok(answer) => answer,
        Err(_) => {
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "57014", "the request took too long", AGAIN).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_openapi_file_has_every_endpoint_and_no_other() {
        let file: serde_json::Value =
            serde_json::from_slice(include_bytes!("../openapi.json")).expect("openapi.json is JSON");
        let told: BTreeSet<String> = file["paths"].as_object().expect("paths").keys().cloned().collect();
        let paths = endpoints().map(|(path, _)| path.to_owned());
        let there: BTreeSet<String> = paths.into_iter().chain(["/api/markets/{symbol}/stream".to_owned()]).collect();
        assert_eq!(told, there);
    }

    #[tokio::test]
    async fn a_request_that_takes_too_long_is_refused_as_json() {
        let answer = in_time(Duration::from_millis(1), std::future::pending()).await;
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/json");
    }
}
