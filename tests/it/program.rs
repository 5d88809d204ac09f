//! Runs the binary.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::aws::Aws;

/// The binary with a clean environment, and a log of every event.
pub fn exposured() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_exposured"));
    command
        .env_clear()
        .env("LANG", "C.UTF-8")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("EXPOSURED_LOG", "warn,exposured=info");
    command
}

/// The binary with the fake AWS as its endpoint.
pub fn exposured_on(aws: &Aws) -> Command {
    let mut command = exposured();
    command.envs(aws.environment());
    command
}

/// The output of a finished run.
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// Runs the binary to its end.
pub fn run(command: &mut Command) -> Ran {
    ran(command.output().expect("the binary runs"))
}

pub fn ran(output: Output) -> Ran {
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).expect("standard output is UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("standard error is UTF-8"),
    }
}

impl Ran {
    /// Standard output as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}:\n{}\n{}", self.stdout, self.stderr))
    }

    /// The events with this name in the log.
    pub fn events(&self, name: &str) -> Vec<Value> {
        events(&self.stderr, name)
    }

    /// Fails with the whole output, unless the exit code is this one.
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "stdout:\n{}\nstderr:\n{}",
            self.stdout, self.stderr
        );
        self
    }
}

/// The events with this name in a log. A line that is not JSON is not an event.
pub fn events(log: &str, name: &str) -> Vec<Value> {
    log.lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|event| event["event"] == name)
        .collect()
}

/// The exposures of a run, as `(instance, severity, title)`.
pub fn exposures(result: &Value) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let all = result["exposures"].as_array().expect("exposures is a list");
    all.iter()
        .map(|exposure| {
            let id = text(&exposure["resource"]["id"]);
            let name = id.rsplit('/').next().unwrap_or_default().to_owned();
            (name, text(&exposure["severity"]), text(&exposure["title"]))
        })
        .collect()
}

/// Writes a configuration file.
pub fn config(folder: &Path, text: &str) -> std::path::PathBuf {
    let path = folder.join("exposured.toml");
    std::fs::write(&path, text).expect("the configuration can be written");
    path
}

/// Runs a check for each item at the same time, because most checks wait more than they compute.
pub fn concurrently<T: Send>(items: impl IntoIterator<Item = T>, check: impl Fn(T) + Sync) {
    std::thread::scope(|scope| {
        for item in items {
            let check = &check;
            scope.spawn(move || check(item));
        }
    });
}
