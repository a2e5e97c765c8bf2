//! The known word closest to a mistyped one.

/// The word a mistyped one most likely meant; `None` where none is close.
pub(crate) fn closest<'a>(written: &str, known: &[&'a str]) -> Option<&'a str> {
    // Longer texts are no slips of the finger, and the comparison is quadratic.
    if written.len() > 64 {
        return None;
    }
    let folded = fold(written);
    let allowed = (folded.len() / 3).clamp(1, 3);
    known
        .iter()
        .map(|word| (distance(&folded, &fold(word)), *word))
        .filter(|(steps, _)| *steps <= allowed)
        .min_by_key(|(steps, _)| *steps)
        .map(|(_, word)| word)
}

/// Letters without case and separators, so that `logGroupName` finds `log_group_name`.
fn fold(word: &str) -> Vec<char> {
    word.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).flat_map(char::to_lowercase).collect()
}

/// How many single letters must be changed, added, removed or swapped with their neighbour.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, &letter) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, &other) in b.iter().enumerate() {
            let mut steps = (last[j] + usize::from(letter != other)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && letter == b[j - 1] && a[i - 1] == other {
                steps = steps.min(before[j - 1] + 1);
            }
            row.push(steps);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn a_slip_of_the_finger_finds_the_word_meant() {
        let known = ["timeout", "log_group_name", "log_stream_name", "region"];
        assert_eq!(closest("timeuot", &known), Some("timeout"));
        assert_eq!(closest("Timeout", &known), Some("timeout"));
        assert_eq!(closest("logGroupName", &known), Some("log_group_name"));
        assert_eq!(closest("log_steam_name", &known), Some("log_stream_name"));
        assert_eq!(closest("endpoint", &known), None);
        assert_eq!(closest("", &known), None);
    }
}
