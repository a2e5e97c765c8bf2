//! What CloudWatch takes: the limits of the embedded metric format, and of metric data. Those of
//! CloudWatch Logs are in `aws::logs::limits`.

/// Metric definitions of one directive.
pub const METRICS_OF_DIRECTIVE: usize = 100;
/// Names of one dimension set.
pub const DIMENSIONS_OF_SET: usize = 30;
/// Characters of a dimension's name.
pub const DIMENSION_NAME: usize = 250;
/// Characters of a dimension's value.
pub const DIMENSION_VALUE: usize = 1024;
/// Characters of a metric's name.
pub const METRIC_NAME: usize = 255;
/// Characters of a namespace.
pub const NAMESPACE: usize = 255;
/// How far from zero a metric's value may lie: 2 to the power of 360.
pub const METRIC_VALUE: f64 = 2.348_542_582_773_833_2e108;

/// Bytes that the values of an event's attributes may take where the event is too large: half of it, so that the rest is the
/// metrics'.
pub const ATTRIBUTES_OF_LARGE_EVENT: usize = aws::logs::limits::MAX_EVENT_BYTES / 2;

/// Whether CloudWatch takes a text as a dimension's name or value, its length aside: ASCII without control characters, not
/// blank, no colon before it (`Dimension` in the CloudWatch API reference).
#[must_use]
pub fn is_dimension_text(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.iter().all(|byte| matches!(byte, b' '..=b'~'))
        && bytes.first().is_some_and(|first| *first != b':')
        && bytes.iter().any(|byte| *byte != b' ')
}

/// Why a namespace would be refused; `None` where it is one.
#[must_use]
pub fn namespace_fault(namespace: &str) -> Option<&'static str> {
    if namespace.is_empty() {
        Some("is empty")
    } else if namespace.chars().count() > NAMESPACE {
        Some("is longer than 255 characters")
    } else if namespace.starts_with(':') {
        Some("begins with a colon")
    } else if namespace.starts_with("AWS/") {
        Some("begins with AWS/, which is reserved")
    } else if !namespace.chars().all(is_namespace_character) {
        Some("has characters other than letters, digits, space and ._/#:-")
    } else {
        None
    }
}

/// The namespace nearest to `text`: characters that are not allowed become `_`.
#[must_use]
pub fn to_namespace(text: &str) -> String {
    let mut namespace: String = text
        .chars()
        .take(NAMESPACE)
        .map(|character| if is_namespace_character(character) { character } else { '_' })
        .collect();
    if namespace.starts_with(':') {
        namespace.replace_range(..1, "_");
    }
    if namespace.starts_with("AWS/") {
        namespace.replace_range(3..4, "_");
    }
    namespace
}

fn is_namespace_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || " ._/#:-".contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_value_is_a_power_of_two() {
        assert_eq!(METRIC_VALUE, 2f64.powi(360));
    }

    #[test]
    fn a_dimension_is_ascii() {
        for good in ["prod", "a b", " a", "a:b", "~!\"", "x"] {
            assert!(is_dimension_text(good), "{good}");
        }
        for bad in ["", " ", "   ", ":prod", "größe-prod", "prod\tx", "a\nb", "a\u{7f}", "a\u{a0}b", "\u{200b}"] {
            assert!(!is_dimension_text(bad), "{bad}");
        }
    }

    #[test]
    fn what_became_a_namespace_has_no_fault() {
        for text in ["ContainerInsights", "ECS/ContainerInsights", "AWS/Mine", ":x", "shop/täglich", &"x".repeat(300)]
        {
            assert_eq!(namespace_fault(&to_namespace(text)), None, "{text}");
        }
        assert_eq!(to_namespace("shop/web"), "shop/web");
        assert_eq!(to_namespace("AWS/Mine"), "AWS_Mine");
    }
}
