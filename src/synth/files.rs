//! An organization as files, as the AWS CLI writes them.

#![expect(clippy::disallowed_methods, reason = "this module writes files")]
#![expect(
    clippy::indexing_slicing,
    reason = "both ends of the range are indexes of the list"
)]

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use rayon::prelude::*;

use crate::model::SourceKind;

use super::{Finding, Organization};

/// Accounts share a set of files until they have this many resources.
const PER_SET: usize = 5_000;

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// How many accounts.
    pub accounts: usize,
    /// How many findings.
    pub findings: u64,
    /// How many files.
    pub files: usize,
}

/// A file could not be written.
#[derive(Debug, thiserror::Error)]
#[error("writing {path}: {error}")]
pub struct Unwritable {
    path: String,
    error: std::io::Error,
}

/// Writes the organization into a folder, which is made if it is not there.
///
/// # Errors
/// The folder or a file cannot be written.
pub fn write(
    organization: &Organization,
    folder: &Path,
    gzip: bool,
) -> Result<Written, Unwritable> {
    std::fs::create_dir_all(folder).map_err(|error| unwritable(folder, error))?;
    let accounts: Vec<(usize, usize)> = organization.accounts().into_iter().enumerate().collect();
    let sets = sets(&accounts);
    let written: Vec<Written> = sets
        .par_iter()
        .enumerate()
        .map(|(number, set)| write_set(organization, set, folder, number + 1, gzip))
        .collect::<Result<_, _>>()?;
    Ok(Written {
        accounts: accounts.len(),
        findings: written.iter().map(|one| one.findings).sum(),
        files: written.iter().map(|one| one.files).sum(),
    })
}

/// Accounts that follow on each other, as many as go into one set of files.
fn sets(accounts: &[(usize, usize)]) -> Vec<&[(usize, usize)]> {
    let mut sets = Vec::new();
    let (mut start, mut resources) = (0, 0);
    for (place, (_, size)) in accounts.iter().enumerate() {
        resources += size;
        if resources >= PER_SET || place + 1 == accounts.len() {
            sets.push(&accounts[start..=place]);
            (start, resources) = (place + 1, 0);
        }
    }
    sets
}

fn write_set(
    organization: &Organization,
    accounts: &[(usize, usize)],
    folder: &Path,
    number: usize,
    gzip: bool,
) -> Result<Written, Unwritable> {
    let mut lists = [
        SourceKind::SecurityHub,
        SourceKind::Inspector,
        SourceKind::Macie,
    ]
    .map(|source| List::new(source, folder, number, gzip));
    for (rank, size) in accounts {
        organization.findings(*rank, *size, &mut |finding| {
            if let Some(list) = lists.iter_mut().find(|list| list.source == finding.source) {
                list.add(&finding);
            }
        });
    }
    let mut written = Written::default();
    for list in lists {
        written.findings += list.count;
        written.files += usize::from(list.finish()?);
    }
    Ok(written)
}

/// One file: a list of findings in the envelope of its service.
struct List {
    source: SourceKind,
    path: PathBuf,
    gzip: bool,
    count: u64,
    file: Option<Output>,
    /// The text of the finding that is being written.
    text: Vec<u8>,
    /// The first error; nothing is written after it.
    failed: Option<std::io::Error>,
}

impl List {
    fn new(source: SourceKind, folder: &Path, number: usize, gzip: bool) -> Self {
        let ending = if gzip { "json.gz" } else { "json" };
        Self {
            source,
            path: folder.join(format!("{number:04}-{source}.{ending}")),
            gzip,
            count: 0,
            file: None,
            text: Vec::new(),
            failed: None,
        }
    }

    fn add(&mut self, finding: &Finding<'_>) {
        if self.failed.is_none() {
            self.failed = self.try_add(finding).err();
        }
    }

    fn try_add(&mut self, finding: &Finding<'_>) -> std::io::Result<()> {
        self.text.clear();
        if self.file.is_some() {
            self.text.extend_from_slice(b",\n");
        } else {
            // Security Hub's envelope is spelt in upper case.
            self.text.extend_from_slice(match self.source {
                SourceKind::SecurityHub => b"{\"Findings\":[\n",
                _ => b"{\"findings\":[\n",
            });
        }
        serde_json::to_writer(&mut self.text, finding.record)?;
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(Output::open(&self.path, self.gzip)?),
        };
        file.write_all(&self.text)?;
        self.count += 1;
        Ok(())
    }

    /// Whether there is a file: a list without findings has none.
    fn finish(self) -> Result<bool, Unwritable> {
        let Self {
            path, file, failed, ..
        } = self;
        let ended = match (failed, file) {
            (Some(error), _) => Err(error),
            (None, None) => return Ok(false),
            (None, Some(file)) => file.end(),
        };
        ended
            .map(|()| true)
            .map_err(|error| unwritable(&path, error))
    }
}

/// A file, plain or packed.
enum Output {
    Plain(BufWriter<File>),
    Gzip(Box<GzEncoder<BufWriter<File>>>),
}

impl Output {
    fn open(path: &Path, gzip: bool) -> std::io::Result<Self> {
        let file = BufWriter::with_capacity(1 << 16, File::create(path)?);
        Ok(if gzip {
            Self::Gzip(Box::new(GzEncoder::new(file, Compression::fast())))
        } else {
            Self::Plain(file)
        })
    }

    fn write_all(&mut self, text: &[u8]) -> std::io::Result<()> {
        match self {
            Self::Plain(file) => file.write_all(text),
            Self::Gzip(file) => file.write_all(text),
        }
    }

    fn end(mut self) -> std::io::Result<()> {
        self.write_all(b"\n]}\n")?;
        match self {
            Self::Plain(mut file) => file.flush(),
            Self::Gzip(file) => file.finish()?.flush(),
        }
    }
}

fn unwritable(path: &Path, error: std::io::Error) -> Unwritable {
    Unwritable {
        path: path.display().to_string(),
        error,
    }
}
