//! How long evaluation takes a resource, and whether it stays so: against a named baseline in the same run.
//!
//! `cargo bench --bench evaluate`

use std::hint::black_box;
use std::time::{Duration, Instant};

use exposured::catalogue::{Catalogue, Layers, compile};
use exposured::evaluate::evaluate;
use exposured::model::{
    Cell, ControlId, Coverage, Evidence, FindingId, Product, RelationKind, Resource,
    ResourceMention, ResourceType, Source, TraitIndex, TriageInForce, identify,
};
use exposured::store::{CellOutcome, Observation, SnapshotBuilder, Store, View};

const RUNS: u32 = 5;

fn main() {
    let catalogue = compile(&Layers::builtin()).expect("the built-in catalogue has no problem");
    println!("| resources | walk (baseline) ns | build the view | evaluate |");
    println!("|---|---|---|---|");
    for count in [10_000, 100_000] {
        let store = organisation(&catalogue, count);
        let view = store.view();
        let walked = best_of(|| walk(&view));
        let viewed = best_of(|| store.view());
        let evaluated = best_of(|| evaluate(&view, &catalogue, &TriageInForce::default()));
        let each = |time: Duration| time.as_nanos() as f64 / view.len() as f64;
        let ratio = |time: Duration| each(time) / each(walked);
        println!(
            "| {} | {:.1} | {:.0}× | {:.0}× |",
            view.len(),
            each(walked),
            ratio(viewed),
            ratio(evaluated)
        );
    }
}

/// The baseline: what it costs to look at each resource and its traits once.
fn walk(view: &View) -> usize {
    view.indices().map(|index| view.traits(index).len()).sum()
}

fn best_of<T>(work: impl Fn() -> T) -> Duration {
    let time = |_| {
        let clock = Instant::now();
        black_box(work());
        clock.elapsed()
    };
    (0..RUNS).map(time).min().expect("there are runs")
}

/// Instances that share security groups by the hundred, a tenth of them with something wrong, a hundredth reachable.
fn organisation(catalogue: &Catalogue, instances: usize) -> Store {
    let mut builder = SnapshotBuilder::default();
    let trait_of = |id: &str| -> TraitIndex {
        catalogue
            .index_of(&id.parse().expect("a trait id"))
            .expect("a trait of the catalogue")
    };
    let (reachable, profile) = (
        trait_of("internet-reachable"),
        trait_of("instance-profile-attached"),
    );
    let (imds, open) = (trait_of("imds-v1-allowed"), trait_of("open-security-group"));
    for number in 0..instances {
        let instance = resource(ResourceType::Ec2Instance, &format!("i-{number:017x}"));
        let interface = resource(
            ResourceType::Ec2NetworkInterface,
            &format!("eni-{number:017x}"),
        );
        let group = resource(
            ResourceType::Ec2SecurityGroup,
            &format!("sg-{:017x}", number / 100),
        );
        let finding = |kind: &str| FindingId(format!("arn:aws:x:us-east-1:1:{kind}/{number:032x}"));
        builder.relate(&instance, RelationKind::HasNetworkInterface, &interface);
        builder.relate(&interface, RelationKind::MemberOfSecurityGroup, &group);
        let mut observe = |resource: &Resource, trait_index, kind: &str| {
            builder.observe(Observation {
                resource,
                trait_index,
                holds: true,
                finding: &finding(kind),
                product: Product::SecurityHub,
                evidence: &Evidence::Control {
                    id: ControlId::new(kind),
                    title: kind.to_owned(),
                },
                updated_at: None,
            });
        };
        observe(&instance, profile, "profile");
        if number % 10 == 0 {
            observe(&instance, imds, "EC2.8");
        }
        if number % 100 == 0 {
            observe(&instance, reachable, "reachable");
            observe(&group, open, "EC2.19");
        }
    }
    let mut store = Store::default();
    store.put(CellOutcome {
        cell: Cell::api(
            Source::SecurityHub,
            "111122223333".parse().expect("an account"),
            "us-east-1".parse().expect("a Region"),
        ),
        snapshot: builder.finish(),
        coverage: Coverage::Complete,
        reason: None,
        detail: None,
        records: 0,
        signals: 0,
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
