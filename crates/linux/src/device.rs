//! Numbers by which the kernel knows a block device or a file system without one.

use std::fmt;

use crate::text::number;

/// A device's major and minor number, written `major:minor`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceNumber {
    /// The driver's number; 0 for file systems without a device.
    pub major: u32,
    /// The driver's number for this device.
    pub minor: u32,
}

impl DeviceNumber {
    /// Reads `major:minor`; `None` if the text is anything else.
    pub fn parse(text: &[u8]) -> Option<DeviceNumber> {
        let colon = text.iter().position(|&byte| byte == b':')?;
        let part = |bytes| number(bytes).and_then(|value| u32::try_from(value).ok());
        Some(DeviceNumber { major: part(&text[..colon])?, minor: part(&text[colon + 1..])? })
    }

    /// From the combined number in `st_dev`.
    pub(crate) fn from_raw(device: u64) -> DeviceNumber {
        DeviceNumber { major: rustix::fs::major(device), minor: rustix::fs::minor(device) }
    }
}

impl fmt::Display for DeviceNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_device_number_is_two_numbers_and_a_colon() {
        assert_eq!(DeviceNumber::parse(b"259:3\n"), Some(DeviceNumber { major: 259, minor: 3 }));
        for bad in ["", ":", "8:", ":0", "8:0:1", "8:-1", "8:4294967296", "sda"] {
            assert_eq!(DeviceNumber::parse(bad.as_bytes()), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(major: u32, minor: u32) {
            let device = DeviceNumber { major, minor };
            prop_assert_eq!(DeviceNumber::parse(device.to_string().as_bytes()), Some(device));
        }

        #[test]
        fn any_bytes_are_survived(text: Vec<u8>) {
            let _ = DeviceNumber::parse(&text);
        }
    }
}
