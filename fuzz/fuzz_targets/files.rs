//! A file for `--input`: responses of the services, a list of records, or JSON Lines; gzipped or not.
#![no_main]

use std::sync::OnceLock;

use exposured::graph::Store;
use exposured::sources::files::{FileLimits, FileReader};
use exposured::telemetry::{CycleLog, Progress};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| tempfile::tempdir().expect("a folder can be made"));
    std::fs::write(folder.path().join("input"), data).expect("a file can be written");
    let log = CycleLog::new("fuzz");
    let mut store = Store::default();
    let evidence = store.evidence();
    let reader = FileReader {
        catalog: exposured_fuzz::catalog(),
        limits: FileLimits {
            max_record: 16_000_000,
            max_file: 64_000_000,
        },
        evidence: &evidence,
        log: &log,
        progress: &Progress::none(),
    };
    let read = reader
        .read_path(folder.path())
        .expect("the folder is there");
    for collected in read {
        store.put(collected.outcome);
    }
    exposured_fuzz::check(&store.merge().with_iam_edges());
});
