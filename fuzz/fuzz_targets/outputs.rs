//! Findings of any format, one per line, in every output: table, JSON, ASFF, OCSF, explanations, graphs, and fixes.
#![no_main]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use exposured::config::{Config, load_catalog};
use exposured::evaluate::{explain, fixes};
use exposured::model::is_harmful;
use exposured::pipeline::{CycleOutcome, CycleRunner, CycleTask, FileInput};
use exposured::publish::ImportedFindings;
use exposured::report::{
    CycleReport, ExplainFormat, ExplanationReport, FixesFormat, FixesReport, ListOptions, Output,
    ResultFormat,
};
use exposured::telemetry::{Progress, metrics};
use libfuzzer_sys::fuzz_target;
use tokio_util::sync::CancellationToken;

fuzz_target!(|data: &[u8]| {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| tempfile::tempdir().expect("a folder can be made"));
    let (input, output) = (folder.path().join("input"), folder.path().join("output"));
    std::fs::write(&input, data).expect("a file can be written");
    let outcome = run(input);
    let options = ListOptions::default();
    let report = CycleReport {
        outcome: &outcome,
        options: &options,
        explain_command: Some("exposured explain".into()),
    };
    for format in [
        ResultFormat::Table,
        ResultFormat::Json,
        ResultFormat::Asff,
        ResultFormat::Ocsf,
    ] {
        let written = report.write(format, open(&output));
        written.expect("the report can be written");
        check(&output, !matches!(format, ResultFormat::Table));
    }
    check_explanations(&outcome, &options, &output);
    let triage = outcome.triage.on(outcome.as_of.date_naive());
    let fixes = fixes(&outcome.view, &outcome.catalog, &triage);
    for format in [FixesFormat::Table, FixesFormat::Json] {
        let report = FixesReport {
            fixes: &fixes,
            coverage: &outcome.coverage,
            mutes: &outcome.mutes,
            held: Vec::new(),
            options: &options,
        };
        let written = report.write(format, open(&output));
        written.expect("the report can be written");
        check(&output, matches!(format, FixesFormat::Json));
    }
});

fn run(input: PathBuf) -> CycleOutcome {
    static RUNNER: OnceLock<CycleRunner> = OnceLock::new();
    let shared = RUNNER.get_or_init(|| CycleRunner {
        config: Arc::default(),
        catalog: Arc::new(load_catalog(&Config::default(), &[]).expect("the catalog is valid")),
        store: Arc::default(),
        metrics: metrics::Sink::Off,
        progress: Progress::none(),
        forgotten: BTreeSet::new(),
        imported: ImportedFindings::default(),
        cancel: CancellationToken::new(),
    });
    let runner = CycleRunner {
        config: Arc::clone(&shared.config),
        catalog: Arc::clone(&shared.catalog),
        store: Arc::default(),
        metrics: metrics::Sink::Off,
        progress: Progress::none(),
        forgotten: BTreeSet::new(),
        imported: ImportedFindings::default(),
        cancel: CancellationToken::new(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let task = CycleTask::Files(FileInput::Path(input));
    let outcome = runtime.expect("a runtime").block_on(runner.run(&task));
    outcome.expect("files can be evaluated")
}

fn check_explanations(outcome: &CycleOutcome, options: &ListOptions, output: &Path) {
    let triage = outcome.triage.on(outcome.as_of.date_naive());
    for index in outcome.view.indices().take(8) {
        let explanation = explain(&outcome.view, &outcome.catalog, &triage, index);
        for format in [
            ExplainFormat::Text,
            ExplainFormat::Json,
            ExplainFormat::Mermaid,
            ExplainFormat::Dot,
        ] {
            let report = ExplanationReport {
                explanation: &explanation,
                catalog: &outcome.catalog,
                coverage: &outcome.coverage,
                held: Vec::new(),
                options,
            };
            let written = report.write(format, open(output));
            written.expect("the report can be written");
            check(output, matches!(format, ExplainFormat::Json));
        }
    }
}

fn open(path: &Path) -> Output {
    Output::open(Some(path), true).expect("a file can be opened")
}

/// Checks that an output has no harmful text besides line breaks, and that JSON is valid.
fn check(path: &Path, is_json: bool) {
    let text = std::fs::read_to_string(path).expect("the output is UTF-8");
    let harmful = text.chars().find(|one| *one != '\n' && is_harmful(*one));
    assert_eq!(harmful, None, "{text}");
    if is_json {
        let values = serde_json::Deserializer::from_str(&text).into_iter::<serde_json::Value>();
        for value in values {
            value.expect("the output is valid JSON");
        }
    }
}
