//! [`config!`](crate::config!): a component's options, their defaults and their documentation in one place.

/// Declares the options of a component or block as a struct.
///
/// ```
/// use std::time::Duration;
/// confmap::config! {
///     /// First line of the component's page.
///     #[derive(Debug, Clone, PartialEq)]
///     pub struct Config {
///         /// How often to read.
///         pub collection_interval: Duration = Duration::from_secs(60),
///         /// Attempts at instance metadata.
///         #[accepted("EC2 tags follow with cloud metadata")]
///         pub imds_retries: u32 = 0,
///         /// A key that is a word of Rust.
///         #[key("type")]
///         pub kind: String = String::new(),
///     }
/// }
/// let options = Config::options();
/// assert_eq!((options[0].key, options[0].default.as_str()), ("collection_interval", "1m"));
/// assert_eq!(options[2].key, "type");
/// ```
///
/// Generates the struct, `Default`, [`Decode`](crate::Decode) (a body without a value is all defaults, a key that is
/// not there is a fault), and the functions `about`, `options` and `accepted_keys_written`. Each field has its default
/// behind `=`; above it stand its doc comment, then optionally `#[accepted("reason")]`, then `#[key("spelling")]`, in
/// this order. A nested block is a field whose type is declared by `config!` as well.
#[macro_export]
macro_rules! config {
    (
        $( #[$($attribute:tt)*] )*
        $visibility:vis struct $name:ident {
            $(
                $( #[doc = $doc:literal] )*
                $( #[accepted($accepted:literal)] )?
                $( #[key($key:literal)] )?
                $field_visibility:vis $field:ident : $type:ty = $default:expr
            ),* $(,)?
        }
    ) => {
        $( #[$($attribute)*] )*
        $visibility struct $name {
            $( $( #[doc = $doc] )* $field_visibility $field: $type, )*
        }

        impl ::core::default::Default for $name {
            fn default() -> Self {
                Self { $( $field: $default, )* }
            }
        }

        impl $name {
            /// Every option, for the documentation.
            #[allow(dead_code, reason = "what one component has no use for another has")]
            pub fn options() -> ::std::vec::Vec<$crate::OptionDoc> {
                <Self as $crate::Decode>::nested_options()
            }

            /// The keys written below `node` that have no effect, each with the reason; paths begin below the node.
            #[allow(dead_code, reason = "what one component has no use for another has")]
            pub fn accepted_keys_written(node: &$crate::Node) -> ::std::vec::Vec<(::std::string::String, &'static str)> {
                let mut written = ::std::vec::Vec::new();
                <Self as $crate::Decode>::accepted_written(node, "", &mut written);
                written
            }
        }

        impl $crate::Decode for $name {
            #[allow(unused_mut, reason = "a block without options stays as it is")]
            fn decode(
                node: &$crate::Node,
                path: &str,
                faults: &mut $crate::Faults,
            ) -> ::core::option::Option<Self> {
                let before = faults.len();
                let mut config = <Self as ::core::default::Default>::default();
                for entry in $crate::support::block_entries(node, path, faults) {
                    $(
                        if entry.key == $crate::__key!($field $($key)?) {
                            $crate::support::assign(&mut config.$field, entry, path, faults);
                            continue;
                        }
                    )*
                    $crate::support::unknown_key(entry, path, &[$( $crate::__key!($field $($key)?) ),*], faults);
                }
                (faults.len() == before).then_some(config)
            }

            fn type_name() -> ::std::string::String {
                "block".into()
            }

            fn show_default(&self) -> ::std::string::String {
                ::std::string::String::new()
            }

            fn about() -> ::std::string::String {
                $crate::support::doc_text($crate::__doc_lines!(@ [] $( [$($attribute)*] )*))
            }

            fn nested_options() -> ::std::vec::Vec<$crate::OptionDoc> {
                #[allow(unused_variables, reason = "a block without options has none to look at")]
                let defaults = <Self as ::core::default::Default>::default();
                ::std::vec![$(
                    $crate::OptionDoc {
                        key: $crate::__key!($field $($key)?),
                        type_name: <$type as $crate::Decode>::type_name(),
                        default: <$type as $crate::Decode>::show_default(&defaults.$field),
                        doc: $crate::support::doc_text(&[$($doc),*]),
                        accepted: $crate::__accepted!($($accepted)?),
                        nested: <$type as $crate::Decode>::nested_options(),
                    }
                ),*]
            }

            #[allow(unused_variables, reason = "a block without options has none to look at")]
            fn accepted_written(
                node: &$crate::Node,
                path: &str,
                written: &mut ::std::vec::Vec<(::std::string::String, &'static str)>,
            ) {
                $(
                    $crate::support::note_accepted::<$type>(
                        node, path, $crate::__key!($field $($key)?), $crate::__accepted!($($accepted)?), written,
                    );
                )*
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __key {
    ($field:ident) => {
        ::core::stringify!($field)
    };
    ($field:ident $key:literal) => {
        $key
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __accepted {
    () => {
        ::core::option::Option::None
    };
    ($reason:literal) => {
        ::core::option::Option::Some($reason)
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __doc_lines {
    (@ [$($line:literal,)*]) => { &[$($line),*] };
    (@ [$($line:literal,)*] [doc = $next:literal] $($rest:tt)*) => {
        $crate::__doc_lines!(@ [$($line,)* $next,] $($rest)*)
    };
    (@ [$($line:literal,)*] [$($other:tt)*] $($rest:tt)*) => {
        $crate::__doc_lines!(@ [$($line,)*] $($rest)*)
    };
}

/// What the code that [`config!`](crate::config!) writes calls; not meant to be called by hand.
#[doc(hidden)]
pub mod support {
    use crate::decode::{Decode, mismatch};
    use crate::fault::{Fault, Faults};
    use crate::node::{Entry, Map, Node, Value, join, quote};
    use crate::suggest;

    /// The entries of a block; none of one without a body, and none, with a fault, of anything but a map.
    pub fn block_entries<'a>(node: &'a Node, path: &str, faults: &mut Faults) -> &'a [Entry] {
        match &node.value {
            Value::Map(map) => map.entries(),
            Value::Null => &[],
            _ => {
                mismatch(node, path, faults, "a map of options");
                &[]
            }
        }
    }

    /// Sets a field from an entry; a key without a value keeps the default.
    pub fn assign<T: Decode>(field: &mut T, entry: &Entry, path: &str, faults: &mut Faults) {
        let value = if entry.value.is_null() {
            T::of_null(&entry.value)
        } else {
            T::decode(&entry.value, &join(path, &entry.key), faults)
        };
        if let Some(value) = value {
            *field = value;
        }
    }

    /// Adds the fault of a key that is not there.
    pub fn unknown_key(entry: &Entry, path: &str, known: &[&str], faults: &mut Faults) {
        // No suggestion is computed for a fault that is not shown.
        let meant = if faults.is_full() { String::new() } else { suggest::did_you_mean(&entry.key, known) };
        let location = Some(entry.location.clone());
        // A key that stood in a variable or a file may be a secret as well as a value.
        let (path, message) = match &entry.value.written {
            Some(written) => (path.to_owned(), format!("unknown key within the value of {}{meant}", quote(written))),
            None => (join(path, &entry.key), format!("unknown key{meant}")),
        };
        faults.push(Fault { path, location, message });
    }

    /// Notes a written key that has no effect, and those inside its block.
    pub fn note_accepted<T: Decode>(
        node: &Node,
        path: &str,
        key: &str,
        reason: Option<&'static str>,
        written: &mut Vec<(String, &'static str)>,
    ) {
        let Some(value) = node.as_map().and_then(|map: &Map| map.get(key)) else { return };
        let path = join(path, key);
        match reason {
            Some(reason) => written.push((path, reason)),
            None => T::accepted_written(value, &path, written),
        }
    }

    /// The text of a doc comment from its lines.
    pub fn doc_text(lines: &[&str]) -> String {
        let lines: Vec<&str> = lines.iter().map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end()).collect();
        lines.join("\n").trim().to_owned()
    }
}
