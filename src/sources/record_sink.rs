//! Where the records of a target go, whatever carries them: a response or a file.

use crate::catalog::Catalog;
use crate::graph::{SnapshotWriter, WrittenSnapshot};
use crate::model::{CollectionTarget, clean};
use crate::records::{RecordParser, record_id};
use crate::telemetry::{CycleLog, Progress};

/// How many records that cannot be read are named in the log. The others are counted: a file may have millions.
const MAX_NAMED: u64 = 100;

/// Parses records one by one and keeps what they say. A record that cannot be read is logged, counted, and skipped.
pub(super) struct RecordSink<'a> {
    catalog: &'a Catalog,
    writer: SnapshotWriter<'a>,
    target: &'a CollectionTarget,
    log: &'a CycleLog,
    progress: &'a Progress,
    read: u64,
    unreadable: u64,
}

impl<'a> RecordSink<'a> {
    pub(super) fn new(
        catalog: &'a Catalog,
        target: &'a CollectionTarget,
        log: &'a CycleLog,
        progress: &'a Progress,
    ) -> Self {
        Self {
            catalog,
            writer: SnapshotWriter::new(catalog),
            target,
            log,
            progress,
            read: 0,
            unreadable: 0,
        }
    }

    /// Returns how many records were read so far, including those that could not be parsed.
    pub(super) fn read(&self) -> u64 {
        self.read
    }

    /// Returns how many records could not be read so far.
    pub(super) fn unreadable(&self) -> u64 {
        self.unreadable
    }

    /// Parses one record.
    pub(super) fn parse(&mut self, json: &str, parser: RecordParser) {
        match parser(json, self.catalog) {
            Ok(Ok(record)) => {
                self.count();
                self.writer.write(record);
            }
            Ok(Err(reason)) => {
                self.count();
                self.writer.ignore(reason);
            }
            Err(error) => self.skip(&error.to_string(), record_id(json).as_deref()),
        }
    }

    /// Skips a record that cannot be read.
    pub(super) fn skip(&mut self, reason: &str, id: Option<&str>) {
        let index = self.count();
        self.writer.skip();
        self.unreadable += 1;
        if self.unreadable <= MAX_NAMED {
            self.log
                .record_skipped(self.target, index, id, &clean(reason));
        }
    }

    /// Returns the index of the record.
    fn count(&mut self) -> u64 {
        let index = self.read;
        self.read += 1;
        self.progress.records(1);
        index
    }

    /// Logs how many more records were skipped, and returns the snapshot, the number of records, and how many of them gave a signal.
    pub(super) fn finish(self) -> WrittenSnapshot {
        if let Some(more @ 1..) = self.unreadable.checked_sub(MAX_NAMED) {
            self.log.more_records_skipped(self.target, more);
        }
        self.writer.finish()
    }
}
