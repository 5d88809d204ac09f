//! `exposured completions`: prints a script that completes the command line in a shell.

use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

use super::{Exit, print};

#[derive(Debug, Args)]
pub(super) struct CompletionsArguments {
    /// The shell
    shell: Shell,
}

pub(super) fn completions(arguments: &CompletionsArguments) -> Exit {
    let mut command = super::Arguments::command();
    let mut script = Vec::new();
    generate(arguments.shell, &mut command, "exposured", &mut script);
    print(|output| output.write_all(&script))
}
