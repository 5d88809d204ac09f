//! The built-in sample: findings as the AWS CLI writes them, for a first look without an AWS account.

use include_dir::{Dir, include_dir};

static FOLDER: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/sample");

/// Returns the names and contents of the files, by name.
pub fn files() -> Vec<(&'static str, &'static [u8])> {
    let mut files: Vec<_> = FOLDER
        .files()
        .filter_map(|file| Some((file.path().to_str()?, file.contents())))
        .filter(|(name, _)| name.ends_with(".json"))
        .collect();
    files.sort_unstable();
    files
}
