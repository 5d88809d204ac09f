//! `exposured man`: prints the manual page.

use clap::{Args, Command, CommandFactory};
use clap_mangen::Man;

use super::{Exit, print, report_error};

#[derive(Debug, Args)]
pub(super) struct ManArguments {
    /// The subcommand to describe, such as `once` or `catalog list`; without it, the program
    #[arg(value_name = "SUBCOMMAND")]
    path: Vec<String>,
}

pub(super) fn man(arguments: &ManArguments) -> Exit {
    let mut command = super::Arguments::command();
    // This names the subcommands in full.
    command.build();
    let Some(described) = subcommand(&command, &arguments.path) else {
        report_error(format_args!(
            "there is no subcommand `{}`; `exposured --help` lists them",
            arguments.path.join(" ")
        ));
        return Exit::Usage;
    };
    let name = described
        .get_bin_name()
        .unwrap_or_else(|| described.get_name())
        .replace(' ', "-");
    let page = Man::new(described.clone()).title(name.to_uppercase());
    print(|mut output| page.render(&mut output))
}

fn subcommand<'a>(command: &'a Command, path: &[String]) -> Option<&'a Command> {
    path.iter()
        .try_fold(command, |command, name| command.find_subcommand(name))
}
