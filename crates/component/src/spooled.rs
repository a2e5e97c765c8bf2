//! The spool of one exporter, opened in its storage.

use std::io;

use confmap::ComponentId;
use net::chain;
use spool::{Recovered, Spool};
use tracing::{error, info};

use crate::error::BuildError;
use crate::process::Process;

/// A spool, and whether every write to it is confirmed by the disk.
pub type Spooled = (Spool, bool);

impl Process<'_> {
    /// The spool of an exporter in its storage; `None` without storage, and where the disk does not take it: the queue is in
    /// memory then.
    ///
    /// # Errors
    ///
    /// What only the operator can mend: another agent has it, or its directory is missing.
    pub fn spool(
        &self,
        exporter: &str,
        storage: Option<&ComponentId>,
        bytes: u64,
    ) -> Result<Option<Spooled>, BuildError> {
        let Some(id) = storage else { return Ok(None) };
        let Some(storage) = self.storages.get(id) else {
            return Err(BuildError::Missing(vec![format!(
                "sending_queue::storage: {id} is not a storage extension in use"
            )]));
        };
        match storage.open(exporter, bytes) {
            Ok((spool, recovered)) => {
                report(exporter, &recovered);
                Ok(Some((spool, storage.confirms_writes())))
            }
            // Two agents must not share one; and a directory that is to be there and isn't may be a volume that is not mounted.
            Err(error) if is_for_the_operator(&error) => {
                Err(BuildError::of(Unusable { storage: id.to_string(), source: error }))
            }
            // A faulty disk must not cost the node its metrics.
            Err(error) => {
                let error = chain(&error);
                error!(
                    exporter,
                    error,
                    "cannot use the spool: events wait in memory until the next start, and a kill would lose them"
                );
                Ok(None)
            }
        }
    }
}

/// A storage that the exporter must not start without.
#[derive(Debug, thiserror::Error)]
#[error("start extensions::{storage}")]
struct Unusable {
    storage: String,
    source: spool::Error,
}

fn report(exporter: &str, recovered: &Recovered) {
    let Recovered { records, items, damaged_records, passed_over, passed_over_words, .. } = recovered;
    if *records > 0 {
        info!(exporter, rounds = records, events = items, "events of the last run wait for delivery");
    }
    if *damaged_records > 0 {
        error!(exporter, rounds = damaged_records, "rounds of the last run are lost: their files on disk are damaged");
    }
    if *passed_over > 0 {
        let files = passed_over_words.join("; ");
        let message =
            "files in the spool can't be used and are passed over; they stay on disk, to be moved away or deleted";
        error!(exporter, count = passed_over, files, "{message}");
    }
}

fn is_for_the_operator(error: &spool::Error) -> bool {
    match error {
        spool::Error::Locked { .. } => true,
        spool::Error::Io { source, .. } => source.kind() == io::ErrorKind::NotFound,
        _ => false,
    }
}
