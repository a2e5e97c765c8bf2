//! Tests of the interface table.

use std::path::Path;

use proptest::prelude::*;

use super::*;

const HEADER: &str = "Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
";

fn parse_lines(lines: &str) -> Interfaces {
    parse(format!("{HEADER}{lines}").as_bytes())
}

#[test]
fn the_columns_are_where_the_kernel_puts_them() {
    let seen = parse_lines(
        "  eth0: 390798182   20413    1    2    0     0          0         0  1540530   16526    3    4    0     0       0          0\n",
    );
    assert_eq!(seen.malformed, 0);
    let eth0 = seen.interfaces[0];
    assert_eq!(eth0.name.text(), "eth0");
    assert_eq!((eth0.rx_bytes, eth0.rx_packets, eth0.rx_errors, eth0.rx_dropped), (390_798_182, 20_413, 1, 2));
    assert_eq!((eth0.tx_bytes, eth0.tx_packets, eth0.tx_errors, eth0.tx_dropped), (1_540_530, 16_526, 3, 4));
}

#[test]
fn a_number_may_touch_the_colon() {
    let seen = parse_lines("eni0123456789ab:1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n");
    assert_eq!(seen.interfaces[0].name.text(), "eni0123456789ab");
    assert_eq!((seen.interfaces[0].rx_bytes, seen.interfaces[0].tx_dropped), (1, 12));
}

#[test]
fn a_malformed_line_costs_itself_only() {
    let good = "lo: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n";
    let seen = parse_lines(&format!(
        "no colon 1 2\nshort: 1 2 3\nlong: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17\nword: a 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n{good}"
    ));
    assert_eq!((seen.interfaces.len(), seen.malformed), (1, 4));
}

#[test]
fn a_name_has_any_bytes_that_the_kernel_allows() {
    let columns = "1000 10 0 0 0 0 0 0 500 10 0 0 0 0 0 0\n";
    let names: [&[u8]; 6] = [b"wan|0", b"Inter-|", b"face", b"\xff\x80a", b"\x1b[0m", "ümlaut|".as_bytes()];
    let mut text = HEADER.as_bytes().to_vec();
    for name in names {
        text.extend([b" ", name, b": ", columns.as_bytes()].concat());
    }
    let seen = parse(&text);
    assert_eq!(seen.malformed, 0);
    assert_eq!(seen.interfaces.iter().map(|interface| interface.name.as_bytes()).collect::<Vec<_>>(), names);
    assert!(seen.interfaces.iter().all(|interface| (interface.rx_bytes, interface.tx_bytes) == (1000, 500)));
    assert_eq!(seen.interfaces[0].name.text(), "wan|0");
    assert_eq!(seen.interfaces[3].name.text(), "\\xff\\x80a");
    // A header is one in its place only, and what is no interface is counted.
    assert_eq!(parse_lines("wan|0 1000 10\n").malformed, 1);
}

#[test]
fn this_process_sees_its_interfaces() {
    let root = Root::open(Path::new("/")).unwrap();
    let seen = read(&root, std::process::id(), &mut Buffer::new()).unwrap();
    assert!(seen.interfaces.iter().any(|interface| interface.name.as_bytes() == b"lo"));
    assert_eq!(seen.malformed, 0);
    assert!(read(&root, u32::MAX, &mut Buffer::new()).unwrap_err().is_gone());
}

proptest! {
    #[test]
    fn any_bytes_are_survived(text: Vec<u8>) {
        let _ = parse(&text);
    }

    #[test]
    fn every_line_is_an_interface_or_counted(name in "[a-z0-9@.-]{1,20}", numbers in prop::collection::vec(any::<u64>(), 0..20)) {
        let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
        let seen = parse_lines(&format!("{name}: {}\n", numbers.join(" ")));
        prop_assert_eq!(seen.interfaces.len() + seen.malformed, 1);
        prop_assert_eq!(seen.interfaces.len() == 1, numbers.len() == 16 && name.len() <= 15);
    }
}
