//! Reads custom catalog files.

#![expect(clippy::disallowed_methods, reason = "this module reads catalog files")]

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostics::SourceFile;
use crate::model::clean;

/// The reason why a catalog file or folder could not be read.
#[derive(Debug, thiserror::Error)]
#[error("reading the catalog `{path}`: {source}")]
pub struct ReadCatalogError {
    path: String,
    source: io::Error,
}

/// Reads a file, or every `*.toml` file in a folder and its subfolders, in the order of their paths. Hidden files are
/// skipped.
///
/// # Errors
/// The path does not exist, a file is not UTF-8, or the folder contains no such file: a configured catalog must not be
/// empty.
pub fn read_files(path: &Path) -> Result<Vec<Arc<SourceFile>>, ReadCatalogError> {
    let mut found = Vec::new();
    if path.is_dir() {
        list(path, &mut found)?;
        found.sort();
        if found.is_empty() {
            let source = io::Error::other("the folder contains no *.toml file");
            return Err(read_error(path, source));
        }
    } else {
        found.push(path.to_owned());
    }
    found.iter().map(|path| read_file(path)).collect()
}

fn read_file(path: &Path) -> Result<Arc<SourceFile>, ReadCatalogError> {
    let text = std::fs::read_to_string(path).map_err(|source| read_error(path, source))?;
    Ok(Arc::new(SourceFile {
        name: clean(&path.to_string_lossy()),
        text,
    }))
}

fn list(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), ReadCatalogError> {
    let failed = |source| read_error(folder, source);
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        let path = entry.path();
        // A link to a folder is not followed, because it could lead back here.
        if entry.file_type().map_err(failed)?.is_dir() {
            list(&path, found)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "toml")
            && path.is_file()
        {
            found.push(path);
        }
    }
    Ok(())
}

fn read_error(path: &Path, source: io::Error) -> ReadCatalogError {
    ReadCatalogError {
        path: clean(&path.to_string_lossy()),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_read_in_the_order_of_paths() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("more")).unwrap();
        for name in ["b.toml", "a.toml", "more/c.toml", ".hidden.toml", "note.md"] {
            std::fs::write(folder.path().join(name), name).unwrap();
        }
        let texts: Vec<String> = read_files(folder.path())
            .unwrap()
            .iter()
            .map(|file| file.text.clone())
            .collect();
        assert_eq!(texts, ["a.toml", "b.toml", "more/c.toml"]);
        let files = read_files(&folder.path().join("b.toml")).unwrap();
        assert_eq!(files.len(), 1);
    }

    #[test]
    fn a_missing_file_and_an_empty_folder_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        let empty = read_files(folder.path()).unwrap_err().to_string();
        assert!(
            empty.ends_with("the folder contains no *.toml file"),
            "{empty}"
        );
        let missing = read_files(&folder.path().join("x.toml"))
            .unwrap_err()
            .to_string();
        assert!(missing.contains("x.toml`: "), "{missing}");
    }
}
