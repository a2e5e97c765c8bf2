//! The report for people: what was read, what is unexplained, what is on purpose, and how much was proven.

use std::fmt::Write;

use super::{Example, Report, SideCount};
use crate::calendar;
use crate::plain::shown;

/// Longer values are cut in examples.
const WIDTH: usize = 120;

pub(super) fn text(report: &Report) -> String {
    let mut text = String::new();
    // Writing to a string can't fail.
    let _ = write(&mut text, report);
    text
}

fn write(out: &mut String, report: &Report) -> std::fmt::Result {
    let names = report.names.each_ref().map(|name| shown(name));
    for (side, name) in report.sides.iter().zip(&names) {
        write_side(out, name, side)?;
    }
    writeln!(
        out,
        "compared: {} to {}, {} windows of {} intervals of {} s",
        calendar::shown(report.compared_ms.0),
        calendar::shown(report.compared_ms.1),
        report.windows,
        report.intervals,
        report.interval_ms as f64 / 1000.0
    )?;
    if report.paired_by_name > 0 {
        writeln!(out, "paired by name, as one side tells no UID of the pod: {}", report.paired_by_name)?;
    }
    let [left, right] = &names;
    writeln!(out, "\nUnexplained: {}", report.unexplained())?;
    for record_type in &report.uncompared {
        writeln!(out, "  {}: no event was in a window that was compared", record_type.as_str())?;
    }
    for (record_type, records) in &report.records {
        for (count, name) in records.alone.iter().zip(&names).filter(|(count, _)| count.things > 0) {
            writeln!(out, "  {}: {} only {name}, {} events", record_type.as_str(), count.things, count.events)?;
        }
        for example in &records.examples {
            writeln!(out, "      {} {}", calendar::shown(example.time_ms), shown(&example.thing))?;
        }
    }
    for ((record_type, field), row) in &report.fields {
        for (what, difference) in &row.differences {
            let (of, what) = (row.total(), what.as_str());
            let field = shown(field);
            writeln!(out, "  {} {field}: {what}, {} of {of}", record_type.as_str(), difference.count)?;
            for example in &difference.examples {
                write_example(out, example, left, right)?;
            }
        }
    }
    writeln!(out, "\nOn purpose, by entry in docs/compatibility.md:")?;
    for (entry, count) in report.entries.iter().filter(|(_, count)| *count > 0) {
        writeln!(out, "{count:>8}  {entry}")?;
    }
    write_records(out, report)?;
    write_types(out, report)?;
    out.push_str(
        "\nUnsteady: the difference is larger than 2 % (gauges) or 3 % (rates) and within four standard errors of it, as the values\n\
         move by themselves; that proves little. The Go collector samples on timers of its own that wander by many seconds, so\n\
         only steady loads compare.\n",
    );
    Ok(())
}

fn write_side(out: &mut String, name: &str, side: &SideCount) -> std::fmt::Result {
    write!(out, "{name}: {} events", side.events)?;
    if let Some((first, last)) = side.time_ms {
        write!(out, ", {} to {}", calendar::shown(first), calendar::shown(last))?;
    }
    writeln!(out, "; {} at the edges, {} late, {} lines are no events", side.edge, side.late, side.bad)?;
    for (line, why) in &side.bad_lines {
        writeln!(out, "      line {line}: {}", shown(why))?;
    }
    Ok(())
}

fn write_example(out: &mut String, example: &Example, left: &str, right: &str) -> std::fmt::Result {
    write!(out, "      {} {}", calendar::shown(example.time_ms), shown(&example.thing))?;
    for (name, value) in [(left, &example.left), (right, &example.right)] {
        if let Some(value) = value {
            let cut = value.chars().count() > WIDTH;
            let value: String = value.chars().take(WIDTH).collect();
            write!(out, "; {name} {}{}", shown(&value), if cut { "…" } else { "" })?;
        }
    }
    writeln!(out)
}

fn write_records(out: &mut String, report: &Report) -> std::fmt::Result {
    let [left, right] = report.names.each_ref().map(|name| format!("only {}", shown(name)));
    let [wide, wider] = [&left, &right].map(|head| head.chars().count().max(8) + 2);
    writeln!(out, "\nThings, counted in each window:")?;
    writeln!(
        out,
        "  {:<20}{:>9}{left:>wide$}{right:>wider$}{:>10}{:>11}{:>9}",
        "type", "paired", "explained", "seen once", "doubles"
    )?;
    for (record_type, records) in &report.records {
        let sum = |counts: &[super::Count; 2]| counts[0].things + counts[1].things;
        writeln!(
            out,
            "  {:<20}{:>9}{:>wide$}{:>wider$}{:>10}{:>11}{:>9}",
            record_type.as_str(),
            records.paired,
            records.alone[0].things,
            records.alone[1].things,
            sum(&records.explained),
            sum(&records.once),
            format!("{}/{}", records.doubled[0], records.doubled[1]),
        )?;
    }
    Ok(())
}

fn write_types(out: &mut String, report: &Report) -> std::fmt::Result {
    writeln!(out, "\nValues, one for each field of each thing in each window:")?;
    let heads = ["equal", "unsteady", "explained", "different", "only left", "only right"];
    write!(out, "  {:<20}{:>8}", "type", "fields")?;
    heads.iter().try_for_each(|head| write!(out, "{head:>11}"))?;
    writeln!(out)?;
    for record_type in report.records.keys() {
        let rows: Vec<_> = report.fields.iter().filter(|((of, _), _)| of == record_type).map(|(_, row)| row).collect();
        let mut sums = [0; 6];
        for row in &rows {
            let counts = [row.equal, row.unsteady, row.explained, row.different, row.only_left, row.only_right];
            sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
        write!(out, "  {:<20}{:>8}", record_type.as_str(), rows.len())?;
        sums.iter().try_for_each(|sum| write!(out, "{sum:>11}"))?;
        writeln!(out)?;
    }
    Ok(())
}

impl super::Field {
    /// All values of the field.
    pub(crate) fn total(&self) -> u64 {
        self.equal + self.unsteady + self.explained + self.different + self.only_left + self.only_right
    }
}
