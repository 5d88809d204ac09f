//! Records and files that are too large, files that grow, and a million malformed records.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::findings::reachable;
use crate::program::{Ran, config, exposured, run};

/// What the records of the first and the last instance show, with a larger record between them.
fn findings() -> [Value; 3] {
    let mut large = reachable("i-large", Some("web"));
    large["description"] = json!("]}\"".repeat(400_000));
    [
        reachable("i-first", Some("web")),
        large,
        reachable("i-last", Some("web")),
    ]
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// Runs `once` on a folder with a configuration, in a process that may allocate 250 MB.
fn once(folder: &Path, settings: &str) -> Ran {
    let elsewhere = tempfile::tempdir().unwrap();
    let config = config(elsewhere.path(), settings);
    let command = exposured();
    let mut limited = Command::new("sh");
    limited
        .env_clear()
        .envs(
            command
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .args(["-c", "ulimit -d 250000; exec \"$@\"", "sh"])
        .arg(command.get_program())
        .args(["once", "--format", "json", "--config"])
        .arg(config)
        .arg("--input")
        .arg(folder);
    run(&mut limited)
}

#[test]
fn a_record_that_is_too_large_is_skipped_and_named_and_the_rest_counts() {
    let [first, large, last] = findings();
    let list = json!({"findings": [first, large, last]});
    let lines = format!("{first}\n{large}\n{last}\n");
    let pretty = serde_json::to_string_pretty(&list).unwrap();
    let start = |text: &str| text[..text.find("i-large").unwrap()].matches('\n').count() as u64;
    for (content, line) in [
        (list.to_string(), 1),
        (lines, 2),
        (format!("{first}{large}{last}"), 1),
        (
            format!("{{\"findings\":[{first}]}}\n{{\"findings\":[{large},{last}]}}"),
            2,
        ),
        (format!("{first}\n[{large}]\n{last}\n"), 2),
        (pretty.clone(), start(&pretty) - 20),
    ] {
        for packed in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let bytes = content.clone().into_bytes();
            let bytes = if packed { gzip(&bytes) } else { bytes };
            std::fs::write(folder.path().join("findings"), bytes).unwrap();
            let ran = once(folder.path(), "[input]\nmax_record_size = \"1MB\"\n").expect(3);
            let result = ran.json();
            assert_eq!(result["summary"]["exposures"], 2);
            let row = &result["coverage"][0];
            assert_eq!(row["coverage"], "partial");
            assert_eq!((&row["records"], &row["count"]), (&json!(3), &json!(1)));
            let [skipped] = &ran.events("record_skipped")[..] else {
                panic!("{}", ran.stderr)
            };
            assert_eq!(
                (&skipped["file"], &skipped["index"]),
                (&json!("findings"), &json!(1))
            );
            let why = skipped["why"].as_str().unwrap();
            assert!(why.contains(" is too large: it has 1"), "{why}");
            assert!(
                why.contains("and the limit is 1.0 MB; raise `max_record_size`"),
                "{why}"
            );
            let position: u64 = why.split(' ').nth(4).unwrap().parse().unwrap();
            assert!(
                position.abs_diff(line) <= 20 && (line > 2 || position == line),
                "{why}"
            );
        }
    }
}

#[test]
fn a_record_of_16_mb_is_read_by_default_and_a_larger_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let [first, mut large, _] = findings();
    for (size, exit_code) in [(16_000_000, 0), (16_000_001, 3)] {
        large["description"] = json!("");
        let rest = size - large.to_string().len();
        large["description"] = json!("x".repeat(rest));
        assert_eq!(large.to_string().len(), size);
        std::fs::write(folder.path().join("f"), format!("[{first},{large}]")).unwrap();
        let result = once(folder.path(), "").expect(exit_code).json();
        assert_eq!(
            result["summary"]["exposures"],
            if exit_code == 0 { 2 } else { 1 }
        );
    }
}

#[test]
fn a_file_that_unpacks_to_more_than_its_limit_ends_there_and_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let [first, _, last] = findings();
    let bomb = |filler: &str| {
        let mut text = format!("[{first},");
        text.push_str(&filler.repeat(30_000_000 / filler.len()));
        gzip(text.as_bytes())
    };
    for (name, filler) in [
        ("string", "\""),
        ("space", " "),
        ("zeros", "0"),
        ("brackets", "["),
    ] {
        let content = bomb(filler);
        assert!(content.len() < 100_000);
        std::fs::write(folder.path().join(name), content).unwrap();
    }
    std::fs::write(folder.path().join("zz-good"), format!("[{last}]")).unwrap();
    let ran = once(
        folder.path(),
        "[input]\nmax_file_size = \"20MB\"\nmax_record_size = \"1MB\"\n",
    );
    let result = ran.expect(3).json();
    let rows = result["coverage"].as_array().unwrap();
    assert_eq!(rows.len(), 5);
    for row in &rows[..4] {
        assert_eq!(
            (&row["coverage"], &row["reason"]),
            (&json!("partial"), &json!("unreadable-file"))
        );
        let detail = row["detail"].as_str().unwrap();
        let name = row["file"].as_str().unwrap();
        assert!(detail.starts_with(&format!("{name}: ")), "{detail}");
        if matches!(name, "space" | "brackets") {
            assert!(
                detail.contains("it has more than 20.0 MB after decompression"),
                "{detail}"
            );
        }
    }
    assert_eq!(rows[4]["coverage"], "complete");
    assert_eq!(result["summary"]["exposures"], 2);
}

#[test]
fn a_plain_file_has_the_same_limit_and_what_is_behind_it_is_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let [first, large, last] = findings();
    std::fs::write(folder.path().join("f"), format!("[{first},{large},{last}]")).unwrap();
    let settings = "[input]\nmax_file_size = \"1MB\"\n";
    let result = once(folder.path(), settings).expect(3).json();
    assert_eq!(result["summary"]["exposures"], 1);
    let elsewhere = tempfile::tempdir().unwrap();
    let explain = |instance: &str| {
        run(exposured()
            .args(["explain", instance, "--config"])
            .arg(config(elsewhere.path(), settings))
            .arg("--input")
            .arg(folder.path()))
    };
    let explained = explain("i-first").expect(3).stdout;
    assert!(
        explained.contains("file f is partial (unreadable-file)"),
        "{explained}"
    );
    explain("i-last").expect(2);
}

#[test]
fn a_file_that_grows_ends_at_the_size_that_it_had() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("growing");
    let line = format!("{}\n", reachable("i-1", Some("web")));
    std::fs::write(&path, line.repeat(2_000)).unwrap();
    let done = AtomicBool::new(false);
    let (ran, appended) = std::thread::scope(|scope| {
        let appending = scope.spawn(|| {
            let mut file = File::options().append(true).open(&path).unwrap();
            let block = line.repeat(100);
            let mut blocks = 0_u64;
            while !done.load(Ordering::Relaxed) && blocks < 4_000 {
                file.write_all(block.as_bytes()).unwrap();
                blocks += 1;
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            blocks * 100
        });
        let ran = once(folder.path(), "");
        done.store(true, Ordering::Relaxed);
        (ran, appending.join().unwrap())
    });
    let records = ran.expect(0).json()["coverage"][0]["records"]
        .as_u64()
        .unwrap();
    assert!(
        (2_000..2_000 + appended).contains(&records),
        "{records} of 2000 and {appended}"
    );
}

#[test]
fn a_million_malformed_records_make_a_short_log() {
    let folder = tempfile::tempdir().unwrap();
    let [first, ..] = findings();
    let content = format!("{first}\n{}", "{\"a\":1}\nx\n".repeat(500_000));
    std::fs::write(folder.path().join("f"), content).unwrap();
    let ran = once(folder.path(), "").expect(3);
    assert!(ran.stderr.len() < 100_000, "{} bytes", ran.stderr.len());
    assert_eq!(ran.events("record_skipped").len(), 100);
    let [more] = &ran.events("more_records_skipped")[..] else {
        panic!("{}", ran.stderr)
    };
    assert_eq!(
        (&more["file"], &more["records"]),
        (&json!("f"), &json!(999_900))
    );
    let row = &ran.json()["coverage"][0];
    assert_eq!(
        (&row["records"], &row["count"]),
        (&json!(1_000_001), &json!(1_000_000))
    );
}
