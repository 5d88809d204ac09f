//! One JSON Lines file of OCSF events a cycle. There is no public API that imports OCSF into Security Hub.

use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use chrono::{DateTime, Utc};

use crate::model::{Exposure, ExposureId};

use super::Publication;
use super::ocsf::{Activity, Event, event};

/// Writes the file: under a temporary name, then renamed, so that a reader never sees half of it. Whether it is there.
pub(super) fn write(
    publication: &Publication<'_>,
    directory: &Path,
    exposures: &[Exposure],
    created_at: &BTreeMap<ExposureId, DateTime<Utc>>,
) -> bool {
    let name = format!(
        "exposures-{}.jsonl",
        publication.now.format("%Y%m%dT%H%M%SZ")
    );
    let path = directory.join(name);
    let shown = path.display().to_string();
    match write_events(publication, directory, &path, exposures, created_at) {
        Ok(()) => {
            publication.log.ocsf_written(&shown, exposures.len());
            true
        }
        Err(error) => {
            publication.log.ocsf_failed(&shown, &error.to_string());
            false
        }
    }
}

fn write_events(
    publication: &Publication<'_>,
    directory: &Path,
    path: &Path,
    exposures: &[Exposure],
    created_at: &BTreeMap<ExposureId, DateTime<Utc>>,
) -> std::io::Result<()> {
    std::fs::create_dir_all(directory)?;
    let mut file = tempfile::Builder::new()
        .prefix(".exposures-")
        .suffix(".tmp")
        .permissions(std::fs::Permissions::from_mode(0o644))
        .tempfile_in(directory)?;
    let mut writer = BufWriter::new(file.as_file_mut());
    for exposure in exposures {
        let created = created_at.get(&exposure.id).copied();
        let event = event(&Event {
            exposure,
            account: publication.session.account,
            activity: if created.is_some_and(|time| time < publication.now) {
                Activity::Update
            } else {
                Activity::Create
            },
            created_at: created.unwrap_or(publication.now),
            modified_at: publication.now,
            time: publication.now,
            catalogue_version: publication.catalogue_version,
        });
        serde_json::to_writer(&mut writer, &event)?;
        writer.write_all(b"\n")?;
    }
    writer.flush()?;
    drop(writer);
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
