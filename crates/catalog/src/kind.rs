//! What a metric's values are, how they are compared, and when it is emitted.

/// How a metric's value comes from its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A reading.
    Gauge,
    /// A number of things at one moment.
    Count,
    /// A running count, as its source gives it.
    Counter,
    /// A counter's difference divided by the seconds between its two readings.
    Rate,
    /// A counter's difference.
    Delta,
}

/// How far the means of two agents' values of one metric may be apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tolerance {
    /// Not at all: a setting, a size or a number of things, which does not move with the load.
    Constant,
    /// 2 %: readings of one thing at different moments.
    Gauge,
    /// 3 %: means of intervals that begin at different moments.
    Rate,
}

/// When a metric is emitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tier {
    /// Always.
    Base,
    /// With enhanced observability only.
    Enhanced,
}

impl Kind {
    /// The tolerance of most metrics of the kind.
    pub(crate) const fn tolerance(self) -> Tolerance {
        match self {
            Self::Count | Self::Counter | Self::Delta => Tolerance::Constant,
            Self::Gauge => Tolerance::Gauge,
            Self::Rate => Tolerance::Rate,
        }
    }
}

impl Tolerance {
    /// The word for people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Gauge => "gauge",
            Self::Rate => "rate",
        }
    }

    /// How far means may be apart, as a part of the larger one.
    #[must_use]
    pub const fn relative(self) -> f64 {
        match self {
            Self::Constant => 0.0,
            Self::Gauge => 0.02,
            Self::Rate => 0.03,
        }
    }
}
