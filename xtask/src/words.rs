//! Words that have left the code, and those that must become fewer: a reader looks for the subject's own name.

use anyhow::{Result, bail};

use crate::arrows::source::Source;
use crate::sources::{self, File};

/// Names that are gone, and the ones that took their place.
const RETIRED: &[(&str, &str)] = &[
    ("Excuse", "KnownDifference"),
    ("Manner", "Tolerance"),
    ("Stretch", "Span"),
    ("Round", "Batch"),
    ("Surroundings", "Context"),
    ("Around", "Context"),
    ("Troubles", "SourceFailures"),
    ("Detour", "KubeletThenApiServer"),
    ("Voice", "Leader"),
    ("Figures", "ClusterState or Replicas"),
    ("Campaign", "Candidate"),
    ("Desk", "LockState"),
    ("Twin", "IdentityConflict"),
    ("Swap", "DoubleBuffered"),
    ("Asker", "KubeletHandle"),
    ("Board", "HealthBoard"),
    ("Standing", "ComponentHealth"),
    ("Pauses", "Backoff"),
    ("Finder", "Discovery"),
    ("NAP", "MAX_SLEEP"),
    ("LAST_WORDS", "FINAL_GRACE"),
    ("Combination", "LayoutKey"),
    ("Followed", "Mirror"),
    ("Slim", "FromRaw"),
];

/// Words in whose place the subject should stand: the kubelet, another agent, the caller, a user.
const VAGUE: &[&str] = &["nobody", "somebody", "whoever", "whatever"];

/// How often they may stand in comments. It only ever falls.
const MOST_VAGUE: usize = 20;

/// A user of that name is no vague subject.
const USER: &str = "nobody";

/// Says which words stand where, and fails.
pub(crate) fn run() -> Result<()> {
    let files = sources::files()?;
    let mut faults: Vec<String> = files.iter().flat_map(retired).collect();
    faults.extend(files.iter().flat_map(vague_literals));
    let vague: Vec<String> = files.iter().flat_map(|file| lines_with(file, is_vague)).collect();
    if vague.len() > MOST_VAGUE {
        faults.extend(vague.iter().map(|place| format!("{place}: name the subject instead")));
        faults.push(format!("{} of {}: at most {MOST_VAGUE}", vague.len(), VAGUE.join(", ")));
    }
    for fault in &faults {
        eprintln!("{fault}");
    }
    if !faults.is_empty() {
        bail!("words: {} to be replaced", faults.len());
    }
    println!("words: no retired name, {} of {MOST_VAGUE} vague subjects", vague.len());
    Ok(())
}

/// A line for each use of a name that is gone.
fn retired(file: &File) -> Vec<String> {
    let faults = |&(word, instead): &(&str, &str)| {
        let places = lines_with(file, move |found| found == word);
        places.into_iter().map(move |place| format!("{place}: say {instead}")).collect::<Vec<_>>()
    };
    RETIRED.iter().flat_map(faults).collect()
}

/// A line for each text of the program that has a vague subject.
fn vague_literals(file: &File) -> Vec<String> {
    let literals = Source::parse(&file.text).literals;
    let vague = literals.into_iter().filter(|(_, text)| text != USER && words(text).any(is_vague));
    vague.map(|(line, text)| format!("{}:{line}: {text:?}: name the subject", file.path.display())).collect()
}

/// File, line and word of each word of a file that is one of these.
fn lines_with(file: &File, is_one: impl Fn(&str) -> bool) -> Vec<String> {
    let mut places = Vec::new();
    for (at, line) in file.text.lines().enumerate() {
        for word in words(line).filter(|word| is_one(word)) {
            places.push(format!("{}:{}: {word}", file.path.display(), at + 1));
        }
    }
    places
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '_').filter(|word| !word.is_empty())
}

fn is_vague(word: &str) -> bool {
    VAGUE.iter().any(|vague| word.eq_ignore_ascii_case(vague))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> File {
        File { of: "app".to_owned(), path: "a.rs".into(), text: text.to_owned() }
    }

    #[test]
    fn a_retired_name_is_told_with_its_line_and_the_one_to_use() {
        assert_eq!(retired(&file("// an Excuse\nstruct Excuses;\n")), ["a.rs:1: Excuse: say KnownDifference"]);
    }

    #[test]
    fn a_text_of_the_program_has_no_vague_subject_but_may_name_the_user() {
        assert_eq!(vague_literals(&file("let user = \"nobody\";\n")), Vec::<String>::new());
        let said = vague_literals(&file("\nlet text = \"Nobody listens\";\n"));
        assert_eq!(said, ["a.rs:2: \"Nobody listens\": name the subject"]);
    }

    #[test]
    fn vague_subjects_are_counted_word_by_word() {
        assert_eq!(lines_with(&file("whoever asks, whatever; somebody's\n"), is_vague).len(), 3);
    }
}
