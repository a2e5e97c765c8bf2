//! The variables that say how to travel and whom to trust: the process's, or given ones.

/// Where variables are looked up. An empty variable counts as one that isn't there.
#[derive(Debug, Clone, Default)]
pub enum Environment {
    /// The process's.
    #[default]
    Process,
    /// These, for tests.
    Fixed(Vec<(String, String)>),
}

impl Environment {
    /// An environment with just these variables.
    #[must_use]
    pub fn of(variables: &[(&str, &str)]) -> Environment {
        Environment::Fixed(variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect())
    }

    /// The variable's value, if it has one.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        let value = match self {
            Environment::Process => std::env::var(name).ok(),
            Environment::Fixed(variables) => {
                variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
            }
        };
        value.filter(|value| !value.is_empty())
    }

    /// The value of a variable that is known in capitals and in small letters; small letters win, as in other programs.
    #[must_use]
    pub fn get_either_case(&self, name: &str) -> Option<String> {
        self.get(&name.to_ascii_lowercase()).or_else(|| self.get(name))
    }
}
