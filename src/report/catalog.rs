//! The catalog as tables, text, and JSON.

mod coverage;
mod list;
mod show;
mod test_results;

use comfy_table::{ContentArrangement, Table, presets};

use super::layout::{Layout, Medium};

pub(crate) use coverage::coverage_text;
pub(crate) use list::{ListedEntry, counts, list, list_table};
pub(crate) use show::{entries, entries_text};
pub(crate) use test_results::{test_results, test_results_json};

/// A table for standard output.
fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_header(header.to_vec());
    let layout = Layout::of_environment(Medium::Output, false);
    match layout.width.map(u16::try_from) {
        Some(width) => table
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(width.unwrap_or(u16::MAX)),
        None => table.set_content_arrangement(ContentArrangement::Disabled),
    };
    table
}
