//! Host names, looked up in bounded number and time: a lookup holds a thread for as long as the system likes.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::address::AllowedAddresses;

/// Looks up names, so many at a time.
#[derive(Clone, Debug)]
pub struct Names(Arc<Semaphore>);

impl Names {
    pub fn new(at_once: usize) -> Self {
        Self(Arc::new(Semaphore::new(at_once)))
    }

    /// All addresses of a name.
    pub async fn addresses(&self, name: &str, within: Duration) -> io::Result<Vec<IpAddr>> {
        let (places, name) = (self.0.clone(), name.to_owned());
        let lookup = async move {
            let place = places.acquire_owned().await.map_err(io::Error::other)?;
            // On its own, so that its place is held as long as its thread.
            let found = tokio::spawn(async move {
                let found = tokio::net::lookup_host((name.as_str(), 0)).await;
                drop(place);
                found.map(|it| it.map(|it| it.ip()).collect())
            });
            found.await.map_err(io::Error::other)?
        };
        timeout(within, lookup).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }
}

/// An address that webhooks do not reach.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0} leads to an address that is not public")]
pub struct Blocked(pub String);

/// Passes on only addresses that may be reached, at each connection anew: a name can change its mind.
#[derive(Clone, Debug)]
pub struct GuardedResolver {
    names: Names,
    allowed: AllowedAddresses,
    within: Duration,
}

impl GuardedResolver {
    pub fn new(names: Names, allowed: AllowedAddresses, within: Duration) -> Self {
        Self { names, allowed, within }
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = self.clone();
        Box::pin(async move {
            let found = resolver.names.addresses(name.as_str(), resolver.within).await?;
            let allowed: Vec<_> = found.into_iter().filter(|it| resolver.allowed.contains(*it)).collect();
            if allowed.is_empty() {
                return Err(Blocked(name.as_str().to_owned()).into());
            }
            let addresses: Addrs = Box::new(allowed.into_iter().map(|it| (it, 0).into()));
            Ok(addresses)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn resolved(networks: &[&str], name: &str) -> Result<usize, String> {
        let networks: Vec<_> = networks.iter().map(|it| it.parse().unwrap()).collect();
        let allowed = AllowedAddresses::new(&networks);
        let resolver = GuardedResolver::new(Names::new(1), allowed, Duration::from_secs(5));
        let found = resolver.resolve(name.parse().unwrap()).await;
        found.map(Iterator::count).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn a_name_of_this_machine_is_not_passed_on_unless_it_may_be_reached() {
        assert_eq!(resolved(&[], "localhost").await, Err(Blocked("localhost".into()).to_string()));
        assert!(resolved(&["127.0.0.0/8", "::1/128"], "localhost").await.unwrap() > 0);
    }
}
