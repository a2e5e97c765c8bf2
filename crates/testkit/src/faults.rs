//! What can go wrong with the answer of a small HTTP service, on demand.

use std::time::Duration;

use crate::server::{End, Reply};

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// This status with a body that says nothing.
    Status(u16),
    /// A page of HTML with status 200, as something on the way sends it.
    Page,
    /// No answer, ever; the connection stays open.
    Hang,
    /// The answer comes only after this time.
    Slow(Duration),
    /// The head promises the whole body; half of it arrives and the connection closes.
    Half,
    /// A body of so many blanks, with status 200.
    Huge(usize),
}

impl Fault {
    /// The answer in place of `reply`.
    pub(crate) fn instead_of(&self, mut reply: Reply) -> Reply {
        match self {
            Fault::Status(status) => Reply::new(*status, "a fault on demand"),
            Fault::Page => {
                let page = "<!DOCTYPE html>\n<html><body>a fault on demand</body></html>";
                Reply::new(200, page).header("content-type", "text/html; charset=utf-8")
            }
            Fault::Huge(bytes) => Reply::new(200, vec![b' '; *bytes]),
            Fault::Hang => {
                reply.end = End::Hang;
                reply
            }
            Fault::Slow(delay) => {
                reply.delay = *delay;
                reply
            }
            Fault::Half => {
                reply.end = End::Half;
                reply
            }
        }
    }
}
