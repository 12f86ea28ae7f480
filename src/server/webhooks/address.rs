//! Which addresses a webhook may reach: public ones, and those in networks that the operator names.
//!
//! What is not public comes from IANA's registries of special-purpose addresses. Whoever may send documents could
//! otherwise make the server knock at doors that are open to it alone.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// IPv4 networks that are not public.
const SPECIAL_V4: [Ipv4Net; 16] = [
    v4(0, 0, 0, 0, 8),       // this network
    v4(10, 0, 0, 0, 8),      // private
    v4(100, 64, 0, 0, 10),   // shared behind a provider
    v4(127, 0, 0, 0, 8),     // this machine
    v4(169, 254, 0, 0, 16),  // this link, and the metadata of clouds
    v4(172, 16, 0, 0, 12),   // private
    v4(192, 0, 0, 0, 24),    // protocols
    v4(192, 0, 2, 0, 24),    // examples
    v4(192, 31, 196, 0, 24), // AS112
    v4(192, 88, 99, 0, 24),  // relays to IPv6
    v4(192, 168, 0, 0, 16),  // private
    v4(198, 18, 0, 0, 15),   // measurements
    v4(198, 51, 100, 0, 24), // examples
    v4(203, 0, 113, 0, 24),  // examples
    v4(224, 0, 0, 0, 4),     // many receivers
    v4(240, 0, 0, 0, 4),     // reserved, and everyone on this link
];

/// The only IPv6 addresses given out as public. This machine (`::1`), its link (`fe80::/10`), private networks
/// (`fc00::/7`), many receivers (`ff00::/8`) and what is reserved (`100::/64`, `5f00::/16`) are outside of it.
const GLOBAL_V6: Ipv6Net = v6(0x2000, 0, 0, 3);

/// Networks in [`GLOBAL_V6`] that are not public.
const SPECIAL_V6: [Ipv6Net; 3] = [
    v6(0x2001, 0, 0, 23),     // protocols, tunnels among them
    v6(0x2001, 0xdb8, 0, 32), // examples
    v6(0x3fff, 0, 0, 20),     // examples
];

/// IPv6 addresses with an IPv4 address in their last four bytes, by which they are judged.
const ENDING_IN_V4: [Ipv6Net; 3] = [
    Ipv6Net::new_assert(Ipv6Addr::UNSPECIFIED, 96), // compatible, of old
    Ipv6Net::new_assert(Ipv4Addr::UNSPECIFIED.to_ipv6_mapped(), 96),
    v6(0x64, 0xff9b, 0, 96), // translated
];

/// The same behind their first two bytes.
const SIX_TO_FOUR: Ipv6Net = v6(0x2002, 0, 0, 16);

const fn v4(a: u8, b: u8, c: u8, d: u8, length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length)
}

const fn v6(a: u16, b: u16, c: u16, length: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), length)
}

/// Whether anyone on the internet could be there.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !SPECIAL_V4.iter().any(|it| it.contains(&address)),
        IpAddr::V6(address) => {
            GLOBAL_V6.contains(&address) && !SPECIAL_V6.iter().any(|it| it.contains(&address))
        }
    }
}

/// The address that is meant: an IPv4 address in an IPv6 one is that.
fn meant(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    let [.., a, b, c, d] = v6.octets();
    if ENDING_IN_V4.iter().any(|it| it.contains(&v6)) {
        return IpAddr::V4(Ipv4Addr::new(a, b, c, d));
    }
    if SIX_TO_FOUR.contains(&v6) {
        let [_, _, a, b, c, d, ..] = v6.octets();
        return IpAddr::V4(Ipv4Addr::new(a, b, c, d));
    }
    address
}

/// Public addresses, and those in some networks.
#[derive(Clone, Debug, Default)]
pub struct AllowedAddresses(Arc<[IpNet]>);

impl AllowedAddresses {
    pub fn new(networks: &[IpNet]) -> Self {
        Self(networks.into())
    }

    pub fn contains(&self, address: IpAddr) -> bool {
        let in_a_network = |it: &IpNet| it.contains(&address) || it.contains(&meant(address));
        is_public(meant(address)) || self.0.iter().any(in_a_network)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(networks: &[&str], address: &str) -> bool {
        let networks: Vec<IpNet> = networks.iter().map(|it| it.parse().unwrap()).collect();
        AllowedAddresses::new(&networks).contains(address.parse().unwrap())
    }

    #[test]
    fn what_is_special_is_not_reached() {
        for address in [
            "0.0.0.0",
            "0.255.255.255",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.31.196.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:0:10.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::8.8.8.8",
            "100::1",
            "2001::1",
            "2001:1ff:ffff::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!allowed(&[], address), "{address}");
        }
    }

    #[test]
    fn what_is_public_is_reached() {
        for address in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "169.253.255.255",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
            "2001:200::1",
            "2001:4860:4860::8888",
            "2002:808:808::1",
            "2a00:1450::1",
        ] {
            assert!(allowed(&[], address), "{address}");
        }
    }

    #[test]
    fn a_network_that_the_operator_names_is_reached_in_all_its_forms() {
        for address in ["10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::10.1.2.3", "fd00::1"] {
            assert!(allowed(&["10.1.0.0/16", "fd00::/8"], address), "{address}");
        }
        assert!(!allowed(&["10.1.0.0/16"], "10.2.0.1"));
        assert!(!allowed(&["10.1.0.0/16"], "127.0.0.1"));
    }
}
