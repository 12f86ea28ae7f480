//! The settings: flags over `SLUICE_*` variables over a settings file over defaults.
//!
//! Each setting has one name in three spellings: `--max-jobs`, `SLUICE_MAX_JOBS`, `max_jobs`. The file's
//! values become the defaults of the flags, so that one parser checks all of them.

use std::convert::Infallible;
use std::error::Error;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::ops::{Bound, RangeBounds};
use std::path::{Path, PathBuf};

use bytesize::ByteSize;
use clap::builder::OsStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{ArgAction, ArgMatches, Args, Command};
use ipnet::IpNet;
use secrecy::SecretString;

use super::telemetry::LogFormat;
use crate::domain::limits::FixedLimits;
use crate::domain::{Chunking, DocumentId, Limits, QueueState};

/// How the server runs.
#[derive(Args, Clone, Debug)]
pub struct Config {
    /// Address to listen on. On any but a loopback address, requests need an API key: see `sluice keys`.
    #[arg(long, env = "SLUICE_ADDR", default_value = "127.0.0.1:8011", value_parser = address)]
    pub addr: SocketAddr,

    /// Folder for everything the server keeps; made when missing.
    #[arg(long, env = "SLUICE_DATA_DIR", default_value = "./sluice-data")]
    pub data_dir: PathBuf,

    /// Ask for API keys on a loopback address, too, as behind a proxy.
    #[arg(long, env = "SLUICE_REQUIRE_KEYS", default_value = "false", action = ArgAction::Set, num_args = 0..=1,
          require_equals = true, default_missing_value = "true", conflicts_with = "insecure_no_auth")]
    pub require_keys: bool,

    /// Ask nobody for a key, whatever the address: whoever reaches it can read and delete everything.
    #[arg(long, env = "SLUICE_INSECURE_NO_AUTH", default_value = "false", action = ArgAction::Set, num_args = 0..=1,
          require_equals = true, default_missing_value = "true")]
    pub insecure_no_auth: bool,

    /// Host names by which clients may call this server, separated by commas; beside localhost. On a loopback
    /// address others are refused, and on any other address, too, once some are named.
    #[arg(long, env = "SLUICE_ALLOWED_HOSTS", value_delimiter = ',')]
    pub allowed_hosts: Vec<String>,

    /// Origins of other sites whose pages may use the API, such as `https://app.example`, separated by commas.
    #[arg(long, env = "SLUICE_CORS_ORIGINS", value_delimiter = ',', value_parser = origin)]
    pub cors_origins: Vec<String>,

    /// Days after which entries of the audit trail are deleted.
    #[arg(long, env = "SLUICE_AUDIT_DAYS", default_value_t = 90,
          value_parser = whole(1..=36_500))]
    pub audit_days: u32,

    /// Jobs that are read and chunked at the same time.
    #[arg(long, env = "SLUICE_MAX_CONCURRENT_JOBS", default_value_t = 3,
          value_parser = whole(1..=i64::from(QueueState::MOST_SLOTS)))]
    pub max_concurrent_jobs: u32,

    /// Hours after which the rows of finished jobs are deleted. Their documents stay.
    #[arg(long, env = "SLUICE_MAX_AGE_HOURS", default_value_t = 24,
          value_parser = whole(1..=876_000))]
    pub max_age_hours: u32,

    /// Finished jobs kept; the rows of those that ended first are deleted first. Their documents stay.
    #[arg(long, env = "SLUICE_MAX_JOBS", default_value_t = 100, value_parser = whole(1..))]
    pub max_jobs: u32,

    /// Seconds between two clean-ups of finished jobs and of files that nothing needs.
    #[arg(long, env = "SLUICE_CLEAN_UP_INTERVAL", default_value_t = 3600,
          value_parser = whole(1..=86_400))]
    pub clean_up_interval: u32,

    /// Attempts at a job whose failure may pass: an I/O error, say, or a crash of the server. A retry by hand
    /// gives it as many again.
    #[arg(long, env = "SLUICE_MAX_ATTEMPTS", default_value_t = 3,
          value_parser = whole(1..=100))]
    pub max_attempts: u32,

    /// Seconds before the second attempt at a job that failed for a cause that may pass; each further one
    /// waits four times as long, up to an hour.
    #[arg(long, env = "SLUICE_RETRY_DELAY", default_value_t = 5,
          value_parser = whole(0..=3600))]
    pub retry_delay: u32,

    /// Jobs that may wait. More are refused with 429 until some have begun.
    #[arg(long, env = "SLUICE_MAX_PENDING_JOBS", default_value_t = 100_000,
          value_parser = whole(1..))]
    pub max_pending_jobs: u32,

    /// Nothing is taken in while the data folder's disk has less room than this; 0 to never refuse.
    #[arg(long, env = "SLUICE_MIN_FREE_DISK", default_value = "1GiB", value_parser = any_size)]
    pub min_free_disk: ByteSize,

    /// The largest request with files, such as 500MB or 4GiB.
    #[arg(long, env = "SLUICE_MAX_UPLOAD_SIZE", default_value = "4GiB", value_parser = size)]
    pub max_upload_size: ByteSize,

    /// The largest text or JSON request; it is held in memory.
    #[arg(long, env = "SLUICE_MAX_TEXT_SIZE", default_value = "64MiB", value_parser = size)]
    pub max_text_size: ByteSize,

    /// Text and JSON requests that are held in memory at the same time, together; at least one of the largest.
    /// More are refused with 429.
    #[arg(long, env = "SLUICE_MAX_BODY_MEMORY", default_value = "128MiB", value_parser = size)]
    pub max_body_memory: ByteSize,

    /// Fields and files of one form.
    #[arg(long, env = "SLUICE_MAX_FORM_PARTS", default_value_t = 1000,
          value_parser = whole(1..))]
    pub max_form_parts: u32,

    /// Messages of one batch.
    #[arg(long, env = "SLUICE_MAX_BATCH_MESSAGES", default_value_t = 100_000,
          value_parser = whole(1..=DocumentId::MAX_ITEMS as i64))]
    pub max_batch_messages: u32,

    /// Multipart forms that are read at the same time. More are refused with 429.
    #[arg(long, env = "SLUICE_MAX_CONCURRENT_UPLOADS", default_value_t = 64,
          value_parser = whole(1..))]
    pub max_concurrent_uploads: u32,

    /// Open connections. More are answered with 503.
    #[arg(long, env = "SLUICE_MAX_CONNECTIONS", default_value_t = 1000,
          value_parser = whole(1..=1_000_000))]
    pub max_connections: u32,

    /// Open event streams. More are refused with 429.
    #[arg(long, env = "SLUICE_MAX_EVENT_STREAMS", default_value_t = 200,
          value_parser = whole(1..))]
    pub max_event_streams: u32,

    /// Seconds a client may keep the server waiting: for a request's head, for the next bytes of its body,
    /// or for room to write an answer into.
    #[arg(long, env = "SLUICE_CLIENT_TIMEOUT", default_value_t = 30,
          value_parser = whole(1..=3600))]
    pub client_timeout: u32,

    /// The longest chunk, in characters.
    #[arg(long, env = "SLUICE_CHUNK_SIZE", default_value_t = Chunking::default().size, value_parser = whole(1..))]
    pub chunk_size: u32,

    /// How much of a chunk the next one repeats at most, in characters.
    #[arg(long, env = "SLUICE_CHUNK_OVERLAP", default_value_t = Chunking::default().overlap, value_parser = whole(0..))]
    pub chunk_overlap: u32,

    /// The executable that is started to read files: this one, unless a test says otherwise.
    #[arg(long, hide = true)]
    pub extractor: Option<PathBuf>,

    /// Folders of this machine that `file_path` may read, separated by commas.
    #[arg(long, env = "SLUICE_ALLOWED_DIRS", value_delimiter = ',')]
    pub allowed_dirs: Vec<PathBuf>,

    /// Secrets that sign webhooks, separated by spaces: `whsec_` and the base64 of 24 to 64 random bytes. Without one no
    /// webhooks are sent. With several each signs, so that receivers can go over from an old one to a new one.
    #[arg(long, env = "SLUICE_WEBHOOK_SECRETS", value_delimiter = ' ', hide_env_values = true, hide_default_value = true,
          value_parser = secret)]
    pub webhook_secrets: Vec<SecretString>,

    /// URLs that are told of the end of every job, separated by spaces; beside the `callback_url` of a request.
    #[arg(
        long,
        env = "SLUICE_WEBHOOK_URLS",
        value_delimiter = ' ',
        hide_env_values = true,
        hide_default_value = true
    )]
    pub webhook_urls: Vec<String>,

    /// Networks of private addresses that webhooks may reach, such as `10.1.0.0/16`, separated by commas. Public
    /// addresses they reach anyway.
    #[arg(long, env = "SLUICE_WEBHOOK_NETWORKS", value_delimiter = ',', value_parser = network)]
    pub webhook_networks: Vec<IpNet>,

    /// What to log: error, warn, info, debug, trace, or per module as in sluice=debug,warn.
    #[arg(long, env = "SLUICE_LOG", default_value = "info")]
    pub log: String,

    /// How log lines are written: text for people, json for programs, an object a line.
    #[arg(long, env = "SLUICE_LOG_FORMAT", default_value = "text", value_enum)]
    pub log_format: LogFormat,
}

impl Config {
    /// The executable that is started to read files.
    pub fn extractor(&self) -> PathBuf {
        self.extractor.clone().or_else(|| std::env::current_exe().ok()).unwrap_or_else(|| "sluice".into())
    }

    /// Whether requests need an API key.
    pub fn needs_keys(&self) -> bool {
        (self.require_keys || !self.addr.ip().is_loopback()) && !self.insecure_no_auth
    }

    /// How texts are cut where nobody says otherwise.
    pub fn chunking(&self) -> Result<Chunking, String> {
        Chunking::default().wanted(Some(self.chunk_size), Some(self.chunk_overlap))
    }

    /// What clients are told beforehand.
    pub fn limits(&self) -> Limits {
        Limits {
            max_upload_size: self.max_upload_size.as_u64(),
            max_text_size: self.max_text_size.as_u64(),
            // One text of the largest size must find room.
            max_body_memory: self.max_body_memory.as_u64().max(self.max_text_size.as_u64()),
            max_form_parts: self.max_form_parts.into(),
            max_batch_messages: self.max_batch_messages.into(),
            max_pending_jobs: self.max_pending_jobs.into(),
            max_concurrent_uploads: self.max_concurrent_uploads.into(),
            max_connections: self.max_connections.into(),
            max_event_streams: self.max_event_streams.into(),
            client_timeout: self.client_timeout.into(),
            min_free_disk: self.min_free_disk.as_u64(),
            fixed: FixedLimits::VALUES,
        }
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let found = text.to_socket_addrs().ok().and_then(|mut found| found.next());
    found.ok_or_else(|| "it must be an address with a port, such as 127.0.0.1:8011".to_owned())
}

fn origin(text: &str) -> Result<String, String> {
    let wanted = || "it must be an origin, such as https://app.example, without a path".to_owned();
    let uri: axum::http::Uri = text.parse().map_err(|_| wanted())?;
    let has_path = !matches!(uri.path(), "" | "/");
    if uri.scheme().is_none() || uri.host().is_none() || has_path {
        Err(wanted())
    } else {
        Ok(text.to_owned())
    }
}

/// Wraps it at once, so that nothing prints it by chance; it is read later, because clap's errors quote values.
fn secret(text: &str) -> Result<SecretString, Infallible> {
    Ok(text.into())
}

fn network(text: &str) -> Result<IpNet, String> {
    let address = |_| text.parse::<IpAddr>().map(IpNet::from);
    text.parse().or_else(address).map_err(|_| "it must be a network, such as 10.1.0.0/16".to_owned())
}

/// Reads a whole number in `range`, and says so of what is none.
fn whole(range: impl RangeBounds<i64>) -> impl Fn(&str) -> Result<u32, String> + Clone + Send + Sync {
    let bound = |bound: Bound<&i64>| match bound {
        Bound::Included(number) => u32::try_from(*number).ok(),
        Bound::Excluded(_) | Bound::Unbounded => None,
    };
    let (least, most) =
        (bound(range.start_bound()).unwrap_or(0), bound(range.end_bound()).unwrap_or(u32::MAX));
    move |text| {
        let number = text.parse().ok().filter(|it| (least..=most).contains(it));
        number.ok_or_else(|| format!("it must be a whole number from {least} to {most}"))
    }
}

fn any_size(text: &str) -> Result<ByteSize, String> {
    text.parse().map_err(|_| "it must be a size, such as 500MB or 4GiB".to_owned())
}

fn size(text: &str) -> Result<ByteSize, String> {
    let size = any_size(text)?;
    if size.as_u64() == 0 {
        Err("it must be a size of more than nothing, such as 500MB".to_owned())
    } else {
        Ok(size)
    }
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("{setting} is {value:?}; {wanted}")]
    BadValue { setting: String, value: String, wanted: String },
    #[error("the settings file {0} cannot be read: {1}")]
    Unreadable(PathBuf, std::io::Error),
    #[error("the settings file {file} is not valid TOML: line {line}: {reason}")]
    Invalid { file: PathBuf, line: usize, reason: String },
    #[error("the settings file {file} has an unknown setting {name:?}; known are {known}")]
    Unknown { file: PathBuf, name: String, known: String },
    #[error("the settings file {file}: {name} must be a string, a number, true, false or a list of strings")]
    WrongKind { file: PathBuf, name: String },
}

/// A setting of the server before the command that would not see it.
#[derive(Debug, thiserror::Error)]
#[error("--{flag} must come after the command: sluice {command} --{flag} …")]
pub struct Misplaced {
    flag: String,
    command: String,
}

/// Fails when a setting of the server was given before a command, which has settings of its own.
pub fn check_places(found: &ArgMatches) -> Result<(), Misplaced> {
    let Some(command) = found.subcommand_name() else { return Ok(()) };
    let given = |name: &String| found.value_source(name) == Some(ValueSource::CommandLine);
    match names().into_iter().find(given) {
        Some(name) => Err(Misplaced { flag: name.replace('_', "-"), command: command.to_owned() }),
        None => Ok(()),
    }
}

/// The names of all settings.
fn names() -> Vec<String> {
    Config::augment_args(Command::new("")).get_arguments().map(|it| it.get_id().to_string()).collect()
}

/// The name of the settings file beside the executable.
const FILE: &str = "Leptos.toml";

/// Reads the command line, the environment and the settings file. Ends the process for `--help`, and
/// for what it cannot understand.
pub fn matches(command: Command) -> Result<ArgMatches, FileError> {
    let first = command.clone().ignore_errors(true).disable_help_flag(true).try_get_matches();
    let named = first.ok().and_then(|found| config_argument(&found));
    let beside = std::env::current_exe().ok().and_then(|exe| Some(exe.parent()?.join(FILE)));
    let file = named.or(beside.filter(|path| path.is_file()));
    let command = match file {
        Some(path) => with_defaults(command, &path)?,
        None => command,
    };
    command.try_get_matches().map_err(|error| match bad_value(&error) {
        Some(told) => told,
        None => error.exit(),
    })
}

/// What is wrong with a setting's value, wherever that was given.
fn bad_value(error: &clap::Error) -> Option<FileError> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        _ => None,
    };
    let (setting, value) = (text(ContextKind::InvalidArg)?, text(ContextKind::InvalidValue)?);
    let flag = setting.split([' ', '=', '[']).next().unwrap_or_default().to_owned();
    let choices = match error.get(ContextKind::ValidValue) {
        Some(ContextValue::Strings(choices)) if !choices.is_empty() => Some(choices.join(", ")),
        _ => None,
    };
    let wanted = match (error.kind(), choices) {
        (ErrorKind::ValueValidation, _) => error.source()?.to_string(),
        (ErrorKind::InvalidValue, Some(choices)) => format!("it must be one of {choices}"),
        _ => return None,
    };
    // The flags of other commands are no settings.
    let name = flag.trim_start_matches('-').replace('-', "_");
    if !names().contains(&name) {
        return None;
    }
    let setting = format!("{flag} (SLUICE_{}, or {name} in the settings file)", name.to_uppercase());
    Some(FileError::BadValue { setting, value, wanted })
}

fn config_argument(found: &ArgMatches) -> Option<PathBuf> {
    let inner = found.subcommand().and_then(|(_, inner)| config_argument(inner));
    inner.or_else(|| found.try_get_one::<PathBuf>("config").ok().flatten().cloned())
}

/// Makes the settings in `file` the defaults of the command's flags.
fn with_defaults(command: Command, file: &Path) -> Result<Command, FileError> {
    let text =
        std::fs::read_to_string(file).map_err(|error| FileError::Unreadable(file.to_owned(), error))?;
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        // Without the line itself: it may hold a secret.
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        FileError::Invalid { file: file.to_owned(), line, reason: error.message().to_owned() }
    })?;
    let mut settings = Vec::new();
    // `package` is the section that Leptos reads.
    for (name, value) in table.into_iter().filter(|(name, _)| name != "package") {
        let values = values(value)
            .ok_or_else(|| FileError::WrongKind { file: file.to_owned(), name: name.clone() })?;
        settings.push((name, values));
    }
    let names = names();
    if let Some((unknown, _)) = settings.iter().find(|(name, _)| !names.contains(name)) {
        return Err(FileError::Unknown {
            file: file.to_owned(),
            name: unknown.clone(),
            known: names.join(", "),
        });
    }
    Ok(apply(command, &settings))
}

fn values(value: toml::Value) -> Option<Vec<OsStr>> {
    Some(match value {
        toml::Value::String(text) => vec![text.into()],
        toml::Value::Integer(number) => vec![number.to_string().into()],
        toml::Value::Boolean(switch) => vec![switch.to_string().into()],
        toml::Value::Array(values) => {
            let texts: Option<Vec<_>> = values.into_iter().map(self::values).collect();
            texts?.into_iter().flatten().collect()
        }
        _ => return None,
    })
}

fn apply(command: Command, settings: &[(String, Vec<OsStr>)]) -> Command {
    command
        .mut_args(|argument| match settings.iter().find(|(name, _)| argument.get_id() == name.as_str()) {
            Some((_, values)) => argument.default_values(values.clone()),
            None => argument,
        })
        .mut_subcommands(|subcommand| apply(subcommand, settings))
}

#[cfg(test)]
mod tests {
    use clap::FromArgMatches;

    use super::*;

    fn config(file: &str, arguments: &[&str]) -> Result<Config, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        std::fs::write(&path, file).unwrap();
        let command = Config::augment_args(Command::new("sluice"));
        let command = with_defaults(command, &path).map_err(|error| error.to_string())?;
        let found = command
            .try_get_matches_from([&["sluice"], arguments].concat())
            .map_err(|error| bad_value(&error).map_or(error.to_string(), |it| it.to_string()))?;
        Config::from_arg_matches(&found).map_err(|error| error.to_string())
    }

    #[test]
    fn no_settings_are_needed() {
        let config = config("", &[]).unwrap();
        assert_eq!(config.addr.to_string(), "127.0.0.1:8011");
        assert_eq!((config.max_concurrent_jobs, config.max_age_hours, config.max_jobs), (3, 24, 100));
        assert!(config.allowed_dirs.is_empty());
    }

    #[test]
    fn a_flag_wins_over_the_file() {
        let file = "max_jobs = 7\nmax_concurrent_jobs = 5\nallowed_dirs = [\"/a\", \"/b\"]\nmax_upload_size = \"1GiB\"";
        let config = config(file, &["--max-jobs", "9"]).unwrap();
        assert_eq!((config.max_jobs, config.max_concurrent_jobs), (9, 5));
        assert_eq!(config.allowed_dirs, [PathBuf::from("/a"), PathBuf::from("/b")]);
        assert_eq!(config.max_upload_size.as_u64(), 1 << 30);
    }

    #[test]
    fn a_bad_setting_is_named() {
        for (file, part) in [
            ("max_job = 7", "unknown setting \"max_job\""),
            ("max_jobs = 1.5", "max_jobs must be"),
            ("require_keys = 7", "--require-keys"),
            ("cors_origins = \"app.example/x\"", "--cors-origins"),
            ("webhook_networks = \"10.1\"", "it must be a network, such as 10.1.0.0/16"),
            (
                "max_jobs = 0",
                "--max-jobs (SLUICE_MAX_JOBS, or max_jobs in the settings file) is \"0\"; it must be a whole number",
            ),
            ("max_age_hours = 900000", "is \"900000\"; it must be a whole number from 1 to 876000"),
            ("addr = \"here\"", "--addr"),
            ("max_upload_size = \"big\"", "it must be a size, such as 500MB"),
            ("= 3", "not valid TOML"),
        ] {
            let error = config(file, &[]).unwrap_err();
            assert!(error.contains(part), "{file}: {error}");
        }
    }

    #[test]
    fn the_file_that_is_shipped_is_valid_and_ends_with_cargos_leptos_section() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let shipped = root.join(FILE);
        with_defaults(Config::augment_args(Command::new("sluice")), &shipped).unwrap();
        let section = |file: &Path| -> toml::Value {
            let table: toml::Table = std::fs::read_to_string(file).unwrap().parse().unwrap();
            table["package"]["metadata"]["leptos"].clone()
        };
        assert_eq!(section(&shipped), section(&root.join("Cargo.toml")));
        let text = std::fs::read_to_string(&shipped).unwrap();
        assert_eq!(text.matches("\n[").count(), 1, "Leptos reads from its section to the end of the file");
    }
}
