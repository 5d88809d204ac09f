//! Reading files, compared with parsing the same bytes into an owned value of simd-json.
//!
//! `cargo bench --bench reading`; `cargo bench --bench reading -- 20000` for a size other than 100,000 resources.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "benchmarks report a failure by panicking, measure time, and read and write files"
)]

use std::fs::File;
use std::hint::black_box;
use std::io::{BufReader, Read};
use std::path::Path;
use std::time::{Duration, Instant};

use exposured::catalog::{Catalog, Layers, compile};
use exposured::graph::SharedEvidence;
use exposured::sources::files::{FileLimits, FileReader};
use exposured::synth::{self, Organization};
use exposured::telemetry::{CycleLog, Progress};
use flate2::bufread::MultiGzDecoder;
use rayon::ThreadPool;

fn main() {
    let wanted = std::env::args().skip(1).find_map(|one| one.parse().ok());
    let organization = Organization {
        resources: wanted.unwrap_or(100_000),
        seed: 1,
    };
    let catalog = compile(&Layers::builtin()).expect("the built-in catalog is valid");
    let folder = tempfile::tempdir().expect("a folder");
    println!(
        "| files | findings | MB of JSON | simd-json (baseline) MB/s | read, one core | read, all cores |"
    );
    println!("|---|---|---|---|---|---|");
    for gzip in [false, true] {
        let out = folder.path().join(if gzip { "gzip" } else { "plain" });
        let written = synth::write(&organization, &out, gzip).expect("the files can be written");
        let (parsed, bytes) = parse(&out, gzip);
        let one = read(&out, &catalog, &pool(1));
        let all = read(&out, &catalog, &pool(0));
        let megabytes = bytes as f64 / 1e6;
        println!(
            "| {} | {} | {megabytes:.0} | {:.0} | {:.2}× | {:.2}× |",
            if gzip { "gzipped" } else { "plain" },
            written.findings,
            megabytes / parsed.as_secs_f64(),
            one.as_secs_f64() / parsed.as_secs_f64(),
            all.as_secs_f64() / parsed.as_secs_f64(),
        );
    }
}

/// The number of threads; 0 for one per core.
fn pool(threads: usize) -> ThreadPool {
    let builder = rayon::ThreadPoolBuilder::new().num_threads(threads);
    builder.build().expect("a pool")
}

fn read(folder: &Path, catalog: &Catalog, pool: &ThreadPool) -> Duration {
    let (log, progress) = (CycleLog::new("bench".to_owned()), Progress::none());
    let clock = Instant::now();
    let reader = FileReader {
        catalog,
        limits: FileLimits {
            max_record: 16_000_000,
            max_file: u64::MAX,
        },
        evidence: &SharedEvidence::default(),
        log: &log,
        progress: &progress,
    };
    let read = pool.install(|| reader.read_path(folder));
    black_box(read.expect("the folder can be read"));
    clock.elapsed()
}

/// The baseline: parses the decompressed bytes of each file into a value and drops it.
fn parse(folder: &Path, gzip: bool) -> (Duration, usize) {
    let clock = Instant::now();
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder).expect("the folder") {
        let file = File::open(entry.expect("an entry").path()).expect("a file");
        let mut file = BufReader::new(file);
        let mut content = Vec::new();
        let read = if gzip {
            MultiGzDecoder::new(file).read_to_end(&mut content)
        } else {
            file.read_to_end(&mut content)
        };
        bytes += read.expect("the file can be read");
        black_box(simd_json::to_owned_value(&mut content).expect("JSON"));
    }
    (clock.elapsed(), bytes)
}
