//! What the documentation says of an option.

/// One option, for the documentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionDoc {
    /// The key.
    pub key: &'static str,
    /// The type in a word or two.
    pub type_name: String,
    /// The default as one would write it; empty where the option is absent by default, and for blocks.
    pub default: String,
    /// The doc comment, lines parted by line feeds.
    pub doc: String,
    /// Why the option is accepted without having an effect; `None` where it has one.
    pub accepted: Option<&'static str>,
    /// The options inside, where the option is a block or holds blocks.
    pub nested: Vec<OptionDoc>,
}
