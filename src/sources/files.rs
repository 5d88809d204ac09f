//! Findings in files, as the AWS CLI writes them: `securityhub get-findings`, `inspector2 list-findings`,
//! `macie2 get-findings`, `securityhub get-resources-v2`, `configservice select-resource-config` and its kin; also a
//! bare list, and JSON Lines; each also gzipped.
//!
//! What a file holds is told from its content, never from its name. A file is a target of its own.

mod stream;
mod windows;

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::Instant;

use flate2::bufread::MultiGzDecoder;
use rayon::prelude::*;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::catalog::Catalog;
use crate::graph::{SharedEvidence, SnapshotWriter, TargetOutcome};
use crate::model::{CollectionTarget, Coverage, CoverageReason, clean};
use crate::telemetry::{CycleLog, Progress};

use super::Timed;
use super::api_target::record_id;
use crate::records::{self as record, ParsedRecord, RecordError};

/// The folder cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("reading the folder {path}: {error}")]
pub struct UnreadableFolder {
    path: String,
    error: std::io::Error,
}

/// Reads every file below a folder, in the order of their names; hidden ones and links to folders are left out.
///
/// # Errors
/// The folder itself cannot be read. A file that cannot be is told in its own outcome.
pub fn from_folder(
    folder: &Path,
    catalog: &Catalog,
    evidence: &SharedEvidence,
    log: &CycleLog,
    progress: &Progress,
) -> Result<Vec<Timed>, UnreadableFolder> {
    let mut files = Vec::new();
    list(folder, &mut files)?;
    if files.is_empty() {
        // Not to be taken for "no exposures": the folder is the wrong one.
        return Err(UnreadableFolder {
            path: clean(&folder.to_string_lossy()),
            error: std::io::Error::other("there is no file in it"),
        });
    }
    files.sort();
    progress.start("reading file", files.len());
    // All cores read, a file each; what they found is in the order of the names again.
    let outcomes = files
        .par_iter()
        .map(|path| {
            let name = path.strip_prefix(folder).unwrap_or(path).to_string_lossy();
            let opened = open(path).map(|file| Box::new(file) as Box<dyn Read>);
            let mut outcome = read_file(&name, opened, catalog, log, progress);
            evidence.share(&mut outcome.0.snapshot);
            progress.part_done();
            outcome
        })
        .collect();
    progress.finish();
    Ok(outcomes)
}

/// Reads files that are in memory: the built-in sample.
pub fn from_memory(
    files: &[(&str, &'static [u8])],
    catalog: &Catalog,
    log: &CycleLog,
    progress: &Progress,
) -> Vec<Timed> {
    let read = |(name, content): &(&str, &'static [u8])| {
        read_file(
            name,
            Ok(Box::new(*content) as Box<dyn Read>),
            catalog,
            log,
            progress,
        )
    };
    files.iter().map(read).collect()
}

/// Opens what can be read to an end: a pipe may never come to one.
fn open(path: &Path) -> std::io::Result<File> {
    let kind = std::fs::metadata(path)?.file_type();
    if kind.is_file() || kind.is_dir() {
        File::open(path)
    } else {
        Err(std::io::Error::other("it is neither a file nor a folder"))
    }
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), UnreadableFolder> {
    let failed = |error| UnreadableFolder {
        path: clean(&folder.to_string_lossy()),
        error,
    };
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_dir() {
            // A folder below that cannot be read is told as a file that cannot be: the rest is used.
            if list(&entry.path(), files).is_err() {
                files.push(entry.path());
            }
        } else if !(kind.is_symlink() && entry.path().is_dir()) {
            // A link that leads nowhere, a pipe: told as a file that cannot be read.
            files.push(entry.path());
        }
    }
    Ok(())
}

fn read_file(
    name: &str,
    opened: std::io::Result<Box<dyn Read>>,
    catalog: &Catalog,
    log: &CycleLog,
    progress: &Progress,
) -> Timed {
    let started = Instant::now();
    let target = CollectionTarget::file(clean(name));
    let mut reading = FileReading {
        catalog,
        writer: SnapshotWriter::new(catalog),
        target: &target,
        log,
        progress,
        index: 0,
        unreadable: 0,
    };
    let ended = opened.and_then(unpacked).and_then(|content| {
        stream::records(content, |record| reading.read(record)).map_err(std::io::Error::other)
    });
    let FileReading {
        writer, unreadable, ..
    } = reading;
    let (snapshot, records, signals) = writer.finish();
    let (coverage, reason, detail) = match ended {
        Err(error) => {
            let detail = format!("{}: {}", clean(name), clean(&error.to_string()));
            // What stood before the fault was read and is used.
            (
                Coverage::Partial,
                Some(CoverageReason::UnreadableFile),
                Some(detail),
            )
        }
        Ok(()) if unreadable > 0 => (
            Coverage::Partial,
            Some(CoverageReason::UnreadableRecords { count: unreadable }),
            Some(format!(
                "{unreadable} records could not be read; the log names each (record_skipped)"
            )),
        ),
        Ok(()) => (Coverage::Complete, None, None),
    };
    let outcome = TargetOutcome {
        target,
        snapshot,
        coverage,
        reason,
        detail,
        records,
        signals,
        collected_at: None,
    };
    (outcome, started.elapsed())
}

/// Gzip is told from its first two bytes. Source: RFC 1952, section 2.3.1.
fn unpacked(file: Box<dyn Read>) -> std::io::Result<Box<dyn BufRead>> {
    let mut buffered = BufReader::with_capacity(1 << 16, file);
    if buffered.fill_buf()?.starts_with(&[0x1f, 0x8b]) {
        return Ok(Box::new(BufReader::with_capacity(
            1 << 16,
            MultiGzDecoder::new(buffered),
        )));
    }
    Ok(Box::new(buffered))
}

struct FileReading<'a> {
    catalog: &'a Catalog,
    writer: SnapshotWriter<'a>,
    target: &'a CollectionTarget,
    log: &'a CycleLog,
    progress: &'a Progress,
    index: u64,
    unreadable: u64,
}

impl FileReading<'_> {
    fn read(&mut self, record: Result<&str, String>) {
        let index = self.index;
        self.index += 1;
        self.progress.records(1);
        let json = record.as_ref().ok().copied();
        let parsed = record
            .map_err(RecordError)
            .and_then(|json| read_record(json, self.catalog));
        match parsed {
            Ok(Some(record)) => self.writer.write(record),
            Ok(None) => self.writer.skip(),
            Err(error) => {
                self.writer.skip();
                self.unreadable += 1;
                let id = json.and_then(record_id);
                self.log.record_skipped(
                    self.target,
                    index,
                    id.as_deref(),
                    &clean(&error.to_string()),
                );
            }
        }
    }
}

/// The keys that tell the kinds of records apart.
#[derive(Deserialize)]
struct Marks {
    #[serde(rename = "ProductArn")]
    asff: Option<IgnoredAny>,
    #[serde(rename = "findingArn")]
    inspector: Option<IgnoredAny>,
    #[serde(rename = "resourcesAffected")]
    macie: Option<IgnoredAny>,
    #[serde(rename = "classificationDetails")]
    macie_classification: Option<IgnoredAny>,
    #[serde(rename = "ResourceConfig")]
    resource: Option<IgnoredAny>,
    #[serde(rename = "resourceType")]
    config_type: Option<IgnoredAny>,
    #[serde(rename = "configuration")]
    configuration: Option<IgnoredAny>,
}

fn read_record(json: &str, catalog: &Catalog) -> Result<Option<ParsedRecord>, RecordError> {
    // Only a row of a query to AWS Config is a text.
    if json.starts_with("\"{") {
        return record::config_item::parse(json, catalog);
    }
    let marks: Marks =
        serde_json::from_str(json).map_err(|error| RecordError::new("record", error))?;
    if marks.asff.is_some() {
        record::asff::parse(json, catalog)
    } else if marks.inspector.is_some() {
        record::inspector::parse(json, catalog)
    } else if marks.macie.is_some() || marks.macie_classification.is_some() {
        record::macie::parse(json, catalog)
    } else if marks.resource.is_some() {
        record::inventory::parse(json, catalog)
    } else if marks.config_type.is_some() && marks.configuration.is_some() {
        record::config_item::parse(json, catalog)
    } else {
        Err(RecordError(
            "neither a Security Hub (ProductArn), Inspector (findingArn) or Macie (resourcesAffected) finding nor a \
             Security Hub resource (ResourceConfig) or an item of AWS Config (resourceType and configuration)"
                .into(),
        ))
    }
}
