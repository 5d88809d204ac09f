//! `deploy/export-findings.sh`, run with the real AWS CLI against the test server: it asks what the collectors ask, and
//! what it writes gives the same exposures.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::aws::{Aws, Fault, HOME, Operation, Service};
use crate::end_to_end::put;
use crate::findings::{Seed, seed};
use crate::program::{Ran, config, exposured, exposured_on, exposures, run};

const SCRIPT: &str = "deploy/export-findings.sh";

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(SCRIPT)
}

/// The AWS CLI: `EXPOSURED_TEST_AWS_CLI`, which `.ci/run` sets, or the one that is installed. Without one, the tests
/// that need it do nothing.
fn aws_cli() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("EXPOSURED_TEST_AWS_CLI") {
        let path = PathBuf::from(path);
        assert!(path.is_file(), "there is no AWS CLI at {}", path.display());
        return Some(path);
    }
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders)
        .map(|folder| folder.join("aws"))
        .find(|path| path.is_file())
}

/// The script in the environment of the test server, with this AWS CLI before everything else on the path.
fn export(aws: &Aws, cli: &Path, out: &Path, arguments: &[&str]) -> Ran {
    let folder = cli.parent().expect("the folder of the AWS CLI");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(folder.to_owned()).chain(std::env::split_paths(&path));
    run(Command::new("bash")
        .arg(script())
        .arg("--out")
        .arg(out)
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::join_paths(folders).expect("a path"))
        .env("HOME", out)
        .envs(aws.environment()))
}

/// A world in which every source has something, and what the collectors ask of it.
fn world() -> Aws {
    let aws = Aws::start();
    put(&aws, seed());
    aws.account(HOME).region("us-east-1").resources(vec![json!({
        "ResourceGuid": "g", "ResourceId": "arn:aws:s3:::a-bucket", "AccountId": HOME, "Region": "us-east-1",
        "ResourceType": "AWS::S3::Bucket", "ResourceConfig": {}, "ResourceProvider": "AWS",
        "ResourceRegion": "us-east-1", "ResourceCategory": "Storage",
        "ResourceDetailCaptureTimeDt": "2026-01-01T00:00:00Z",
    })]);
    aws
}

fn collected(aws: &Aws, format: &[&str]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), "[collect]\nresources = \"security-hub\"\n");
    run(exposured_on(aws)
        .args(["once", "--dry-run"])
        .args(format)
        .arg("--config")
        .arg(config))
}

/// The queries of every listing, without the reading back of our own exposures.
fn queries(aws: &Aws) -> BTreeSet<String> {
    let query = |request: crate::aws::Request| {
        let body = &request.body;
        let filter = match request.operation {
            Operation::GetFindings | Operation::GetResourcesV2 => &body["Filters"],
            Operation::InspectorListFindings => &body["filterCriteria"],
            Operation::MacieListFindings => &body["findingCriteria"],
            Operation::MacieGetFindings => &body["findingIds"],
            _ => return None,
        };
        let is_read_back = filter.get("GeneratorId").is_some();
        (!is_read_back).then(|| format!("{:?} {filter}", request.operation))
    };
    aws.requests().into_iter().filter_map(query).collect()
}

/// A Bash array, several short values in a line.
fn array(name: &str, values: &[String]) -> String {
    let mut text = format!("{name}=(");
    let mut width = usize::MAX;
    for value in values {
        let word = if value.contains(' ') {
            format!("\"{value}\"")
        } else {
            value.clone()
        };
        if width.saturating_add(word.len()) > 110 {
            text += "\n   ";
            width = 3;
        }
        write!(text, " {word}").unwrap();
        width += word.len() + 1;
    }
    text + "\n)\n"
}

/// The values of a list of Security Hub's string filters.
fn values(filters: &Value) -> Vec<String> {
    filters
        .as_array()
        .into_iter()
        .flatten()
        .map(|filter| filter["Value"].as_str().unwrap().to_owned())
        .collect()
}

/// What the collectors ask for, as the script has it between its two markers.
fn generated() -> String {
    let aws = world();
    collected(&aws, &["--format", "json"]);
    let mut failed = BTreeSet::new();
    let mut failed_or_passed = BTreeSet::new();
    let mut types = Vec::new();
    for request in aws.requests_to(Operation::GetFindings) {
        let filters = &request.body["Filters"];
        let controls = values(&filters["ComplianceSecurityControlId"]);
        if filters["WorkflowStatus"].is_array() {
            failed.extend(controls);
        } else {
            failed_or_passed.extend(controls);
        }
    }
    for request in aws.requests_to(Operation::GetResourcesV2) {
        let filters = &request.body["Filters"]["CompositeFilters"][0]["StringFilters"];
        let asked = filters.as_array().into_iter().flatten();
        types.extend(asked.map(|one| one["Filter"]["Value"].as_str().unwrap().to_owned()));
    }
    types.sort();
    let sorted = |set: BTreeSet<String>| set.into_iter().collect::<Vec<_>>();
    [
        array("failed_controls", &sorted(failed)),
        array("failed_or_passed_controls", &sorted(failed_or_passed)),
        array("resource_types", &types),
    ]
    .concat()
}

#[test]
fn the_script_lists_what_the_catalog_needs() {
    const BEGIN: &str = "# BEGIN generated\n";
    const END: &str = "# END generated\n";
    let text = std::fs::read_to_string(script()).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (found, after) = rest.split_once(END).unwrap();
    let wanted = generated();
    if std::env::var_os("EXPOSURED_UPDATE_EXPORT").is_some() {
        std::fs::write(script(), [before, BEGIN, &wanted, END, after].concat()).unwrap();
        return;
    }
    assert_eq!(
        found, wanted,
        "{SCRIPT} is older than the catalog; update it: EXPOSURED_UPDATE_EXPORT=1 cargo test --test it export"
    );
}

#[test]
fn the_script_asks_what_the_collectors_ask_and_gives_the_same_exposures() {
    let Some(cli) = aws_cli() else { return };
    let aws = world();
    let live = collected(&aws, &["--format", "json"]).expect(0).json();
    let asked = queries(&aws);
    let aws = world();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("findings");
    export(
        &aws,
        &cli,
        &out,
        &["--sources", "security-hub,inspector,macie,inventory"],
    )
    .expect(0);
    let exported = queries(&aws);
    let missing: Vec<_> = asked.difference(&exported).collect();
    let extra: Vec<_> = exported.difference(&asked).collect();
    assert!(
        missing.is_empty() && extra.is_empty(),
        "missing: {missing:#?}\nextra: {extra:#?}"
    );
    let read = run(exposured()
        .args(["once", "--format", "json", "--input"])
        .arg(&out))
    .expect(0)
    .json();
    assert_eq!(exposures(&read), exposures(&live));
    assert_ne!(exposures(&read), []);
}

/// The files of a folder whose names begin so, by name.
fn files(folder: &Path, prefix: &str) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with(prefix))
        .collect();
    names.sort();
    names
}

fn read_json(path: &Path) -> Value {
    let file = std::fs::File::open(path).unwrap();
    serde_json::from_reader(flate2::read::GzDecoder::new(file)).unwrap()
}

#[test]
fn long_listings_are_written_in_parts_and_macie_is_asked_in_batches() {
    let Some(cli) = aws_cli() else { return };
    let aws = Aws::start();
    let Seed {
        inspector, macie, ..
    } = seed();
    let many = |finding: &Value, id: &str, count: usize| -> Vec<Value> {
        let numbered = |number: usize| {
            let mut finding = finding.clone();
            let text = format!("{:032x}", number);
            // The title of a finding is not trusted: it must not pass for the token of the listing.
            finding["title"] = "\n    \"NextToken\": \"x\"\n".into();
            finding[id] = text.into();
            finding
        };
        (0..count).map(numbered).collect()
    };
    aws.account(HOME)
        .region("us-east-1")
        .inspector_findings(many(&inspector[0], "findingArn", 250))
        .macie_findings(many(&macie[0], "id", 120));
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("findings");
    let arguments = ["--sources", "inspector,macie", "--part-size", "100"];
    export(&aws, &cli, &out, &arguments).expect(0);
    let counts = |prefix: &str| -> Vec<(String, usize)> {
        let count = |name: String| {
            let findings = read_json(&out.join(&name))["findings"].clone();
            (name, findings.as_array().unwrap().len())
        };
        files(&out, prefix).into_iter().map(count).collect()
    };
    let part = |name: &str, count: usize| (name.to_owned(), count);
    assert_eq!(
        counts("inspector"),
        [
            part("inspector-us-east-1-001.json.gz", 100),
            part("inspector-us-east-1-002.json.gz", 100),
            part("inspector-us-east-1-003.json.gz", 50),
        ]
    );
    assert_eq!(
        counts("macie"),
        [
            part("macie-us-east-1-001.json.gz", 50),
            part("macie-us-east-1-002.json.gz", 50),
            part("macie-us-east-1-003.json.gz", 20),
        ]
    );
}

#[test]
fn what_cannot_be_read_is_reported_and_the_rest_is_written() {
    let Some(cli) = aws_cli() else { return };
    let aws = world();
    aws.account(HOME)
        .region("eu-west-1")
        .disable(Service::Inspector);
    aws.fault(Operation::MacieGetFindings, Fault::status(400).times(1000));
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("findings");
    let ran = export(&aws, &cli, &out, &["--regions", "us-east-1,eu-west-1"]).expect(3);
    assert!(
        ran.stderr.contains("reading inspector-eu-west-1: ")
            && ran.stderr.contains("Invoking account is not enabled"),
        "{}",
        ran.stderr
    );
    let failed = ["inspector-eu-west-1.failed", "macie-us-east-1.failed"];
    let found: Vec<String> = files(&out, "")
        .into_iter()
        .filter(|name| !name.ends_with(".json.gz"))
        .collect();
    assert_eq!(found, failed);
    assert_eq!(
        files(&out, "inspector-us-east-1"),
        ["inspector-us-east-1-001.json.gz"]
    );
    let read = run(exposured()
        .args(["once", "--format", "json", "--input"])
        .arg(&out))
    .expect(3)
    .json();
    let incomplete: Vec<&Value> = read["coverage"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["coverage"] != "complete")
        .map(|row| &row["file"])
        .collect();
    assert_eq!(incomplete, failed);
}

#[test]
fn iam_is_written_as_the_aws_cli_decodes_it() {
    let Some(cli) = aws_cli() else { return };
    let aws = Aws::start();
    let role = |number: usize| {
        json!({
            "Path": "/", "RoleName": format!("role-{number}"), "RoleId": format!("AROA{number:017}"),
            "Arn": format!("arn:aws:iam::{HOME}:role/role-{number}"), "CreateDate": "2026-01-01T00:00:00+00:00",
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
                "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]},
            "InstanceProfileList": [], "RolePolicyList": [{"PolicyName": "inline", "PolicyDocument": {
                "Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}}],
            "AttachedManagedPolicies": [], "Tags": [{"Key": "a&b", "Value": "<ü>"}],
        })
    };
    let user = json!({
        "Path": "/", "UserName": "admin", "UserId": "AIDACKCEVSQ6C2EXAMPLE",
        "Arn": format!("arn:aws:iam::{HOME}:user/admin"), "CreateDate": "2026-01-01T00:00:00+00:00",
        "GroupList": ["admins"], "AttachedManagedPolicies": [], "Tags": [],
    });
    let details = json!({
        "UserDetailList": [user], "GroupDetailList": [],
        "RoleDetailList": (0..150).map(role).collect::<Vec<_>>(), "Policies": [],
    });
    aws.account(HOME).authorization_details(&details);
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("findings");
    export(&aws, &cli, &out, &["--sources", "iam"]).expect(0);
    assert_eq!(files(&out, ""), ["iam.json.gz"]);
    assert_eq!(read_json(&out.join("iam.json.gz")), details);
    assert_eq!(
        aws.requests_to(Operation::GetAccountAuthorizationDetails)
            .len(),
        2
    );
}

#[test]
fn a_wrong_command_line_writes_nothing() {
    let Some(cli) = aws_cli() else { return };
    let aws = Aws::start();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("findings");
    for wrong in [
        &["--sources", "guardduty"][..],
        &["--regions", "us-east-1;rm"],
        &["--part-size", "7"],
        &["--out"],
        &["findings"],
    ] {
        let ran = export(&aws, &cli, &out, wrong).expect(2);
        assert!(
            ran.stderr.starts_with("export-findings.sh: "),
            "{}",
            ran.stderr
        );
    }
    std::fs::create_dir(&out).unwrap();
    std::fs::write(out.join("old.json"), "[]").unwrap();
    let ran = export(&aws, &cli, &out, &[]).expect(1);
    assert!(ran.stderr.contains("is not empty"), "{}", ran.stderr);
    assert_eq!(aws.requests().len(), 0);
    assert_eq!(files(&out, ""), ["old.json"]);
}
