//! Acknowledgement: what a receiver is told about a batch that it owes its sender an answer for.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

/// What became of a batch.
pub type Outcome = Result<(), Refusal>;

/// Why a batch was not taken, and whether sending it again can help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// What the sender is told.
    pub message: String,
    /// Whether the same batch may be taken later.
    pub is_retryable: bool,
    /// When to send it again, where that is known.
    pub retry_after: Option<Duration>,
}

impl Refusal {
    /// The batch may be taken later.
    #[must_use]
    pub fn retryable(message: impl Into<String>) -> Self {
        Self { message: message.into(), is_retryable: true, retry_after: None }
    }

    /// The batch will never be taken.
    #[must_use]
    pub fn permanent(message: impl Into<String>) -> Self {
        Self { message: message.into(), is_retryable: false, retry_after: None }
    }
}

/// A sender's claim to an answer. Each branch that a batch takes has one of its own, see [`Receipt::split`].
///
/// The answer comes when all are settled: the gravest refusal, or success. One that is dropped without a word counts as
/// refused, so that nothing that was lost is ever acknowledged.
#[derive(Debug)]
pub struct Receipt {
    shared: Arc<Shared>,
    is_settled: bool,
}

#[derive(Debug)]
struct Shared {
    worst: Mutex<Outcome>,
    sender: Option<oneshot::Sender<Outcome>>,
}

impl Receipt {
    /// A receipt, and where the answer comes.
    #[must_use]
    pub fn new() -> (Self, oneshot::Receiver<Outcome>) {
        let (sender, answer) = oneshot::channel();
        let shared = Shared { worst: Mutex::new(Ok(())), sender: Some(sender) };
        (Self { shared: Arc::new(shared), is_settled: false }, answer)
    }

    /// Another one for another branch.
    #[must_use]
    pub fn split(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), is_settled: false }
    }

    /// Says what became of the batch on this branch.
    pub fn settle(mut self, outcome: Outcome) {
        self.is_settled = true;
        self.shared.note(outcome);
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        if !self.is_settled {
            self.shared.note(Err(Refusal::retryable("the agent is shutting down")));
        }
    }
}

impl Shared {
    fn note(&self, outcome: Outcome) {
        let Err(refusal) = outcome else { return };
        let mut worst = self.worst.lock().unwrap_or_else(PoisonError::into_inner);
        // Sending again helps only where it helps on every branch.
        let is_graver = match &*worst {
            Ok(()) => true,
            Err(before) => before.is_retryable && !refusal.is_retryable,
        };
        if is_graver {
            *worst = Err(refusal);
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let worst = std::mem::replace(self.worst.get_mut().unwrap_or_else(PoisonError::into_inner), Ok(()));
        if let Some(sender) = self.sender.take() {
            let _ = sender.send(worst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(settle: impl FnOnce(Receipt)) -> Option<Outcome> {
        let (receipt, mut answer) = Receipt::new();
        settle(receipt);
        answer.try_recv().ok()
    }

    #[test]
    fn an_answer_comes_when_every_branch_is_settled() {
        assert_eq!(answered(|receipt| receipt.settle(Ok(()))), Some(Ok(())));
        let mut other = None;
        let early = answered(|receipt| {
            other = Some(receipt.split());
            receipt.settle(Ok(()));
        });
        assert_eq!(early, None, "one branch is open");
    }

    #[test]
    fn the_gravest_refusal_is_the_answer() {
        let (busy, bad) = (Refusal::retryable("busy"), Refusal::permanent("bad"));
        for order in [[&busy, &bad], [&bad, &busy]] {
            let answer = answered(|receipt| {
                let other = receipt.split();
                receipt.settle(Err(order[0].clone()));
                other.settle(Err(order[1].clone()));
            });
            assert_eq!(answer, Some(Err(bad.clone())));
        }
    }

    #[test]
    fn a_lost_receipt_is_no_success() {
        let answer = answered(|receipt| {
            receipt.split().settle(Ok(()));
            drop(receipt);
        });
        assert!(matches!(answer, Some(Err(refusal)) if refusal.is_retryable));
    }
}
