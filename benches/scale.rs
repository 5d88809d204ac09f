//! An organization in memory: the time to evaluate a resource, the memory of a resource, and the time to find that nothing
//! has to be published.
//!
//! `cargo bench --bench scale`; `cargo bench --bench scale -- 10000 100000` for sizes other than 10k, 100k, and 1M.

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

use std::hint::black_box;
use std::time::{Duration, Instant};

use exposured::catalog::{Catalog, Layers, compile};
use exposured::evaluate::{Exposures, evaluate};
use exposured::formats::asff::FORMAT_VERSION;
use exposured::graph::{SnapshotWriter, Store, TargetOutcome, View, WrittenSnapshot};
use exposured::model::{AccountId, ActiveTriage, CollectionTarget, Coverage, SourceKind};
use exposured::reconcile::{Destination, Fingerprint};
use exposured::records;
use exposured::synth::Organization;
use peak_alloc::PeakAlloc;
use rayon::prelude::*;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// The number of runs of a slow step. A fast step runs ten times as often.
const RUNS: u32 = 3;

/// The number of resources per target.
const PER_TARGET: usize = 20_000;

fn main() {
    let sizes: Vec<usize> = std::env::args()
        .skip(1)
        .filter_map(|argument| argument.parse().ok())
        .collect();
    let sizes = if sizes.is_empty() {
        vec![10_000, 100_000, 1_000_000]
    } else {
        sizes
    };
    let catalog = compile(&Layers::builtin()).expect("the built-in catalog is valid");
    for size in sizes {
        measure(&catalog, size);
    }
}

fn measure(catalog: &Catalog, size: usize) {
    let before = MEMORY.current_usage();
    let (store, signals) = stored(catalog, size);
    let weight = MEMORY.current_usage() - before;
    let view = store.merge().with_iam_edges();
    let traits: usize = view.indices().map(|index| view.traits(index).len()).sum();
    let weight_with_view = MEMORY.current_usage() - before;

    // On one core, the time does not depend on the machine's number of cores.
    let one_core = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .expect("a pool of one thread");
    let triage = ActiveTriage::default();
    let walked = timed_best_of(10 * RUNS, || walk(&view)).0;
    let viewed = best_of(|| store.merge().with_iam_edges());
    let (evaluated, evaluation) =
        one_core.install(|| timed_best_of(10 * RUNS, || evaluate(&view, catalog, &triage)));
    let each = |time: Duration| time.as_nanos() as f64 / view.len() as f64;
    println!("## {size} resources requested\n");
    println!(
        "{} resources, {signals} records, {traits} traits, {} observations, {} exposures, {} near misses",
        view.len(),
        store.observation_count(),
        evaluation.graded.len(),
        evaluation.near_misses.len(),
    );
    println!(
        "loop (baseline) {:.1} ns per resource; view {:.0} ns ({:.1}×); evaluate on one core {:.0} ns ({:.1}×)",
        each(walked),
        each(viewed),
        each(viewed) / each(walked),
        each(evaluated),
        each(evaluated) / each(walked)
    );
    let per = |bytes: usize, count: usize| bytes as f64 / count as f64;
    println!(
        "store {} MB: {:.0} bytes per resource, {:.0} per observation; with the view {:.0} per resource",
        weight >> 20,
        per(weight, view.len()),
        per(weight, store.observation_count()),
        per(weight_with_view, view.len()),
    );
    let exposures = Exposures {
        view: &view,
        catalog,
        triage,
        evaluation: &evaluation,
    };
    one_core.install(|| reconcile(&exposures, evaluated));
}

/// Measures a second cycle that finds what the first cycle published: the fingerprints are the same.
fn reconcile(exposures: &Exposures<'_>, evaluated: Duration) {
    let home = Destination {
        account: AccountId::EXAMPLE,
        region: "us-east-1".parse().expect("a Region"),
    };
    let each = |took: Duration| took.as_secs_f64() * 1e6 / exposures.len() as f64;
    let described = best_of(|| exposures.iter().count());
    println!(
        "describing {} exposures: {described:.1?} on one core, {:.1} µs each",
        exposures.len(),
        each(described),
    );
    let fingerprinted = best_of(|| {
        let summaries = exposures.summaries().into_iter();
        let fingerprints =
            summaries.map(|summary| Fingerprint::of(summary.facts, &home, FORMAT_VERSION));
        fingerprints.map(black_box).count()
    });
    println!(
        "their fingerprints: {fingerprinted:.1?}, {:.2} µs each, {:.0} % of the description, {:.1} % of the evaluation\n",
        each(fingerprinted),
        100.0 * fingerprinted.as_secs_f64() / described.as_secs_f64(),
        100.0 * fingerprinted.as_secs_f64() / evaluated.as_secs_f64()
    );
}

/// The baseline: a loop that visits each resource and its traits once.
fn walk(view: &View) -> usize {
    view.indices().map(|index| view.traits(index).len()).sum()
}

fn best_of<T>(work: impl Fn() -> T) -> Duration {
    timed_best_of(RUNS, work).0
}

fn timed_best_of<T>(runs: u32, work: impl Fn() -> T) -> (Duration, T) {
    let mut best: Option<(Duration, T)> = None;
    for _ in 0..runs {
        let clock = Instant::now();
        let result = black_box(work());
        let took = clock.elapsed();
        if best.as_ref().is_none_or(|(time, _)| took < *time) {
            best = Some((took, result));
        }
    }
    best.expect("there are runs")
}

/// Returns the organization, with consecutive accounts in each target, and the number of its records.
fn stored(catalog: &Catalog, size: usize) -> (Store, u64) {
    let organization = Organization {
        resources: size,
        seed: 1,
    };
    let accounts: Vec<(usize, usize)> = organization.accounts().into_iter().enumerate().collect();
    let mut groups = vec![Vec::new()];
    let mut filled = 0;
    for account in accounts {
        if filled > PER_TARGET {
            groups.push(Vec::new());
            filled = 0;
        }
        filled += account.1;
        groups.last_mut().expect("one at least").push(account);
    }
    let mut store = Store::default();
    let evidence = store.evidence();
    let targets: Vec<TargetOutcome> = groups
        .par_iter()
        .enumerate()
        .map(|(number, group)| {
            let mut target = target(catalog, organization, number, group);
            evidence.share(&mut target.snapshot);
            target
        })
        .collect();
    let mut records = 0;
    for target in targets {
        records += target.records;
        store.put(target);
    }
    (store, records)
}

fn target(
    catalog: &Catalog,
    organization: Organization,
    number: usize,
    accounts: &[(usize, usize)],
) -> TargetOutcome {
    let mut writer = SnapshotWriter::new(catalog);
    for (rank, size) in accounts {
        organization.findings(*rank, *size, &mut |finding| {
            let json = finding.record.to_string();
            let read = match finding.source {
                SourceKind::SecurityHub => records::asff::parse(&json, catalog),
                SourceKind::Inspector => records::inspector::parse(&json, catalog),
                _ => records::macie::parse(&json, catalog),
            };
            if let Ok(record) = read.expect("generated records can be read") {
                writer.write(record);
            }
        });
    }
    let WrittenSnapshot {
        snapshot,
        records,
        signals,
        ignored,
        accounts,
    } = writer.finish();
    TargetOutcome {
        target: CollectionTarget::file(format!("{number}.json")),
        snapshot,
        coverage: Coverage::Complete,
        reason: None,
        detail: None,
        records,
        signals,
        ignored,
        accounts,
        collected_at: None,
    }
}
