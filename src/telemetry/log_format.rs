//! The form of a log line. Messages of libraries, such as the AWS SDK, get the same fields as our own events.

#![expect(
    clippy::disallowed_methods,
    reason = "a log line has the time at which it is written"
)]

use std::fmt;

use chrono::{SecondsFormat, Utc};
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::model::clean_line;

/// The event name of a message of a library.
const LIBRARY_MESSAGE: &str = "library_message";

/// Formats our own events with another format, and messages of libraries as an event with the fields `library`,
/// `message`, and `detail`. Their text may come from a response, so it is cleaned.
pub(super) struct LogFormat<F> {
    own: F,
    is_json: bool,
}

impl<F> LogFormat<F> {
    pub(super) fn json(own: F) -> Self {
        Self { own, is_json: true }
    }

    pub(super) fn text(own: F) -> Self {
        Self {
            own,
            is_json: false,
        }
    }
}

impl<S, N, F> FormatEvent<S, N> for LogFormat<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let target = event.metadata().target();
        if crate_of(target) == env!("CARGO_CRATE_NAME") {
            return self.own.format_event(context, writer, event);
        }
        let message = LibraryMessage::new(event);
        if self.is_json {
            writeln!(writer, "{}", message.to_json())
        } else {
            writeln!(writer, "{message}")
        }
    }
}

/// Returns the crate of a target such as `aws_config::provider_config`.
fn crate_of(target: &str) -> &str {
    target.split("::").next().unwrap_or(target)
}

/// A message of a library.
struct LibraryMessage {
    level: Level,
    target: String,
    message: String,
    /// The other fields, as `name=value`.
    detail: String,
}

impl LibraryMessage {
    fn new(event: &Event<'_>) -> Self {
        let mut message = Self {
            level: *event.metadata().level(),
            target: event.metadata().target().to_owned(),
            message: String::new(),
            detail: String::new(),
        };
        event.record(&mut message);
        Self {
            message: clean_line(&message.message),
            detail: clean_line(&message.detail),
            ..message
        }
    }

    fn to_json(&self) -> Value {
        let fields = [
            ("timestamp", now()),
            ("level", self.level.to_string()),
            ("message", self.message.clone()),
            ("event", LIBRARY_MESSAGE.to_owned()),
            ("library", crate_of(&self.target).to_owned()),
            ("detail", self.detail.clone()),
            ("target", self.target.clone()),
        ];
        fields
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .collect()
    }
}

impl fmt::Display for LibraryMessage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (time, library) = (now(), crate_of(&self.target));
        let Self { level, message, .. } = self;
        write!(
            formatter,
            "{time} {level:>5} {message} event={LIBRARY_MESSAGE:?} library={library:?}"
        )?;
        if !self.detail.is_empty() {
            write!(formatter, " detail={:?}", self.detail)?;
        }
        Ok(())
    }
}

/// Returns the time in the form that every event has.
pub(super) fn now() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true)
}

impl Visit for LibraryMessage {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        use fmt::Write;

        match field.name() {
            "message" => self.message = format!("{value:?}"),
            // The `log` crate's records have their target in a field.
            "log.target" => self.target = format!("{value:?}"),
            "log.module_path" | "log.file" | "log.line" => {}
            name => {
                let separator = if self.detail.is_empty() { "" } else { " " };
                // Writing to a string does not fail.
                let _ = write!(self.detail, "{separator}{name}={value:?}");
            }
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Keeps what is logged.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(is_json: bool) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        let builder = tracing_subscriber::fmt()
            .with_writer(move || writer.clone())
            .with_ansi(false);
        let log = || {
            tracing::warn!(target: "aws_config::provider_config", error = "a\u{1b}[2Jb", attempt = 2, "no profile");
            tracing::info!(event = "cycle_started", cycle = "c", "cycle started");
        };
        if is_json {
            let builder = builder.json().flatten_event(true);
            let subscriber = builder.map_event_format(LogFormat::json).finish();
            tracing::subscriber::with_default(subscriber, log);
        } else {
            let subscriber = builder.map_event_format(LogFormat::text).finish();
            tracing::subscriber::with_default(subscriber, log);
        }
        let bytes = lines.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_message_of_a_library_has_the_fields_of_an_event() {
        let log = logged(true);
        let lines: Vec<Value> = log
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let [library, own] = &lines[..] else {
            panic!("{log}")
        };
        assert_eq!(library["event"], "library_message");
        assert_eq!(library["library"], "aws_config");
        assert_eq!(library["level"], "WARN");
        assert_eq!(library["message"], "no profile");
        assert_eq!(library["detail"], "error=a\u{fffd}[2Jb attempt=2");
        assert_eq!(library["target"], "aws_config::provider_config");
        assert_eq!(own["event"], "cycle_started");
        assert_eq!(own["cycle"], "c");
    }

    #[test]
    fn a_message_of_a_library_is_safe_on_a_terminal() {
        let log = logged(false);
        let (library, own) = log.split_once('\n').unwrap();
        assert!(
            library.ends_with(
                " WARN no profile event=\"library_message\" library=\"aws_config\" \
                 detail=\"error=a\u{fffd}[2Jb attempt=2\""
            ),
            "{library}"
        );
        assert!(
            own.contains("cycle started event=\"cycle_started\""),
            "{own}"
        );
    }
}
