//! What the rest of the agent and the cluster hear of an election.

use hyper::Method;

use super::lock_state::Base;
use super::{ElectionEvent, Inner, event};
use crate::election::api::Api;

impl<A: Api> Inner<A> {
    pub(super) fn publish(&mut self) {
        let until = self.elector.leads_until();
        self.until.send_if_modified(|last| std::mem::replace(last, until) != until);
        let leads = until.is_some_and(|until| self.now() < until);
        if leads != std::mem::replace(&mut self.leads, leads) {
            (self.options.told)(if leads { ElectionEvent::Became } else { ElectionEvent::Stopped });
            self.events.push(if leads { event::BECAME } else { event::STOPPED });
            // An API server that is away for long hears the last ones.
            let old = self.events.len().saturating_sub(4);
            self.events.drain(..old);
        }
        for notice in self.elector.take_notices() {
            (self.options.told)(ElectionEvent::Notice(notice));
        }
    }

    pub(super) async fn post(&mut self, message: &str) {
        let (wall, place) = ((self.options.now)().wall, &self.options.place);
        let state = &self.states[0];
        let object = if let Base::Object(object) = &state.base { Some(&**object) } else { None };
        let body = event::encode(place, state.lock, object, &self.options.identity, message, wall);
        if let Err(error) = self.api.request(Method::POST, &place.events(), Some(body.into())).await {
            (self.options.told)(ElectionEvent::EventFailed(error));
        }
    }
}
