//! One signal, told to all; a second ends at once.

use std::sync::{Arc, OnceLock};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Tells whether and why to stop. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    token: CancellationToken,
    signal: Arc<OnceLock<&'static str>>,
}

impl Shutdown {
    /// Listens for SIGTERM (what ECS sends) and SIGINT (Ctrl-C).
    ///
    /// # Errors
    /// The operating system does not let signals be caught.
    pub fn listen() -> std::io::Result<Self> {
        let shutdown = Self::default();
        let (terminate, interrupt) = (
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
        );
        let heard = shutdown.clone();
        // Lives as long as the process: after the first signal it waits for the second.
        tokio::spawn(async move { heard.hear(terminate, interrupt).await });
        Ok(shutdown)
    }

    async fn hear(self, mut terminate: Signal, mut interrupt: Signal) {
        let mut next = async || {
            tokio::select! {
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
            }
        };
        let first = next().await;
        // Set only here.
        let _ = self.signal.set(first);
        self.token.cancel();
        next().await;
        std::process::exit(1);
    }

    /// Canceled once the signal has come.
    pub fn token(&self) -> &CancellationToken {
        &self.token
    }

    /// Waits for the signal.
    pub async fn requested(&self) {
        self.token.cancelled().await;
    }

    /// The signal that came.
    pub fn signal(&self) -> &'static str {
        self.signal.get().copied().unwrap_or("none")
    }
}
