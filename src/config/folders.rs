//! Checks that the folders that the configuration names can be written.

#![expect(clippy::disallowed_methods, reason = "this module checks folders")]

use std::io;
use std::path::{Path, PathBuf};

use super::Config;

/// A folder cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("writing to the folder `{}` of {key}: {source}; choose another path, or allow this user to write there", folder.display())]
pub struct UnwritableFolderError {
    key: &'static str,
    folder: PathBuf,
    source: io::Error,
}

/// Checks that the health file and the OCSF files can be written. Nothing is left behind, and no folder is created.
///
/// # Errors
/// Every folder that cannot be written.
pub fn check_folders(config: &Config) -> Result<(), Vec<UnwritableFolderError>> {
    let health_file = &config.schedule.health_file;
    let health = check_health_file(health_file).map_err(|source| UnwritableFolderError {
        key: "`[schedule] health_file`",
        folder: parent(health_file).to_owned(),
        source,
    });
    let ocsf = config.publish.ocsf_directory.as_ref().map(|folder| {
        check_or_parent(folder).map_err(|source| UnwritableFolderError {
            key: "`[publish.ocsf] directory`",
            folder: folder.clone(),
            source,
        })
    });
    let errors: Vec<_> = [Some(health), ocsf]
        .into_iter()
        .filter_map(|result| result?.err())
        .collect();
    if errors.is_empty() {
        Ok(())
    } else {
        Err(errors)
    }
}

fn check_health_file(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    check(parent(path))
}

/// Checks a folder that is created when it is needed.
fn check_or_parent(folder: &Path) -> io::Result<()> {
    if folder.exists() || folder.file_name().is_none() {
        check(folder)
    } else {
        check_or_parent(parent(folder))
    }
}

/// Writes a file that has no name, or a name for a moment only. The permission bits alone do not show whether the file system
/// is read-only.
fn check(folder: &Path) -> io::Result<()> {
    tempfile::tempfile_in(folder).map(drop)
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_must_be_writable_and_are_not_created() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("file"), "").unwrap();
        let problems = |health_file: &str, ocsf: &str| {
            let mut config = Config::default();
            config.schedule.health_file = path(health_file);
            config.publish.ocsf_directory = Some(path(ocsf));
            match check_folders(&config) {
                Ok(()) => vec![],
                Err(errors) => errors.iter().map(|error| error.key).collect(),
            }
        };
        let (health, ocsf) = ("`[schedule] health_file`", "`[publish.ocsf] directory`");
        assert_eq!(problems("health.json", "new/ocsf"), [""; 0]);
        assert_eq!(problems("missing/health.json", "."), [health]);
        assert_eq!(problems(".", "file"), [health, ocsf]);
        assert_eq!(problems("file", "file/ocsf"), [ocsf]);
        let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(names.len(), 1);
    }

    #[test]
    fn a_file_system_that_takes_no_files_is_unwritable() {
        let mut config = Config::default();
        config.publish.ocsf_directory = Some("/proc/exposures".into());
        let [error] = &check_folders(&config).unwrap_err()[..] else {
            panic!()
        };
        let message = error.to_string();
        assert!(
            message.starts_with("writing to the folder `/proc/exposures` of"),
            "{message}"
        );
    }
}
