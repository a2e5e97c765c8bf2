//! A round as text.

use std::fmt::{self, Write};

use model::{Attributes, Record, Round, Value};

use super::Verbosity;

/// Appends a round: a line of counts, then as much as the verbosity asks for.
pub(super) fn write(round: &Round, verbosity: Verbosity, out: &mut String) {
    // A string takes everything, so writing to it doesn't fail.
    let _ = try_write(round, verbosity, out);
}

fn try_write(round: &Round, verbosity: Verbosity, out: &mut String) -> fmt::Result {
    let points: usize = round.records.iter().map(|record| record.points.len()).sum();
    writeln!(out, "Metrics: {} records, {points} points", round.records.len())?;
    for record in &round.records {
        match verbosity {
            Verbosity::Basic => {}
            Verbosity::Normal => write_points(record, out)?,
            Verbosity::Detailed => write_record(record, out)?,
        }
    }
    Ok(())
}

fn write_points(record: &Record, out: &mut String) -> fmt::Result {
    for point in &record.points {
        write!(out, "{}", point.metric.name())?;
        write_pairs(&record.attributes, out)?;
        write_pairs(&point.attributes, out)?;
        write!(out, " ")?;
        write_value(point.value, out)?;
        writeln!(out)?;
    }
    Ok(())
}

fn write_pairs(attributes: &Attributes, out: &mut String) -> fmt::Result {
    attributes.iter().try_for_each(|(name, value)| write!(out, " {}={value:?}", name.as_str()))
}

fn write_record(record: &Record, out: &mut String) -> fmt::Result {
    let name = record.record_type.map_or("(no type)", |record_type| record_type.as_str());
    writeln!(out, "Record {name} at {} ms", record.time_ms)?;
    for (name, value) in record.attributes.iter() {
        writeln!(out, "  {}: {value:?}", name.as_str())?;
    }
    for point in &record.points {
        write!(out, "  {} = ", point.metric.name())?;
        write_value(point.value, out)?;
        match point.metric.unit() {
            "" => {}
            unit => write!(out, " {unit}")?,
        }
        write_pairs(&point.attributes, out)?;
        writeln!(out)?;
    }
    Ok(())
}

fn write_value(value: Value, out: &mut String) -> fmt::Result {
    match value {
        Value::Integer(value) => write!(out, "{value}"),
        Value::Float(value) => write!(out, "{value}"),
    }
}
