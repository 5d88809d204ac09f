//! Problems in files that people write: each with its file, line, column, and a suggestion.
//!
//! `config` and `catalog` read TOML files and report their problems with this module. It does not know what the files
//! mean.

mod nearest;
mod problem;
mod source_file;
mod toml_file;

pub use nearest::nearest;
pub use problem::{Problem, Problems};
pub use source_file::SourceFile;
pub use toml_file::{read, read_prepared};
