//! What can be otherwise than on a usual instance: faults, version 1, tags, and how often was asked.

use super::FakeInstanceMetadata;
use crate::faults::Fault;

impl FakeInstanceMetadata {
    /// From now on every answer fails like this; `None` heals all.
    pub fn set_fault(&self, fault: Option<Fault>) {
        let mut state = self.state();
        state.faults.clear();
        state.faults.extend(fault.map(|fault| (String::new(), fault)));
    }

    /// From now on requests that begin like this, such as `PUT /latest/api/token`, fail like this, beside what fails already.
    pub fn set_fault_of(&self, request: &str, fault: Fault) {
        self.state().faults.insert(0, (request.to_owned(), fault));
    }

    /// The next answers fail like this, one each, and then all is well again.
    pub fn fail_next(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state().next_faults.extend(faults);
    }

    /// From now on version 1 is allowed too: a GET without a token is answered.
    pub fn set_v1_allowed(&self, allowed: bool) {
        self.state().v1_allowed = allowed;
    }

    /// Tokens hold so long from now on, in place of what the client asks for.
    pub fn set_token_seconds(&self, seconds: u64) {
        self.state().token_seconds = Some(seconds);
    }

    /// The instance's tags, shown in metadata; `None` doesn't show them, which is how it starts.
    pub fn set_tags(&self, tags: Option<&[(&str, &str)]>) {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        self.state().tags = tags.map(|tags| tags.iter().map(owned).collect());
    }

    /// How many requests began like this, such as `PUT` or `GET /latest/meta-data/tags`.
    pub fn count(&self, start: &str) -> usize {
        self.state().requests.iter().filter(|request| request.starts_with(start)).count()
    }
}
