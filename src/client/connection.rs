//! Where the server is and how to be let in: the flags that all commands share.

use std::convert::Infallible;

use secrecy::SecretString;

use super::output::Output;
use super::{Client, ClientError};

/// Where a server listens when nobody says otherwise.
pub const DEFAULT_URL: &str = "http://127.0.0.1:8011";

/// What these flags stand under in `--help`.
const HEADING: &str = "Server and output";

/// Which server to talk to, and for whom the answers are.
#[derive(Clone, Debug, clap::Args)]
pub struct Connection {
    /// The address of the server.
    #[arg(long, env = "SLUICE_URL", default_value = DEFAULT_URL, global = true, help_heading = HEADING)]
    pub url: String,

    /// The key that lets you in, if the server asks for one. Others on this machine may see a flag, but not
    /// the variable.
    #[arg(long, env = "SLUICE_API_KEY", hide_env_values = true, value_name = "KEY", value_parser = secret,
          global = true, help_heading = HEADING)]
    pub api_key: Option<SecretString>,

    /// For scripts: JSON as the API gives it, and nothing else on standard output.
    #[arg(long, global = true, help_heading = HEADING)]
    pub json: bool,
}

impl Connection {
    /// A client of that server; connects with the first call.
    pub fn client(&self) -> Result<Client, ClientError> {
        Client::new(&self.url, self.api_key.as_ref())
    }

    /// Where the command's words go.
    pub fn output(&self) -> Output {
        Output::of_process(self.json)
    }
}

/// Wraps a secret at once, so that nothing prints it by chance.
pub fn secret(text: &str) -> Result<SecretString, Infallible> {
    Ok(text.into())
}
