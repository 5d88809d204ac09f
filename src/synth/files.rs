//! Writes an organization as files, in the format of the output of the AWS CLI.

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

use super::{Organization, SyntheticFinding};

/// The number of resources after which the next account starts a new set of files.
const RESOURCES_PER_SET: usize = 5_000;

/// The number of accounts, findings, and files that were written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WriteSummary {
    /// The number of accounts.
    pub accounts: usize,
    /// The number of findings.
    pub findings: u64,
    /// The number of files.
    pub files: usize,
}

/// The error for a folder or a file that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("writing `{path}`: {source}")]
pub struct WriteOrganizationError {
    path: String,
    source: std::io::Error,
}

/// Writes the organization into a folder, which is created if it does not exist.
///
/// # Errors
/// The folder or a file cannot be written.
pub fn write(
    organization: &Organization,
    folder: &Path,
    gzip: bool,
) -> Result<WriteSummary, WriteOrganizationError> {
    std::fs::create_dir_all(folder).map_err(|source| write_error(folder, source))?;
    let accounts: Vec<(usize, usize)> = organization.accounts().into_iter().enumerate().collect();
    let sets = sets(&accounts);
    let written: Vec<WriteSummary> = sets
        .par_iter()
        .enumerate()
        .map(|(number, set)| write_set(organization, set, folder, number + 1, gzip))
        .collect::<Result<_, _>>()?;
    Ok(WriteSummary {
        accounts: accounts.len(),
        findings: written.iter().map(|set| set.findings).sum(),
        files: written.iter().map(|set| set.files).sum(),
    })
}

/// Groups consecutive accounts into sets of files.
fn sets(accounts: &[(usize, usize)]) -> Vec<&[(usize, usize)]> {
    let mut sets = Vec::new();
    let (mut start, mut resources) = (0, 0);
    for (index, (_, size)) in accounts.iter().enumerate() {
        resources += size;
        if resources >= RESOURCES_PER_SET || index + 1 == accounts.len() {
            sets.push(&accounts[start..=index]);
            (start, resources) = (index + 1, 0);
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
) -> Result<WriteSummary, WriteOrganizationError> {
    let mut writers = [
        SourceKind::SecurityHub,
        SourceKind::Inspector,
        SourceKind::Macie,
    ]
    .map(|source| FindingsWriter::new(source, folder, number, gzip));
    for (rank, size) in accounts {
        organization.findings(*rank, *size, &mut |finding| {
            if let Some(writer) = writers
                .iter_mut()
                .find(|writer| writer.source == finding.source)
            {
                writer.add(&finding);
            }
        });
    }
    let mut written = WriteSummary::default();
    for writer in writers {
        written.findings += writer.count;
        written.files += usize::from(writer.finish()?);
    }
    Ok(written)
}

/// Writes one file: a list of findings in the envelope of its service.
struct FindingsWriter {
    source: SourceKind,
    path: PathBuf,
    gzip: bool,
    count: u64,
    file: Option<FindingsFile>,
    /// The text of the finding that is being written.
    text: Vec<u8>,
    /// The first error. Nothing is written after it.
    error: Option<std::io::Error>,
}

impl FindingsWriter {
    fn new(source: SourceKind, folder: &Path, number: usize, gzip: bool) -> Self {
        let extension = if gzip { "json.gz" } else { "json" };
        Self {
            source,
            path: folder.join(format!("{number:04}-{source}.{extension}")),
            gzip,
            count: 0,
            file: None,
            text: Vec::new(),
            error: None,
        }
    }

    fn add(&mut self, finding: &SyntheticFinding<'_>) {
        if self.error.is_none() {
            self.error = self.try_add(finding).err();
        }
    }

    fn try_add(&mut self, finding: &SyntheticFinding<'_>) -> std::io::Result<()> {
        self.text.clear();
        if self.file.is_some() {
            self.text.extend_from_slice(b",\n");
        } else {
            // The key is capitalized only in responses of Security Hub.
            self.text.extend_from_slice(match self.source {
                SourceKind::SecurityHub => b"{\"Findings\":[\n",
                _ => b"{\"findings\":[\n",
            });
        }
        serde_json::to_writer(&mut self.text, finding.record)?;
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(FindingsFile::open(&self.path, self.gzip)?),
        };
        file.write_all(&self.text)?;
        self.count += 1;
        Ok(())
    }

    /// Finishes the file, and returns whether there is one: a list without findings has none.
    fn finish(self) -> Result<bool, WriteOrganizationError> {
        let Self {
            path, file, error, ..
        } = self;
        let finished = match (error, file) {
            (Some(error), _) => Err(error),
            (None, None) => return Ok(false),
            (None, Some(file)) => file.finish(),
        };
        finished
            .map(|()| true)
            .map_err(|source| write_error(&path, source))
    }
}

/// A file, plain or compressed.
enum FindingsFile {
    Plain(BufWriter<File>),
    Gzip(Box<GzEncoder<BufWriter<File>>>),
}

impl FindingsFile {
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

    fn finish(mut self) -> std::io::Result<()> {
        self.write_all(b"\n]}\n")?;
        match self {
            Self::Plain(mut file) => file.flush(),
            Self::Gzip(file) => file.finish()?.flush(),
        }
    }
}

fn write_error(path: &Path, source: std::io::Error) -> WriteOrganizationError {
    WriteOrganizationError {
        path: path.display().to_string(),
        source,
    }
}
