//! The entrance of one receiver: its lane in the queue of each of its pipelines, and the gates before them.

use std::sync::Arc;

use component::{Receipt, Refusal, Sink};
use model::{Batch, Gate, Permit};

use super::queue::{Arrival, Queue};

/// Ticks of one receiver that wait before a pipeline; one that finds no room is dropped by its receiver and counted.
pub const ROOM: usize = 4;
/// Received batches of one receiver that wait before a pipeline; one that finds no room is refused, to be sent again.
/// Their bytes are bounded by the gates.
pub const ROOM_FOR_RECEIVED: usize = 256;

/// The pipelines as one receiver sees them.
#[derive(Debug, Default)]
pub struct Entrance {
    /// The queue of each pipeline, and the receiver's lane in it.
    pub lanes: Vec<(Arc<Queue>, usize)>,
    /// What is asked before a request is read.
    pub gates: Vec<Gate>,
}

impl Entrance {
    /// Hands a batch to every pipeline, in clones but for the last; whether all had room.
    fn push(&self, batch: Batch, room: usize, receipt: impl Fn() -> Option<Receipt>) -> bool {
        let Some((last, others)) = self.lanes.split_last() else { return true };
        let push = |(queue, lane): &(Arc<Queue>, usize), batch| {
            let pushed = queue.push(*lane, Arrival { batch, receipt: receipt() }, room);
            pushed.map_err(|arrival| {
                if let Some(receipt) = arrival.receipt {
                    receipt.settle(Err(Refusal::retryable("the pipeline's queue is full")));
                }
            })
        };
        let others = others.iter().map(|lane| push(lane, batch.clone())).filter(Result::is_err).count();
        push(last, batch).is_ok() && others == 0
    }
}

impl Sink for Entrance {
    fn offer(&self, batch: Batch) -> bool {
        self.push(batch, ROOM, || None)
    }

    fn send(&self, batch: Batch, receipt: Receipt) {
        self.push(batch, ROOM_FOR_RECEIVED, || Some(receipt.split()));
        receipt.settle(Ok(()));
    }

    fn admit(&self, bytes: usize) -> Result<Permit, Refusal> {
        Permit::ask(&self.gates, bytes).ok_or_else(|| Refusal::retryable("too much data is in flight"))
    }
}
