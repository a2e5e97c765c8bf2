//! The body of an answer, read as it comes or whole.

use std::fmt;
use std::sync::Arc;

use hyper::body::{Body as _, Bytes, Incoming};

use super::connection::Connection;
use super::pool::Pool;
use crate::origin::Origin;
use crate::transport::Transport;

/// What is set aside for a body whose length is promised, before any of it has come.
const FIRST_BYTES: usize = 64 << 10;

/// A body with its connection: read to its end it gives the connection back, dropped before it closes it.
pub struct Body {
    incoming: Incoming,
    /// `None` once the body has ended.
    connection: Option<Connection>,
    origin: Origin,
    /// Where the connection goes.
    pool: Option<Arc<Pool>>,
}

impl Body {
    pub(super) fn new(incoming: Incoming, connection: Connection, origin: Origin, pool: Option<Arc<Pool>>) -> Body {
        Body { incoming, connection: Some(connection), origin, pool }
    }

    /// The next piece, as it was cut on its way; `None` at the end, and after an error. A future that is dropped loses
    /// nothing.
    ///
    /// However small and many the pieces that have come already are, others on the runtime have their turn between them.
    pub async fn next(&mut self) -> Option<hyper::Result<Bytes>> {
        let piece = self.connection.as_mut()?.next(&mut self.incoming).await;
        match &piece {
            Some(Ok(_)) => {}
            Some(Err(_)) => self.connection = None,
            None => {
                if let (Some(connection), Some(pool)) = (self.connection.take(), &self.pool) {
                    pool.keep(&self.origin, connection);
                }
            }
        }
        piece
    }

    /// The length the head gives, in bytes; 0 where it gives none.
    #[must_use]
    pub fn promised(&self) -> usize {
        usize::try_from(self.incoming.size_hint().lower()).unwrap_or(usize::MAX)
    }

    /// The same, whose connection carries no further request.
    #[must_use]
    pub fn unkept(mut self) -> Body {
        self.pool = None;
        self
    }

    /// Reads it into one buffer, and no further than `limit` bytes.
    ///
    /// A server chooses how it cuts its answer: pieces of one byte cost no more memory than the bytes.
    pub async fn whole(mut self, limit: usize) -> Result<Bytes, Transport> {
        let too_long = |body: &Body| Transport::TooLong { server: body.origin.to_string(), limit };
        if self.promised() > limit {
            return Err(too_long(&self));
        }
        let mut whole = Vec::with_capacity(self.promised().min(FIRST_BYTES));
        while let Some(piece) = self.next().await {
            let piece = piece.map_err(|source| Transport::Broken { server: self.origin.to_string(), source })?;
            if piece.len() > limit - whole.len() {
                return Err(too_long(&self));
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole.into())
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Body").field("origin", &self.origin).finish_non_exhaustive()
    }
}
