//! What `once`, `explain`, and `fixes` list: groups, filters, limits, and near misses.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::findings::{control, reachable, seed};
use crate::program::{Ran, config, exposured, run};
use crate::terminal::sample;

/// An organization with more exposures than are shown one by one.
struct Organization {
    folder: tempfile::TempDir,
}

impl Organization {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut security_hub = seed().security_hub;
        for number in 0..24 {
            let table = format!("arn:aws:dynamodb:us-east-1:111122223333:table/t{number:02}");
            let finding = control("DynamoDB.6", "AwsDynamoDbTable", &table, json!({}));
            let mut text = finding.to_string();
            if number % 3 == 0 {
                text = text.replace("111122223333", "444455556666");
            }
            if number % 4 == 0 {
                text = text.replace("us-east-1", "eu-west-1");
            }
            security_hub.push(serde_json::from_str(&text).unwrap());
        }
        let findings = folder.path().join("findings");
        std::fs::create_dir(&findings).unwrap();
        for (name, findings_of) in [
            ("security-hub.json", security_hub),
            ("inspector.json", seed().inspector),
        ] {
            std::fs::write(findings.join(name), json!(findings_of).to_string()).unwrap();
        }
        Self { folder }
    }

    fn input(&self) -> PathBuf {
        self.folder.path().join("findings")
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        run(exposured().args(arguments).arg("--input").arg(self.input()))
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let arguments = [arguments, &["--format", "json"]].concat();
        self.run(&arguments).expect(0).json()
    }
}

#[test]
fn many_exposures_are_grouped_by_title() {
    let organization = Organization::new();
    let text = organization.run(&["once"]).expect(0).stdout;
    let exposures = organization.json(&["once"]);
    let exposures = exposures["exposures"].as_array().unwrap();
    assert!(exposures.len() > 20, "{}", exposures.len());
    let is_table = |one: &&Value| one["resource"]["type"] == "AWS::DynamoDB::Table";
    let title = exposures.iter().find(is_table).unwrap()["title"]
        .as_str()
        .unwrap();
    let same: Vec<&Value> = exposures
        .iter()
        .filter(|one| one["title"] == title)
        .collect();
    assert_eq!(text.matches(title).count(), 1, "{text}");
    assert!(
        text.contains(&format!("{title} ({} resources)", same.len())),
        "{text}"
    );
    assert!(text.lines().count() < exposures.len(), "{text}");
    let wide = organization.run(&["once", "--wide"]).expect(0).stdout;
    assert!(text.contains("\n          and ") && !wide.contains("\n          and "));
}

#[test]
fn a_filter_and_a_limit_choose_what_is_listed() {
    let organization = Organization::new();
    let all = organization.json(&["once"]);
    let all = all["exposures"].as_array().unwrap();
    let first = &all[0]["resource"];
    let text = |field: &str| first[field].as_str().unwrap();
    for (option, value, is_wanted) in [
        (
            "--severity",
            "medium,LOW",
            &(|one: &Value| one["severity"] != "HIGH") as &dyn Fn(&Value) -> bool,
        ),
        ("--account", text("account"), &|one| {
            one["resource"]["account"] == first["account"]
        }),
        ("--region", text("region"), &|one| {
            one["resource"]["region"] == first["region"]
        }),
        ("--type", text("type"), &|one| {
            one["resource"]["type"] == first["type"]
        }),
    ] {
        let expected: Vec<&Value> = all.iter().filter(|one| is_wanted(one)).collect();
        assert!(
            !expected.is_empty() && expected.len() < all.len(),
            "{option}"
        );
        let found = organization.json(&["once", option, value]);
        assert_eq!(found["exposures"], json!(expected), "{option}");
        assert_eq!(found["summary"]["exposures"], all.len());
        assert_eq!(
            found["summary"]["exposures_not_listed"],
            all.len() - expected.len()
        );
        let table = organization.run(&["once", option, value]).expect(0).stdout;
        let summary = format!("{} of {} exposures match", expected.len(), all.len());
        assert!(table.contains(&summary), "{table}");
        for format in ["asff", "ocsf"] {
            let printed = organization.run(&["once", option, value, "--format", format]);
            let ids = printed
                .expect(0)
                .stdout
                .matches("exposured/exposure/")
                .count();
            let every = organization.run(&["once", "--format", format]).expect(0);
            let every = every.stdout.matches("exposured/exposure/").count();
            assert_eq!(ids * all.len(), every * expected.len(), "{option} {format}");
        }
    }
    let limited = organization.json(&["once", "--limit", "3"]);
    assert_eq!(limited["exposures"], json!(all[..3]));
    let table = organization.run(&["once", "--limit", "3"]).expect(0).stdout;
    let summary = format!("{} not listed because of --limit", all.len() - 3);
    assert!(table.contains(&summary), "{table}");
    organization.run(&["once", "--limit", "0"]).expect(2);
    organization
        .run(&["once", "--severity", "severe"])
        .expect(2);
    organization
        .run(&["once", "--type", "AWS::EC2::Instanze"])
        .expect(2);
}

#[test]
fn fixes_can_be_limited_to_some_exposures() {
    let organization = Organization::new();
    let exposures = organization.json(&["once", "--severity", "high,medium"]);
    let ids: Vec<&Value> = exposures["exposures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|exposure| &exposure["id"])
        .collect();
    let fixes = organization.json(&["fixes", "--severity", "high,medium"]);
    let fixes = fixes["fixes"].as_array().unwrap();
    assert!(!fixes.is_empty());
    for fix in fixes {
        for id in fix["exposures"].as_array().unwrap() {
            assert!(ids.contains(&id), "{id}");
        }
    }
    let other = organization.json(&["fixes", "--account", "000000000000"]);
    assert_eq!(other["fixes"], json!([]));
    assert_eq!(other["leaves_no_high"]["exposures"], 0);
}

#[test]
fn a_filter_chooses_between_resources_with_the_same_name() {
    let folder = tempfile::tempdir().unwrap();
    let of = |account: &str| -> Value {
        let finding = control(
            "DynamoDB.6",
            "AwsDynamoDbTable",
            "arn:aws:dynamodb:us-east-1:111122223333:table/orders",
            json!({}),
        );
        serde_json::from_str(&finding.to_string().replace("111122223333", account)).unwrap()
    };
    let findings = json!([of("111122223333"), of("444455556666")]);
    std::fs::write(folder.path().join("f.json"), findings.to_string()).unwrap();
    let explain = |arguments: &[&str]| {
        run(exposured()
            .args(["explain", "orders", "--format", "json", "--input"])
            .arg(folder.path())
            .args(arguments))
    };
    assert!(explain(&[]).expect(2).stderr.contains("--account"));
    let found = explain(&["--account", "444455556666"]).expect(0).json();
    assert_eq!(found["resource"]["account"], "444455556666");
    explain(&["--region", "eu-west-1"]).expect(2);
}

#[test]
fn explain_lists_the_five_nearest_misses_and_how_many_more() {
    let misses = |arguments: &[&str]| {
        let text = sample("explain", &[&["i-0a1b2c3d4e5f60001"], arguments].concat());
        let section = text.split_once("Nearest misses\n").unwrap().1.to_owned();
        (section.matches("missing: ").count(), section)
    };
    let (listed, section) = misses(&[]);
    assert_eq!(listed, 5);
    let more = section
        .lines()
        .find(|line| line.starts_with("and "))
        .unwrap();
    let number: usize = more.split(' ').nth(1).unwrap().parse().unwrap();
    let (all, section) = misses(&["--wide"]);
    assert_eq!(all, 5 + number);
    assert!(!section.contains("\nand "), "{section}");
    assert_eq!(misses(&["--limit", "7"]).0, 7);
    let (critical, section) = misses(&["--severity", "critical", "--wide"]);
    assert!(critical < all && !section.contains("\nLOW"), "{section}");
}

#[test]
fn near_misses_come_with_the_command_that_explains_them() {
    let organization = Organization::new();
    let text = organization
        .run(&["once", "--near-misses", "--limit", "2"])
        .expect(0)
        .stdout;
    let commands: Vec<&str> = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("exposured "))
        .collect();
    assert_eq!(commands.len(), 2, "{text}");
    for command in commands {
        let words = shlex::split(command).unwrap();
        let explained = run(exposured().args(&words)).expect(0).stdout;
        assert!(explained.contains("Nearest misses"), "{explained}");
    }
    let found = organization.json(&["once", "--near-misses"]);
    let near_misses = found["near_misses"].as_array().unwrap();
    assert_eq!(found["summary"]["near_misses"], near_misses.len());
    assert!(near_misses.iter().all(|one| one["missing"][0].is_array()));
    assert!(organization.json(&["once"])["near_misses"].is_null());
    organization
        .run(&["once", "--near-misses", "--format", "ocsf"])
        .expect(2);
}

#[test]
fn a_pasted_command_is_quoted() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("it's $(here); && rm");
    std::fs::create_dir(&input).unwrap();
    let findings = json!([reachable("i-1", None)]);
    std::fs::write(input.join("f.json"), findings.to_string()).unwrap();
    let path = config(folder.path(), "");
    let ran = run(exposured()
        .args(["once", "--near-misses", "--config"])
        .arg(&path)
        .arg("--input")
        .arg(&input))
    .expect(0);
    let command = ran
        .stdout
        .lines()
        .find(|line| line.contains("exposured explain"));
    let shell = command
        .unwrap()
        .trim()
        .replacen("exposured", "printf '%s\\n'", 1);
    let words = std::process::Command::new("sh")
        .args(["-c", &shell])
        .output();
    let words = String::from_utf8(words.unwrap().stdout).unwrap();
    let expected = [
        "explain",
        "--config",
        path.to_str().unwrap(),
        "--input",
        input.to_str().unwrap(),
        "arn:aws:ec2:us-east-1:111122223333:instance/i-1",
    ];
    assert_eq!(words.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn a_single_file_is_input_too() {
    let organization = Organization::new();
    let file = std::fs::read_dir(organization.input())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.to_string_lossy().contains("security-hub"))
        .unwrap();
    let ran = run(exposured()
        .args(["once", "--format", "json", "--input"])
        .arg(&file))
    .expect(0);
    let coverage = ran.json()["coverage"].clone();
    let name = file.file_name().unwrap().to_str().unwrap();
    assert_eq!(coverage.as_array().unwrap().len(), 1);
    assert_eq!(coverage[0]["file"], name);
}

#[test]
fn a_mute_matches_the_short_id_of_the_table() {
    let folder = tempfile::tempdir().unwrap();
    let table = sample("once", &[]);
    let line = table
        .lines()
        .find(|line| line.starts_with("CRITICAL"))
        .unwrap();
    let id = line.split_whitespace().nth(1).unwrap();
    let text = format!(
        "[[mute]]\nexposure = \"*\"\nresource = \"{id}\"\nreason = \"r\"\nowner = \"o\"\nuntil = 2999-01-01\n"
    );
    let path = config(folder.path(), &text);
    let muted = sample("once", &["--config", path.to_str().unwrap()]);
    assert!(!muted.contains(&format!("  {id} ")), "{muted}");
    assert!(
        muted.contains("applies to 1 resource: 1 not exposed"),
        "{muted}"
    );
}
