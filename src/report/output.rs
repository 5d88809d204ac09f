//! Where a report is written: standard output, or a file that only its owner can read.

#![expect(clippy::disallowed_methods, reason = "this module writes output files")]

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, ErrorKind, Stdout, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::layout::{Layout, Medium};

/// Only the owner may read and write the file: it lists what can be attacked.
const MODE: u32 = 0o600;

/// Where a report is written.
#[derive(Debug)]
pub struct Output {
    target: Target,
    layout: Layout,
}

#[derive(Debug)]
enum Target {
    Stdout(BufWriter<Stdout>),
    /// A new file, which replaces the named one when it is complete.
    Replacement {
        file: BufWriter<NamedTempFile>,
        path: PathBuf,
    },
    /// Something other than a file, such as a pipe, which must not be replaced.
    Existing(BufWriter<File>),
}

impl Output {
    /// Opens a file, or standard output if there is none. `wide` leaves lines and lists as long as they are.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn open(path: Option<&Path>, wide: bool) -> std::io::Result<Self> {
        let (target, medium) = match path {
            None => (
                Target::Stdout(BufWriter::new(std::io::stdout())),
                Medium::Output,
            ),
            Some(path) => (open_file(path)?, Medium::File),
        };
        Ok(Self {
            target,
            layout: Layout::of_environment(medium, wide),
        })
    }

    pub(super) fn layout(&self) -> Layout {
        self.layout
    }

    /// Writes a report and finishes. A reader of standard output that has seen enough, such as `head`, is not an error.
    ///
    /// # Errors
    /// The report cannot be written.
    pub(super) fn write_report(
        mut self,
        write: impl FnOnce(&mut Self) -> std::io::Result<()>,
    ) -> std::io::Result<()> {
        let is_stdout = matches!(self.target, Target::Stdout(_));
        let written = write(&mut self).and_then(|()| self.finish());
        if is_stdout {
            unless_unread(written)
        } else {
            written
        }
    }

    /// Writes the rest, and puts the file in its place.
    fn finish(self) -> std::io::Result<()> {
        match self.target {
            Target::Stdout(mut writer) => writer.flush(),
            Target::Existing(mut writer) => writer.flush(),
            Target::Replacement { file, path } => {
                let file = file
                    .into_inner()
                    .map_err(std::io::IntoInnerError::into_error)?;
                file.persist(path).map_err(|error| error.error)?;
                Ok(())
            }
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match &mut self.target {
            Target::Stdout(writer) => writer.write(bytes),
            Target::Replacement { file, .. } => file.write(bytes),
            Target::Existing(writer) => writer.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match &mut self.target {
            Target::Stdout(writer) => writer.flush(),
            Target::Replacement { file, .. } => file.flush(),
            Target::Existing(writer) => writer.flush(),
        }
    }
}

fn open_file(path: &Path) -> std::io::Result<Target> {
    let is_special = std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file());
    if is_special {
        let file = OpenOptions::new().write(true).mode(MODE).open(path)?;
        return Ok(Target::Existing(BufWriter::new(file)));
    }
    // A link is followed: the file that it leads to is replaced, not the link.
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    // Such files have the mode 0600.
    let file = tempfile::Builder::new()
        .prefix(".exposured-")
        .tempfile_in(folder)?;
    Ok(Target::Replacement {
        file: BufWriter::new(file),
        path,
    })
}

/// A broken pipe is not an error: its reader has seen enough.
pub(crate) fn unless_unread(written: std::io::Result<()>) -> std::io::Result<()> {
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn write(path: &Path, text: &str) {
        let output = Output::open(Some(path), false).unwrap();
        output
            .write_report(|output| output.write_all(text.as_bytes()))
            .unwrap();
    }

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn only_the_owner_can_read_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.txt");
        write(&path, "one");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one");
        assert_eq!(mode(&path), 0o600);
        // A file that anyone can read does not stay so.
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
        write(&path, "two");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(mode(&path), 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_is_not_finished_leaves_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.txt");
        write(&path, "old");
        let mut output = Output::open(Some(&path), false).unwrap();
        output.write_all(b"new").unwrap();
        drop(output);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn links_and_devices_stay_what_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("report.txt"), folder.path().join("link"));
        write(&path, "old");
        symlink(&path, &link).unwrap();
        write(&link, "new");
        assert!(link.is_symlink());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new");
        write(Path::new("/dev/null"), "x");
        assert!(!Path::new("/dev/null").is_file());
    }
}
