//! The families of regions and the host names in them.
//!
//! Follows the `partitions.json` that AWS publishes for its SDKs: names of regions, DNS suffixes, FIPS and dual-stack.

/// A family of regions with its own accounts and host names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partition {
    /// As in an ARN: `aws`, `aws-cn`, …
    pub name: &'static str,
    /// What a host name ends in.
    pub suffix: &'static str,
    /// What a host name with IPv6 ends in; `None` where there are none.
    pub dual_stack_suffix: Option<&'static str>,
}

/// Which of a service's endpoints is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Variant {
    /// Validated by FIPS 140.
    pub fips: bool,
    /// With IPv6.
    pub dual_stack: bool,
}

const fn partition(name: &'static str, suffix: &'static str, dual_stack_suffix: Option<&'static str>) -> Partition {
    Partition { name, suffix, dual_stack_suffix }
}

/// By the start of a region's name; the last row takes all others.
const PARTITIONS: &[(&str, Partition)] = &[
    ("cn-", partition("aws-cn", "amazonaws.com.cn", Some("api.amazonwebservices.com.cn"))),
    ("us-gov-", partition("aws-us-gov", "amazonaws.com", Some("api.aws"))),
    ("us-iso-", partition("aws-iso", "c2s.ic.gov", Some("api.aws.ic.gov"))),
    ("us-isob-", partition("aws-iso-b", "sc2s.sgov.gov", Some("api.aws.scloud"))),
    ("us-isof-", partition("aws-iso-f", "csp.hci.ic.gov", Some("api.aws.hci.ic.gov"))),
    ("eu-isoe-", partition("aws-iso-e", "cloud.adc-e.uk", Some("api.cloud-aws.adc-e.uk"))),
    ("eusc-", partition("aws-eusc", "amazonaws.eu", Some("api.amazonwebservices.eu"))),
    ("", partition("aws", "amazonaws.com", Some("api.aws"))),
];

impl Partition {
    /// The partition a region is in; one that is not known yet counts as `aws`.
    pub fn of(region: &str) -> Partition {
        let found = PARTITIONS.iter().find(|(start, _)| region.starts_with(start));
        found.map_or(PARTITIONS[PARTITIONS.len() - 1].1, |(_, partition)| *partition)
    }

    /// The base URL of a service, such as `https://logs.eu-west-1.amazonaws.com`.
    pub fn endpoint(self, service: &str, region: &str, variant: Variant) -> String {
        // In GovCloud the ordinary endpoints of our services are the validated ones; those with IPv6 have names of their own.
        let ordinary = self.name == "aws-us-gov" && !variant.dual_stack;
        let fips = if variant.fips && !ordinary { "-fips" } else { "" };
        let suffix = if variant.dual_stack { self.dual_stack_suffix.unwrap_or(self.suffix) } else { self.suffix };
        format!("https://{service}{fips}.{region}.{suffix}")
    }
}

/// Why this can't be a region's name; `None` where it can.
pub fn region_fault(name: &str) -> Option<&'static str> {
    (!is_region_name(name)).then_some("can't be the name of a region, such as eu-west-1")
}

/// Whether this can be a region's name: what becomes part of a host name must not hold anything else.
pub(crate) fn is_region_name(name: &str) -> bool {
    (1..=63).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(region: &str, fips: bool, dual_stack: bool, expected: &str) {
        assert_eq!(Partition::of(region).endpoint("logs", region, Variant { fips, dual_stack }), expected);
    }

    #[test]
    fn every_partition_has_its_host_names() {
        check("eu-west-1", false, false, "https://logs.eu-west-1.amazonaws.com");
        check("us-east-1", true, false, "https://logs-fips.us-east-1.amazonaws.com");
        check("us-east-1", false, true, "https://logs.us-east-1.api.aws");
        check("us-east-1", true, true, "https://logs-fips.us-east-1.api.aws");
        check("us-gov-west-1", false, false, "https://logs.us-gov-west-1.amazonaws.com");
        check("us-gov-west-1", true, false, "https://logs.us-gov-west-1.amazonaws.com");
        check("us-gov-west-1", true, true, "https://logs-fips.us-gov-west-1.api.aws");
        check("cn-north-1", false, false, "https://logs.cn-north-1.amazonaws.com.cn");
        check("us-iso-east-1", false, false, "https://logs.us-iso-east-1.c2s.ic.gov");
        check("us-isob-east-1", false, false, "https://logs.us-isob-east-1.sc2s.sgov.gov");
        check("us-isof-south-1", false, false, "https://logs.us-isof-south-1.csp.hci.ic.gov");
        check("eu-isoe-west-1", false, false, "https://logs.eu-isoe-west-1.cloud.adc-e.uk");
        check("eusc-de-east-1", false, false, "https://logs.eusc-de-east-1.amazonaws.eu");
        check("mars-north-9", false, false, "https://logs.mars-north-9.amazonaws.com");
    }

    /// Service, region, FIPS, dual-stack and URL, as the endpoint rules resolve that AWS publishes with botocore 1.44.8.
    const RESOLVED: &str = include_str!("partition/endpoints.txt");

    #[test]
    fn endpoints_are_those_of_awss_own_rules() {
        let mut checked = 0;
        for line in RESOLVED.lines() {
            let parts: Vec<&str> = line.split(' ').collect();
            let [service, region, fips, dual_stack, url] = parts[..] else { panic!("{line}") };
            // Of STS the credential chain asks, by rules of its own.
            if service != "sts" {
                let variant = Variant { fips: fips == "1", dual_stack: dual_stack == "1" };
                assert_eq!(Partition::of(region).endpoint(service, region, variant), url, "{line}");
                checked += 1;
            }
        }
        assert_eq!(checked, 96);
    }

    #[test]
    fn a_region_that_would_change_the_host_is_none() {
        for good in ["eu-west-1", "us-isob-east-1", "local"] {
            assert!(is_region_name(good), "{good}");
        }
        for bad in ["", "evil.example/", "EU-WEST-1", "a b", "-a", "a@b", &"a".repeat(64)] {
            assert!(!is_region_name(bad), "{bad}");
        }
    }
}
