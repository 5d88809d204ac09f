//! The catalog files of the user.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostics::SourceFile;
use crate::model::clean;

/// A file or folder of a catalog cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("reading the catalog {path}: {error}")]
pub struct ReadCatalogError {
    path: String,
    error: std::io::Error,
}

/// Reads the file, or every `*.toml` below the folder, in the order of their names; hidden ones are left out.
///
/// # Errors
/// It is not there, is no UTF-8, or is a folder without such a file: rules that are named and not found are no rules.
pub fn read_files(path: &Path) -> Result<Vec<Arc<SourceFile>>, ReadCatalogError> {
    let mut found = Vec::new();
    if path.is_dir() {
        list(path, &mut found)?;
        found.sort();
        if found.is_empty() {
            return Err(unreadable(
                path,
                std::io::Error::other("there is no *.toml file in it"),
            ));
        }
    } else {
        found.push(path.to_owned());
    }
    found.iter().map(|path| read_file(path)).collect()
}

fn read_file(path: &Path) -> Result<Arc<SourceFile>, ReadCatalogError> {
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, error))?;
    Ok(Arc::new(SourceFile {
        name: clean(&path.to_string_lossy()),
        text,
    }))
}

fn list(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), ReadCatalogError> {
    let failed = |error| unreadable(folder, error);
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        let path = entry.path();
        // A link to a folder is not followed: it may lead back here.
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

fn unreadable(path: &Path, error: std::io::Error) -> ReadCatalogError {
    ReadCatalogError {
        path: clean(&path.to_string_lossy()),
        error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_read_in_the_order_of_names() {
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
        let one = read_files(&folder.path().join("b.toml")).unwrap();
        assert_eq!(one.len(), 1);
    }

    #[test]
    fn what_is_named_must_be_there() {
        let folder = tempfile::tempdir().unwrap();
        let none = read_files(folder.path()).unwrap_err().to_string();
        assert!(none.ends_with("there is no *.toml file in it"), "{none}");
        let missing = read_files(&folder.path().join("x.toml"))
            .unwrap_err()
            .to_string();
        assert!(missing.contains("x.toml"), "{missing}");
    }
}
