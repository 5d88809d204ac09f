//! The catalog, as tables, text and JSON.

mod coverage;
mod list;
mod show;
mod tests;

use comfy_table::{ContentArrangement, Table, presets};

use super::table::{WIDTH, is_terminal};

pub(crate) use coverage::coverage_text;
pub(crate) use list::{Listed, counts, list, list_table};
pub(crate) use show::{entries, entries_text};
pub(crate) use tests::{test_results, test_results_json};

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(header.to_vec());
    if !is_terminal() {
        table.set_width(WIDTH);
    }
    table
}
