//! The lines of a stream, out of the pieces it comes in.

/// The longest line that is read: 4 MiB. An object in etcd has at most 1.5.
pub(super) const LONGEST: usize = 4 << 20;
/// What is kept of the buffer after a line that needed more.
const KEPT: usize = 64 << 10;

/// A line without its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    Whole(&'a [u8]),
    /// It had more than [`LONGEST`] bytes.
    TooLong,
}

/// The beginning of a line whose end has not come yet.
#[derive(Debug, Default)]
pub(super) struct Lines {
    begun: Vec<u8>,
    /// The present line is too long, and passed over.
    passing: bool,
}

impl Lines {
    /// Takes a piece, and gives each line that it ends to `each`; after an error the rest of the piece is lost.
    pub(super) fn feed<E>(
        &mut self,
        mut piece: &[u8],
        mut each: impl FnMut(Line<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        while let Some(end) = piece.iter().position(|byte| *byte == b'\n') {
            let (last, rest) = (&piece[..end], &piece[end + 1..]);
            piece = rest;
            if std::mem::take(&mut self.passing) || self.begun.len() + last.len() > LONGEST {
                self.clear();
                each(Line::TooLong)?;
            } else if self.begun.is_empty() {
                each(Line::Whole(last))?;
            } else {
                self.begun.extend_from_slice(last);
                let done = each(Line::Whole(&self.begun));
                self.clear();
                done?;
            }
        }
        if !self.passing && self.begun.len() + piece.len() > LONGEST {
            self.clear();
            self.passing = true;
        }
        if !self.passing {
            self.begun.extend_from_slice(piece);
        }
        Ok(())
    }

    fn clear(&mut self) {
        self.begun.clear();
        self.begun.shrink_to(KEPT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines(pieces: &[&[u8]]) -> Vec<Option<Vec<u8>>> {
        let (mut lines, mut found) = (Lines::default(), Vec::new());
        for piece in pieces {
            let each = |line: Line| {
                found.push(match line {
                    Line::Whole(bytes) => Some(bytes.to_vec()),
                    Line::TooLong => None,
                });
                Ok::<(), ()>(())
            };
            lines.feed(piece, each).expect("each is content");
        }
        found
    }

    #[test]
    fn a_line_ends_where_it_ends() {
        let line = |text: &str| Some(text.as_bytes().to_vec());
        assert_eq!(lines(&[b"a\nb", b"", b"c\n\nd"]), [line("a"), line("bc"), line("")]);
        assert_eq!(lines(&[b"a", b"\n"]), [line("a")]);
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_over() {
        let long = vec![b'x'; LONGEST / 2 + 1];
        assert_eq!(lines(&[&long, &long, &long, b"x\na\n"]), [None, Some(b"a".to_vec())]);
        assert_eq!(lines(&[&[long.as_slice(), &long, b"\na\n"].concat()]), [None, Some(b"a".to_vec())]);
        assert_eq!(lines(&[&long, &[&long[..], b"\na\n"].concat()]), [None, Some(b"a".to_vec())]);
        let most = vec![b'x'; LONGEST];
        assert_eq!(lines(&[&most, b"\n"]), [Some(most.clone())]);
    }

    #[test]
    fn the_buffer_of_a_long_line_is_given_back() {
        let mut lines = Lines::default();
        lines.feed::<()>(&vec![b'x'; LONGEST], |_| Ok(())).expect("no line");
        lines.feed::<()>(b"\n", |_| Ok(())).expect("a line");
        assert!(lines.begun.capacity() <= KEPT);
    }

    proptest! {
        #[test]
        fn cuts_change_nothing(text in "[ab\n]{0,60}", cuts in proptest::collection::vec(0..60_usize, 0..6)) {
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let pieces: Vec<_> = cuts.windows(2).map(|pair| &text.as_bytes()[pair[0]..pair[1]]).collect();
            let mut expected: Vec<_> = text.split('\n').map(|line| Some(line.as_bytes().to_vec())).collect();
            expected.pop();
            prop_assert_eq!(lines(&pieces), expected);
        }
    }
}
