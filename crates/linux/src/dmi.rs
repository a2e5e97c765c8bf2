//! What the machine's firmware says about it: `/sys/class/dmi/id`, where the kernel shows the texts of SMBIOS.
//!
//! On EC2 the vendor, the instance's id and its type stand there, readable by anyone on Nitro instances.

use crate::text::owned;
use crate::{Buffer, Root};

/// The vendor of an EC2 instance.
const EC2: &str = "Amazon EC2";

/// Texts of the firmware, without blanks at their ends; `None` where there is none, or none that this process may read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dmi {
    /// Who made the machine: `sys_vendor`.
    pub sys_vendor: Option<Box<str>>,
    /// The owner's label on the board, the instance's id on EC2: `board_asset_tag`.
    pub board_asset_tag: Option<Box<str>>,
    /// What kind of machine it is, the instance's type on EC2: `product_name`.
    pub product_name: Option<Box<str>>,
}

/// Reads the texts of `<root>/sys/class/dmi/id`, or of this process's own where the root has none of its own to show
/// ([`Root::devices`]). A machine without such firmware has none of them.
pub fn read(root: &Root, buffer: &mut Buffer) -> Dmi {
    let mut text = |name: &str| {
        let text = root.devices().read(&format!("sys/class/dmi/id/{name}"), buffer).ok()?.trim_ascii();
        (!text.is_empty()).then(|| owned(text))
    };
    Dmi { sys_vendor: text("sys_vendor"), board_asset_tag: text("board_asset_tag"), product_name: text("product_name") }
}

impl Dmi {
    /// The id of the EC2 instance, such as `i-0123456789abcdef0`; `None` on any other machine, and on Xen instances, whose
    /// board has no label.
    pub fn ec2_instance_id(&self) -> Option<&str> {
        let tag = self.board_asset_tag.as_deref().filter(|_| self.is_ec2())?;
        let digits = tag.strip_prefix("i-")?.as_bytes();
        let is_hex = digits.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        (matches!(digits.len(), 8 | 17) && is_hex).then_some(tag)
    }

    /// The type of the EC2 instance, such as `m5.large`; `None` on any other machine.
    pub fn ec2_instance_type(&self) -> Option<&str> {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
        let is_type = |name: &&str| (3..=64).contains(&name.len()) && name.bytes().all(fits);
        self.product_name.as_deref().filter(|_| self.is_ec2()).filter(is_type)
    }

    fn is_ec2(&self) -> bool {
        self.sys_vendor.as_deref() == Some(EC2)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tree::Tree;

    fn check(vendor: &str, tag: &str, product: &str, id: Option<&str>, kind: Option<&str>) {
        let tree = Tree::new(&[
            ("sys/class/dmi/id/sys_vendor", vendor),
            ("sys/class/dmi/id/board_asset_tag", tag),
            ("sys/class/dmi/id/product_name", product),
        ]);
        let dmi = read(&tree.root(), &mut Buffer::new());
        assert_eq!((dmi.ec2_instance_id(), dmi.ec2_instance_type()), (id, kind), "{vendor:?} {tag:?} {product:?}");
    }

    #[test]
    fn an_ec2_instance_has_its_id_and_type() {
        let (long, short) = ("i-0abc1234def567890", "i-0abc1234");
        check("Amazon EC2\n", "i-0abc1234def567890\n", "m5.large\n", Some(long), Some("m5.large"));
        check("Amazon EC2\n", "i-0abc1234\n", "t3.micro\n", Some(short), Some("t3.micro"));
        check("Amazon EC2\n", "\n", "g4dn.metal\n", None, Some("g4dn.metal"));
        check("Amazon EC2\n", "\n", "Virtual Machine\n", None, None);
        for tag in ["0abc1234", "i-", "i-0abc12345", "i-0ABC1234", "i-0abc123g", "i-0abc1234def5678901", "No Asset Tag"]
        {
            check("Amazon EC2\n", tag, "\n", None, None);
        }
    }

    #[test]
    fn another_machine_is_no_instance() {
        for vendor in ["QEMU\n", "Xen\n", "\n", "Not Amazon EC2\n", "amazon ec2\n"] {
            check(vendor, "i-0abc1234def567890\n", "m5.large\n", None, None);
        }
    }

    #[test]
    fn a_machine_without_such_firmware_says_nothing() {
        assert_eq!(read(&Tree::new(&[("etc/hostname", "")]).root(), &mut Buffer::new()), Dmi::default());
        let tree = Tree::new(&[("sys/class/dmi/id/sys_vendor", " Amazon EC2 \n")]);
        let seen = read(&tree.root(), &mut Buffer::new());
        assert_eq!(seen, Dmi { sys_vendor: Some("Amazon EC2".into()), ..Dmi::default() });
    }

    proptest! {
        #[test]
        fn any_tag_is_survived_and_an_id_has_its_shape(tag in "(i-)?[0-9a-f]{0,20}|.{0,20}") {
            let dmi = Dmi { sys_vendor: Some(EC2.into()), board_asset_tag: Some((&*tag).into()), product_name: None };
            if let Some(id) = dmi.ec2_instance_id() {
                prop_assert!(matches!(id.len(), 10 | 19) && id.starts_with("i-"));
            }
        }
    }
}
