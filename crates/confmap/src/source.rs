//! Where configuration text comes from: files, environment variables, standard input, the command line itself.

mod file;

use std::sync::Arc;

use crate::node::quote;

/// The most text one source may hold.
const TEXT_LIMIT: u64 = 4 << 20;

/// Answers what an environment variable holds.
pub(crate) type Environment<'e> = &'e dyn Fn(&str) -> Option<String>;

/// Why a source gives no text.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    #[error("scheme {scheme:?} is not {} for uri {uri}: there are file, env and yaml", known(scheme), uri = quote(uri))]
    UnknownScheme { scheme: String, uri: String },
    #[error("environment variable {} has an invalid name: it must match ^[a-zA-Z_][a-zA-Z0-9_]*$", quote(.0))]
    VariableName(String),
    #[error("read {path}: {reason}")]
    Read { path: String, reason: String },
    #[error("{path} holds more than {} MiB", TEXT_LIMIT >> 20)]
    TooLong { path: String },
    #[error("{path} is not UTF-8 text")]
    NotText { path: String },
}

/// The ADOT Collector's schemes are known, and not here.
fn known(scheme: &str) -> &'static str {
    if matches!(scheme, "http" | "https" | "s3") { "in this agent yet" } else { "supported" }
}

/// Text and what to call it.
pub(crate) struct Fetched {
    /// The text, as it is.
    pub(crate) text: String,
    /// The source's name in locations.
    pub(crate) name: Arc<str>,
    /// The variable that was not set and had no default.
    pub(crate) unset: Option<String>,
}

/// The scheme of a URI and what follows the colon; `None` where there is none.
///
/// A single letter is a drive, not a scheme.
pub(crate) fn split_scheme(uri: &str) -> Option<(&str, &str)> {
    let (scheme, opaque) = uri.split_once(':')?;
    let letters = scheme.as_bytes();
    let fits = letters.len() >= 2
        && letters[0].is_ascii_alphabetic()
        && letters.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'.' | b'-'));
    fits.then_some((scheme, opaque))
}

/// Fetches the text of a scheme and what follows its colon.
pub(crate) fn fetch(scheme: &str, opaque: &str, environment: Environment<'_>) -> Result<Fetched, SourceError> {
    match scheme {
        "file" => read_file(opaque),
        "env" => read_variable(opaque, environment),
        "yaml" => Ok(Fetched { text: opaque.to_owned(), name: Arc::from("yaml"), unset: None }),
        _ => Err(SourceError::UnknownScheme { scheme: scheme.to_owned(), uri: format!("{scheme}:{opaque}") }),
    }
}

/// Reads a file.
pub(crate) fn read_file(path: &str) -> Result<Fetched, SourceError> {
    text_of(path, file::read(path.as_ref(), TEXT_LIMIT))
}

/// Reads standard input.
pub(crate) fn read_stdin() -> Result<Fetched, SourceError> {
    text_of(STDIN, file::read_stdin(TEXT_LIMIT))
}

/// What standard input is called.
const STDIN: &str = "standard input";

fn text_of(path: &str, read: std::io::Result<Vec<u8>>) -> Result<Fetched, SourceError> {
    let path = path.to_owned();
    match read {
        Err(error) => Err(SourceError::Read { path, reason: error.to_string() }),
        Ok(bytes) if bytes.len() as u64 > TEXT_LIMIT => Err(SourceError::TooLong { path }),
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Ok(Fetched { text, name: Arc::from(path), unset: None }),
            Err(_) => Err(SourceError::NotText { path }),
        },
    }
}

/// Reads `NAME` or `NAME:-default`; the default counts where the variable is unset or empty.
pub(crate) fn read_variable(reference: &str, environment: Environment<'_>) -> Result<Fetched, SourceError> {
    let (name, default) = match reference.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (reference, None),
    };
    if !is_variable_name(name) {
        return Err(SourceError::VariableName(name.to_owned()));
    }
    let value = environment(name);
    let unset = (value.is_none() && default.is_none()).then(|| name.to_owned());
    let text = match (value, default) {
        (Some(value), None) => value,
        (Some(value), Some(_)) if !value.is_empty() => value,
        (_, Some(default)) => default.to_owned(),
        (None, None) => String::new(),
    };
    Ok(Fetched { text, name: Arc::from(format!("env:{name}")), unset })
}

fn is_variable_name(name: &str) -> bool {
    let letters = name.as_bytes();
    matches!(letters.first(), Some(b'a'..=b'z' | b'A'..=b'Z' | b'_'))
        && letters.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_')
}
