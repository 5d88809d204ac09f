//! `exposured synth`: a synthetic organization is written, and read again.

use std::collections::BTreeMap;
use std::path::Path;

use crate::program::{Ran, exposured, run};

fn synth(out: &Path, more: &[&str]) -> Ran {
    run(exposured()
        .args(["synth", "--resources", "400", "--out"])
        .arg(out)
        .args(more))
}

fn once(input: &Path) -> Ran {
    run(exposured()
        .args(["once", "--format", "json", "--input"])
        .arg(input))
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read(path).unwrap())
        })
        .collect()
}

#[test]
fn the_written_files_are_read_completely_and_have_exposures() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("organization");
    let written = synth(&out, &[]).expect(0);
    let read = once(&out).expect(0).json();
    let rows = read["coverage"].as_array().unwrap();
    assert!(rows.iter().all(|row| row["coverage"] == "complete"));
    let records: u64 = rows.iter().filter_map(|row| row["records"].as_u64()).sum();
    assert!(
        written.stdout.starts_with(&format!("{records} findings")),
        "{}",
        written.stdout
    );
    assert!(!read["exposures"].as_array().unwrap().is_empty());
}

#[test]
fn the_same_seed_writes_the_same_bytes_and_gzip_changes_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let out = |name: &str| folder.path().join(name);
    synth(&out("one"), &[]).expect(0);
    synth(&out("same"), &[]).expect(0);
    synth(&out("other"), &["--seed", "2"]).expect(0);
    synth(&out("packed"), &["--gzip"]).expect(0);
    assert_eq!(files(&out("one")), files(&out("same")));
    assert_ne!(files(&out("one")), files(&out("other")));
    let exposures = |name: &str| once(&out(name)).expect(0).json()["exposures"].clone();
    // Each exposure names the file that it was found in.
    let without_targets = |mut exposures: serde_json::Value| {
        for exposure in exposures.as_array_mut().unwrap() {
            exposure.as_object_mut().unwrap().remove("seen_by");
        }
        exposures
    };
    assert_eq!(
        without_targets(exposures("one")),
        without_targets(exposures("packed"))
    );
    assert!(
        files(&out("packed"))
            .keys()
            .all(|name| name.ends_with(".json.gz"))
    );
}

#[test]
fn nothing_is_written_beside_other_files() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mine.json"), "[]").unwrap();
    let refused = synth(folder.path(), &[]).expect(2);
    assert!(refused.stderr.contains("not empty"), "{}", refused.stderr);
    assert_eq!(files(folder.path()).len(), 1);
    let into_a_file = synth(&folder.path().join("mine.json"), &[]);
    assert_eq!(into_a_file.code, 1, "{}", into_a_file.stderr);
    assert!(
        into_a_file.stderr.contains("mine.json"),
        "{}",
        into_a_file.stderr
    );
}
