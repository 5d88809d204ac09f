//! `exposured init`: writes a configuration file for the current account and Region.

#![expect(clippy::disallowed_methods, reason = "`init` writes a file")]

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::aws::Session;
use crate::config::{self, Config};
use crate::report;

use super::policy::scope_of;
use super::{Exit, print, print_error, report_error};
use crate::permissions::PolicyScope;

#[derive(Debug, Args)]
pub(super) struct InitArguments {
    /// The file to write
    #[arg(long, value_name = "FILE", default_value = "exposured.toml")]
    out: PathBuf,
    /// Overwrite the file if it exists
    #[arg(long)]
    force: bool,
}

pub(super) async fn init(arguments: InitArguments) -> Exit {
    // Before AWS is called, so that the answer does not depend on credentials.
    if !arguments.force && arguments.out.exists() {
        return refuse_to_overwrite(&arguments.out);
    }
    let session = match Session::open(&[]).await {
        Ok(session) => session,
        Err(error) => {
            report_error(&error);
            return super::exit_of_session(&error);
        }
    };
    let text = config::initial(session.account, session.home());
    if let Err(error) = write(&arguments, &text) {
        if error.kind() == ErrorKind::AlreadyExists {
            return refuse_to_overwrite(&arguments.out);
        }
        let path = arguments.out.display();
        report_error(format_args!(
            "writing the configuration file `{path}`: {error}"
        ));
        return Exit::Failed;
    }
    print_error(format_args!(
        "wrote {} for account {} in {}; exposured needs a role with this policy:",
        arguments.out.display(),
        session.account,
        session.home()
    ));
    let scope = PolicyScope {
        account: Some(session.account),
        ..scope_of(&Config::default(), vec![session.home().clone()])
    };
    let policy = report::json_text(&scope.task_policy());
    print(|output| output.write_all(policy.as_bytes()))
}

fn refuse_to_overwrite(path: &Path) -> Exit {
    let path = path.display();
    report_error(format_args!(
        "`{path}` exists: name another file with --out, or overwrite it with --force"
    ));
    Exit::Usage
}

fn write(arguments: &InitArguments, text: &str) -> std::io::Result<()> {
    let mut file = if arguments.force {
        File::create(&arguments.out)?
    } else {
        File::create_new(&arguments.out)?
    };
    file.write_all(text.as_bytes())
}
