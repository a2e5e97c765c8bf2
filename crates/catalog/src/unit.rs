//! Units, as CloudWatch spells them.

/// The unit of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// No unit.
    None,
    /// A number of things.
    Count,
    /// Things in a second.
    CountPerSecond,
    /// Bytes.
    Bytes,
    /// Bytes in a second.
    BytesPerSecond,
    /// Parts of a hundred.
    Percent,
    /// Seconds.
    Seconds,
    /// Thousandths of one CPU; CloudWatch has no such unit, so it leaves as none.
    Millicore,
}

impl Unit {
    /// CloudWatch's spelling; empty where it has none.
    #[must_use]
    pub const fn cloudwatch(self) -> &'static str {
        match self {
            Self::None | Self::Millicore => "",
            Self::Count => "Count",
            Self::CountPerSecond => "Count/Second",
            Self::Bytes => "Bytes",
            Self::BytesPerSecond => "Bytes/Second",
            Self::Percent => "Percent",
            Self::Seconds => "Seconds",
        }
    }

    /// The word for people, as `docs/metrics.md` shows it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Millicore => "Millicore",
            other => other.cloudwatch(),
        }
    }
}
