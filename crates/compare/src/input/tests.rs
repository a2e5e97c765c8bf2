use std::io::BufReader;

use proptest::prelude::*;

use super::*;

fn all_of(reader: impl BufRead) -> Vec<(Next, String)> {
    let mut lines = Lines::new(reader);
    let mut buffer = Vec::new();
    let mut found = Vec::new();
    loop {
        match lines.next(&mut buffer).unwrap() {
            Next::End => return found,
            next => found.push((next, String::from_utf8_lossy(&buffer).trim_end().to_owned())),
        }
    }
}

fn all(text: &str) -> Vec<(Next, String)> {
    all_of(text.as_bytes())
}

fn message(time_ms: i64, text: &str) -> (Next, String) {
    (Next::Message(time_ms), text.to_owned())
}

fn line(number: u64, text: &str) -> (Next, String) {
    (Next::Line(number), text.to_owned())
}

/// What stands for an answer that is none.
fn broken(number: u64) -> (Next, String) {
    line(number, "{")
}

/// `/dev/zero`, and an answer whose event has no end.
#[test]
fn what_has_no_end_ends_with_an_error() {
    for start in ["", "{\"events\":[", "{\"events\":[{\"timestamp\":5,\"message\":\"", "{\"events\":[{\"a\":["] {
        let endless = io::Read::chain(start.as_bytes(), io::repeat(b' '));
        let mut lines = Lines::new(BufReader::with_capacity(1 << 18, endless));
        let mut text = Vec::new();
        let found = (0..1000).find_map(|_| lines.next(&mut text).err());
        assert_eq!(found.expect("it ends").kind(), io::ErrorKind::InvalidData, "{start}");
    }
}

#[test]
fn empty_lines_count_and_are_passed_over() {
    assert_eq!(all("a\n\n b\r\n"), [line(1, "a"), line(3, " b")]);
}

#[test]
fn an_answer_of_the_service_is_taken_apart() {
    let pretty = "{\n  \"events\": [\n {\"timestamp\": 5, \"message\": \"m\"}, {\"message\": \"no time\"}]\n}\n";
    assert_eq!(all(pretty), [message(5, "m"), line(3, r#"{"message":"no time"}"#)]);
    let twice =
        "{\"events\":[{\"timestamp\":5,\"message\":\"m\"}]}\n{\"events\":[{\"timestamp\":6,\"message\":\"n\"}]}\n";
    assert_eq!(all(twice), [message(5, "m"), message(6, "n")]);
}

#[test]
fn answers_of_the_command_line_stand_one_after_the_other_and_among_lines() {
    let pretty = r#"{
    "events": [
        {
            "logStreamName": "s",
            "timestamp": 5,
            "message": "{\"a\":\"}]\\n\"}",
            "ingestionTime": 6,
            "eventId": "1"
        },
        {
            "logStreamName": "s",
            "timestamp": 6,
            "message": "n"
        }
    ],
    "searchedLogStreams": [{"logStreamName": "s", "searchedCompletely": true}],
    "limit": 7,
    "nextToken": null
}
"#;
    let none = "{\n    \"searchedLogStreams\": [],\n    \"events\": []\n}\n";
    let messages = [message(5, r#"{"a":"}]\n"}"#), message(6, "n")];
    let lines = pretty.lines().count() as u64;
    assert_eq!(all(&format!("a\n{pretty}{none}{pretty}b\n")), {
        let mut expected = vec![line(1, "a")];
        expected.extend(messages.iter().chain(&messages).cloned());
        expected.push(line(2 + lines + 4 + lines, "b"));
        expected
    });
    assert_eq!(all_of(BufReader::with_capacity(3, pretty.as_bytes())), messages, "however it arrives");
    let windows = pretty.replace('\n', "\r\n");
    assert_eq!(all(&windows), messages);
}

#[test]
fn what_does_not_begin_like_an_answer_is_a_line() {
    for text in [r#"{"Type":"Node"}"#, r#"{"Type":"Node","events":[]}"#, "{}", "[", r#"{"event":1}"#, r#"x{"events""#] {
        assert_eq!(all(&format!("{text}\n{text}")), [line(1, text), line(2, text)]);
    }
}

#[test]
fn what_is_no_space_of_json_begins_no_answer() {
    for text in ["\u{c}{", "{\u{c}", "{ \u{c}\"events\":[]}"] {
        let mut lines = Lines::new(text.as_bytes());
        let mut buffer = Vec::new();
        assert_eq!((lines.next(&mut buffer).unwrap(), &*buffer), (Next::Line(1), text.as_bytes()));
        assert_eq!(lines.next(&mut buffer).unwrap(), Next::End, "{text:?}");
    }
}

#[test]
fn a_broken_answer_costs_itself_and_no_line_behind_it() {
    let good = r#"{"Type":"Node"}"#;
    let check = |text: &str, before: &[(Next, String)]| {
        let number = text.lines().count() as u64 + 1;
        let behind = [line(number, good), line(number + 1, good)];
        assert_eq!(all(&format!("{text}\n{good}\n{good}\n")), [before, &behind].concat(), "{text}");
    };
    check("{", &[broken(1)]);
    check("a\n\n{", &[line(1, "a"), broken(3)]);
    check("{\n}", &[broken(2)]);
    check(r#"{"events""#, &[broken(1)]);
    check(r#"{"events": 5}"#, &[broken(1)]);
    check(r#"{"events": nul"#, &[broken(1)]);
    check(r#"{"events":[7]}"#, &[broken(1)]);
    let event = r#"{"events":[{"timestamp":5,"message":"m"}"#;
    for end in ["", "]", ",{\"time", ",{\"timestamp\":5,", ", no] }", "{}]}"] {
        check(&format!("{event}{end}"), &[message(5, "m"), broken(1)]);
    }
    // What stands behind a comma may be an event of the answer, and is read all the same.
    assert_eq!(all(&format!("{event},\n{good}\n{good}\n")), [message(5, "m"), line(2, good), broken(2), line(3, good)]);
}

#[test]
fn an_answer_that_breaks_off_has_what_came_before() {
    assert_eq!(all("{\n\"events\": [\n{\"timestamp\": 5, \"message\": \"m\"},\n"), [message(5, "m"), broken(3)]);
}

#[test]
fn a_line_without_an_end_costs_itself() {
    let long = format!("{}\nb\n", "x".repeat(MAX_LINE as usize + 10));
    assert_eq!(all(&long), [(Next::TooLong(1), String::new()), line(2, "b")]);
    let event = "x".repeat(MAX_LINE as usize);
    let long = format!("{{\"events\":[{{\"timestamp\":5,\"message\":\"{event}\"}}]}}\nb\n");
    assert_eq!(all(&long), [(Next::TooLong(1), String::new()), line(2, "b")]);
}

#[test]
fn an_answer_on_one_line_may_be_longer_than_a_line() {
    let event = format!("{{\"timestamp\":5,\"message\":\"{}\"}}", "x".repeat(1000));
    let count = MAX_LINE / 1000 + 10;
    let events = vec![&*event; count as usize].join(",");
    let text = format!("{{\"events\":[{events}]}}\nb\n");
    let mut lines = Lines::new(text.as_bytes());
    let mut buffer = Vec::new();
    for _ in 0..count {
        assert_eq!((lines.next(&mut buffer).unwrap(), buffer.len()), (Next::Message(5), 1000));
    }
    assert_eq!(lines.next(&mut buffer).unwrap(), Next::Line(2));
    assert_eq!((lines.next(&mut buffer).unwrap(), lines.bytes()), (Next::End, text.len() as u64));
}

proptest! {
    #[test]
    fn any_bytes_are_read_to_their_end(
        start in prop::sample::select(vec!["", "{\n", "{\"events\":[", "{\"events\":[{\"timestamp\":5,\"message\":\""]),
        parts in prop::collection::vec(prop_oneof![r#"[\[\]{}",:\n 0-9a\\]{0,6}"#, "\\PC{0,3}"], 0..20),
        size in 1usize..20,
    ) {
        let text = format!("{start}{}", parts.concat());
        let mut lines = Lines::new(BufReader::with_capacity(size, text.as_bytes()));
        let mut buffer = Vec::new();
        while lines.next(&mut buffer).unwrap() != Next::End {}
        prop_assert_eq!(lines.bytes(), text.len() as u64);
        prop_assert_eq!(lines.source.lines, text.matches('\n').count() as u64);
    }

    #[test]
    fn an_answer_has_the_same_events_however_it_is_written(
        events in prop::collection::vec((0i64..1 << 50, "\\PC{0,12}"), 0..8),
        size in 1usize..64,
    ) {
        let list: Vec<_> =
            events.iter().map(|(time, text)| serde_json::json!({"timestamp": time, "message": text})).collect();
        let answer = serde_json::json!({"events": list, "nextToken": "t"});
        let expected: Vec<_> = events.iter().map(|(time, text)| message(*time, text.trim_end())).collect();
        for text in [answer.to_string(), serde_json::to_string_pretty(&answer).unwrap()] {
            prop_assert_eq!(&all_of(BufReader::with_capacity(size, text.as_bytes())), &expected);
        }
    }
}
