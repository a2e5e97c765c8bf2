//! What the catalogue's sources say of a thing, read from a recording by a few lines of their own.

use std::fs;
use std::path::{Path, PathBuf};

use catalog::Source;
use serde_json::Value as Json;

use crate::At;
use crate::node::{Node, Shown, Thing, cgroups};

impl Node {
    /// Whether a thing has a cgroup.
    pub fn has_cgroup(&self, thing: &Thing) -> bool {
        let file = if self.is_v2 { "cpu.stat" } else { "cpuacct.usage" };
        text(self.shown(At::Second), thing, file).is_some()
    }

    /// What a source says of a thing under a key.
    pub fn reading(&self, thing: &Thing, source: Source, key: &str, at: At) -> Option<f64> {
        let shown = self.shown(at);
        match source {
            Source::Cgroup(file) if file.starts_with("blkio.") => {
                let device = device_number(shown, &thing.device)?;
                // A policy that counts nothing says so with zeros.
                let second = self.shown(At::Second);
                let is_idle = counted(&text(second, thing, file)?, &device, "Total")? == 0.0;
                let is_busy = disk_stats(second, &device, "sectors read").is_some_and(|sectors| sectors > 0.0);
                if is_idle && is_busy { None } else { counted(&text(shown, thing, file)?, &device, key) }
            }
            Source::Cgroup("io.stat") => {
                let device = device_number(shown, &thing.device)?;
                let text = text(shown, thing, "io.stat")?;
                let line = text.lines().find_map(|line| line.strip_prefix(&format!("{device} ")))?;
                line.split(' ').find_map(|word| word.strip_prefix(key)?.strip_prefix('='))?.parse().ok()
            }
            Source::Cgroup(file) => {
                let text = text(shown, thing, file)?;
                if key.is_empty() { text.trim().parse().ok() } else { number_of(&text, key, " ") }
            }
            Source::Proc("cpuinfo") => {
                let text = read(&shown.root.join("proc/cpuinfo"))?;
                Some(text.lines().filter(|line| line.starts_with("processor")).count() as f64)
            }
            Source::Proc("meminfo") => number_of(&read(&shown.root.join("proc/meminfo"))?, key, ":"),
            Source::Proc("diskstats") => disk_stats(shown, &device_number(shown, &thing.device)?, key),
            Source::Proc("<pid>/net/dev") => net_dev(shown, thing, key),
            Source::Statfs => statfs(shown, &thing.device, key),
            Source::Kubelet("/pods") => {
                let pod = shown.pod(&thing.pod)?;
                if key == "restartCount" {
                    return named(&pod["status"]["containerStatuses"], &thing.container)?[key].as_f64();
                }
                quantity(walk(named(&pod["spec"]["containers"], &thing.container)?, key))
            }
            Source::Kubelet("/stats/summary") => {
                let mut pods = shown.summary["pods"].as_array()?.iter();
                let pod = pods.find(|pod| pod["podRef"]["uid"] == thing.pod.as_str())?;
                walk(named(&pod["containers"], &thing.container)?, key).as_f64()
            }
            _ => None,
        }
    }
}

fn read(path: &Path) -> Option<String> {
    fs::read_to_string(path).ok()
}

/// The number behind a key at the beginning of a line.
fn number_of(text: &str, key: &str, separator: &str) -> Option<f64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(separator))?;
    rest.split_whitespace().next()?.parse().ok()
}

/// A file of a thing's cgroup.
fn text(shown: &Shown, thing: &Thing, file: &str) -> Option<String> {
    let top = cgroups(&shown.root);
    let version_2 = top.join("cgroup.controllers").is_file();
    let controller = file.split('.').next().unwrap_or_default();
    let mounts: &[&str] = match controller {
        _ if version_2 => &[""],
        "cpuacct" => &["cpuacct", "cpu,cpuacct"],
        "memory" => &["memory"],
        "blkio" => &["blkio"],
        _ => &[],
    };
    let mount = mounts.iter().map(|mount| top.join(mount)).find(|mount| mount.is_dir())?;
    read(&directory(&mount, thing)?.join(file))
}

fn directory(mount: &Path, thing: &Thing) -> Option<PathBuf> {
    let pod = if thing.pod.is_empty() { Some(mount.to_owned()) } else { pod_directory(mount, &thing.pod) };
    if thing.container_id.is_empty() { pod } else { find(&pod?, &|name| name.contains(&thing.container_id)) }
}

/// The directory of a pod; the systemd driver writes its UID with underscores.
fn pod_directory(mount: &Path, uid: &str) -> Option<PathBuf> {
    let names = [format!("pod{uid}"), format!("pod{}.slice", uid.replace('-', "_"))];
    find(mount, &|directory| names.iter().any(|name| directory.ends_with(name)))
}

/// The first directory below a folder with such a name.
fn find(folder: &Path, wanted: &dyn Fn(&str) -> bool) -> Option<PathBuf> {
    let folders = || fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut folders: Vec<_> = folders().filter(|path| path.is_dir()).collect();
    folders.sort();
    let is_wanted = |path: &&PathBuf| path.file_name().and_then(|name| name.to_str()).is_some_and(wanted);
    folders.iter().find(is_wanted).cloned().or_else(|| folders.iter().find_map(|path| find(path, wanted)))
}

/// The `major:minor` of a device by its name: a mount's source, a disk, or the number itself.
fn device_number(shown: &Shown, device: &str) -> Option<String> {
    if !device.starts_with('/') {
        return Some(device.to_owned());
    }
    let table = read(&shown.root.join("proc/1/mountinfo"))?;
    let mounted = table.lines().find(|line| line.split(' ').any(|word| word == device));
    let number = mounted.and_then(|line| line.split(' ').nth(2)).map(str::to_owned);
    number.or_else(|| {
        let disk = shown.root.join("sys/block").join(device.strip_prefix("/dev/")?).join("dev");
        read(&disk).map(|number| number.trim().to_owned())
    })
}

/// A count of a disk and a kind of operation: `8:0 Read 17`.
fn counted(text: &str, device: &str, kind: &str) -> Option<f64> {
    number_of(text, &format!("{device} {kind}"), " ")
}

fn disk_stats(shown: &Shown, device: &str, key: &str) -> Option<f64> {
    let text = read(&shown.root.join("proc/diskstats"))?;
    let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let line = lines.into_iter().find(|words| format!("{}:{}", words[0], words[1]) == device)?;
    let column =
        ["reads", "", "sectors read", "", "writes", "", "sectors written"].iter().position(|name| *name == key)?;
    line.get(3 + column)?.parse().ok()
}

/// A column of `net/dev` of the machine's first process, or of one in the pod.
fn net_dev(shown: &Shown, thing: &Thing, key: &str) -> Option<f64> {
    let processes = fs::read_dir(shown.root.join("proc")).ok()?.flatten().map(|entry| entry.path());
    let is_in_pod = |path: &PathBuf| {
        let uids = [thing.pod.clone(), thing.pod.replace('-', "_")];
        read(&path.join("cgroup")).is_some_and(|text| uids.iter().any(|uid| text.contains(uid)))
    };
    let process = match thing.pod.as_str() {
        "" => shown.root.join("proc/1"),
        _ => processes.into_iter().filter(|path| path.join("net/dev").is_file()).find(is_in_pod)?,
    };
    let text = read(&process.join("net/dev"))?;
    let columns = text.lines().find_map(|line| line.trim_start().strip_prefix(&thing.interface)?.strip_prefix(':'))?;
    let names = [
        "rx bytes",
        "rx packets",
        "rx errs",
        "rx drop",
        "",
        "",
        "",
        "",
        "tx bytes",
        "tx packets",
        "tx errs",
        "tx drop",
    ];
    columns.split_whitespace().nth(names.iter().position(|name| *name == key)?)?.parse().ok()
}

/// What statfs(2) says of a device's mount; the recording has bytes in place of blocks.
fn statfs(shown: &Shown, device: &str, key: &str) -> Option<f64> {
    let answers: Json = serde_json::from_str(&read(&shown.root.join("statfs.json"))?).ok()?;
    let table = read(&shown.root.join("proc/1/mountinfo"))?;
    let mounts = table.lines().filter(|line| line.split(' ').any(|word| word == device));
    let answer = mounts.filter_map(|line| answers.get(line.split(' ').nth(4)?)).next()?;
    let member = match key {
        "f_frsize" => return Some(1.0),
        "f_blocks" => "capacity",
        "f_bfree" => "free",
        "f_bavail" => "available",
        "f_files" => "inodes",
        "f_ffree" => "inodes_free",
        _ => return None,
    };
    answer[member].as_f64()
}

fn named<'a>(list: &'a Json, name: &str) -> Option<&'a Json> {
    list.as_array()?.iter().find(|item| item["name"] == name)
}

fn walk<'a>(from: &'a Json, path: &str) -> &'a Json {
    path.split('.').fold(from, |at, member| &at[member])
}

/// A Kubernetes quantity.
fn quantity(value: &Json) -> Option<f64> {
    let text = value.as_str()?;
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let factor = match &text[digits.len()..] {
        "" => 1.0,
        "m" => 0.001,
        "Ki" => 1024.0,
        "Mi" => 1024.0 * 1024.0,
        "Gi" => 1024.0 * 1024.0 * 1024.0,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        _ => return None,
    };
    Some(digits.parse::<f64>().ok()? * factor)
}
