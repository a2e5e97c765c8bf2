//! One exchange with the API server: a read, or a write of a record.

use hyper::Method;
use hyper::body::Bytes;

use super::lock_state::Base;
use super::{ElectionEvent, Inner};
use crate::election::api::Api;
use crate::election::elector::{Action, Outcome};
use crate::election::lock::{self, Object, View};
use crate::error::Error;

impl<A: Api> Inner<A> {
    pub(super) async fn perform(&mut self, action: &Action) -> Outcome {
        let lock = action.lock();
        let place = &self.options.place;
        let index = self.states.iter().position(|state| state.lock == lock).expect("the elector knows the same locks");
        let base = &self.states[index].base;
        let (method, path, body) = match (action, base) {
            (Action::Read(_), _) => (Method::GET, place.object(lock), None),
            (Action::Write { record, .. }, Base::Object(object)) => {
                (Method::PUT, place.object(lock), Some(object.with(lock, record)))
            }
            (Action::Write { record, .. }, _) => {
                (Method::POST, place.collection(lock), Some(lock::create(lock, place, record)))
            }
        };
        let is_read = method == Method::GET;
        let is_update = method == Method::PUT;
        let result = self.api.request(method, &path, body.map(Bytes::from)).await;
        let result = result.and_then(|answer| {
            let url = self.api.url(&path);
            Object::parse(lock, &answer.body).map_err(|source| Error::Parse { url, source })
        });
        let state = &mut self.states[index];
        let status = result.as_ref().err().and_then(Error::status);
        let outcome = match (result, status) {
            (Ok(object), _) => {
                let view = object.view.clone();
                (state.base, state.version) = (Base::Object(Box::new(object)), None);
                if is_read { Outcome::Seen(view) } else { Outcome::Written }
            }
            (Err(_), Some(404)) if is_read => {
                (state.base, state.version) = (Base::Absent(None), None);
                Outcome::Seen(View::Absent)
            }
            (Err(_), Some(404)) if is_update => {
                (state.base, state.version) = (Base::Absent(None), None);
                Outcome::Missing
            }
            (Err(_), Some(409)) => Outcome::Conflict,
            (Err(_), Some(403)) => Outcome::Forbidden,
            (Err(error), _) => {
                let retry_after = error.retry_after();
                state.fails = true;
                (self.options.told)(ElectionEvent::Failed(lock, error));
                return Outcome::Failed { retry_after };
            }
        };
        if std::mem::take(&mut state.fails) {
            (self.options.told)(ElectionEvent::Recovered(lock));
        }
        outcome
    }
}
