//! Stops exposured on a signal. A second signal ends the process immediately, and so does the end of the time limit.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::telemetry;

/// The longest time that stopping may take, whatever the process is waiting for. ECS kills the container 30 seconds after
/// the signal. Source: Amazon ECS Developer Guide, "Task definition parameters", `stopTimeout`.
const LIMIT: Duration = Duration::from_secs(28);

/// A signal to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopSignal {
    /// `SIGTERM`, which ECS sends.
    Terminate,
    /// `SIGINT`, which Ctrl-C sends.
    Interrupt,
}

impl StopSignal {
    /// Returns the name in logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Terminate => "SIGTERM",
            Self::Interrupt => "SIGINT",
        }
    }
}

/// Whether exposured was asked to stop. Clones share the state.
#[derive(Clone, Debug)]
pub struct Shutdown {
    token: CancellationToken,
    signal: watch::Receiver<Option<StopSignal>>,
}

impl Shutdown {
    /// Listens for `SIGTERM` and `SIGINT`.
    ///
    /// # Errors
    /// The operating system does not allow the signals to be handled.
    pub fn listen() -> std::io::Result<Self> {
        let (terminate, interrupt) = (
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
        );
        let token = CancellationToken::new();
        let (sender, receiver) = watch::channel(None);
        tokio::spawn(wait_for_signals(
            terminate,
            interrupt,
            sender,
            token.clone(),
        ));
        Ok(Self {
            token,
            signal: receiver,
        })
    }

    /// Returns the token that the signal cancels.
    pub fn token(&self) -> &CancellationToken {
        &self.token
    }

    /// Waits for the signal.
    pub async fn requested(&mut self) -> StopSignal {
        loop {
            if let Some(signal) = *self.signal.borrow_and_update() {
                return signal;
            }
            // The task that sends the signal lives as long as the process.
            if self.signal.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

/// Lives as long as the process: after the first signal, it waits for the second.
async fn wait_for_signals(
    mut terminate: Signal,
    mut interrupt: Signal,
    sender: watch::Sender<Option<StopSignal>>,
    token: CancellationToken,
) {
    let mut next_signal = async || {
        tokio::select! {
            _ = terminate.recv() => StopSignal::Terminate,
            _ = interrupt.recv() => StopSignal::Interrupt,
        }
    };
    let first = next_signal().await;
    sender.send_replace(Some(first));
    token.cancel();
    // A second signal, or no end in time: nothing may keep the process alive.
    let _ = tokio::time::timeout(LIMIT, next_signal()).await;
    telemetry::finish();
    #[expect(
        clippy::exit,
        reason = "stopping in order takes longer than the user or ECS allows"
    )]
    std::process::exit(1);
}
