//! `exposured synth`: a made-up organization, as files that `--input` reads.

use std::path::PathBuf;

use clap::Args;

use crate::synth::{self, Organization};

use super::{Exit, complain};

#[derive(Debug, Args)]
pub(super) struct SynthArguments {
    /// About how many resources the organization has
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    resources: u32,
    /// The folder to write into; it must be new or empty
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Another seed, another organization; the same seed and size give the same bytes
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Pack the files with gzip: a twelfth of the size
    #[arg(long)]
    gzip: bool,
}

pub(super) fn synth(arguments: &SynthArguments) -> Exit {
    let out = &arguments.out;
    // What lies there already would be read along with it.
    if std::fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_some()) {
        complain(format_args!(
            "{} is not empty: name a new folder",
            out.display()
        ));
        return Exit::Usage;
    }
    let organization = Organization {
        resources: arguments.resources as usize,
        seed: arguments.seed,
    };
    match synth::write(&organization, out, arguments.gzip) {
        Ok(written) => {
            println!(
                "{} findings of {} accounts in {} files below {}",
                written.findings,
                written.accounts,
                written.files,
                out.display()
            );
            Exit::Done
        }
        Err(error) => {
            complain(&error);
            Exit::Failed
        }
    }
}
