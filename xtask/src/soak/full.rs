//! The disk is full, or the queue's budget is used up.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::bed::{Bed, Waits, now_ms};
use super::{Lab, Lost, Outcome, seconds, settle};

/// A small disk of the agent's own: a tmpfs in the mount namespace of a process that only holds it.
struct Disk {
    holder: Child,
    folder: PathBuf,
}

const DISK_BYTES: u64 = 1 << 20;
const PATIENCE: Duration = Duration::from_secs(90);
/// Less than what two minutes of this machine take.
const BUDGET_BYTES: u64 = 64 << 10;

impl Disk {
    fn at(folder: PathBuf) -> Result<Self> {
        fs::create_dir_all(&folder)?;
        let script = format!("mount -t tmpfs -o size={DISK_BYTES} soak \"$0\" && exec sleep 3600");
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "sh", "-c", &script]).arg(&folder).stdin(Stdio::null());
        let holder = command.spawn().context("start the disk's holder")?;
        let disk = Self { holder, folder };
        for _ in 0..100 {
            let mounts = fs::read_to_string(format!("/proc/{}/mounts", disk.holder.id())).unwrap_or_default();
            if mounts.contains(disk.folder.to_string_lossy().as_ref()) {
                return Ok(disk);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        bail!("the disk could not be mounted")
    }

    fn filler(&self) -> PathBuf {
        let folder = self.folder.strip_prefix("/").unwrap_or(&self.folder);
        PathBuf::from(format!("/proc/{}/root", self.holder.id())).join(folder).join("filler")
    }

    /// Takes what is free, to the last byte.
    fn fill(&self) -> Result<()> {
        use std::io::Write;
        let mut filler = fs::File::create(self.filler()).context("fill the disk")?;
        for size in [4096, 1] {
            while filler.write_all(&vec![b'x'; size]).is_ok() {}
        }
        Ok(())
    }

    fn empty(&self) -> Result<()> {
        fs::remove_file(self.filler()).context("empty the disk")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

fn bed(lab: &Lab, waits: Waits) -> Result<(Disk, Bed)> {
    let disk = Disk::at(lab.folder.join("waiting"))?;
    let mut setup = lab.setup(waits, Duration::from_secs(1));
    setup.mounts_of = Some(disk.holder.id());
    let bed = Bed::start(setup)?;
    seconds(10);
    Ok((disk, bed))
}

/// The service is away and the disk full: what comes waits in memory, and on disk once there is room. Nothing is lost.
pub(super) fn heals(lab: &Lab, waits: Waits) -> Result<Outcome> {
    let (disk, bed) = bed(lab, waits)?;
    bed.fake.refuse();
    seconds(20);
    disk.fill()?;
    seconds(40);
    disk.empty()?;
    seconds(10);
    bed.fake.accept();
    let outcome = settle(bed, PATIENCE);
    drop(disk);
    outcome
}

/// A kill while the disk is full: what memory alone held is lost, and nothing else.
pub(super) fn killed(lab: &Lab, waits: Waits) -> Result<Outcome> {
    let (disk, mut bed) = bed(lab, waits)?;
    bed.fake.refuse();
    seconds(20);
    disk.fill()?;
    let from = now_ms();
    seconds(20);
    bed.kill()?;
    let to = now_ms();
    seconds(10);
    disk.empty()?;
    seconds(10);
    bed.fake.accept();
    let mut outcome = settle(bed, PATIENCE)?;
    outcome.allowed.lost = Lost::Between(from, to);
    drop(disk);
    Ok(outcome)
}

/// The service is away for longer than the budget lasts: what is lost is what the agent says.
pub(super) fn over_budget(lab: &Lab, waits: Waits) -> Result<Outcome> {
    let mut setup = lab.setup(waits, Duration::from_secs(1));
    setup.queue_bytes = Some(BUDGET_BYTES);
    let bed = Bed::start(setup)?;
    seconds(10);
    bed.fake.refuse();
    seconds(120);
    bed.fake.accept();
    let mut outcome = settle(bed, PATIENCE)?;
    outcome.allowed.lost = Lost::Told;
    Ok(outcome)
}
