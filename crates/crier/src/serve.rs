//! `crier serve`: everything joined, until a signal ends it.

use crate::{
    Failed,
    config::Config,
    log, metrics, parts,
    work::{Attempts, Avatars, Expiries, Listeners, Renewals, keep_house},
};
use crier_connect::Handshake;
use crier_engine::{
    Publisher, Worker,
    cap::Resumer,
    decision::Patience,
    notices::{Announcer, Caller, Mailer},
    publish::{Rules, WITH_FILES},
    rounds::{Evergreens, Repeats},
    watch::Watch,
    work::Handler,
    worker::{self, Pulse},
};
use crier_media::Library;
use crier_net::Client;
use crier_networks::Registry;
use crier_playground::Playground;
use crier_store::Store;
use metrics_exporter_prometheus::PrometheusHandle;
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::Semaphore, task::JoinSet};
use tokio_util::sync::CancellationToken;

/// How long requests in flight may take once the end was asked for.
const GRACE: Duration = Duration::from_secs(30);

pub async fn run(config: Config) -> Result<(), Failed> {
    let exporter = log::start(&config);
    let store = parts::store(&config).await?;
    store.migrate().await.map_err(|error| Failed::to("migrating the database", error))?;
    let net = parts::net(&config)?;
    let registry = parts::registry(&config);
    let library = parts::library(&config, &store, &net)?.with_addresses(parts::addresses(&config, &store).await?);
    let handshake = parts::handshake(&config, &store, &net, &registry, &library);

    let shutdown = CancellationToken::new();
    let mut running = JoinSet::new();
    if let Some(exporter) = exporter {
        let net = parts::net_to(&config, &exporter.to().endpoint)?;
        tracing::info!(collector = exporter.to().endpoint.host_str().unwrap_or_default(), "traces are sent");
        let token = shutdown.clone();
        running.spawn(async move {
            exporter.run(net, token).await;
            Ok(())
        });
    }
    let counted = match (&config.metrics_token, config.metrics_listen) {
        (None, None) => None,
        _ => Some(metrics::start(store.clone(), shutdown.clone())?),
    };
    // Listening comes first: a port that is taken stops the start before any work is done.
    let listener = if config.role.answers() { Some(listen(config.listen).await?) } else { None };
    if let Some(address) = config.playground {
        running.spawn(play(&config, listen(address).await?, shutdown.clone())?);
    }
    if let (Some(address), Some(counted)) = (config.metrics_listen, &counted) {
        let listener = listen(address).await?;
        tracing::info!(%address, "metrics are told");
        running.spawn(answer(listener, metrics::router(counted.clone()), shutdown.clone()));
    }
    let mut pulse = None;
    if config.role.works() {
        let worker = worker(&config, &store, &net, &registry, &library, &handshake).await?;
        pulse = Some(worker.pulse());
        let token = shutdown.clone();
        running.spawn(async move {
            worker.run(token).await;
            Ok(())
        });
        let (store, token) = (store.clone(), shutdown.clone());
        running.spawn(async move {
            keep_house(store, token).await;
            Ok(())
        });
    }
    if let Some(listener) = listener {
        let router = router(&config, &store, registry, handshake, library, pulse, counted, shutdown.clone())?;
        tracing::info!(address = %config.listen, public_url = %config.public_url, "listening");
        running.spawn(answer(listener, router, shutdown.clone()));
    }
    let ended = until_the_end(&mut running, &shutdown).await;
    store.close().await.map_err(|error| Failed::to("closing the database", error))?;
    ended
}

async fn listen(address: SocketAddr) -> Result<TcpListener, Failed> {
    TcpListener::bind(address).await.map_err(|error| {
        let what = format!("listening on {address}");
        if error.kind() == std::io::ErrorKind::AddrInUse {
            return Failed(format!("{what}: another program listens there already; choose another with --listen"));
        }
        Failed::to(&what, error)
    })
}

/// The Playground on its own origin.
fn play(
    config: &Config,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> Result<impl Future<Output = Result<(), Failed>> + use<>, Failed> {
    let origin = config.playground_origin().ok_or_else(|| Failed("the Playground has no address".to_owned()))?;
    tracing::info!(address = %origin, "the Playground is on");
    let settings = crier_playground::Config::new(config.data_dir.join("playground.json"), origin);
    let playground = Playground::open(settings).map_err(|error| Failed::to("opening the Playground", error))?;
    Ok(async move {
        let end = async move { shutdown.cancelled().await };
        playground.serve(listener, end).await.map_err(|error| Failed::to("the Playground", error))
    })
}

async fn worker(
    config: &Config,
    store: &Store,
    net: &Client,
    registry: &Registry,
    library: &Library,
    handshake: &Handshake,
) -> Result<Worker, Failed> {
    let clock = store.clock();
    let publisher = Publisher {
        store: store.clone(),
        net: net.clone(),
        registry: registry.clone(),
        library: library.clone(),
        tokens: Arc::new(handshake.clone()),
        clock: clock.clone(),
        rules: Rules {
            patience: Patience { window: config.retry_window, ..Patience::default() },
            late: config.late_window,
            daily_cap: config.channel_daily_cap,
            ..Rules::default()
        },
        with_files: Arc::new(Semaphore::new(WITH_FILES)),
    };
    let (preparer, wishes, numbers) = (publisher.preparer(), publisher.wishes(), publisher.numbers());
    let (likes, plugs) = (publisher.likes(), publisher.plugs());
    numbers.begin().await.map_err(|error| Failed::to("writing down the looks at numbers", error))?;
    let mail = parts::mail(config)?;
    let announcer = Announcer { store: store.clone(), public_url: config.public_url.clone(), by_mail: mail.is_some() };
    let caller = Caller { store: store.clone(), net: net.clone(), clock: clock.clone() };
    let watch = Watch { store: store.clone(), clock: clock.clone(), rules: publisher.rules };
    watch.begin().await.map_err(|error| Failed::to("writing down the watch", error))?;
    let mut handlers: Vec<Arc<dyn Handler>> = vec![
        Arc::new(watch),
        Arc::new(Resumer { store: store.clone() }),
        Arc::new(publisher),
        Arc::new(preparer),
        Arc::new(wishes),
        Arc::new(numbers),
        Arc::new(likes),
        Arc::new(plugs),
        Arc::new(Repeats(store.clone())),
        Arc::new(Evergreens(store.clone())),
        Arc::new(Renewals(handshake.clone())),
        Arc::new(Avatars(handshake.clone())),
        Arc::new(Attempts(handshake.clone())),
        Arc::new(Expiries(handshake.clone())),
        Arc::new(Listeners(handshake.clone())),
        Arc::new(announcer),
        Arc::new(caller),
    ];
    if let Some(mail) = mail {
        let (store, public_url) = (store.clone(), config.public_url.clone());
        handlers.push(Arc::new(Mailer { store, mail: Arc::new(mail), clock: clock.clone(), public_url }));
    }
    let settings = worker::Settings { parallel: config.worker_parallel, ..worker::Settings::default() };
    Ok(Worker::new(store.clone(), clock, handlers, settings))
}

#[allow(clippy::too_many_arguments, reason = "the parts of the program, put together once")]
fn router(
    config: &Config,
    store: &Store,
    registry: Registry,
    handshake: Handshake,
    library: Library,
    pulse: Option<Arc<Pulse>>,
    counted: Option<PrometheusHandle>,
    shutdown: CancellationToken,
) -> Result<axum::Router, Failed> {
    let settings = crier_api::Settings {
        public_url: config.public_url.clone(),
        registration: config.registration,
        playground: config.playground_origin(),
        configured: config.networks_with_apps(),
        mail: config.mail.is_some(),
        trusted_proxies: config.trusted_proxies.clone(),
    };
    let doctor = parts::doctor(config, handshake.clone())?;
    let metrics = config
        .metrics_token
        .clone()
        .zip(counted)
        .map(|(token, counted)| crier_api::Metrics { render: Box::new(move || counted.render()), token });
    let store = store.clone();
    let deps = crier_api::Deps { store, registry, handshake, doctor, library, metrics, pulse, shutdown, settings };
    crier_api::router(deps).map_err(|error| Failed::to("the public address", error))
}

async fn answer(listener: TcpListener, router: axum::Router, shutdown: CancellationToken) -> Result<(), Failed> {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let end = {
        let shutdown = shutdown.clone();
        async move { shutdown.cancelled().await }
    };
    let serving = async { axum::serve(listener, service).with_graceful_shutdown(end).await };
    // A client that never reads its answer must not keep the process.
    let overdue = async {
        shutdown.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        served = serving => served.map_err(|error| Failed::to("answering requests", error)),
        () = overdue => {
            tracing::warn!("requests still in flight were cut off");
            Ok(())
        }
    }
}

/// Waits for a signal or for a part that ends by itself, then for all parts to end.
async fn until_the_end(running: &mut JoinSet<Result<(), Failed>>, shutdown: &CancellationToken) -> Result<(), Failed> {
    let mut ended = tokio::select! {
        signal = asked_to_stop() => {
            tracing::info!(signal, "stopping");
            Ok(())
        }
        Some(part) = running.join_next() => flat(part),
    };
    shutdown.cancel();
    while let Some(part) = running.join_next().await {
        ended = ended.and(flat(part));
    }
    tracing::info!("stopped");
    ended
}

fn flat(part: Result<Result<(), Failed>, tokio::task::JoinError>) -> Result<(), Failed> {
    part.unwrap_or_else(|error| Err(Failed::to("a part of the server ended", error)))
}

/// The signal that came.
async fn asked_to_stop() -> &'static str {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut term) = signal(SignalKind::terminate()) {
            return tokio::select! {
                _ = term.recv() => "SIGTERM",
                _ = tokio::signal::ctrl_c() => "SIGINT",
            };
        }
    }
    tokio::signal::ctrl_c().await.ok();
    "interrupt"
}
