//! Which disk a device is on, by its name alone: for devices that this machine's sysfs doesn't know, such as the name under
//! which EC2's API attaches a volume.

/// Beginnings of the names of disks that are letters, as the kernel's drivers give them (Documentation/admin-guide/
/// devices.txt): SCSI, Xen, virtio, IDE.
const LETTERED: [&str; 4] = ["sd", "xvd", "vd", "hd"];
/// Beginnings of the names of disks that end with a digit, so that `p` stands before a partition's number.
const NUMBERED: [&str; 2] = ["nvme", "mmcblk"];

/// The name of the disk that a device is, or is a partition of, without `/dev/`: `nvme1n1` for `/dev/nvme1n1p1`, `xvda` for
/// `xvda1`, `xvdaa` for `xvdaa`.
///
/// `None` for a name that no disk has: device-mapper's, a loop device's, a link below `/dev`. [`super::whole_disk`] knows
/// better where the device is this machine's own.
pub fn whole_disk_name(device: &str) -> Option<&str> {
    let name = device.strip_prefix("/dev/").unwrap_or(device);
    let without_digits = name.trim_end_matches(|last: char| last.is_ascii_digit());
    if let Some(letters) = LETTERED.iter().find_map(|prefix| without_digits.strip_prefix(prefix)) {
        let is_disk = !letters.is_empty() && letters.bytes().all(|byte| byte.is_ascii_lowercase());
        return is_disk.then_some(without_digits);
    }
    let numbers = NUMBERED.iter().find_map(|prefix| name.strip_prefix(prefix))?;
    let partition =
        without_digits.strip_suffix('p').filter(|disk| without_digits.len() < name.len() && ends_in_digit(disk));
    let disk = partition.unwrap_or(name);
    let is_nvme = name.starts_with("nvme");
    let own = &numbers[..numbers.len() - (name.len() - disk.len())];
    // A controller alone, `nvme0`, is no disk.
    let is_disk = if is_nvme {
        own.split_once('n').is_some_and(|(controller, namespace)| is_number(controller) && is_number(namespace))
    } else {
        is_number(own)
    };
    is_disk.then_some(disk)
}

fn ends_in_digit(text: &str) -> bool {
    text.ends_with(|last: char| last.is_ascii_digit())
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(device: &str, disk: Option<&str>) {
        assert_eq!(whole_disk_name(device), disk, "{device}");
        assert_eq!(whole_disk_name(&format!("/dev/{device}")), disk, "/dev/{device}");
    }

    #[test]
    fn a_partition_is_on_its_own_disk_and_a_disk_on_itself() {
        for (device, disk) in [
            ("nvme1n1p1", "nvme1n1"),
            ("nvme1n1", "nvme1n1"),
            ("nvme1n10", "nvme1n10"),
            ("nvme1n10p128", "nvme1n10"),
            ("nvme10n1", "nvme10n1"),
            ("xvda1", "xvda"),
            ("xvda", "xvda"),
            ("xvdaa", "xvdaa"),
            ("xvdaa1", "xvdaa"),
            ("sda1", "sda"),
            ("sdf", "sdf"),
            ("sdaa", "sdaa"),
            ("vda1", "vda"),
            ("hdc", "hdc"),
            ("mmcblk0p2", "mmcblk0"),
            ("mmcblk0", "mmcblk0"),
        ] {
            check(device, Some(disk));
        }
    }

    #[test]
    fn what_no_disk_is_named_is_on_none() {
        for device in [
            "",
            "p1",
            "1",
            "dm-0",
            "mapper/data",
            "md0",
            "loop0p1",
            "zram0",
            "nvme0",
            "nvme0n",
            "nvmen1",
            "nvme0n1p",
            "nvme0n1x1",
            "nvme0n1p1p1",
            "sd",
            "sd1",
            "sda1p1",
            "sdA",
            "xvd1",
            "mmcblk",
            "mmcblk0boot0",
            "root",
            "sda/1",
            "disk/by-id/nvme-Amazon",
            "nvme-subsys0",
        ] {
            check(device, None);
        }
    }

    proptest! {
        #[test]
        fn any_name_is_survived(device in ".{0,20}", likely in "(/dev/)?(nvme|xvd|sd|mmcblk)[a-z0-9]{0,8}") {
            let _ = whole_disk_name(&device);
            if let Some(disk) = whole_disk_name(&likely) {
                prop_assert_eq!(whole_disk_name(disk), Some(disk));
            }
        }

        #[test]
        fn every_partition_leads_back_to_its_disk(
            disk in "nvme[0-9]{1,3}n[1-9][0-9]{0,2}|xvd[a-z]{1,2}|sd[a-z]{1,2}", number in 1_u8..=128,
        ) {
            let separator = if ends_in_digit(&disk) { "p" } else { "" };
            let device = format!("{disk}{separator}{number}");
            prop_assert_eq!(whole_disk_name(&device), Some(&*disk));
        }
    }
}
