//! Findings in files, as the AWS CLI writes them: `securityhub get-findings`, `get-findings-v2`, `inspector2 list-findings`,
//! `macie2 get-findings`, `securityhub get-resources-v2`, `configservice select-resource-config`,
//! `iam get-account-authorization-details`, and similar commands; also in events of EventBridge;
//! also a bare list, JSON Lines, and several of these one after the other; also with gzip, and
//! in UTF-16.
//!
//! The content of a file determines its format; its name does not matter. Each file is a collection target of its own.

#![expect(
    clippy::disallowed_methods,
    reason = "this module reads the files of `--input`"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Read, Take};
use std::path::{Path, PathBuf};
use std::time::Instant;

use bytesize::ByteSize;
use encoding_rs_io::DecodeReaderBytes;
use flate2::bufread::MultiGzDecoder;
use rayon::prelude::*;
use walkdir::{DirEntry, WalkDir};

use crate::catalog::Catalog;
use crate::graph::{SharedEvidence, TargetOutcome};
use crate::model::{CollectionTarget, Coverage, CoverageReason, clean};
use crate::records::{parse_any, records_in};
use crate::telemetry::{CycleLog, Progress};

use super::failed_read::FailedRead;
use super::foreign_content::ForeignContent;
use super::json_records::{JsonRecordsError, for_each_record};
use super::outcome::{CollectedTarget, Incomplete};
use super::record_sink::RecordSink;

/// The bytes by which content that is not JSON is recognized.
const START_SIZE: u64 = 1 << 10;

/// The first bytes of a gzip file. Source: RFC 1952, section 2.3.1.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The byte order marks of UTF-16, which PowerShell writes when it redirects output to a file.
/// Source: Microsoft Learn, "about_Character_Encoding".
const UTF16_MARKS: [[u8; 2]; 2] = [[0xff, 0xfe], [0xfe, 0xff]];

const BUFFER_SIZE: usize = 1 << 16;

/// The input cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("reading {path}: {source}")]
pub struct ReadInputError {
    path: String,
    source: std::io::Error,
}

/// How much of a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileLimits {
    /// The most bytes of a record. A larger one is skipped.
    pub max_record: u64,
    /// The most bytes of a file, after decompression. The rest is not read.
    pub max_file: u64,
}

/// Reads files, and hands over each as a collection target.
#[derive(Clone, Copy, Debug)]
pub struct FileReader<'a> {
    /// The catalog, which says what to look for.
    pub catalog: &'a Catalog,
    /// How much of a file is read.
    pub limits: FileLimits,
    /// The evidence that snapshots share.
    pub evidence: &'a SharedEvidence,
    /// The log of the cycle.
    pub log: &'a CycleLog,
    /// The progress line.
    pub progress: &'a Progress,
}

impl FileReader<'_> {
    /// Reads a file, or every file below a folder, in the order of their names. Hidden files and links to folders are
    /// skipped.
    ///
    /// # Errors
    /// The path cannot be read, or the folder has no files. A file that cannot be read has an outcome of its own.
    pub fn read_path(&self, path: &Path) -> Result<Vec<CollectedTarget>, ReadInputError> {
        let files = find_files(path).map_err(|source| ReadInputError {
            path: clean(&path.to_string_lossy()),
            source,
        })?;
        let names = unique_names(files.iter().map(|file| name_below(path, file)));
        self.progress.start("reading file", files.len());
        // All cores read files, and the outcomes are in the order of the names.
        let collected = files
            .par_iter()
            .zip(&names)
            .map(|(file, name)| {
                let opened = open(file).map(|file| Box::new(file) as Box<dyn Read>);
                let collected = self.read_file(name, opened);
                self.progress.part_done();
                collected
            })
            .collect();
        self.progress.finish();
        Ok(collected)
    }

    /// Reads files in memory: the built-in sample.
    pub fn read_memory(&self, files: &[(&str, &'static [u8])]) -> Vec<CollectedTarget> {
        files
            .iter()
            .map(|(name, content)| self.read_file(name, Ok(Box::new(*content))))
            .collect()
    }

    /// Reads a file. Its name is clean and identifies it.
    fn read_file(&self, name: &str, opened: std::io::Result<Box<dyn Read>>) -> CollectedTarget {
        let started = Instant::now();
        let target = CollectionTarget::file(name.to_owned());
        let mut sink = RecordSink::new(self.catalog, &target, self.log, self.progress);
        let opened = opened.and_then(|file| decoded(file, self.limits.max_file));
        let opened = opened.map_err(Into::into);
        let result = opened.and_then(|mut content| {
            // A read may end anywhere, so the start is read to its end.
            let mut start = Vec::new();
            content.by_ref().take(START_SIZE).read_to_end(&mut start)?;
            if let Some(foreign) = ForeignContent::recognize(&start) {
                return Err(JsonRecordsError::Foreign(foreign));
            }
            let content = Box::new(Cursor::new(start).chain(content));
            for_each_record(content, self.limits.max_record, |record| match record {
                Ok(json) => {
                    for record in records_in(json) {
                        sink.parse(record, parse_any);
                    }
                }
                Err(error) => sink.skip(&error.to_string(), None),
            })
        });
        // The records before the error are used.
        let result = result.map_err(|error: JsonRecordsError| Incomplete {
            coverage: Coverage::Partial,
            reason: match &error {
                JsonRecordsError::MorePages => CoverageReason::MissingPages,
                _ => CoverageReason::UnreadableFile,
            },
            detail: format!("{name}: {}", clean(&error.to_string())),
        });
        let mut outcome = TargetOutcome::from_result(target.clone(), sink, result, None);
        self.evidence.share(&mut outcome.snapshot);
        CollectedTarget {
            outcome,
            duration: started.elapsed(),
        }
    }
}

/// Finds the files below a path. An entry that cannot be read is returned like a file: reading it then fails with the
/// reason, and the others are used.
fn find_files(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return check_kind(path).map(|()| vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    let entries = WalkDir::new(path)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry));
    for entry in entries {
        match entry {
            Ok(entry) if entry.file_type().is_dir() || is_link_to_folder(&entry) => {}
            Ok(entry) => files.push(entry.into_path()),
            Err(error) if error.depth() > 0 => files.extend(error.path().map(Path::to_owned)),
            Err(error) => {
                let cause = error.into_io_error();
                return Err(cause.unwrap_or_else(|| std::io::Error::other("not a folder")));
            }
        }
    }
    if files.is_empty() {
        // This is the wrong folder, rather than one without exposures.
        return Err(std::io::Error::other("the folder has no files"));
    }
    Ok(files)
}

fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().to_string_lossy().starts_with('.')
}

fn is_link_to_folder(entry: &DirEntry) -> bool {
    entry.path_is_symlink() && entry.path().is_dir()
}

/// Returns the path of a file relative to the input. A file that is the input itself has its own name.
fn name_below<'a>(input: &Path, file: &'a Path) -> &'a Path {
    let relative = file.strip_prefix(input).unwrap_or(file);
    match file.file_name() {
        Some(name) if relative.as_os_str().is_empty() => Path::new(name),
        _ => relative,
    }
}

/// Returns the names for display, which identify the files as collection targets. Names that look the same once they are
/// cleaned get numbers. A name that needs no cleaning stays as it is.
fn unique_names<'a>(names: impl Iterator<Item = &'a Path> + Clone) -> Vec<String> {
    let is_clean = |name: &Path| name.to_str().is_some_and(|text| clean(text) == text);
    let mut used: BTreeSet<String> = names
        .clone()
        .filter(|name| is_clean(name))
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    let mut numbers: BTreeMap<String, u32> = BTreeMap::new();
    let mut unique = |name: &Path| {
        let cleaned = clean(&name.to_string_lossy());
        if is_clean(name) || used.insert(cleaned.clone()) {
            return cleaned;
        }
        let number = numbers.entry(cleaned.clone()).or_insert(1);
        loop {
            *number += 1;
            let numbered = format!("{cleaned} ({number})");
            if used.insert(numbered.clone()) {
                return numbered;
            }
        }
    };
    names.map(&mut unique).collect()
}

/// Opens a file, which ends at the size that it has now: something may write to it faster than it is read.
fn open(path: &Path) -> std::io::Result<Take<File>> {
    check_kind(path)?;
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    Ok(file.take(size))
}

/// Checks that a path is one of a file or a folder. Anything else, such as a pipe, may have no end.
fn check_kind(path: &Path) -> std::io::Result<()> {
    let kind = std::fs::metadata(path)?.file_type();
    if kind.is_file() || kind.is_dir() {
        Ok(())
    } else {
        Err(std::io::Error::other("not a file or a folder"))
    }
}

type Buffered = BufReader<Box<dyn Read>>;

/// The text of a file in UTF-8. A file is unpacked first.
pub(super) fn decoded(file: Box<dyn Read>, max_file: u64) -> std::io::Result<Box<dyn BufRead>> {
    let (mut start, mut file) = peek(Box::new(SizeLimit::new(file, max_file)))?;
    if start == GZIP_MAGIC {
        let unpacked = MultiGzDecoder::new(file);
        (start, file) = peek(Box::new(SizeLimit::new(unpacked, max_file)))?;
    }
    if UTF16_MARKS.iter().any(|mark| start == *mark) {
        return Ok(Box::new(buffered(Box::new(DecodeReaderBytes::new(file)))));
    }
    Ok(Box::new(file))
}

/// Fails once more bytes are read than the limit: a small compressed file may unpack to any size.
struct SizeLimit<R> {
    content: Take<R>,
    limit: u64,
}

impl<R: Read> SizeLimit<R> {
    fn new(content: R, limit: u64) -> Self {
        Self {
            content: content.take(limit.saturating_add(1)),
            limit,
        }
    }
}

impl<R: Read> Read for SizeLimit<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.content.read(buffer)?;
        if self.content.limit() == 0 {
            return Err(std::io::Error::other(format!(
                "the file is too large: it has more than {} after decompression; raise `max_file_size` of `[input]` to \
                 read the rest",
                ByteSize(self.limit).display().si()
            )));
        }
        Ok(read)
    }
}

/// Returns the first bytes, and the content with them, of which as much as the buffer holds is read. A read may return
/// fewer bytes than there are, so it is not enough to look at what the first one returns. If a read fails, what was read
/// before comes first, and then the error.
fn peek(mut content: Box<dyn Read>) -> std::io::Result<(Vec<u8>, Buffered)> {
    let mut start = Vec::new();
    let read = content
        .by_ref()
        .take(BUFFER_SIZE as u64)
        .read_to_end(&mut start);
    let rest = match read {
        Ok(_) => content,
        Err(error) if start.is_empty() => return Err(error),
        Err(error) => Box::new(FailedRead(error)),
    };
    let first = start.iter().copied().take(GZIP_MAGIC.len()).collect();
    Ok((first, buffered(Box::new(Cursor::new(start).chain(rest)))))
}

fn buffered(content: Box<dyn Read>) -> Buffered {
    BufReader::with_capacity(BUFFER_SIZE, content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_below_the_input() {
        for (input, file, name) in [
            ("findings", "findings/a.json", "a.json"),
            ("findings", "findings/us-east-1/a.json", "us-east-1/a.json"),
            ("findings/a.json", "findings/a.json", "a.json"),
        ] {
            let below = name_below(Path::new(input), Path::new(file));
            assert_eq!(below, Path::new(name));
        }
    }

    #[test]
    fn no_two_files_have_the_same_name() {
        let invalid = std::os::unix::ffi::OsStrExt::from_bytes;
        let names: [&std::ffi::OsStr; 7] = [
            "a\u{1b}.json".as_ref(),
            "a\u{7}.json".as_ref(),
            "a\u{fffd}.json".as_ref(),
            "a\u{fffd}.json (2)".as_ref(),
            "b.json".as_ref(),
            invalid(b"a\xff.json"),
            "b\u{202e}.json".as_ref(),
        ];
        let unique = unique_names(names.iter().map(Path::new));
        assert_eq!(
            unique,
            [
                "a\u{fffd}.json (3)",
                "a\u{fffd}.json (4)",
                "a\u{fffd}.json",
                "a\u{fffd}.json (2)",
                "b.json",
                "a\u{fffd}.json (5)",
                "b\u{fffd}.json",
            ]
        );
    }

    #[test]
    fn content_is_unpacked_and_decoded() {
        let text = "[{\"Title\":\"Übung 🔒\"}]\n".repeat(20_000);
        let utf16 = |mark: &[u8], to_bytes: fn(u16) -> [u8; 2]| {
            let units = text.encode_utf16().flat_map(to_bytes);
            mark.iter().copied().chain(units).collect::<Vec<u8>>()
        };
        let gzip = |content: &[u8]| {
            let mut packed = Vec::new();
            let level = flate2::Compression::fast();
            let mut encoder = flate2::read::GzEncoder::new(content, level);
            encoder.read_to_end(&mut packed).unwrap();
            packed
        };
        let little_endian = utf16(&[0xff, 0xfe], u16::to_le_bytes);
        for content in [
            text.clone().into_bytes(),
            gzip(text.as_bytes()),
            little_endian.clone(),
            utf16(&[0xfe, 0xff], u16::to_be_bytes),
            gzip(&little_endian),
        ] {
            let mut read = String::new();
            let mut decoded = decoded(Box::new(std::io::Cursor::new(content)), u64::MAX).unwrap();
            decoded.read_to_string(&mut read).unwrap();
            assert!(read == text);
        }
    }

    #[test]
    fn hidden_files_and_links_to_folders_are_skipped() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["b", ".hidden", "sub", "sub/.git"] {
            if name.starts_with("sub") {
                std::fs::create_dir(path(name)).unwrap();
            } else {
                std::fs::write(path(name), "").unwrap();
            }
        }
        for name in ["sub/a", "sub/.git/c", "a"] {
            std::fs::write(path(name), "").unwrap();
        }
        std::os::unix::fs::symlink(path("sub"), path("link")).unwrap();
        std::os::unix::fs::symlink(path("sub/a"), path("sub/z")).unwrap();
        std::os::unix::fs::symlink(path("nowhere"), path("dangling")).unwrap();
        let expected = ["a", "b", "dangling", "sub/a", "sub/z"].map(path);
        assert_eq!(find_files(folder.path()).unwrap(), expected);
        // The input itself may be a link, or a file.
        assert_eq!(find_files(&path("link")).unwrap().len(), 2);
        assert_eq!(find_files(&path("a")).unwrap(), [path("a")]);
        assert!(find_files(&path("nowhere")).is_err());
    }
}
