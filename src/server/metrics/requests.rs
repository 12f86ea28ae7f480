//! Requests, by method, route and status.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// The upper bounds of what is counted together, in seconds.
const BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

/// The route of what no route is for: with the path itself, clients could make as many series as they like.
const NO_ROUTE: &str = "none";

type RouteLabels<const N: usize> = [(&'static str, String); N];

/// Counters and histograms of requests.
#[derive(Debug)]
pub struct RequestMetrics {
    counts: Family<RouteLabels<3>, Counter>,
    durations: Family<RouteLabels<2>, Histogram, fn() -> Histogram>,
}

impl RequestMetrics {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let all = Self {
            counts: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
        };
        registry.register(
            "sluice_http_requests",
            "Requests answered, by method, route and status",
            all.counts.clone(),
        );
        registry.register(
            "sluice_http_request_duration_seconds",
            "How long requests took until the answer began, by method and route",
            all.durations.clone(),
        );
        // The others come with their first request; one is there so that the metrics are, too.
        drop(all.counts.get_or_create(&counted("GET", "/metrics", StatusCode::OK)));
        drop(all.durations.get_or_create(&measured("GET", "/metrics")));
        all
    }

    /// Counts a request. `route` is the template that the request's path fitted, if any did.
    pub fn note(&self, method: &'static str, route: Option<&str>, status: StatusCode, took: Duration) {
        let route = route.unwrap_or(NO_ROUTE);
        self.counts.get_or_create(&counted(method, route, status)).inc();
        self.durations.get_or_create(&measured(method, route)).observe(took.as_secs_f64());
    }
}

fn counted(method: &str, route: &str, status: StatusCode) -> RouteLabels<3> {
    [("method", method.to_owned()), ("route", route.to_owned()), ("status", status.as_u16().to_string())]
}

fn measured(method: &str, route: &str) -> RouteLabels<2> {
    [("method", method.to_owned()), ("route", route.to_owned())]
}

/// A method's name as a label: clients may invent methods.
pub fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::DELETE => "DELETE",
        Method::PATCH => "PATCH",
        Method::PUT => "PUT",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
