//! Several files and their names. A line with `/` starts a file, and the rest of the line is its name.
#![no_main]

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path};

use exposured::graph::Store;
use exposured::model::is_harmful;
use exposured::sources::files::{FileLimits, FileReader};
use exposured::telemetry::{CycleLog, Progress};
use libfuzzer_sys::fuzz_target;

const MAX_FILES: usize = 20;

fuzz_target!(|data: &[u8]| {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let mut written = BTreeSet::new();
    for file in data
        .split(|byte| *byte == b'\n')
        .collect::<Vec<_>>()
        .chunk_by(|_, next| !next.starts_with(b"/"))
    {
        let Some((name, content)) = file.split_first() else {
            continue;
        };
        let name = Path::new(OsStr::from_bytes(name.strip_prefix(b"/").unwrap_or(name)));
        let is_plain = name
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        if !is_plain || written.len() >= MAX_FILES {
            continue;
        }
        let path = folder.path().join(name);
        let parent = path.parent().expect("the folder");
        // Some names cannot be written: they are too long, contain NUL, or are those of folders.
        let made = std::fs::create_dir_all(parent);
        if made
            .and_then(|()| std::fs::write(&path, content.join(&b'\n')))
            .is_ok()
        {
            let is_hidden = name
                .components()
                .any(|part| part.as_os_str().as_bytes().starts_with(b"."));
            if !is_hidden {
                written.insert(path);
            }
        }
    }
    let first = read(folder.path(), written.len());
    assert_eq!(first, read(folder.path(), written.len()));
});

fn read(folder: &Path, files: usize) -> Vec<String> {
    let mut store = Store::default();
    let evidence = store.evidence();
    let log = CycleLog::new("fuzz");
    let reader = FileReader {
        catalog: exposured_fuzz::catalog(),
        limits: FileLimits {
            max_record: 10_000,
            max_file: 1_000_000,
        },
        evidence: &evidence,
        log: &log,
        progress: &Progress::none(),
    };
    let Ok(read) = reader.read_path(folder) else {
        assert_eq!(files, 0, "only a folder without files is an error");
        return Vec::new();
    };
    let names: Vec<String> = read
        .iter()
        .map(|collected| collected.outcome.target.to_string())
        .collect();
    let unique: BTreeSet<&String> = names.iter().collect();
    assert_eq!((names.len(), unique.len()), (files, files), "{names:?}");
    assert!(!names.iter().any(|name| name.chars().any(is_harmful)));
    for collected in read {
        store.put(collected.outcome);
    }
    exposured_fuzz::check(&store.merge().with_iam_edges());
    names
}
