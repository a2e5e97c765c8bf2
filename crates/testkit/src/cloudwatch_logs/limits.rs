//! What the service takes, written down a second time from its documentation.

pub(super) const BATCH_BYTES: usize = 1_048_576;
pub(super) const EVENT_BYTES: usize = 1_048_576;
pub(super) const OVERHEAD_BYTES: usize = 26;
pub(super) const EVENTS: usize = 10_000;
pub(super) const DAY_MS: i64 = 86_400_000;
pub(super) const AGE_DAYS: i64 = 14;
pub(super) const AHEAD_MS: i64 = 7_200_000;
/// Of a body, compressed or not: what a batch can come to when every character is escaped.
pub(super) const BODY_BYTES: u64 = 8 << 20;
pub(super) const SIGNATURE_MS: i64 = 300_000;
pub(super) const RETENTIONS: [u32; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

pub(super) fn is_group_name(name: &str) -> bool {
    let fits = |char: char| char.is_ascii_alphanumeric() || "_-/.#".contains(char);
    (1..=512).contains(&name.chars().count()) && name.chars().all(fits) && !name.starts_with("aws/")
}

pub(super) fn is_stream_name(name: &str) -> bool {
    (1..=512).contains(&name.chars().count()) && !name.contains([':', '*'])
}

pub(super) fn is_tag(key: &str, value: &str) -> bool {
    let fits = |char: char| char.is_alphanumeric() || char.is_whitespace() || "_.:/=+-@".contains(char);
    (1..=128).contains(&key.chars().count())
        && value.chars().count() <= 256
        && key.chars().all(fits)
        && value.chars().all(fits)
        && !key.starts_with("aws:")
}
