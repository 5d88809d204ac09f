//! The built-in catalog files, which are part of the binary.

use std::sync::Arc;

use include_dir::{Dir, include_dir};

use crate::diagnostics::SourceFile;

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/config/catalog");

/// Returns the built-in files, in the order of their names.
pub fn builtin_files() -> Vec<Arc<SourceFile>> {
    let mut files: Vec<_> = FILES
        .files()
        .filter(|file| {
            file.path()
                .extension()
                .is_some_and(|extension| extension == "toml")
        })
        .filter_map(|file| {
            let name = format!("config/catalog/{}", file.path().display());
            Some(Arc::new(SourceFile {
                name,
                text: file.contents_utf8()?.to_owned(),
            }))
        })
        .collect();
    files.sort_by(|left, right| left.name.cmp(&right.name));
    files
}
