//! The text output: what people read on a terminal, in a pipe, and in a file.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::aws::{Aws, HOME};
use crate::end_to_end::put;
use crate::findings::{control, reachable, seed};
use crate::program::{Ran, config, exposured, exposured_on, run};

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

fn sample(command: &str, arguments: &[&str]) -> String {
    run(exposured().args([command, "--sample"]).args(arguments))
        .expect(0)
        .stdout
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
fn lines_fit_the_columns_and_pipes_have_the_full_width() {
    for (command, arguments) in [
        ("once", &[][..]),
        ("once", &["--near-misses"]),
        ("fixes", &[]),
        ("explain", &["i-0a1b2c3d4e5f60003"]),
    ] {
        let narrow = run(exposured()
            .env("COLUMNS", "60")
            .args([command, "--sample"])
            .args(arguments))
        .expect(0)
        .stdout;
        for line in narrow.lines().filter(|line| line.chars().count() > 60) {
            // Only what is copied as a whole is longer: an ID, a URL, a command.
            let words = line.split_whitespace().count();
            assert!(words == 1 || line.contains("exposured explain"), "{line}");
        }
        let pipe = sample(command, arguments);
        assert!(
            pipe.lines().any(|line| line.chars().count() > 100),
            "{pipe}"
        );
        let wide = run(exposured()
            .env("COLUMNS", "60")
            .args([command, "--sample", "--wide"])
            .args(arguments))
        .expect(0)
        .stdout;
        assert!(
            wide.lines().any(|line| line.chars().count() > 100),
            "{wide}"
        );
        assert_eq!(words_of(&narrow), words_of(&pipe));
    }
}

/// The words of a text, without the rule, whose length differs.
fn words_of(text: &str) -> Vec<String> {
    text.split_whitespace()
        .filter(|word| !word.starts_with('─'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn without_utf_8_the_lines_are_ascii() {
    for (command, arguments) in [
        ("once", &["--near-misses"][..]),
        ("fixes", &[]),
        ("explain", &["i-0a1b2c3d4e5f60001"]),
        ("explain", &["i-0a1b2c3d4e5f60003"]),
    ] {
        let in_locale = |locale: &str| {
            let mut command_line = exposured();
            command_line.env("LANG", "C.UTF-8").env("LC_ALL", locale);
            run(command_line.args([command, "--sample"]).args(arguments))
                .expect(0)
                .stdout
        };
        assert!(in_locale("C").is_ascii(), "{}", in_locale("C"));
        assert!(!in_locale("en_US.UTF-8").is_ascii());
        // An empty variable does not count.
        assert_eq!(in_locale(""), in_locale("C.UTF-8"));
    }
}

#[test]
fn a_pipe_has_no_colors() {
    for command in ["once", "fixes"] {
        assert!(!sample(command, &[]).contains('\u{1b}'));
    }
}

/// On a terminal: `script`, of util-linux, gives the program one.
#[test]
fn a_terminal_has_colors_unless_they_are_turned_off() {
    let on_terminal = |environment: &[(&str, &str)]| {
        let mut command = std::process::Command::new("script");
        command
            .args(["--quiet", "--return", "--command"])
            .arg(format!(
                "stty rows 40 cols 70; {} once --sample",
                env!("CARGO_BIN_EXE_exposured")
            ))
            .arg("/dev/null")
            .env("LANG", "C.UTF-8")
            .env("TERM", "xterm")
            .env_remove("COLUMNS")
            .env_remove("NO_COLOR")
            .envs(environment.iter().copied());
        let output = command.output().expect("script runs");
        String::from_utf8(output.stdout).unwrap()
    };
    let colored = on_terminal(&[]);
    assert!(colored.contains("\u{1b}[1m\u{1b}[31mCRITICAL"), "{colored}");
    assert!(colored.contains("\u{1b}[34mLOW"), "{colored}");
    let plain = |line: &str| line.replace(['\r', '\n'], "");
    assert!(
        colored
            .lines()
            .filter(|line| !line.contains('\u{1b}'))
            .all(|line| plain(line).chars().count() <= 70),
        "{colored}"
    );
    for environment in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let text = on_terminal(&[environment]);
        assert!(
            text.contains("CRITICAL") && !text.contains('\u{1b}'),
            "{text}"
        );
    }
    assert!(on_terminal(&[("NO_COLOR", "")]).contains('\u{1b}'));
}

#[test]
fn a_file_holds_the_report_and_only_its_owner_can_read_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report");
    let out = path.to_str().unwrap();
    for (command, arguments) in [
        ("once", &["--format", "table"][..]),
        ("once", &["--format", "json"]),
        ("once", &["--format", "asff"]),
        ("once", &["--format", "ocsf"]),
        ("fixes", &[]),
        ("explain", &["i-0a1b2c3d4e5f60003", "--format", "dot"]),
    ] {
        let printed = sample(command, arguments);
        let arguments = [arguments, &["--out", out]].concat();
        assert_eq!(sample(command, &arguments), "");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), printed);
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    // Before AWS is called, so that a mistake costs no time.
    let aws = Aws::start();
    let ran = run(exposured_on(&aws).args(["once", "--out", "/no/such/folder/report"])).expect(1);
    assert!(
        ran.stderr.contains("`/no/such/folder/report`"),
        "{}",
        ran.stderr
    );
    assert_eq!(aws.requests().len(), 0);
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
fn verbosity_is_chosen_on_the_command_line_and_by_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let (valid, invalid) = (folder.path().join("a.json"), folder.path().join("b.json"));
    std::fs::write(&valid, json!(seed().inspector).to_string()).unwrap();
    std::fs::write(&invalid, "no JSON").unwrap();
    // Whether an event of the level `info` is logged, and one of the level `warn`.
    let logged = |arguments: &[&str], filter: Option<&str>| {
        let is_logged = |input: &Path| {
            let mut command = exposured();
            command.env_remove("EXPOSURED_LOG");
            command.args(["once", "--format", "none", "--input"]);
            command.arg(input).args(arguments);
            if let Some(filter) = filter {
                command.env("EXPOSURED_LOG", filter);
            }
            !run(&mut command).events("target_collected").is_empty()
        };
        (is_logged(&valid), is_logged(&invalid))
    };
    assert_eq!(logged(&[], None), (false, true));
    assert_eq!(logged(&["-v"], None), (true, true));
    assert_eq!(logged(&["-vv"], None), (true, true));
    assert_eq!(logged(&["-q"], None), (false, false));
    assert_eq!(logged(&["-q"], Some("info")), (true, true));
    assert_eq!(logged(&["-v"], Some("error")), (false, false));
    run(exposured().args(["once", "--sample", "-v", "-q"])).expect(2);
}

#[test]
fn a_summary_says_what_happened_to_the_exposures() {
    let text = sample("once", &[]);
    assert!(
        text.contains("publishing is off: the findings come from files"),
        "{text}"
    );
    let aws = Aws::start();
    put(&aws, seed());
    let folder = tempfile::tempdir().unwrap();
    let path = config(folder.path(), "[publish.security_hub]\nenabled = false\n");
    let once = |arguments: &[&str]| {
        let ran = run(exposured_on(&aws).arg("once").args(arguments));
        ran.expect(0).stdout
    };
    let off = once(&["--publish", "--config", path.to_str().unwrap()]);
    assert!(off.contains("publishing to Security Hub is off"), "{off}");
    let plan = once(&[]);
    assert!(
        plan.contains("plan: 2 create; nothing was changed, --publish"),
        "{plan}"
    );
    let published = once(&["--publish"]);
    assert!(
        published.contains("published to Security Hub: 2 created\n"),
        "{published}"
    );
    let again = once(&["--publish"]);
    assert!(
        again.contains("published to Security Hub: 2 unchanged\n"),
        "{again}"
    );
    aws.account(HOME)
        .region("us-east-1")
        .deny("securityhub:BatchImportFindings");
    for text in [&off, &plan, &published, &again] {
        assert!(!text.contains(" 0 "), "{text}");
    }
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

#[test]
fn hostile_names_reach_neither_the_terminal_nor_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut findings = [seed().security_hub, seed().inspector].concat();
    for finding in &mut findings {
        if let Some(resources) = finding["resources"].as_array_mut() {
            resources[0]["tags"] = json!({"Name": "x\u{1b}]0;owned\u{7}\u{202e}\r\n- CRITICAL"});
        }
    }
    std::fs::write(folder.path().join("f.json"), json!(findings).to_string()).unwrap();
    let out = folder.path().join("out");
    for arguments in [
        &["once", "--near-misses"][..],
        &["fixes"],
        &["explain", "i-admin"],
    ] {
        let ran = run(exposured()
            .args(arguments)
            .arg("--input")
            .arg(folder.path().join("f.json")))
        .expect(0);
        assert!(ran.stdout.contains("x\u{fffd}]0;owned"), "{}", ran.stdout);
        run(exposured()
            .args(arguments)
            .arg("--input")
            .arg(folder.path().join("f.json"))
            .arg("--out")
            .arg(&out))
        .expect(0);
        let written = std::fs::read_to_string(Path::new(&out)).unwrap();
        for text in [ran.stdout, written] {
            let is_harmful = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
            assert!(!text.contains(is_harmful), "{text:?}");
            assert!(!text.contains("\n- CRITICAL"), "{text}");
        }
    }
}

#[test]
fn shells_get_completions_and_people_a_manual() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(exposured().args(["completions", shell]))
            .expect(0)
            .stdout;
        assert!(script.contains("near-misses"), "{shell}");
    }
    run(exposured().args(["completions", "tcsh"])).expect(2);
    let page = |arguments: &[&str]| run(exposured().arg("man").args(arguments));
    let program = page(&[]).expect(0).stdout;
    assert!(program.contains(".TH EXPOSURED 1"), "{program}");
    let once = page(&["once"]).expect(0).stdout;
    assert!(
        once.contains(".TH EXPOSURED\\-ONCE 1") || once.contains(".TH EXPOSURED-ONCE 1"),
        "{once}"
    );
    assert!(once.contains("allow\\-mass\\-archive"), "{once}");
    page(&["catalog", "list"]).expect(0);
    assert!(page(&["fly"]).expect(2).stderr.contains("`fly`"));
}
