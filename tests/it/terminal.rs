//! The text output: what people read on a terminal, in a pipe, and in a file.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::json;

use crate::aws::{Aws, HOME};
use crate::end_to_end::put;
use crate::findings::seed;
use crate::program::{config, exposured, exposured_on, run};

pub fn sample(command: &str, arguments: &[&str]) -> String {
    run(exposured().args([command, "--sample"]).args(arguments))
        .expect(0)
        .stdout
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
