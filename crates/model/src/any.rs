//! Values of attributes that are no text.

use crate::Text;

/// A value as a sender gave it.
#[derive(Debug, Clone, PartialEq)]
pub enum Any {
    /// Nothing.
    Empty,
    /// A text inside a list or a map.
    Text(Text),
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// Bytes.
    Bytes(Box<[u8]>),
    /// Values in a row.
    List(Vec<Any>),
    /// Values by name.
    Map(Vec<(Text, Any)>),
}

/// A value of any type, and the text that stands for it where only texts are known.
#[derive(Debug, Clone, PartialEq)]
pub struct Typed {
    /// The value.
    pub value: Any,
    /// The text.
    pub text: Text,
}

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq)]
pub enum AttributeValue {
    /// A text, as nearly all are.
    Text(Text),
    /// Anything else.
    Other(Box<Typed>),
}

impl AttributeValue {
    /// The text, or the text that stands for the value.
    #[must_use]
    pub fn text(&self) -> &Text {
        match self {
            Self::Text(text) => text,
            Self::Other(typed) => &typed.text,
        }
    }
}

// As large as a text alone: the box hides in what no text's address can be.
const _: () = assert!(size_of::<AttributeValue>() == size_of::<Text>(), "a value is no larger than a text");

// A float that a sender gave as an attribute is compared as it is written: NaN is no number, and equal to nothing.
impl Eq for AttributeValue {}

impl From<Text> for AttributeValue {
    fn from(text: Text) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for AttributeValue {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for AttributeValue {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}
