//! An answer's body in one buffer, kept between requests and compared with the last one as it arrives.

/// How much the buffer grows at a time at first: a list of 2 MB must not end in a buffer of 4.
const STEP: usize = 256 << 10;
/// Past this size all the room that an answer may take is reserved at once.
///
/// An allocator that can't extend a block copies it, and the blocks left behind add up to several times the last one.
/// Memory that is reserved and not written costs nothing; but a hole as large as that in every round spreads what else is
/// allocated over more memory, so answers of a usual size grow in steps.
const LARGE: usize = 4 << 20;

/// The last whole body, or the one that is arriving.
///
/// As long as what arrives equals what is there, nothing is written; a second buffer is never needed.
#[derive(Debug, Default)]
pub(crate) struct Body {
    bytes: Vec<u8>,
    /// How much of the present answer has arrived.
    arrived: usize,
    /// Whether `bytes[..arrived]` is all there is, because it differs from the last body.
    differs: bool,
    /// Whether `bytes` is a whole answer.
    whole: bool,
    /// The most that the present answer may take.
    most: usize,
}

impl Body {
    /// A body about as long as one that came before.
    pub(crate) fn like(length: usize) -> Self {
        Self { bytes: Vec::with_capacity(if length == 0 { 0 } else { length + STEP }), ..Self::default() }
    }

    /// A new answer begins, of which `most` bytes may come.
    pub(crate) fn begin(&mut self, most: usize) {
        self.most = most;
        self.arrived = 0;
        self.differs = false;
    }

    /// The next bytes of the answer.
    pub(crate) fn push(&mut self, chunk: &[u8]) {
        if !self.differs {
            if self.bytes[self.arrived..].starts_with(chunk) {
                self.arrived += chunk.len();
                return;
            }
            self.cut();
        }
        if self.bytes.capacity() - self.bytes.len() < chunk.len() {
            self.grow(chunk.len());
        }
        self.bytes.extend_from_slice(chunk);
        self.arrived += chunk.len();
    }

    /// The answer is complete. Whether it is the last whole one again, byte for byte.
    pub(crate) fn finish(&mut self) -> bool {
        if !self.differs && self.arrived < self.bytes.len() {
            self.cut();
        }
        let same = self.whole && !self.differs;
        self.whole = true;
        if self.bytes.capacity() - self.bytes.len() > 4 * STEP {
            self.bytes.shrink_to(self.bytes.len() + STEP);
        }
        same
    }

    /// Whether there is a whole answer to compare the next one with.
    pub(crate) fn is_whole(&self) -> bool {
        self.whole
    }

    /// Makes room for a chunk.
    fn grow(&mut self, chunk: usize) {
        let step = chunk.max(STEP);
        let is_large = self.bytes.len() + step > LARGE;
        let rest = self.most.saturating_sub(self.bytes.len());
        // Where so much address space isn't to be had the answer may still be smaller.
        if !(is_large && rest > step && self.bytes.try_reserve_exact(rest).is_ok()) {
            self.bytes.reserve_exact(step);
        }
    }

    /// Keeps what arrived and no more: from here on the answer is another one.
    fn cut(&mut self) {
        self.bytes.truncate(self.arrived);
        self.differs = true;
        self.whole = false;
    }

    /// How much of the answer has arrived.
    pub(crate) fn len(&self) -> usize {
        self.arrived
    }

    /// What arrived, to keep.
    pub(crate) fn into_bytes(mut self) -> Vec<u8> {
        self.bytes.truncate(self.arrived);
        self.bytes.shrink_to_fit();
        self.bytes
    }

    /// What arrived.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.arrived]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn receive(body: &mut Body, chunks: &[&[u8]]) -> bool {
        body.begin(64 << 20);
        chunks.iter().for_each(|chunk| body.push(chunk));
        body.finish()
    }

    #[test]
    fn an_answer_is_the_same_only_byte_for_byte() {
        let mut body = Body::default();
        assert!(!receive(&mut body, &[b"one ", b"two"]), "the first");
        assert!(receive(&mut body, &[b"on", b"e two"]), "in other pieces");
        assert!(!receive(&mut body, &[b"one "]), "shorter");
        assert!(!receive(&mut body, &[b"one ", b"two"]), "longer");
        assert!(!receive(&mut body, &[b"one", b" TWO"]), "another");
        assert_eq!(body.bytes(), b"one TWO");
    }

    #[test]
    fn an_answer_that_broke_off_is_never_the_same() {
        let mut body = Body::default();
        receive(&mut body, &[b"one"]);
        body.begin(64 << 20);
        body.push(b"on");
        body.push(b"ly");
        assert!(!receive(&mut body, &[b"only"]));
        assert!(receive(&mut body, &[b"only"]));
    }

    #[test]
    fn an_answer_that_broke_off_before_it_differed_costs_nothing() {
        let mut body = Body::default();
        receive(&mut body, &[b"one"]);
        body.begin(64 << 20);
        body.push(b"on");
        assert!(receive(&mut body, &[b"one"]));
    }

    #[test]
    fn a_large_answer_takes_one_last_block_of_all_that_may_come() {
        let (mut body, mut capacities) = (Body::default(), Vec::new());
        body.begin(32 << 20);
        for _ in 0..512 {
            body.push(&[b' '; 64 << 10]);
            capacities.push(body.bytes.capacity());
        }
        capacities.dedup();
        let large = capacities.iter().position(|capacity| *capacity > LARGE).expect("it is large");
        assert_eq!(capacities[large..], [32 << 20]);
        assert!(capacities[..large].windows(2).all(|pair| pair[1] - pair[0] == STEP), "{capacities:?}");
    }

    #[test]
    fn a_large_answer_is_not_held_on_to() {
        let mut body = Body::default();
        receive(&mut body, &[&vec![b' '; 20 << 20]]);
        receive(&mut body, &[b"small"]);
        assert!(body.bytes.capacity() <= 2 * STEP);
    }

    proptest! {
        #[test]
        fn what_was_pushed_is_there(answers in proptest::collection::vec(
            (proptest::collection::vec("[ab]{0,4}", 0..4), any::<bool>()), 0..8,
        )) {
            let mut body = Body::default();
            let mut last: Option<String> = None;
            for (chunks, complete) in answers {
                body.begin(64 << 20);
                chunks.iter().for_each(|chunk| body.push(chunk.as_bytes()));
                let text = chunks.concat();
                prop_assert_eq!(body.bytes(), text.as_bytes());
                if complete {
                    let same = body.finish();
                    prop_assert!(!same || last.as_ref() == Some(&text));
                    last = Some(text);
                }
            }
        }
    }
}
