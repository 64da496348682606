//! Traces, for an OpenTelemetry collector: the program's spans, sent as OTLP over HTTP with JSON. Off unless a collector is named.
//!
//! It is our own because the crates for it bring gRPC or another HTTP client, which would know nothing of our proxy, our certificates
//! and our vetting. What is sent is what the log may say as well: ids, hosts and statuses, no contents and no addresses with queries.

use crate::config::Tracing;
use crier_model::Secret;
use crier_net::Client;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio_util::sync::CancellationToken;
use tracing::{
    Event, Id, Level, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Record},
};
use tracing_subscriber::{Layer, layer::Context, registry::LookupSpan};

/// Spans that wait to be sent; more are counted and left out, for nobody waits for a collector.
const WAITING: usize = 4096;
/// Spans of one request.
const AT_ONCE: usize = 512;
/// How long spans are gathered.
const GATHER: Duration = Duration::from_secs(2);
/// How long a request to the collector may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// What a span's fields are called by OpenTelemetry's conventions.
const NAMES: [(&str, &str); 6] = [
    ("method", "http.request.method"),
    ("path", "url.path"),
    ("host", "server.address"),
    ("status", "http.response.status_code"),
    ("publication", "crier.publication"),
    ("id", "crier.request"),
];

/// A span that has ended.
#[derive(Debug)]
pub struct Ended(Value);

/// Takes the spans of the program. A call to a network belongs to what it is made for and begins no trace of its own.
pub struct Spans {
    ended: Sender<Ended>,
    left_out: Arc<AtomicU64>,
}

/// The other end of [`Spans`].
#[derive(Debug)]
pub struct Exporter {
    ended: Receiver<Ended>,
    left_out: Arc<AtomicU64>,
    to: Tracing,
}

pub fn traces(to: Tracing) -> (Spans, Exporter) {
    let (sender, ended) = channel(WAITING);
    let left_out = Arc::new(AtomicU64::new(0));
    (Spans { ended: sender, left_out: left_out.clone() }, Exporter { ended, left_out, to })
}

/// A span that goes on.
struct Open {
    trace: u128,
    span: u64,
    parent: Option<u64>,
    began: SystemTime,
    fields: Fields,
    failed: bool,
}

#[derive(Default)]
struct Fields(BTreeMap<&'static str, Value>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), json!({ "stringValue": format!("{value:?}") }));
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), json!({ "stringValue": value }));
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name(), json!({ "intValue": value.to_string() }));
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name(), json!({ "intValue": value.to_string() }));
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Spans {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let above =
            span.parent().and_then(|parent| parent.extensions().get::<Open>().map(|open| (open.trace, open.span)));
        if above.is_none() && span.name() == "call" {
            return;
        }
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let (trace, parent) = above.map_or_else(|| (rand::random(), None), |(trace, span)| (trace, Some(span)));
        let open = Open { trace, span: rand::random(), parent, began: SystemTime::now(), fields, failed: false };
        span.extensions_mut().insert(open);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(open) = span.extensions_mut().get_mut::<Open>()
        {
            values.record(&mut open.fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if *event.metadata().level() == Level::ERROR
            && let Some(span) = context.event_span(event)
            && let Some(open) = span.extensions_mut().get_mut::<Open>()
        {
            open.failed = true;
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let Some(open) = span.extensions_mut().remove::<Open>() else { return };
        if self.ended.try_send(Ended(told(span.name(), &open, SystemTime::now()))).is_err() {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// A span as OTLP has it.
fn told(name: &str, open: &Open, ended: SystemTime) -> Value {
    let nanoseconds = |at: SystemTime| at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos()).to_string();
    // 1: within the program, 2: answers, 3: asks.
    let kind = match name {
        "request" => 2,
        "call" => 3,
        _ => 1,
    };
    let key = |name: &'static str| NAMES.iter().find(|(ours, _)| *ours == name).map_or(name, |(_, theirs)| *theirs);
    let attributes: Vec<Value> =
        open.fields.0.iter().map(|(name, value)| json!({ "key": key(name), "value": value })).collect();
    let mut told = json!({
        "traceId": format!("{:032x}", open.trace),
        "spanId": format!("{:016x}", open.span),
        "name": name,
        "kind": kind,
        "startTimeUnixNano": nanoseconds(open.began),
        "endTimeUnixNano": nanoseconds(ended),
        "attributes": attributes,
        "status": if open.failed { json!({ "code": 2 }) } else { json!({}) },
    });
    if let Some(parent) = open.parent {
        told["parentSpanId"] = format!("{parent:016x}").into();
    }
    told
}

impl Exporter {
    /// Where traces go.
    pub fn to(&self) -> &Tracing {
        &self.to
    }

    /// Sends what ends, in lots, until `shutdown`, and then the rest.
    pub async fn run(mut self, net: Client, shutdown: CancellationToken) {
        let mut lot = Vec::new();
        loop {
            let over = tokio::select! {
                () = shutdown.cancelled() => true,
                count = self.ended.recv_many(&mut lot, AT_ONCE) => {
                    if count == 0 { return }
                    false
                }
            };
            if !over && lot.len() < AT_ONCE {
                tokio::select! {
                    () = shutdown.cancelled() => {}
                    () = tokio::time::sleep(GATHER) => {}
                }
            }
            while lot.len() < AT_ONCE
                && let Ok(ended) = self.ended.try_recv()
            {
                lot.push(ended);
            }
            if !lot.is_empty() {
                self.send(&net, std::mem::take(&mut lot)).await;
            }
            if over && self.ended.is_empty() {
                return;
            }
        }
    }

    async fn send(&self, net: &Client, lot: Vec<Ended>) {
        let left_out = self.left_out.swap(0, Ordering::Relaxed);
        if left_out > 0 {
            tracing::warn!(left_out, "more spans ended than could be sent to the collector of traces");
        }
        let spans: Vec<Value> = lot.into_iter().map(|ended| ended.0).collect();
        let count = spans.len();
        let resource =
            json!({ "attributes": [{ "key": "service.name", "value": { "stringValue": self.to.service } }] });
        let scope = json!({ "name": "crier", "version": env!("CARGO_PKG_VERSION") });
        let body =
            json!({ "resourceSpans": [{ "resource": resource, "scopeSpans": [{ "scope": scope, "spans": spans }] }] });
        let mut request = net.post(self.to.endpoint.clone()).timeout(DEADLINE).no_redirects();
        for (name, value) in &self.to.headers {
            request = request.header(name, Secret::expose(value));
        }
        match request.json(&body).send().await {
            Ok(answer) if answer.is_success() => {}
            Ok(answer) => {
                tracing::warn!(
                    status = answer.status(),
                    count,
                    "the collector of traces did not take spans; they are left out"
                );
            }
            Err(error) => tracing::warn!(%error, count, "the collector of traces can't be reached; spans are left out"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{Json, Router, extract::State, http::HeaderMap, routing::post};
    use std::sync::Mutex;
    use tracing_subscriber::layer::SubscriberExt;

    type Seen = Arc<Mutex<Vec<(Option<String>, Value)>>>;

    /// A collector; what it was sent, with the header of who sent it.
    async fn collector() -> (String, Seen) {
        let seen = Seen::default();
        let take = |State(seen): State<Seen>, headers: HeaderMap, Json(body): Json<Value>| async move {
            let key = headers.get("x-key").map(|key| key.to_str().unwrap().to_owned());
            seen.lock().unwrap().push((key, body));
            Json(json!({}))
        };
        let router = Router::new().route("/v1/traces", post(take)).with_state(seen.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        (format!("http://{address}/v1/traces"), seen)
    }

    #[tokio::test]
    async fn a_publication_s_trace_has_its_calls_and_reaches_the_collector() {
        let (endpoint, seen) = collector().await;
        let headers = vec![("x-key".to_owned(), Secret::new("k3y"))];
        let to = Tracing { endpoint: endpoint.parse().unwrap(), service: "crier-test".to_owned(), headers };
        let (spans, exporter) = traces(to);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(spans), || {
            tracing::info_span!("call", host = "nobody.test").in_scope(|| {});
            tracing::info_span!("publish", publication = "p1").in_scope(|| {
                let call =
                    tracing::info_span!("call", method = "POST", host = "social.test", status = tracing::field::Empty);
                call.in_scope(|| tracing::error!("it went wrong"));
                call.record("status", 503_u16);
            });
        });
        let config = crier_net::Config {
            proxy: crier_net::ProxyConfig::None,
            allow: vec!["127.0.0.1".parse().unwrap()],
            ..crier_net::Config::default()
        };
        let shutdown = CancellationToken::new();
        shutdown.cancel();
        exporter.run(Client::new(config).unwrap(), shutdown).await;
        let seen = seen.lock().unwrap();
        let [(Some(key), body)] = &seen[..] else { panic!("{seen:?}") };
        assert_eq!(key, "k3y");
        let resource = &body["resourceSpans"][0];
        assert_eq!(resource["resource"]["attributes"][0]["value"]["stringValue"], "crier-test");
        let [call, publish] = &resource["scopeSpans"][0]["spans"].as_array().unwrap()[..] else { panic!("{body}") };
        assert_eq!((&call["name"], &publish["name"]), (&json!("call"), &json!("publish")));
        assert_eq!((&call["traceId"], &call["parentSpanId"]), (&publish["traceId"], &publish["spanId"]));
        assert_eq!((call["traceId"].as_str().unwrap().len(), call["spanId"].as_str().unwrap().len()), (32, 16));
        assert_eq!((&call["kind"], &call["status"]["code"], publish.get("parentSpanId")), (&json!(3), &json!(2), None));
        let attributes = call["attributes"].as_array().unwrap();
        assert!(attributes.contains(&json!({ "key": "http.response.status_code", "value": { "intValue": "503" } })));
        assert!(attributes.contains(&json!({ "key": "server.address", "value": { "stringValue": "social.test" } })));
    }
}
