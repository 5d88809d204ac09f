//! Collecting over HTTP: `once` reads from the AWS server of the tests, which throttles calls beyond the documented rates.
//! The baseline is the least time that the rates allow for the calls that the findings need.
//!
//! `cargo bench --bench collecting`; `cargo bench --bench collecting -- 10` for a minimum of about 10 seconds instead of 30.

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

#[allow(unused, reason = "a benchmark uses only a part of the tests' server")]
#[path = "../tests/it/aws/mod.rs"]
mod aws;
#[allow(
    unused,
    reason = "a benchmark uses only a part of the tests' functions"
)]
#[path = "../tests/it/program.rs"]
mod program;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, FixedOffset};
use exposured::catalog::{Layers, compile};
use exposured::model::SourceKind;
use exposured::synth::Organization;
use serde_json::Value;

use aws::{Aws, HOME, Operation, Request};
use program::{Ran, config, exposured_on, run};

const REGIONS: [&str; 3] = ["us-east-1", "eu-west-1", "ap-southeast-2"];

/// Publishing is off, because reading published findings back uses the same operation as collecting findings.
const CONFIGURATION: &str = r#"
[aws]
regions = ["us-east-1", "eu-west-1", "ap-southeast-2"]

[publish.security_hub]
enabled = false
"#;

/// Large enough for the findings of every service.
const RESOURCES: usize = 400_000;

/// The calls per second, and the burst, to which exposured limits itself where AWS documents no rate (`src/aws/limit.rs`).
const OWN_RATE: (f64, f64) = (5.0, 5.0);

/// The API that a source reads. All of its calls to one Region share one token bucket.
struct Api {
    source: &'static str,
    name: &'static str,
    operations: &'static [Operation],
    rate: (f64, f64),
    /// The number of findings in a page.
    page: usize,
    /// The number of calls for a page.
    calls: usize,
}

impl Api {
    fn all() -> [Self; 3] {
        let documented = Operation::GetFindings.rate_limit();
        [
            Self {
                source: "security-hub",
                name: "Security Hub GetFindings",
                operations: &[Operation::GetFindings],
                rate: documented.expect("its rate is documented"),
                page: 100,
                calls: 1,
            },
            Self {
                source: "inspector",
                name: "Inspector ListFindings",
                operations: &[Operation::InspectorListFindings],
                rate: OWN_RATE,
                page: 100,
                calls: 1,
            },
            Self {
                source: "macie",
                name: "Macie ListFindings, GetFindings",
                operations: &[Operation::MacieListFindings, Operation::MacieGetFindings],
                rate: OWN_RATE,
                page: 50,
                calls: 2,
            },
        ]
    }

    /// The number of findings in one Region that take about this long.
    fn findings_for(&self, seconds: f64) -> usize {
        let (rate, burst) = self.rate;
        let calls = rate * seconds + burst;
        calls as usize / self.calls * self.page
    }

    /// The least time for this number of calls: the burst is used at once, then each call waits for its turn.
    fn bound(&self, calls: usize) -> f64 {
        let (rate, burst) = self.rate;
        (calls as f64 - burst).max(0.0) / rate
    }

    /// The number of calls that list this number of findings. An empty list takes one call as well.
    fn needed(&self, findings: usize) -> usize {
        findings.div_ceil(self.page).max(1) * self.calls
    }
}

fn main() {
    let wanted = std::env::args().skip(1).find_map(|one| one.parse().ok());
    let seconds: f64 = wanted.unwrap_or(30.0);
    let apis = Api::all();
    let aws = Aws::start();
    aws.rate_limits(true);
    let mut held = BTreeMap::new();
    for (seed, region) in (1..).zip(REGIONS) {
        let findings = Findings::synthetic(seed, &apis, seconds);
        held.insert(region, findings.count());
        aws.account(HOME)
            .region(region)
            .security_hub_findings(findings.security_hub)
            .inspector_findings(findings.inspector)
            .macie_findings(findings.macie);
    }

    let folder = tempfile::tempdir().expect("a folder");
    let configuration = config(folder.path(), CONFIGURATION);
    let ran = run(exposured_on(&aws)
        .args(["once", "--dry-run", "--config"])
        .arg(configuration))
    .expect(0);

    println!(
        "| operation | Regions | findings | calls | throttled | minimum (baseline) s | measured s | ratio |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let rows: Vec<Row> = apis
        .iter()
        .map(|api| Row::of_api(api, &aws, &held, &ran))
        .collect();
    rows.iter().for_each(Row::print);
    Row::of_all(&rows, &ran).print();
}

/// The findings of one Region.
struct Findings {
    security_hub: Vec<Value>,
    inspector: Vec<Value>,
    macie: Vec<Value>,
}

/// The number of findings.
struct Count {
    /// The findings of Security Hub, by control, because each query asks for a few controls.
    by_control: BTreeMap<String, usize>,
    inspector: usize,
    macie: usize,
}

impl Findings {
    /// Returns as many findings of a generated organization as each API needs this many seconds for.
    fn synthetic(seed: u64, apis: &[Api; 3], seconds: f64) -> Self {
        let [of_hub, of_inspector, of_macie] =
            [0, 1, 2].map(|index: usize| apis[index].findings_for(seconds));
        let catalog = compile(&Layers::builtin()).expect("the built-in catalog is valid");
        let controls: BTreeSet<&str> = catalog.controls().collect();
        let organization = Organization {
            resources: RESOURCES,
            seed,
        };
        let (mut security_hub, mut inspector, mut macie) = (Vec::new(), Vec::new(), Vec::new());
        for (rank, size) in organization.accounts().into_iter().enumerate() {
            if security_hub.len() >= of_hub && inspector.len() >= of_inspector {
                break;
            }
            organization.findings(rank, size, &mut |finding| match finding.source {
                SourceKind::SecurityHub => {
                    if security_hub.len() < of_hub && is_asked_for(finding.record, &controls) {
                        security_hub.push(finding.record.clone());
                    }
                }
                SourceKind::Inspector => {
                    if inspector.len() < of_inspector {
                        inspector.push(with_times_in_seconds(finding.record.clone()));
                    }
                }
                _ => macie.push(finding.record.clone()),
            });
        }
        // Few buckets contain sensitive data, so each of these findings is repeated with other IDs.
        let macie = (0..of_macie).map(|number| {
            let mut finding = macie[number % macie.len()].clone();
            finding["id"] = format!("{number:032x}").into();
            finding
        });
        Self {
            macie: macie.collect(),
            security_hub,
            inspector,
        }
    }

    fn count(&self) -> Count {
        let mut by_control = BTreeMap::new();
        for finding in &self.security_hub {
            *by_control
                .entry(control_of(finding).to_owned())
                .or_default() += 1;
        }
        Count {
            by_control,
            inspector: self.inspector.len(),
            macie: self.macie.len(),
        }
    }
}

fn control_of(finding: &Value) -> &str {
    let control = finding["Compliance"]["SecurityControlId"].as_str();
    control.expect("each generated Security Hub finding is of a control")
}

/// Whether a control failed that the catalog uses. Passed findings are queried for only a few controls.
fn is_asked_for(finding: &Value, controls: &BTreeSet<&str>) -> bool {
    finding["Compliance"]["Status"] == "FAILED" && controls.contains(control_of(finding))
}

/// The API of Inspector writes times as seconds. The generated findings have them as text, as the AWS CLI writes them.
fn with_times_in_seconds(mut json: Value) -> Value {
    fn change(json: &mut Value) {
        for (name, value) in json.as_object_mut().into_iter().flatten() {
            match value.as_str() {
                Some(text) if name.ends_with("At") => *value = time(text).timestamp().into(),
                _ => change(value),
            }
        }
    }
    change(&mut json);
    json
}

fn time(text: &str) -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339(text).expect("a time")
}

impl Count {
    /// Returns the number of findings of each query that was made in a Region.
    fn listings(&self, source: &str, requests: &[Request]) -> Vec<usize> {
        match source {
            "inspector" => vec![self.inspector],
            "macie" => vec![self.macie],
            _ => {
                let queries: BTreeSet<String> = requests
                    .iter()
                    .map(|request| {
                        request.body["Filters"]["ComplianceSecurityControlId"].to_string()
                    })
                    .collect();
                queries
                    .iter()
                    .map(|query| self.of_controls(query))
                    .collect()
            }
        }
    }

    /// Returns the number of findings of the controls in a filter. A query for the findings of another service has no
    /// control and matches none.
    fn of_controls(&self, filter: &str) -> usize {
        let filter: Value = serde_json::from_str(filter).expect("JSON");
        let wanted = filter.as_array().into_iter().flatten();
        wanted
            .filter_map(|one| self.by_control.get(one["Value"].as_str()?))
            .sum()
    }
}

/// A row of the table.
struct Row {
    name: &'static str,
    findings: usize,
    calls: usize,
    throttled: usize,
    bound: f64,
    took: f64,
}

impl Row {
    /// Also checks that every finding was read, and none twice.
    fn of_api(api: &Api, aws: &Aws, held: &BTreeMap<&str, Count>, ran: &Ran) -> Self {
        let targets = ran.events("target_collected");
        let mut row = Self {
            name: api.name,
            findings: 0,
            calls: 0,
            throttled: 0,
            bound: 0.0,
            took: 0.0,
        };
        for (region, count) in held {
            let mut requests = aws.requests();
            requests.retain(|one| api.operations.contains(&one.operation) && one.region == *region);
            let throttled = requests.iter().filter(|one| one.status == 429).count();
            let listings = count.listings(api.source, &requests);
            let needed = listings.iter().map(|findings| api.needed(*findings)).sum();
            let target = targets
                .iter()
                .find(|target| target["source"] == api.source && target["region"] == *region)
                .expect("each target has an event");
            let findings: usize = listings.iter().sum();
            assert_eq!(target["coverage"], "complete", "{target}");
            assert_eq!(target["records"], findings, "{target}");
            assert_eq!(requests.len() - throttled, needed, "{target}");
            row.findings += findings;
            row.calls += requests.len();
            row.throttled += throttled;
            row.bound = row.bound.max(api.bound(needed));
            let milliseconds = target["duration_ms"].as_f64().expect("a number");
            row.took = row.took.max(milliseconds / 1e3);
        }
        row
    }

    /// Returns the row for all targets: from the start of the cycle to the end of the last target.
    fn of_all(rows: &[Self], ran: &Ran) -> Self {
        let at = |event: &Value| time(event["timestamp"].as_str().expect("a time"));
        let started = at(&ran.events("cycle_started")[0]);
        let targets = ran.events("target_collected");
        let ended = targets.iter().map(at).max().expect("there are targets");
        Self {
            name: "all",
            findings: rows.iter().map(|row| row.findings).sum(),
            calls: rows.iter().map(|row| row.calls).sum(),
            throttled: rows.iter().map(|row| row.throttled).sum(),
            bound: rows.iter().map(|row| row.bound).fold(0.0, f64::max),
            took: (ended - started).as_seconds_f64(),
        }
    }

    fn print(&self) {
        println!(
            "| {} | {} | {} | {} | {} ({:.1} %) | {:.1} | {:.1} | {:.2}× |",
            self.name,
            REGIONS.len(),
            self.findings,
            self.calls,
            self.throttled,
            100.0 * self.throttled as f64 / self.calls as f64,
            self.bound,
            self.took,
            self.took / self.bound
        );
    }
}
