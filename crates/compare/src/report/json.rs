//! The report as JSON: one object, indented.

use serde_json::{Map, Value, json};

use crate::plain::shown_json;

use super::{Count, Example, Field, Records, Report, SideCount};

pub(super) fn json(report: &Report) -> String {
    let sides: Vec<Value> = report.sides.iter().zip(&report.names).map(side).collect();
    let mut fields = Vec::new();
    for ((record_type, name), field) in &report.fields {
        fields.push(of_field(record_type.as_str(), name, field));
    }
    let records: Map<String, Value> =
        report.records.iter().map(|(of, records)| (of.as_str().to_owned(), of_records(records))).collect();
    let entries: Vec<Value> =
        report.entries.iter().map(|(entry, values)| json!({ "entry": entry, "values": values })).collect();
    let document = json!({
        "unexplained": report.unexplained(),
        "interval_ms": report.interval_ms,
        "intervals": report.intervals,
        "windows": report.windows,
        "compared_ms": [report.compared_ms.0, report.compared_ms.1],
        "paired_by_name": report.paired_by_name,
        "uncompared": report.uncompared.iter().map(|of| of.as_str()).collect::<Vec<_>>(),
        "sides": sides,
        "records": records,
        "fields": fields,
        "entries": entries,
    });
    format!("{}\n", shown_json(&format!("{document:#}")))
}

fn side((side, name): (&SideCount, &String)) -> Value {
    let bad: Vec<Value> = side.bad_lines.iter().map(|(line, why)| json!({ "line": line, "why": why })).collect();
    json!({
        "name": name,
        "events": side.events,
        "edge": side.edge,
        "late": side.late,
        "bad": side.bad,
        "bad_lines": bad,
        "time_ms": side.time_ms.map(|(first, last)| [first, last]),
    })
}

fn of_records(records: &Records) -> Value {
    let counts = |counts: &[Count; 2]| {
        let [left, right] = counts.map(|count| json!({ "things": count.things, "events": count.events }));
        json!({ "left": left, "right": right })
    };
    json!({
        "paired": records.paired,
        "alone": counts(&records.alone),
        "explained": counts(&records.explained),
        "once": counts(&records.once),
        "doubled": { "left": records.doubled[0], "right": records.doubled[1] },
        "examples": records.examples.iter().map(of_example).collect::<Vec<_>>(),
    })
}

fn of_field(record_type: &str, name: &str, field: &Field) -> Value {
    let differences = field.differences.iter().map(|(what, difference)| {
        json!({
            "what": what.as_str(),
            "count": difference.count,
            "examples": difference.examples.iter().map(of_example).collect::<Vec<_>>(),
        })
    });
    json!({
        "type": record_type,
        "field": name,
        "compared_as": field.tolerance.unwrap_or("text"),
        "equal": field.equal,
        "unsteady": field.unsteady,
        "explained": field.explained,
        "different": field.different,
        "only_left": field.only_left,
        "only_right": field.only_right,
        "differences": differences.collect::<Vec<_>>(),
    })
}

fn of_example(example: &Example) -> Value {
    json!({ "thing": example.thing, "window_ms": example.time_ms, "left": example.left, "right": example.right })
}
