//! `exposured schema`: prints the JSON Schema of the JSON output.

use crate::report;

use super::{Exit, print};

pub(super) fn schema() -> Exit {
    print(|output| output.write_all(report::json_schema()?.as_bytes()))
}
