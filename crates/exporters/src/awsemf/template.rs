//! Names of log groups and log streams with placeholders: `/aws/containerinsights/{ClusterName}/performance`.

use aws::logs::names::{MAX_NAME_CHARS, fits_group, fits_stream};
use confmap::{Decode, Faults, Node};
use model::{Attributes, Text};

/// The placeholders, each with the attributes that stand for it, the first before the second.
pub const PLACEHOLDERS: &[(&str, &[&str])] = &[
    ("ClusterName", &["ClusterName", "aws.ecs.cluster.name"]),
    ("TaskId", &["TaskId", "aws.ecs.task.id"]),
    ("NodeName", &["NodeName", "k8s.node.name"]),
    ("PodName", &["PodName", "pod"]),
    ("ServiceName", &["ServiceName", "service.name"]),
    ("ContainerInstanceId", &["ContainerInstanceId", "aws.ecs.container.instance.id"]),
    ("TaskDefinitionFamily", &["TaskDefinitionFamily", "aws.ecs.task.family"]),
    ("JobName", &["JobName", "job"]),
    ("InstanceId", &["InstanceId", "host.id"]),
    ("Namespace", &["Namespace", "k8s.namespace.name"]),
    ("Region", &["Region", "region", "cloud.region"]),
];

/// What a placeholder becomes while nothing stands for it.
pub const UNDEFINED: &str = "undefined";

/// The name of a log group or log stream, with placeholders.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Template {
    text: Text,
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Literal(Text),
    Placeholder(&'static [&'static str]),
}

/// What a name is for, which decides about its characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A log group: letters, digits and `_-/.#`.
    Group,
    /// A log stream: anything but `:` and `*`.
    Stream,
}

impl Template {
    /// Reads a name with placeholders.
    ///
    /// # Errors
    ///
    /// The word between braces that is no placeholder.
    pub fn parse(text: &str) -> Result<Self, UnknownPlaceholder> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, token, after)) = next_token(rest) {
            let Some((_, attributes)) = PLACEHOLDERS.iter().find(|(name, _)| *name == token) else {
                return Err(UnknownPlaceholder { token: token.to_owned() });
            };
            if !before.is_empty() {
                pieces.push(Piece::Literal(before.into()));
            }
            pieces.push(Piece::Placeholder(attributes));
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Literal(rest.into()));
        }
        Ok(Self { text: text.into(), pieces })
    }

    /// The name as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether nothing was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Appends the name with its placeholders replaced, first from `common`, then from `own` attributes; an attribute
    /// with an empty value doesn't count.
    ///
    /// Characters the role doesn't allow become `_`; longer names are cut. Says whether every placeholder found its
    /// value; where one didn't, [`UNDEFINED`] stands for it.
    pub fn resolve(&self, role: Role, common: &Attributes, own: &Attributes, name: &mut String) -> bool {
        let start = name.len();
        let mut resolved = true;
        for piece in &self.pieces {
            let text = match piece {
                Piece::Literal(text) => text,
                Piece::Placeholder(attributes) => {
                    look_up(attributes, common).or_else(|| look_up(attributes, own)).unwrap_or_else(|| {
                        resolved = false;
                        UNDEFINED
                    })
                }
            };
            append(role, text, name);
        }
        if let Some((end, _)) = name[start..].char_indices().nth(MAX_NAME_CHARS) {
            name.truncate(start + end);
        }
        resolved
    }
}

/// Appends a text, with `_` for each character the role doesn't allow.
pub(crate) fn append(role: Role, text: &str, name: &mut String) {
    let allowed = match role {
        Role::Group => fits_group,
        Role::Stream => fits_stream,
    };
    name.extend(text.chars().map(|character| if allowed(character) { character } else { '_' }));
}

// The first name that is there decides, even with an empty value, as the Go exporter has it.
fn look_up<'a>(names: &[&str], attributes: &'a Attributes) -> Option<&'a str> {
    names.iter().find_map(|name| attributes.get(name)).map(|value| &**value).filter(|value| !value.is_empty())
}

/// The text before the next token in braces, the token, and the text after it.
fn next_token(text: &str) -> Option<(&str, &str, &str)> {
    let end = text.find('}')?;
    match text[..end].rfind('{') {
        Some(start) => Some((&text[..start], &text[start + 1..end], &text[end + 1..])),
        // A closing brace alone is an ordinary character; look behind it.
        None => {
            let (before, token, after) = next_token(&text[end + 1..])?;
            Some((&text[..end + 1 + before.len()], token, after))
        }
    }
}

/// A word between braces that is no placeholder.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown placeholder {{{token}}}{}; known are {}", meant(token), known_placeholders())]
pub struct UnknownPlaceholder {
    /// The word.
    pub token: String,
}

fn meant(token: &str) -> String {
    let known: Vec<&str> = PLACEHOLDERS.iter().map(|(name, ..)| *name).collect();
    confmap::closest(token, &known).map_or_else(String::new, |name| format!("; did you mean {{{name}}}?"))
}

fn known_placeholders() -> String {
    let names: Vec<String> = PLACEHOLDERS.iter().map(|(name, _)| format!("{{{name}}}")).collect();
    names.join(" ")
}

impl std::str::FromStr for Template {
    type Err = UnknownPlaceholder;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl Decode for Template {
    fn decode(node: &Node, path: &str, faults: &mut Faults) -> Option<Self> {
        confmap::decode_text(node, path, faults, "a name with placeholders")
    }

    fn type_name() -> String {
        "string".to_owned()
    }

    fn show_default(&self) -> String {
        format!("{:?}", self.as_str())
    }

    fn of_null(node: &Node) -> Option<Self> {
        String::of_null(node).and_then(|text| Self::parse(&text).ok())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn attributes(pairs: &[(&str, &str)]) -> Attributes {
        let mut attributes = Attributes::new();
        for (name, value) in pairs {
            attributes.insert(*name, *value);
        }
        attributes
    }

    #[track_caller]
    fn check(template: &str, role: Role, common: &[(&str, &str)], own: &[(&str, &str)], name: &str, resolved: bool) {
        let mut actual = String::new();
        let found =
            Template::parse(template).unwrap().resolve(role, &attributes(common), &attributes(own), &mut actual);
        assert_eq!((actual.as_str(), found), (name, resolved));
    }

    #[test]
    fn placeholders_are_replaced_wherever_they_stand() {
        let both = [("ClusterName", "demo"), ("NodeName", "ip-10-0-0-1.ec2.internal")];
        let group = "/aws/containerinsights/{ClusterName}/performance";
        check(group, Role::Group, &both, &[], "/aws/containerinsights/demo/performance", true);
        check(
            "{NodeName}-{ClusterName}{ClusterName}",
            Role::Stream,
            &both,
            &[],
            "ip-10-0-0-1.ec2.internal-demodemo",
            true,
        );
        check("plain", Role::Stream, &both, &[], "plain", true);
    }

    #[test]
    fn what_nothing_stands_for_is_undefined() {
        check("/x/{ClusterName}", Role::Group, &[], &[], "/x/undefined", false);
        check("/x/{ClusterName}", Role::Group, &[("ClusterName", "")], &[], "/x/undefined", false);
        check(
            "{ClusterName}",
            Role::Group,
            &[("ClusterName", ""), ("aws.ecs.cluster.name", "b")],
            &[],
            "undefined",
            false,
        );
    }

    #[test]
    fn a_cluster_really_called_undefined_is_resolved() {
        check("/x/{ClusterName}", Role::Group, &[("ClusterName", "undefined")], &[], "/x/undefined", true);
    }

    #[test]
    fn a_points_own_attributes_come_second() {
        let common = [("aws.ecs.cluster.name", "common")];
        check("{ClusterName}", Role::Group, &common, &[("ClusterName", "own")], "common", true);
        check("{ClusterName}", Role::Group, &[("ClusterName", "")], &[("ClusterName", "own")], "own", true);
    }

    #[test]
    fn characters_that_names_must_not_have_become_underscores() {
        check("/x/{ClusterName}", Role::Group, &[("ClusterName", "a:b c*é")], &[], "/x/a_b_c__", true);
        check("{NodeName}", Role::Stream, &[("NodeName", "a:b c*é\n")], &[], "a_b c_é_", true);
    }

    #[test]
    fn an_unknown_placeholder_is_an_error_and_a_lone_brace_is_none() {
        assert_eq!(Template::parse("/{ClusterName}/{Foo}").unwrap_err().token, "Foo");
        assert_eq!(Template::parse("{}").unwrap_err().token, "");
        check("a}b{NodeName}{", Role::Stream, &[("NodeName", "n")], &[], "a}bn{", true);
    }

    #[test]
    fn long_names_are_cut() {
        let long = "é".repeat(600);
        let mut name = String::new();
        Template::parse(&long).unwrap().resolve(Role::Stream, &Attributes::new(), &Attributes::new(), &mut name);
        assert_eq!(name.chars().count(), MAX_NAME_CHARS);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_and_what_is_resolved_is_allowed(text in r"[{}A-Za-z/:* é]{0,40}|\PC*") {
            if let Ok(template) = Template::parse(&text) {
                let mut name = String::new();
                template.resolve(Role::Group, &Attributes::new(), &Attributes::new(), &mut name);
                prop_assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || "_-/.#".contains(c)), "{}", name);
            }
        }
    }
}
