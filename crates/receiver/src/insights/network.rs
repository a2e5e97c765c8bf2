//! Network traffic: of one interface, and of all of a node's or a pod's.

use catalog::Measurement as M;
use linux::net_dev::Interface;

use crate::insights::points::Points;
use crate::samples::Pair;

type Counter = (M, fn(&Interface) -> Option<u64>);

const COUNTERS: [Counter; 8] = [
    (M::NetworkRxBytes, |interface| Some(interface.rx_bytes)),
    (M::NetworkRxPackets, |interface| Some(interface.rx_packets)),
    (M::NetworkRxErrors, |interface| Some(interface.rx_errors)),
    (M::NetworkRxDropped, |interface| Some(interface.rx_dropped)),
    (M::NetworkTxBytes, |interface| Some(interface.tx_bytes)),
    (M::NetworkTxPackets, |interface| Some(interface.tx_packets)),
    (M::NetworkTxErrors, |interface| Some(interface.tx_errors)),
    (M::NetworkTxDropped, |interface| Some(interface.tx_dropped)),
];

/// Adds the traffic of one interface.
pub fn put(points: &mut Points, interface: &Pair<Interface>) {
    put_sums(points, std::slice::from_ref(interface));
}

/// Adds the traffic of several interfaces together: each metric sums the interfaces that have it and is left out only
/// where none has.
pub fn put_sums(points: &mut Points, interfaces: &[Pair<Interface>]) {
    for (measurement, counter) in COUNTERS {
        points.put(measurement, sum(interfaces.iter().map(|interface| interface.rate(counter))));
    }
    let total = |interface: &Pair<Interface>| {
        Some(
            interface.rate(|interface| Some(interface.rx_bytes))?
                + interface.rate(|interface| Some(interface.tx_bytes))?,
        )
    };
    points.put(M::NetworkTotalBytes, sum(interfaces.iter().map(total)));
}

fn sum(rates: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    rates.flatten().reduce(|sum, rate| sum + rate)
}
