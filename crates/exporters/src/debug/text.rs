//! A batch as text.

use std::fmt::{self, Write};

use model::{Attributes, Batch, Data, Number, Record, Value};

use super::Verbosity;

/// Appends a batch: a line of counts, then as much as the verbosity asks for.
pub(super) fn write(batch: &Batch, verbosity: Verbosity, out: &mut String) {
    // A string takes everything, so writing to it doesn't fail.
    let _ = try_write(batch, verbosity, out);
}

fn try_write(batch: &Batch, verbosity: Verbosity, out: &mut String) -> fmt::Result {
    writeln!(out, "Metrics: {} records, {} points", batch.records.len(), batch.points())?;
    for record in &batch.records {
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
        write_pairs(&record.resource.attributes, out)?;
        write_pairs(&record.attributes, out)?;
        write!(out, " ")?;
        write_value(&point.value, out)?;
        writeln!(out)?;
    }
    Ok(())
}

fn write_pairs(attributes: &Attributes, out: &mut String) -> fmt::Result {
    attributes.iter().try_for_each(|(name, value)| write!(out, " {}={value:?}", name.as_str()))
}

fn write_record(record: &Record, out: &mut String) -> fmt::Result {
    let name = record.record_type.map_or("(no type)", |record_type| record_type.as_str());
    writeln!(out, "Record {name} at {} ms", record.time.as_millis())?;
    for (name, value) in record.resource.attributes.iter().chain(record.attributes.iter()) {
        writeln!(out, "  {}: {value:?}", name.as_str())?;
    }
    for point in &record.points {
        write!(out, "  {} = ", point.metric.name())?;
        write_value(&point.value, out)?;
        match point.metric.unit() {
            "" => {}
            unit => write!(out, " {unit}")?,
        }
        writeln!(out)?;
    }
    Ok(())
}

fn write_value(value: &Value, out: &mut String) -> fmt::Result {
    match value {
        Value::Integer(value) => write!(out, "{value}"),
        Value::Float(value) => write!(out, "{value}"),
        Value::Compound(compound) => match &compound.data {
            Data::Number(Number::Integer(value)) => write!(out, "{value}"),
            Data::Number(Number::Float(value)) => write!(out, "{value}"),
            Data::Histogram(all) => write_counted(all.count, all.sum, "histogram", out),
            Data::ExponentialHistogram(all) => write_counted(all.count, all.sum, "exponential histogram", out),
            Data::Summary(all) => write_counted(all.count, Some(all.sum), "summary", out),
        },
    }
}

fn write_counted(count: u64, sum: Option<f64>, what: &str, out: &mut String) -> fmt::Result {
    write!(out, "{what} of {count}")?;
    sum.map_or(Ok(()), |sum| write!(out, ", sum {sum}"))
}
