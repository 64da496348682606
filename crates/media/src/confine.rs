//! Programs of others that work on files of strangers: they get nothing of our environment, and what they may take is limited.

use std::{path::Path, process::Stdio, time::Duration};
use tokio::process::{Child, Command};

/// What such a program may take while it works on one file.
#[derive(Debug, Clone, Copy)]
pub struct ProgramLimits {
    pub time: Duration,
    pub threads: u32,
    /// Bytes.
    pub memory: u64,
}

impl Default for ProgramLimits {
    fn default() -> Self {
        Self { time: Duration::from_secs(20 * 60), threads: 2, memory: 3 * 1024 * 1024 * 1024 }
    }
}

/// The program at a path, or the one of this name that the search path leads to; none where there is none.
pub(crate) fn find(path: Option<&Path>, name: &str) -> Option<std::path::PathBuf> {
    match path {
        Some(path) => path.is_file().then(|| path.to_owned()),
        None => std::env::split_paths(&std::env::var_os("PATH")?).map(|dir| dir.join(name)).find(|at| at.is_file()),
    }
}

/// A command with nothing of our environment, that is gone when nobody waits for it any more.
pub(crate) fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().kill_on_drop(true).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

impl ProgramLimits {
    /// Starts a command within these limits; no file it writes is larger than `max_bytes`.
    ///
    /// # Errors
    /// When it can't be started or limited.
    pub(crate) fn start(&self, command: &mut Command, max_bytes: u64) -> std::io::Result<Child> {
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        self.limit(&child, max_bytes)?;
        Ok(child)
    }

    /// Sets what the system lets it take.
    #[cfg(target_os = "linux")]
    fn limit(&self, child: &Child, max_bytes: u64) -> std::io::Result<()> {
        use rustix::process::{Pid, Resource, Rlimit, prlimit};
        let Some(pid) = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) else { return Ok(()) };
        // Also where this process dies without a word, it ends by itself.
        let seconds = (self.time.as_secs() + 1).saturating_mul(u64::from(self.threads) + 1);
        let limits =
            [(Resource::As, self.memory), (Resource::Fsize, max_bytes), (Resource::Cpu, seconds), (Resource::Core, 0)];
        for (resource, most) in limits {
            let limit = Rlimit { current: Some(most), maximum: Some(most) };
            prlimit(Some(pid), resource, limit)?;
        }
        Ok(())
    }

    /// Only Linux lets one process limit another; elsewhere the time alone is limited.
    #[cfg(not(target_os = "linux"))]
    #[allow(clippy::unused_self, clippy::unnecessary_wraps, reason = "as where limits are set")]
    fn limit(&self, _child: &Child, _max_bytes: u64) -> std::io::Result<()> {
        Ok(())
    }
}
