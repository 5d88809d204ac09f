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

use crate::catalog::Catalog;
use crate::graph::{SharedEvidence, TargetOutcome};
use crate::model::{CollectionTarget, Coverage, CoverageReason, clean};
use crate::telemetry::{CycleLog, Progress};

use super::outcome::{CollectedTarget, Incomplete};
use super::record_sink::RecordSink;
use crate::records;

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
) -> Result<Vec<CollectedTarget>, UnreadableFolder> {
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
            evidence.share(&mut outcome.outcome.snapshot);
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
) -> Vec<CollectedTarget> {
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
) -> CollectedTarget {
    let started = Instant::now();
    let target = CollectionTarget::file(clean(name));
    let mut sink = RecordSink::new(catalog, &target, log, progress);
    let result = opened.and_then(unpacked).and_then(|content| {
        stream::records(content, |record| match record {
            Ok(json) => sink.parse(json, records::parse_any),
            Err(why) => sink.skip(&why, None),
        })
        .map_err(std::io::Error::other)
    });
    // What was read before the error is used.
    let result = result.map_err(|error| Incomplete {
        coverage: Coverage::Partial,
        reason: CoverageReason::UnreadableFile,
        detail: format!("{}: {}", clean(name), clean(&error.to_string())),
    });
    CollectedTarget {
        outcome: TargetOutcome::from_result(target.clone(), sink, result, None),
        duration: started.elapsed(),
    }
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
