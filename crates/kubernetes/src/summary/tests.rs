use super::*;
#[test]
fn nothing() {
    let _ = parse_summary(b"{}");
}
