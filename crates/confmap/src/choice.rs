//! [`choice!`](crate::choice!): options that take one of a few words.

/// Declares an option type that takes one of a few words.
///
/// ```
/// confmap::choice! {
///     /// What runs the containers.
///     pub enum Orchestrator {
///         /// Kubernetes; of the other word a fault says that this one is meant.
///         #[meant("gke")]
///         Eks = "eks",
///         /// An ECS agent; the second spelling is accepted too.
///         Ecs = "ecs" | "ECS",
///     }
/// }
/// assert_eq!(Orchestrator::parse("ECS"), Some(Orchestrator::Ecs));
/// assert_eq!(Orchestrator::Ecs.as_str(), "ecs");
///
/// confmap::choice! {
///     /// A level, whose words, written in small letters here, are taken in any case.
///     pub enum Level(any_case) {
///         /// Everything.
///         Debug = "debug",
///     }
/// }
/// assert_eq!(Level::parse("DEBUG"), Some(Level::Debug));
/// ```
///
/// Generates the enum (`Debug`, `Clone`, `Copy`, `PartialEq`, `Eq`, `PartialOrd`, `Ord`, `Hash`), `ALL`, `parse`,
/// `as_str`, `about` (each word with its doc comment), `Display` and [`Decode`](crate::Decode).
#[macro_export]
macro_rules! choice {
    (
        $( #[$($attribute:tt)*] )*
        $visibility:vis enum $name:ident $( ($case:ident) )? {
            $(
                $( #[doc = $doc:literal] )*
                $( #[meant($($meant:literal),+)] )?
                $variant:ident = $text:literal $( | $alias:literal )*
            ),+ $(,)?
        }
    ) => {
        $( #[$($attribute)*] )*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $visibility enum $name {
            $( $( #[doc = $doc] )* $variant, )+
        }

        impl $name {
            /// Every choice, in the order of declaration.
            #[allow(dead_code, reason = "what one component has no use for another has")]
            pub const ALL: &'static [Self] = &[$( Self::$variant ),+];

            /// The choice a word stands for; `None` of any other word.
            #[allow(dead_code, reason = "what one component has no use for another has")]
            pub fn parse(text: &str) -> ::core::option::Option<Self> {
                $( let $case = text.to_lowercase(); let text = $case.as_str(); )?
                match text {
                    $( $text $( | $alias )* => ::core::option::Option::Some(Self::$variant), )+
                    _ => ::core::option::Option::None,
                }
            }

            /// The word for the choice.
            #[allow(dead_code, reason = "what one component has no use for another has")]
            pub fn as_str(self) -> &'static str {
                match self {
                    $( Self::$variant => $text, )+
                }
            }

            /// Every word with its doc comment, for the documentation.
            #[allow(dead_code, reason = "what one component has no use for another has")]
            pub fn about() -> ::std::vec::Vec<(&'static str, ::std::string::String)> {
                ::std::vec![$( ($text, $crate::support::doc_text(&[$($doc),*])) ),+]
            }
        }

        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::Decode for $name {
            fn decode(
                node: &$crate::Node,
                path: &str,
                faults: &mut $crate::Faults,
            ) -> ::core::option::Option<Self> {
                let meant: &[(&str, &str)] = &[$( $( $( ($meant, $text), )+ )? )+];
                $crate::choice_support::decode(node, path, faults, Self::parse, &[$( $text ),+], meant)
            }

            fn type_name() -> ::std::string::String {
                ::std::format!("one of {}", [$( $text ),+].join(", "))
            }

            fn show_default(&self) -> ::std::string::String {
                self.as_str().into()
            }

            fn from_words() -> bool {
                true
            }
        }
    };
}

/// What the code that [`choice!`](crate::choice!) writes calls; not meant to be called by hand.
#[doc(hidden)]
pub mod choice_support {
    use crate::fault::Faults;
    use crate::node::Node;
    use crate::suggest::did_you_mean;

    /// The choice a node's text stands for, or a fault that lists the words.
    pub fn decode<T>(
        node: &Node,
        path: &str,
        faults: &mut Faults,
        parse: fn(&str) -> Option<T>,
        words: &[&str],
        meant: &[(&str, &str)],
    ) -> Option<T> {
        let value = node.text().and_then(parse);
        if value.is_none() && !faults.is_full() {
            let close = node.text().map_or_else(String::new, |text| {
                let other = meant.iter().find(|(word, _)| word.eq_ignore_ascii_case(text));
                other.map_or_else(|| did_you_mean(text, words), |(_, word)| format!("; did you mean {word:?}?"))
            });
            let words = words.join(", ");
            faults.at(path, node, format!("expected one of {words}, found {}{close}", node.describe()));
        } else if value.is_none() {
            faults.at(path, node, "unknown word");
        }
        value
    }
}
