//! What a child gives up before it looks at any file: memory, time, files, other programs, the network.

use std::io;

use rustix::process::{Resource, Rlimit, setrlimit};

/// Address space, in bytes.
const MEMORY: u64 = 2 << 30;

/// Processor time of all its files together, in seconds.
const PROCESSOR: u64 = 600;

/// Gives up what reading a file does not need. What the system cannot take away is kept.
pub fn enter() -> io::Result<()> {
    for (resource, most) in [
        (Resource::As, MEMORY),
        (Resource::Cpu, PROCESSOR),
        (Resource::Fsize, 0),
        (Resource::Core, 0),
        (Resource::Nofile, 16),
    ] {
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
    }
    #[cfg(target_os = "linux")]
    linux::enter();
    Ok(())
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::BTreeMap;

    use landlock::{ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, Scope};
    use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};

    /// Calls that no reader makes: to open a connection, to run a program, to look into another process.
    const FORBIDDEN: [i64; 14] = [
        libc::SYS_socket,
        libc::SYS_connect,
        libc::SYS_bind,
        libc::SYS_listen,
        libc::SYS_accept4,
        libc::SYS_execve,
        libc::SYS_execveat,
        libc::SYS_ptrace,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_kill,
        libc::SYS_mount,
        libc::SYS_bpf,
        libc::SYS_keyctl,
    ];

    /// Best effort: an old kernel has less to offer, and the limits hold all the same.
    pub(super) fn enter() {
        let _ = no_files();
        let _ = no_calls();
    }

    fn no_files() -> Result<(), landlock::RulesetError> {
        let abi = ABI::V6;
        Ruleset::default()
            .handle_access(AccessFs::from_all(abi))?
            .handle_access(AccessNet::from_all(abi))?
            .scope(Scope::from_all(abi))?
            .create()?
            .restrict_self()?;
        Ok(())
    }

    fn no_calls() -> Result<(), Box<dyn std::error::Error>> {
        let rules: BTreeMap<i64, _> = FORBIDDEN.into_iter().map(|call| (call, Vec::new())).collect();
        let arch: TargetArch = std::env::consts::ARCH.try_into()?;
        let denied = SeccompAction::Errno(libc::EPERM as u32);
        let filter: BpfProgram = SeccompFilter::new(rules, SeccompAction::Allow, denied, arch)?.try_into()?;
        seccompiler::apply_filter(&filter)?;
        Ok(())
    }
}
