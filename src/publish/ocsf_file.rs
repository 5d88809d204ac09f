//! One JSON Lines file of OCSF events per cycle. Security Hub has no public API that imports OCSF.

#![expect(
    clippy::disallowed_methods,
    reason = "this module writes OCSF files and removes abandoned ones"
)]

use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::evaluate::{Exposures, GradedResource};
use crate::formats::ocsf::{Activity, Event, event};
use crate::model::{Exposure, ExposureId};
use crate::reconcile::Plan;

use super::publisher::Publisher;

/// The name of a file that is being written.
const UNFINISHED_PREFIX: &str = ".exposures-";
const UNFINISHED_SUFFIX: &str = ".tmp";

/// No cycle writes for this long, so older files belong to a process that was killed.
const LEFTOVER_AFTER: Duration = Duration::from_secs(24 * 3_600);

/// Writes the file and returns whether it is there. It is written under a temporary name and then renamed, so that a
/// reader never sees half of it.
pub(super) fn write(
    publisher: &Publisher<'_>,
    directory: &Path,
    exposures: &Exposures<'_>,
    plan: Option<&Plan>,
) -> bool {
    let name = format!("exposures-{}.jsonl", publisher.now.format("%Y%m%dT%H%M%SZ"));
    let path = directory.join(name);
    let shown = path.display().to_string();
    let steps = plan.into_iter().flat_map(|plan| &plan.steps);
    let created_at = steps.map(|step| (&step.id, step.created_at)).collect();
    match write_events(publisher, directory, &path, exposures, &created_at) {
        Ok(()) => {
            publisher.log.ocsf_written(&shown, exposures.len());
            true
        }
        Err(error) => {
            publisher.log.ocsf_failed(&shown, &error.to_string());
            false
        }
    }
}

fn write_events(
    publisher: &Publisher<'_>,
    directory: &Path,
    path: &Path,
    exposures: &Exposures<'_>,
    created_at: &BTreeMap<&ExposureId, DateTime<Utc>>,
) -> std::io::Result<()> {
    std::fs::create_dir_all(directory)?;
    remove_leftovers(directory)?;
    let mut file = tempfile::Builder::new()
        .prefix(UNFINISHED_PREFIX)
        .suffix(UNFINISHED_SUFFIX)
        // Only the owner may read it: exposures say how to attack an account.
        .permissions(std::fs::Permissions::from_mode(0o600))
        .tempfile_in(directory)?;
    let mut writer = BufWriter::new(file.as_file_mut());
    let json = |_: &GradedResource, exposure: Exposure| {
        let created = created_at.get(&exposure.id).copied();
        let event = event(&Event {
            exposure: &exposure,
            account: publisher.session.account,
            activity: if created.is_some_and(|time| time < publisher.now) {
                Activity::Update
            } else {
                Activity::Create
            },
            created_at: created.unwrap_or(publisher.now),
            modified_at: publisher.now,
            time: publisher.now,
            catalog_version: publisher.catalog_version,
        });
        serde_json::to_vec(&event)
    };
    for json in exposures.map(json) {
        writer.write_all(&json?)?;
        writer.write_all(b"\n")?;
    }
    writer.flush()?;
    drop(writer);
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Removes the unfinished files of processes that were killed. The file of another running daemon is younger.
fn remove_leftovers(directory: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if !(name.starts_with(UNFINISHED_PREFIX) && name.ends_with(UNFINISHED_SUFFIX)) {
            continue;
        }
        let age = entry.metadata()?.modified()?.elapsed();
        if age.is_ok_and(|age| age > LEFTOVER_AFTER) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
