//! Names of groups and streams as the service takes them.

use std::borrow::Cow;

/// Characters of a name.
pub const MAX_NAME_CHARS: usize = 512;

/// Why a name can't be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameFault {
    /// No character.
    #[error("is empty")]
    Empty,
    /// More than [`MAX_NAME_CHARS`].
    #[error("is longer than {MAX_NAME_CHARS} characters")]
    TooLong,
    /// A character the service doesn't take.
    #[error("holds {0:?}")]
    Character(char),
    /// A group's name that begins with `aws/`.
    #[error("begins with \"aws/\"")]
    Reserved,
}

fn fits_group(char: char) -> bool {
    char.is_ascii_alphanumeric() || matches!(char, '_' | '-' | '/' | '.' | '#')
}

fn fits_stream(char: char) -> bool {
    // Control characters could not be seen in any console, and the service takes none of them for certain.
    !matches!(char, ':' | '*') && !char.is_control()
}

/// Why a group can't have this name; `None` where it can.
pub fn group_fault(name: &str) -> Option<NameFault> {
    if name.starts_with("aws/") {
        return Some(NameFault::Reserved);
    }
    fault(name, fits_group)
}

/// Why a stream can't have this name; `None` where it can.
pub fn stream_fault(name: &str) -> Option<NameFault> {
    fault(name, fits_stream)
}

fn fault(name: &str, fits: impl Fn(char) -> bool) -> Option<NameFault> {
    if name.is_empty() {
        return Some(NameFault::Empty);
    }
    if name.chars().count() > MAX_NAME_CHARS {
        return Some(NameFault::TooLong);
    }
    name.chars().find(|char| !fits(*char)).map(NameFault::Character)
}

/// The nearest name a group can have: others' characters become `_`, what is too long is cut. Empty becomes `_`.
pub fn clean_group(name: &str) -> Cow<'_, str> {
    match group_fault(name) {
        None => Cow::Borrowed(name),
        Some(NameFault::Reserved) => clean(&format!("/{name}"), fits_group).into(),
        Some(_) => clean(name, fits_group).into(),
    }
}

/// The nearest name a stream can have, by the same rules.
pub fn clean_stream(name: &str) -> Cow<'_, str> {
    if stream_fault(name).is_none() { Cow::Borrowed(name) } else { clean(name, fits_stream).into() }
}

fn clean(name: &str, fits: impl Fn(char) -> bool) -> String {
    if name.is_empty() {
        return "_".to_owned();
    }
    name.chars().take(MAX_NAME_CHARS).map(|char| if fits(char) { char } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_of_the_service_are_kept_and_others_made_to_fit() {
        let check = |name: &str, group: &str, stream: &str| {
            assert_eq!((&*clean_group(name), &*clean_stream(name)), (group, stream));
        };
        check(
            "/aws/containerinsights/c/performance",
            "/aws/containerinsights/c/performance",
            "/aws/containerinsights/c/performance",
        );
        check("a:b*c", "a_b_c", "a_b_c");
        check("{ClusterName}", "_ClusterName_", "{ClusterName}");
        check("aws/x", "/aws/x", "aws/x");
        check("", "_", "_");
        check("Knoten-ä", "Knoten-_", "Knoten-ä");
    }

    proptest! {
        #[test]
        fn a_cleaned_name_is_always_good(name in ".{0,600}") {
            prop_assert_eq!(group_fault(&clean_group(&name)), None);
            prop_assert_eq!(stream_fault(&clean_stream(&name)), None);
        }
    }
}
