//! `exposured synth`: writes a synthetic organization as files for `--input`.

#![expect(
    clippy::disallowed_methods,
    reason = "`synth` refuses to write into a folder that is not empty"
)]

use std::path::PathBuf;

use clap::Args;

use crate::synth::{self, Organization};

use super::{Exit, print, report_error};

#[derive(Debug, Args)]
pub(super) struct SynthArguments {
    /// The approximate number of resources
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    resources: u32,
    /// The folder to write to, which must be new or empty
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Different seeds give different organizations; the same seed and size give the same bytes
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Compress the files with gzip, to about a twelfth of their size
    #[arg(long)]
    gzip: bool,
}

pub(super) fn synth(arguments: &SynthArguments) -> Exit {
    let out = &arguments.out;
    // Files that are already there would be read as well.
    if std::fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_some()) {
        report_error(format_args!(
            "the folder `{}` is not empty; choose a new or empty one",
            out.display()
        ));
        return Exit::Usage;
    }
    let organization = Organization {
        resources: arguments.resources as usize,
        seed: arguments.seed,
    };
    match synth::write(&organization, out, arguments.gzip) {
        Ok(written) => print(|output| {
            writeln!(
                output,
                "{} findings of {} accounts in {} files in {}",
                written.findings,
                written.accounts,
                written.files,
                out.display()
            )
        }),
        Err(error) => {
            report_error(&error);
            Exit::Failed
        }
    }
}
