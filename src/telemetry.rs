//! Logs, and how far a long piece of work has come.

pub mod daemon_log;
mod events;
pub mod metrics;
mod progress;
mod publishing;
mod summary;

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

pub use events::CycleLog;
pub use progress::Progress;
pub use summary::{CycleSummary, Result as CycleResult};

/// The variable that filters the log, in the syntax of `tracing_subscriber::EnvFilter`.
pub const FILTER_VARIABLE: &str = "EXPOSURED_LOG";

/// The libraries' own chatter is no interface.
const DEFAULT_FILTER: &str = "warn,exposured=info";

/// Starts logging to standard error: JSON, one event a line, or text where a person reads.
///
/// # Errors
/// The filter cannot be read.
pub fn start(progress: &Progress) -> Result<(), String> {
    let directives = std::env::var(FILTER_VARIABLE).unwrap_or_else(|_| DEFAULT_FILTER.to_owned());
    let filter = EnvFilter::builder().parse(&directives).map_err(|error| {
        format!("{FILTER_VARIABLE}={directives:?}: {error}; try \"info\" or \"exposured=debug\"")
    })?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(progress.clone());
    // A second start, in tests of the library, keeps the first subscriber.
    let _ = if std::io::stderr().is_terminal() {
        builder.with_target(false).try_init()
    } else {
        builder
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .try_init()
    };
    Ok(())
}

impl<'a> MakeWriter<'a> for Progress {
    type Writer = progress::LogWriter<'a>;

    fn make_writer(&'a self) -> Self::Writer {
        self.log_writer()
    }
}
