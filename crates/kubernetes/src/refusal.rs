//! What a server says when it does not give what it was asked for: one short line for a log.

use std::time::Duration;

use net::Body;
use serde::Deserialize;

/// How much of a refusal is read.
const LARGEST: usize = 4 << 10;
/// How much of it is shown.
const SHOWN: usize = 200;
/// How long it is waited for: the status is known and must not be lost to the deadline.
const PATIENCE: Duration = Duration::from_millis(500);

/// The beginning of a refusal's body, as much as comes soon.
pub(crate) async fn read(body: &mut Body) -> String {
    let mut bytes = Vec::new();
    let all = async {
        while bytes.len() < LARGEST
            && let Some(Ok(piece)) = body.next().await
        {
            bytes.extend_from_slice(&piece[..piece.len().min(LARGEST - bytes.len())]);
        }
    };
    // Out of time, what has arrived is still good.
    let _ = tokio::time::timeout(PATIENCE, all).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The message of a `v1.Status`, or the first line, without control characters and not too long.
pub(crate) fn line(text: &str) -> String {
    #[derive(Deserialize)]
    struct Status {
        message: Option<String>,
    }
    let message = serde_json::from_str::<Status>(text).ok().and_then(|status| status.message);
    let line = message.as_deref().unwrap_or(text).trim().lines().next().unwrap_or("").trim();
    let mut shown: String = line.chars().filter(|character| !character.is_control()).take(SHOWN).collect();
    if line.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::line;
    use proptest::prelude::*;

    #[test]
    fn a_refusal_is_one_short_line() {
        assert_eq!(line("Unauthorized"), "Unauthorized");
        assert_eq!(line("\n  Forbidden (user=a)\nmore"), "Forbidden (user=a)");
        assert_eq!(
            line("{\n  \"kind\": \"Status\",\n  \"message\": \"nodes \\\"a\\\" not found\"\n}"),
            "nodes \"a\" not found"
        );
        assert_eq!(line("{\n \"cut"), "{");
        assert_eq!(line("\u{1b}[31mred"), "[31mred");
        assert_eq!(line(""), "");
        assert_eq!(line(&"x".repeat(300)).chars().count(), 201);
    }

    proptest! {
        #[test]
        fn any_refusal_fits_a_log_line(text in "(?s).{0,400}") {
            let line = line(&text);
            prop_assert!(line.chars().count() <= 201 && !line.contains('\n'));
        }
    }
}
