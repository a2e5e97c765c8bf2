//! The variables a session asks: the process's, or a test's own.

/// Where variables are looked up. An empty variable counts as one that isn't there.
#[derive(Debug, Clone, Default)]
pub(crate) enum Environment {
    /// The process's.
    #[default]
    Process,
    /// A test's own.
    #[cfg(test)]
    Fixed(Vec<(String, String)>),
}

impl Environment {
    /// The variable's value, if it has one.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let value = match self {
            Environment::Process => std::env::var(name).ok(),
            #[cfg(test)]
            Environment::Fixed(variables) => {
                variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
            }
        };
        value.filter(|value| !value.is_empty())
    }

    /// The value of a variable that is known in capitals and in small letters; small letters win, as in other programs.
    pub(crate) fn get_either_case(&self, name: &str) -> Option<String> {
        self.get(&name.to_ascii_lowercase()).or_else(|| self.get(name))
    }
}

#[cfg(test)]
impl Environment {
    pub(crate) fn of(variables: &[(&str, &str)]) -> Environment {
        Environment::Fixed(variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect())
    }
}
