//! How formulas and sources are shown.

use std::fmt::{self, Display, Formatter};

use super::{Formula, Source};

impl Display for Source {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cgroup(file) => f.write_str(file),
            Self::Proc(file) => write!(f, "/proc/{file}"),
            Self::Statfs => f.write_str("statfs"),
            Self::Kubelet(path) => write!(f, "kubelet {path}"),
            Self::ApiServer(path) => write!(f, "API server {path}"),
            Self::EcsAgent(path) => write!(f, "ECS agent {path}"),
        }
    }
}

/// Readings and metrics stand in backquotes, as in Markdown.
impl Display for Formula {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Reading(source, "") => write!(f, "`{source}`"),
            Self::Reading(source, key) => write!(f, "`{source}: {key}`"),
            Self::Metric(measurement) => write!(f, "`{}`", measurement.as_str()),
            Self::Count(things) => write!(f, "number of {}", things.what),
            Self::Rate(part) => write!(f, "rate({part})"),
            Self::Delta(part) => write!(f, "delta({part})"),
            Self::Plus(one, two) => write!(f, "{} + {}", Operand(one, 1), Operand(two, 1)),
            Self::Minus(one, two) => write!(f, "{} − {}", Operand(one, 1), Operand(two, 2)),
            Self::Times(one, two) => write!(f, "{} × {}", Operand(one, 2), Operand(two, 2)),
            Self::Divided(one, two) => write!(f, "{} ÷ {}", Operand(one, 2), Operand(two, 3)),
            Self::Max(one, two) => write!(f, "max({one}, {two})"),
            Self::Min(one, two) => write!(f, "min({one}, {two})"),
            Self::Sum(things, part) => write!(f, "sum of {} over {}", Operand(part, 1), things.what),
            Self::Or(one, two) => write!(f, "{} or {}", Operand(one, 1), Operand(two, 1)),
            Self::Versions { v1, v2 } => write!(f, "v1: {v1}; v2: {v2}"),
        }
    }
}

/// A part of a formula that binds at least so tightly, or stands in parentheses.
struct Operand(&'static Formula, u8);

impl Display for Operand {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let binding = match self.0 {
            Formula::Sum(..) | Formula::Or(..) | Formula::Versions { .. } => 0,
            Formula::Plus(..) | Formula::Minus(..) => 1,
            Formula::Times(..) | Formula::Divided(..) => 2,
            _ => 3,
        };
        if binding < self.1 { write!(f, "({})", self.0) } else { self.0.fmt(f) }
    }
}
