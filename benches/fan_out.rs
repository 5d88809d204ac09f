//! Whether time and memory stay linear if many resources depend on one resource, and if relations form a cycle.
//!
//! `cargo bench --bench fan_out`

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

use std::collections::BTreeSet;
use std::hint::black_box;
use std::time::{Duration, Instant};

use exposured::catalog::{Catalog, Layers, compile};
use exposured::evaluate::{evaluate, fixes};
use exposured::graph::{Observation, SnapshotBuilder, Store, TargetOutcome, View};
use exposured::model::{
    ActiveTriage, CollectionTarget, ControlId, Coverage, Evidence, FindingId, IgnoredRecords,
    Product, RecordKind, RelationKind, Resource, ResourceMention, ResourceType, SourceKind,
    identify,
};
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const RUNS: u32 = 5;

fn main() {
    let catalog = compile(&Layers::builtin()).expect("the built-in catalog is valid");
    println!(
        "| data | instances | loop (baseline) ns | evaluate | fixes | store and view, bytes | evaluate, peak | fixes, peak |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for (name, data) in [("one group", one_group as Data), ("a cycle", cycle)] {
        for count in [100, 1_000, 10_000] {
            let before = MEMORY.current_usage();
            let store = stored(data(&catalog, count));
            let view = store.merge().with_iam_edges();
            let stored = (MEMORY.current_usage() - before) / count;
            let walked = best_of(|| walk(&view));
            let triage = ActiveTriage::default();
            let evaluated = best_of(|| evaluate(&view, &catalog, &triage));
            let fixed = best_of(|| fixes(&view, &catalog, &triage));
            // The peak includes memory that is freed at the end.
            let evaluating = most_in_use(|| drop(evaluate(&view, &catalog, &triage))) / count;
            let fixing = most_in_use(|| drop(fixes(&view, &catalog, &triage))) / count;
            let each = |time: Duration| time.as_nanos() as f64 / count as f64;
            let ratio = |time: Duration| each(time) / each(walked);
            println!(
                "| {name} | {count} | {:.1} | {:.0}× | {:.0}× | {stored} | {evaluating} | {fixing} |",
                each(walked),
                ratio(evaluated),
                ratio(fixed)
            );
        }
    }
}

type Data = fn(&Catalog, usize) -> SnapshotBuilder;

/// The baseline: a loop that visits each resource and its traits once.
fn walk(view: &View) -> usize {
    view.indices().map(|index| view.traits(index).len()).sum()
}

fn most_in_use(work: impl Fn()) -> usize {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    work();
    MEMORY.peak_usage().saturating_sub(before)
}

fn best_of<T>(work: impl Fn() -> T) -> Duration {
    let time = |_| {
        let clock = Instant::now();
        black_box(work());
        clock.elapsed()
    };
    (0..RUNS).map(time).min().expect("there are runs")
}

/// Exposed instances that are all in one open security group and share the instance profile of an administrator role.
fn one_group(catalog: &Catalog, instances: usize) -> SnapshotBuilder {
    let mut builder = SnapshotBuilder::default();
    let group = resource(ResourceType::Ec2SecurityGroup, "sg-1");
    let profile = resource(ResourceType::IamInstanceProfile, "app");
    let role = resource(ResourceType::IamRole, "app");
    let policy = resource(ResourceType::IamPolicy, "administrator");
    observe(&mut builder, catalog, &group, "open-security-group");
    observe(
        &mut builder,
        catalog,
        &policy,
        "administrative-access-policy",
    );
    let mut relate = |from: &Resource, kind, to: &Resource| {
        builder.add_edge(from, kind, to);
    };
    relate(&profile, RelationKind::ContainsRole, &role);
    relate(&role, RelationKind::GrantsPolicy, &policy);
    for number in 0..instances {
        let instance = exposed_instance(&mut builder, catalog, number);
        for (kind, to) in [
            (RelationKind::MemberOfSecurityGroup, &group),
            (RelationKind::UsesInstanceProfile, &profile),
        ] {
            builder.add_edge(&instance, kind, to);
        }
    }
    builder
}

/// Exposed instances, each in its own open security group, which the next group allows. The first group allows the last.
fn cycle(catalog: &Catalog, instances: usize) -> SnapshotBuilder {
    let mut builder = SnapshotBuilder::default();
    let group = |number: usize| {
        let id = format!("sg-{:017x}", number % instances);
        resource(ResourceType::Ec2SecurityGroup, &id)
    };
    for number in 0..instances {
        let (here, next) = (group(number), group(number + 1));
        let instance = exposed_instance(&mut builder, catalog, number);
        observe(&mut builder, catalog, &here, "open-security-group");
        for (from, kind, to) in [
            (&instance, RelationKind::MemberOfSecurityGroup, &here),
            (&here, RelationKind::AdmittedBy, &next),
        ] {
            builder.add_edge(from, kind, to);
        }
    }
    builder
}

fn exposed_instance(builder: &mut SnapshotBuilder, catalog: &Catalog, number: usize) -> Resource {
    let instance = resource(ResourceType::Ec2Instance, &format!("i-{number:017x}"));
    for id in [
        "internet-reachable",
        "instance-profile-attached",
        "high-priority-vulnerability",
    ] {
        observe(builder, catalog, &instance, id);
    }
    instance
}

fn observe(builder: &mut SnapshotBuilder, catalog: &Catalog, on: &Resource, id: &str) {
    let trait_index = catalog
        .index_of(&id.parse().expect("a trait id"))
        .expect("a trait of the catalog");
    builder.add_observation(Observation {
        record: RecordKind::OpenFinding,
        is_fallback: false,
        resource: on,
        trait_index,
        holds: true,
        finding: &FindingId(format!("arn:aws:x:us-east-1:1:{id}/{}", on.id)),
        product: Product::SecurityHub,
        evidence: &Evidence::Control {
            id: ControlId::new(id),
            title: id.to_owned(),
        },
        updated_at: None,
    });
}

fn stored(builder: SnapshotBuilder) -> Store {
    let mut store = Store::default();
    store.put(TargetOutcome {
        target: CollectionTarget::api(
            SourceKind::SecurityHub,
            "111122223333".parse().expect("an account"),
            "us-east-1".parse().expect("a Region"),
        ),
        snapshot: builder.finish(),
        coverage: Coverage::Complete,
        reason: None,
        detail: None,
        records: 0,
        signals: 0,
        ignored: IgnoredRecords::default(),
        accounts: BTreeSet::new(),
        collected_at: None,
    });
    store
}

fn resource(resource_type: ResourceType, id: &str) -> Resource {
    let region = "us-east-1".parse().expect("a Region");
    let account = "111122223333".parse().expect("an account");
    identify(ResourceMention {
        resource_type,
        id,
        account,
        region: &region,
    })
}
