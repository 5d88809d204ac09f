//! Every console block in `docs/` is run, and prints what the page shows.
//!
//! A line that begins with `$ ` is a command, `> ` continues it, and the lines up to the next command are its output. A
//! line `...` in the output stands for any lines. The blocks of one page run in one shell and one folder, in order, against the
//! fake AWS server. `EXPOSURED_UPDATE_DOCS=1` writes the actual output into the pages, except where they have `...`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::aws::Aws;
use crate::end_to_end::put;
use crate::findings::seed;

/// One command of a page, and the output that the page shows for it.
#[derive(Debug, Default)]
struct Step {
    command: String,
    shown: String,
}

/// The steps of a page, each with the lines of its output in the page.
fn steps(page: &str) -> Vec<(Step, std::ops::Range<usize>)> {
    let mut steps: Vec<(Step, std::ops::Range<usize>)> = Vec::new();
    let mut is_console = false;
    for (index, line) in page.lines().enumerate() {
        if line.starts_with("```") {
            is_console = !is_console && line == "```console";
        } else if !is_console {
        } else if let Some(command) = line.strip_prefix("$ ") {
            let step = Step {
                command: command.to_owned(),
                shown: String::new(),
            };
            steps.push((step, index + 1..index + 1));
        } else {
            let (step, lines) = steps
                .last_mut()
                .unwrap_or_else(|| panic!("a console block begins with a command: {line}"));
            lines.end = index + 1;
            if let Some(more) = line.strip_prefix("> ").filter(|_| step.shown.is_empty()) {
                let _ = write!(step.command, "\n{more}");
                lines.start = index + 1;
            } else {
                let _ = writeln!(step.shown, "{line}");
            }
        }
    }
    steps
}

/// Whether the output is the shown text, in which a line `...` stands for any lines.
fn matches(shown: &[&str], output: &[&str]) -> bool {
    match shown.split_first() {
        None => output.is_empty(),
        Some((&"...", rest)) => (0..=output.len()).any(|skipped| matches(rest, &output[skipped..])),
        Some((line, rest)) => output
            .split_first()
            .is_some_and(|(first, others)| first == line && matches(rest, others)),
    }
}

/// The folder in which the commands of a page run: what a checkout has, and a configuration file.
fn workplace() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["config", "docs", "sample"] {
        std::os::unix::fs::symlink(root.join(name), folder.path().join(name)).expect("a link");
    }
    std::fs::copy(
        root.join("config/exposured.toml"),
        folder.path().join("exposured.toml"),
    )
    .expect("a configuration file");
    folder
}

/// Runs the commands in one shell, and gives the output of each. Standard error is part of it.
fn run_all(steps: &[(Step, std::ops::Range<usize>)], aws: &Aws) -> Vec<String> {
    const END: &str = "--- end of a command ---";
    let mut script = String::from("exec 2>&1\n");
    for (step, _) in steps {
        let _ = writeln!(script, "{}\necho '{END}'", step.command);
    }
    let folder = workplace();
    let binaries = Path::new(env!("CARGO_BIN_EXE_exposured"))
        .parent()
        .expect("a folder");
    let output = Command::new("bash")
        .arg("-c")
        .arg(script)
        .current_dir(&folder)
        .env_clear()
        .env("PATH", format!("{}:/usr/bin:/bin", binaries.display()))
        .env("LC_ALL", "C.UTF-8")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .envs(aws.environment())
        .output()
        .expect("bash runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let mut outputs: Vec<String> = text.split(&format!("{END}\n")).map(str::to_owned).collect();
    assert_eq!(outputs.pop().as_deref(), Some(""), "every command ended");
    outputs
}

/// The page with the actual output of each step, except where the page shows only a part of it.
fn updated(page: &str, steps: &[(Step, std::ops::Range<usize>)], outputs: &[String]) -> String {
    let lines: Vec<&str> = page.lines().collect();
    let mut text = String::new();
    let mut next = 0;
    for ((step, shown), output) in steps.iter().zip(outputs) {
        let is_partial = step.shown.lines().any(|line| line == "...");
        for line in &lines[next..if is_partial { shown.end } else { shown.start }] {
            let _ = writeln!(text, "{line}");
        }
        if !is_partial {
            text.push_str(output);
        }
        next = shown.end;
    }
    for line in &lines[next..] {
        let _ = writeln!(text, "{line}");
    }
    text
}

fn check_page(path: &Path) {
    let page = std::fs::read_to_string(path).expect("a page");
    let steps = steps(&page);
    if steps.is_empty() {
        return;
    }
    let aws = Aws::start();
    put(&aws, seed());
    let outputs = run_all(&steps, &aws);
    if std::env::var_os("EXPOSURED_UPDATE_DOCS").is_some() {
        std::fs::write(path, updated(&page, &steps, &outputs)).expect("the page can be written");
        return;
    }
    for ((step, _), output) in steps.iter().zip(&outputs) {
        let shown: Vec<&str> = step.shown.lines().collect();
        let lines: Vec<&str> = output.lines().collect();
        assert!(
            matches(&shown, &lines),
            "{}: `{}` prints\n{output}\nand not\n{}",
            path.display(),
            step.command,
            step.shown
        );
    }
}

#[test]
fn every_console_block_prints_what_the_page_shows() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages: Vec<PathBuf> = std::fs::read_dir(root.join("docs"))
        .expect("docs/ can be listed")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    pages.sort();
    assert!(pages.len() > 5, "docs/ has pages");
    for page in pages {
        check_page(&page);
    }
}

#[test]
fn a_page_is_read_as_a_shell_session() {
    let page =
        "text\n```console\n$ one\nout\n$ two '\n> more'\n...\nlast\n```\n```sh\n$ not run\n```\n";
    let steps: Vec<(String, String)> = steps(page)
        .into_iter()
        .map(|(step, _)| (step.command, step.shown))
        .collect();
    let expected = [("one", "out\n"), ("two '\nmore'", "...\nlast\n")];
    assert_eq!(
        steps,
        expected.map(|(command, shown)| (command.to_owned(), shown.to_owned()))
    );
    assert!(matches(&["...", "last"], &["a", "b", "last"]));
    assert!(!matches(&["...", "last"], &["a", "last", "b"]));
    assert!(!matches(&["a"], &[]));
}

#[test]
fn the_readme_shows_the_sample() {
    let shown = Command::new(env!("CARGO_BIN_EXE_exposured"))
        .args(["once", "--sample"])
        .env_clear()
        .env("COLUMNS", "100")
        .env("LC_ALL", "C.UTF-8")
        .output()
        .expect("the binary runs");
    let text = String::from_utf8(shown.stdout).expect("UTF-8");
    let blocks: Vec<&str> = text.trim_end().split("\n\n").collect();
    let readme = include_str!("../../README.md");
    for block in [blocks[0], blocks[1], blocks[blocks.len() - 1]] {
        assert!(readme.contains(block), "README.md does not show:\n{block}");
    }
}

/// The text of the files below a folder.
fn sources(folder: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = walkdir::WalkDir::new(root).into_iter();
    let files = files.map(|entry| entry.expect("an entry").into_path());
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    files
        .map(|path| std::fs::read_to_string(path).expect("a source file"))
        .collect()
}

#[test]
fn the_threat_model_names_tests_and_files_that_exist() {
    let page = include_str!("../../docs/threat-model.md");
    let sources = sources("tests") + &sources("src");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut tests = 0;
    for name in page.split('`').skip(1).step_by(2) {
        if name.starts_with("src/") {
            assert!(root.join(name).is_file(), "{name} is not a file");
        }
        let Some((_, test)) = name.rsplit_once("::") else {
            continue;
        };
        if test.contains('_') {
            let function = format!("fn {test}(");
            assert!(sources.contains(&function), "there is no test {name}");
            tests += 1;
        }
    }
    assert!(tests > 10, "{tests}");
}
