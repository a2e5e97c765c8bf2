//! The known word closest to a mistyped one.

/// The word a mistyped one most likely meant; `None` where none is close.
///
/// Case, `_`, `-` and blanks don't count. A word that leaves off the end of one known word alone, or `_name`, is close.
pub fn closest<'a>(written: &str, known: &[&'a str]) -> Option<&'a str> {
    // Longer texts are no slips of the finger, and the comparison is quadratic.
    if written.len() > 64 {
        return None;
    }
    let folded = fold(written);
    if folded.len() < 2 {
        return None;
    }
    let allowed = (folded.len() / 3).clamp(1, 3);
    let close = known
        .iter()
        .filter(|word| word.len().abs_diff(written.len()) <= 2 * allowed + 4)
        .map(|word| (distance(&folded, &fold(word)), *word))
        .filter(|(steps, _)| *steps <= allowed)
        .min_by_key(|(steps, _)| *steps)
        .map(|(_, word)| word);
    close.or_else(|| longer(written, known))
}

/// The known word that the written one is the beginning of: with `_name`, or the only one.
fn longer<'a>(written: &str, known: &[&'a str]) -> Option<&'a str> {
    let written = written.to_lowercase();
    if written.len() < 3 {
        return None;
    }
    let longer = |word: &str| {
        word.strip_prefix(written.as_str()).and_then(|rest| rest.strip_prefix('_')).map(|rest| rest == "name")
    };
    let all: Vec<&str> = known.iter().copied().filter(|word| longer(word).is_some()).collect();
    let named = all.iter().copied().find(|word| longer(word) == Some(true));
    named.or(if let [one] = all[..] { Some(one) } else { None })
}

/// The end of a message about a word that isn't known: what was meant, perhaps; empty where nothing is close.
pub fn did_you_mean(written: &str, known: &[&str]) -> String {
    closest(written, known).map_or_else(String::new, |word| format!("; did you mean {word:?}?"))
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
    use super::{closest, did_you_mean};

    #[test]
    fn a_slip_of_the_finger_finds_the_word_meant() {
        let known = ["timeout", "log_group_name", "log_stream_name", "region"];
        assert_eq!(closest("timeuot", &known), Some("timeout"));
        assert_eq!(closest("Timeout", &known), Some("timeout"));
        assert_eq!(closest("logGroupName", &known), Some("log_group_name"));
        assert_eq!(closest("log_steam_name", &known), Some("log_stream_name"));
        assert_eq!(closest("endpoint", &known), None);
        assert_eq!(closest("", &known), None);
        assert_eq!(closest("2", &["1", "0"]), None, "any letter is close to any other");
    }

    #[test]
    fn case_and_what_is_left_off_are_slips_too() {
        let known = ["log_group_name", "log_group_class", "log_stream_name", "role_arn", "NoDimensionRollup", "Bytes"];
        assert_eq!(closest("log_stream", &known), Some("log_stream_name"));
        assert_eq!(closest("log_group", &known), Some("log_group_name"));
        assert_eq!(closest("role", &known), Some("role_arn"));
        assert_eq!(closest("log", &known), None);
        assert_eq!(closest("NoDimensionRollUp", &known), Some("NoDimensionRollup"));
        assert_eq!(closest("Byte", &known), Some("Bytes"));
        assert_eq!(closest("AWSEMF", &["awsemf"]), Some("awsemf"));
        assert_eq!(did_you_mean("Byte", &known), "; did you mean \"Bytes\"?");
        assert_eq!(did_you_mean("x", &known), "");
    }
}
