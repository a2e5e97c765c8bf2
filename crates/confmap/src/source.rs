//! Where configuration text comes from: files, environment variables, the command line itself.

use std::io::Read;
use std::sync::Arc;

/// The most text one source may hold.
const TEXT_LIMIT: u64 = 4 << 20;

/// Answers what an environment variable holds.
pub(crate) type Environment<'e> = &'e dyn Fn(&str) -> Option<String>;

/// Why a source gives no text.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    #[error("scheme {scheme:?} is not supported for uri {uri:?}")]
    UnknownScheme { scheme: String, uri: String },
    #[error("scheme {0:?} is not supported by this build")]
    NotBuilt(String),
    #[error("environment variable {0:?} has an invalid name: it must match ^[a-zA-Z_][a-zA-Z0-9_]*$")]
    VariableName(String),
    #[error("cannot read {path}: {reason}")]
    Read { path: String, reason: String },
    #[error("{path} holds more than {} MiB", TEXT_LIMIT >> 20)]
    TooLong { path: String },
    #[error("{path} is not UTF-8 text")]
    NotText { path: String },
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
        "http" | "https" | "s3" => Err(SourceError::NotBuilt(scheme.to_owned())),
        _ => Err(SourceError::UnknownScheme { scheme: scheme.to_owned(), uri: format!("{scheme}:{opaque}") }),
    }
}

/// Reads a file.
pub(crate) fn read_file(path: &str) -> Result<Fetched, SourceError> {
    let failed = |error: std::io::Error| SourceError::Read { path: path.to_owned(), reason: error.to_string() };
    let mut bytes = Vec::new();
    // Pipes and the like have no length, so the reading itself is bounded.
    std::fs::File::open(path).map_err(failed)?.take(TEXT_LIMIT + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > TEXT_LIMIT {
        return Err(SourceError::TooLong { path: path.to_owned() });
    }
    let text = String::from_utf8(bytes).map_err(|_| SourceError::NotText { path: path.to_owned() })?;
    Ok(Fetched { text, name: Arc::from(path), unset: None })
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
