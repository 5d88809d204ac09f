//! Panics as log events. The standard library would write them to standard error itself, and wait for its reader.

use std::panic::PanicHookInfo;

use tracing::error;

use crate::model::clean_line;

/// Logs every panic from now on.
pub(super) fn start() {
    std::panic::set_hook(Box::new(log));
}

fn log(panic: &PanicHookInfo<'_>) {
    let why = message(panic.payload());
    let location = panic.location().map(ToString::to_string);
    error!(
        event = "panicked",
        why, location, "a defect of exposured: please report it"
    );
}

/// Returns the message of a panic.
pub fn message(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    clean_line(text.unwrap_or("no message"))
}
