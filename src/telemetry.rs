//! Log events, metrics, and the progress line.

pub mod daemon_log;
mod events;
mod line_queue;
mod log_format;
pub mod metrics;
mod output;
mod panic_log;
mod progress;
mod publishing;
mod summary;
mod verbosity;

use std::io::IsTerminal;

use tracing::{Level, Metadata};
use tracing_subscriber::filter::{EnvFilter, FilterExt, filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use log_format::LogFormat;

pub use events::CycleLog;
pub use output::{finish, newly_dropped_lines, write_to_stderr};
pub use panic_log::message as panic_message;
pub use progress::Progress;
pub use summary::{CycleResult, CycleSummary};
pub use verbosity::Verbosity;

/// The environment variable that filters the log, in the syntax of `tracing_subscriber::EnvFilter`.
pub const FILTER_VARIABLE: &str = "EXPOSURED_LOG";

/// The value of [`FILTER_VARIABLE`] is invalid.
#[derive(Debug, thiserror::Error)]
#[error("{FILTER_VARIABLE}=`{directives}`: {source}; use `info` or `exposured=debug`, for example")]
pub struct LogFilterError {
    directives: String,
    source: tracing_subscriber::filter::ParseError,
}

/// Starts logging to standard error: as text on a terminal, otherwise as JSON, one event per line. The environment
/// variable [`FILTER_VARIABLE`] overrides the verbosity, but libraries never log below `info`. Events wait in a queue, so that
/// logging never waits: call [`finish`] before the process ends.
///
/// # Errors
/// The environment variable has an invalid value.
#[expect(
    clippy::disallowed_methods,
    reason = "the environment can override the verbosity"
)]
pub fn start(verbosity: Verbosity, progress: &Progress) -> Result<(), LogFilterError> {
    let directives = std::env::var(FILTER_VARIABLE);
    let directives = directives.as_deref().unwrap_or(verbosity.directives());
    let filter = EnvFilter::builder()
        .parse(directives)
        .map_err(|source| LogFilterError {
            directives: directives.to_owned(),
            source,
        })?;
    let log = output::log(progress);
    let layer = tracing_subscriber::fmt::layer()
        // The writer never fails; the layer would report a failure on standard error, and panic if that is closed.
        .log_internal_errors(false)
        .with_writer(move || log.clone());
    let layer = if std::io::stderr().is_terminal() {
        let layer = layer.with_target(false).map_event_format(LogFormat::text);
        layer.boxed()
    } else {
        let layer = layer
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .map_event_format(LogFormat::json);
        layer.boxed()
    };
    let filter = filter.and(filter_fn(is_loggable));
    // A second start, in tests of the library, keeps the first subscriber.
    let _ = tracing_subscriber::registry()
        .with(layer.with_filter(filter))
        .try_init();
    panic_log::start();
    Ok(())
}

/// Whether something may be logged, whatever the filter of the user is. Below `info`, the AWS SDK and the HTTP libraries
/// log requests and responses, with the external ID, credentials, and the bodies of findings.
fn is_loggable(metadata: &Metadata<'_>) -> bool {
    let crate_name = metadata.target().split("::").next();
    crate_name == Some(env!("CARGO_CRATE_NAME")) || *metadata.level() <= Level::INFO
}
