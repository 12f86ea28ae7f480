//! Everything the browser never has.
//!
//! [`Server::build`] wires the parts, [`Server::run`] serves and stops. Read on in [`jobs`] for the life
//! of a job, [`ingest`] for how a source is read, [`store`] for what is kept, and [`index`] for how it is
//! found again.

pub mod access;
pub mod blobs;
pub mod clock;
pub mod config;
pub mod data_folder;
pub mod disk;
pub mod http;
pub mod index;
pub mod ingest;
pub mod jobs;
pub mod library;
pub mod metrics;
pub mod operator;
pub mod originals;
pub mod readiness;
pub mod shutdown;
pub mod state;
pub mod store;
pub mod telemetry;
pub mod webhooks;

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use chrono::TimeDelta;
use leptos::prelude::LeptosOptions;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::{Notify, oneshot};
use tokio_util::sync::CancellationToken;

use access::Access;
use blobs::Blobs;
use config::Config;
use data_folder::{DataFolder, FolderError};
use disk::Disk;
use http::connections;
use http::guard;
use index::FullTextIndex;
use index::writer::Follower;
use ingest::extract::worker::Workers;
use ingest::folders::AllowedFolders;
use ingest::run::Shelves;
use jobs::worker::Worker;
use jobs::{JobManager, JobSettings};
use library::Library;
use metrics::Metrics;
use metrics::scrape::Scraper;
use readiness::Readiness;
use state::{AppState, Places, Services};
use store::sqlite::SqliteStore;
use store::{Event, Listener, Store, WorkerId};
use webhooks::call::Caller;
use webhooks::sender::Sender;
use webhooks::{Setup, Webhooks};

/// How long running jobs may go on by themselves after a stop; then they go back to the queue.
const JOB_GRACE: Duration = Duration::from_secs(4);

/// How long open requests may go on after a stop.
const REQUEST_GRACE: Duration = Duration::from_secs(3);

/// How long a worker may give no sign of life before its jobs are taken from it.
const LEASE: TimeDelta = TimeDelta::seconds(30);

/// Small texts claimed together at most.
const GROUP: u32 = 64;

/// A server that is ready to run.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    service: Service,
}

/// Why the server could not start, in one sentence.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("{0} is in use by another program; stop that one, or choose another address with --addr")]
    AddressInUse(SocketAddr),
    #[error("cannot listen on {0}: {1}; choose another address with --addr")]
    Address(SocketAddr, io::Error),
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error("the database in {0} cannot be opened: {1}; `sluice check` says more")]
    Store(PathBuf, store::StoreError),
    #[error("the index in {0} cannot be opened or made anew: {1}")]
    Index(PathBuf, tantivy::TantivyError),
    #[error("an allowed folder cannot be used: {0}")]
    AllowedFolders(ingest::folders::PathError),
    #[error(
        "API keys are needed here, and there is none that can be used: make one with `sluice keys create --name NAME \
         --scope read,ingest` and the same --data-dir, or let everyone in with --insecure-no-auth"
    )]
    NoKeys,
    #[error("the jobs in the data folder cannot be taken up: {0}")]
    Jobs(#[from] jobs::JobsError),
    #[error("{0}")]
    Chunking(String),
    #[error(transparent)]
    Webhooks(#[from] webhooks::SetupError),
    #[error("a thread cannot be started: {0}")]
    Thread(io::Error),
    #[error("cannot listen for signals: {0}")]
    Signals(io::Error),
    #[error("the {0} ended although nobody told it to; the log says why")]
    PartEnded(&'static str),
}

impl Server {
    /// Opens the data folder and the port. Nothing runs yet.
    pub async fn build(config: Config) -> Result<Self, StartError> {
        let listener = TcpListener::bind(config.addr).await.map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => StartError::AddressInUse(config.addr),
            _ => StartError::Address(config.addr, error),
        })?;
        Ok(Self { listener, service: Service::open(config).await? })
    }

    /// Serves until `stop` returns, then ends all work cleanly.
    pub async fn run(self, stop: impl Future<Output = io::Result<()>>) -> Result<(), StartError> {
        let Self { listener, service } = self;
        let stopping = service.state.stopping.clone();
        if let Ok(address) = listener.local_addr() {
            tracing::info!("Sluice is ready at http://{address}");
        }
        if !http::site::is_there() {
            tracing::warn!("this build has no browser files: pages are plain; ./dev build makes a whole one");
        }
        allow_open_files();
        let limits = service.state.limits.clone();
        let mut running = service.start()?;
        let serving = connections::serve(listener, running.router.clone(), limits, stopping);
        let serving = tokio::spawn(serving);
        let ended = tokio::select! {
            told = stop => told.map_err(StartError::Signals),
            part = running.part_ended() => Err(StartError::PartEnded(part)),
        };
        tracing::info!("stopping: running jobs go on after the next start");
        let abort = serving.abort_handle();
        let (_, lock) = tokio::join!(tokio::time::timeout(REQUEST_GRACE, serving), running.stop());
        abort.abort();
        // Requests that outlast the grace may still write: the folder is this process's until it ends.
        std::mem::forget(lock);
        tracing::info!("stopped");
        ended
    }
}

/// All of the server but its port.
#[derive(Debug)]
pub struct Service {
    state: AppState,
    store: Arc<dyn Store>,
    index: FullTextIndex,
    /// Nothing where no webhooks are sent.
    caller: Option<Caller>,
    /// Told when there are webhooks to send.
    webhooks_added: Arc<Notify>,
    lock: File,
}

/// A service at work: answers requests through `router`, and runs jobs beside them.
#[derive(Debug)]
pub struct RunningService {
    pub router: Router,
    stopping: CancellationToken,
    worker: tokio::task::JoinHandle<()>,
    upkeep: tokio::task::JoinHandle<()>,
    webhooks: tokio::task::JoinHandle<()>,
    index: std::thread::JoinHandle<()>,
    /// Closed when the index's thread ends.
    index_ended: oneshot::Receiver<()>,
    lock: File,
}

impl RunningService {
    /// Returns when a part ends by itself, which only a fault of the server can bring about.
    async fn part_ended(&mut self) -> &'static str {
        tokio::select! {
            _ = &mut self.worker => "worker",
            _ = &mut self.upkeep => "upkeep",
            _ = &mut self.webhooks => "sender of webhooks",
            _ = &mut self.index_ended => "index writer",
        }
    }

    /// Ends all work cleanly: running jobs get a moment to end, and then go back to the queue.
    ///
    /// Returns the lock of the data folder, to be dropped when the last request has been answered.
    pub async fn stop(mut self) -> File {
        self.stopping.cancel();
        // One that has ended already was seen to by `part_ended`.
        for part in [&mut self.worker, &mut self.upkeep, &mut self.webhooks]
            .into_iter()
            .filter(|it| !it.is_finished())
        {
            let _ = part.await;
        }
        let _ = tokio::task::spawn_blocking(|| self.index.join()).await;
        self.lock
    }
}

impl Service {
    /// Opens what lies in the data folder.
    pub async fn open(config: Config) -> Result<Self, StartError> {
        let opening = tokio::task::spawn_blocking(move || Self::open_folder(&config));
        let service =
            opening.await.unwrap_or_else(|error| Err(StartError::Thread(io::Error::other(error))))?;
        service.state.jobs.take_up_queue().await?;
        Ok(service)
    }

    /// Fails if keys are needed and nobody has one.
    fn check_keys(config: &Config, data: &DataFolder) -> Result<(), StartError> {
        if !config.needs_keys() {
            return Ok(());
        }
        let database = data.database();
        let keys =
            SqliteStore::keys_in(&database).map_err(|error| StartError::Store(database.clone(), error))?;
        let now = clock::now();
        if keys.iter().any(|key| key.is_usable(now)) { Ok(()) } else { Err(StartError::NoKeys) }
    }

    fn open_folder(config: &Config) -> Result<Self, StartError> {
        // All that can be refused comes before anything is made or changed in the data folder.
        let folders = AllowedFolders::new(&config.allowed_dirs).map_err(StartError::AllowedFolders)?;
        let chunking = config.chunking().map_err(StartError::Chunking)?;
        let Setup { callbacks, caller } = Setup::of(config)?;
        let data = DataFolder::new(&config.data_dir);
        data.check_database()?;
        Self::check_keys(config, &data)?;
        let lock = data.claim()?;
        let blobs = Blobs::open(&data).map_err(|error| data.cannot_write(error))?;
        let database = data.database();
        let metrics = Metrics::default();
        let webhooks_added = Arc::new(Notify::new());
        let store: Arc<dyn Store> = Arc::new(
            SqliteStore::open_telling(&database, also_waking(&webhooks_added, metrics.listener()))
                .map_err(|error| StartError::Store(database.clone(), error))?,
        );
        let folder = data.index();
        let index = FullTextIndex::open(&folder).map_err(|error| StartError::Index(folder.clone(), error))?;
        let stopping = CancellationToken::new();
        let limits = Arc::new(config.limits());
        let disk = Disk::new(data.path(), config.min_free_disk.as_u64());
        let jobs = JobManager::new(
            store.clone(),
            disk.clone(),
            Shelves { blobs, folders, workers: Workers::new(config.extractor()), chunking },
            job_settings(config),
            callbacks,
            stopping.clone(),
        );
        let state = Services {
            readiness: Readiness {
                store: store.clone(),
                index: index.clone(),
                disk: disk.clone(),
                stopping: stopping.clone(),
            },
            scraper: Scraper {
                metrics: metrics.clone(),
                store: store.clone(),
                jobs: jobs.clone(),
                index: index.clone(),
                disk,
            },
            metrics,
            jobs,
            library: Library::new(store.clone(), index.clone()),
            webhooks: Webhooks::new(store.clone(), caller.is_some()),
            leptos: leptos_options(),
            places: Places::new(&limits),
            access: Access::new(store.clone()),
            needs_keys: config.needs_keys(),
            trusted: Arc::new(guard::TrustedPlaces::new(
                config.addr,
                &config.allowed_hosts,
                &config.cors_origins,
            )),
            limits,
            stopping,
        };
        Ok(Self { state: state.into(), store, index, caller, webhooks_added, lock })
    }

    /// Starts the worker, the upkeep and the index.
    pub fn start(self) -> Result<RunningService, StartError> {
        let Self { state, store, index, caller, webhooks_added, lock } = self;
        let (jobs, stop) = (state.jobs.clone(), state.stopping.clone());
        let committed = index.committed();
        let sender =
            caller.map(|it| Sender::new(store.clone(), it, state.metrics.webhooks().clone(), webhooks_added));
        let follower = Follower::new(index, store, jobs.clone(), Handle::current());
        let (alive, index_ended) = oneshot::channel();
        let index = std::thread::Builder::new()
            .name("index-writer".into())
            .spawn({
                let stop = stop.clone();
                move || {
                    let _alive: oneshot::Sender<()> = alive;
                    follower.run(&stop);
                }
            })
            .map_err(StartError::Thread)?;
        let worker = Worker::new(jobs.clone(), WorkerId(uuid::Uuid::now_v7().to_string()), JOB_GRACE);
        let worker = tokio::spawn({
            let (jobs, stop) = (jobs.clone(), stop.clone());
            async move {
                // Before the first claim: what a former run left must not look as if someone worked on it.
                if let Err(error) = jobs.take_over().await {
                    tracing::error!(%error, "could not take up the jobs of the last run; upkeep tries again");
                }
                worker.run(stop).await;
            }
        });
        let upkeep = tokio::spawn(jobs.keep_up(stop.clone(), committed));
        let webhooks = tokio::spawn({
            let stop = stop.clone();
            async move {
                match sender {
                    Some(sender) => sender.run(stop).await,
                    None => stop.cancelled().await,
                }
            }
        });
        Ok(RunningService {
            router: http::router(state),
            stopping: stop,
            worker,
            upkeep,
            webhooks,
            index,
            index_ended,
            lock,
        })
    }
}

/// Tells the sender of webhooks, too, when a transaction has brought it work.
fn also_waking(sender: &Arc<Notify>, listener: Listener) -> Listener {
    let sender = sender.clone();
    Arc::new(move |events| {
        listener(events);
        if events.iter().any(|(_, event)| *event == Event::WebhooksAdded) {
            sender.notify_one();
        }
    })
}

/// Lets this process open as many files as the system grants it: each connection is one.
fn allow_open_files() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::debug!(%error, "the limit of open files stays as it is");
    }
}

fn job_settings(config: &Config) -> JobSettings {
    JobSettings {
        max_concurrent_jobs: config.max_concurrent_jobs,
        max_attempts: config.max_attempts,
        retry_delay: Duration::from_secs(config.retry_delay.into()),
        max_pending: config.max_pending_jobs.into(),
        max_messages: config.max_batch_messages.into(),
        clean_up_interval: Duration::from_secs(config.clean_up_interval.into()),
        max_age: TimeDelta::hours(config.max_age_hours.into()),
        max_jobs: config.max_jobs.into(),
        audit_age: TimeDelta::days(config.audit_days.into()),
        lease: LEASE,
        group: GROUP,
    }
}

/// Names the browser's files by their content. Under `cargo leptos watch` its own variables say more.
fn leptos_options() -> LeptosOptions {
    let watched = std::env::var_os("LEPTOS_WATCH").and_then(|_| leptos::config::get_configuration(None).ok());
    let mut options = match watched {
        Some(watched) => watched.leptos_options,
        None => LeptosOptions::builder().output_name("sluice").site_root("target/site").build(),
    };
    options.site_pkg_dir = http::site::PACKAGE_FOLDER.as_str().into();
    options
}
