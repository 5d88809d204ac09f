//! `exposured schema`: prints the JSON Schema of the JSON output.

use super::{Exit, complain};
use crate::report;

pub(super) fn schema() -> Exit {
    let printed = report::json_schema()
        .map_err(std::io::Error::from)
        .and_then(|schema| report::print(&schema));
    match printed {
        Ok(()) => Exit::Done,
        Err(error) => {
            complain(format_args!("printing the JSON Schema: {error}"));
            Exit::Failed
        }
    }
}
