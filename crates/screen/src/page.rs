//! The page and what it needs, a part of the program: `cargo xtask screen` builds it before.

use axum::http::header;
use axum::response::IntoResponse;

macro_rules! built {
    ($file:literal) => {
        include_bytes!(concat!(env!("BOURSE_SCREEN_WEB", "build the screen by `cargo xtask screen`"), "/", $file))
    };
}

/// Nothing but what this server itself has to offer runs in the page, and nobody may frame it.
pub const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                          base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

fn file(kind: &'static str, bytes: &'static [u8]) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")], bytes)
}

/// `GET /`
pub async fn index() -> impl IntoResponse {
    file("text/html; charset=utf-8", built!("index.html"))
}

/// `GET /app.js`
pub async fn script() -> impl IntoResponse {
    file("text/javascript; charset=utf-8", built!("app.js"))
}

/// `GET /app.css`
pub async fn style() -> impl IntoResponse {
    file("text/css; charset=utf-8", built!("app.css"))
}

/// `GET /icon.svg`
pub async fn icon() -> impl IntoResponse {
    file("image/svg+xml", built!("icon.svg"))
}

/// `GET /openapi.json`
pub async fn openapi() -> impl IntoResponse {
    file("application/json", include_bytes!("../openapi.json"))
}
