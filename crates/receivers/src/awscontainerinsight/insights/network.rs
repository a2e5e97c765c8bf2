//! Network traffic: of one interface, and of all of a node's or a pod's.

use catalog::Measurement as M;
use linux::net_dev::Interface;

use crate::awscontainerinsight::insights::points::Points;
use crate::awscontainerinsight::plausible::{Absent, Said, of_one_interface};
use crate::awscontainerinsight::samples::Pair;

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
        let rates = interfaces.iter().map(|interface| rate(measurement, interface, counter));
        let _ = points.put_said(measurement, sum(rates));
    }
    let total = |interface: &Pair<Interface>| {
        let [received, sent] =
            [COUNTERS[0], COUNTERS[4]].map(|(measurement, counter)| rate(measurement, interface, counter));
        Ok(received? + sent?)
    };
    let _ = points.put_said(M::NetworkTotalBytes, sum(interfaces.iter().map(total)));
}

/// Whether nothing has gone through an interface since it appeared.
pub fn is_zero(interface: &Interface) -> bool {
    COUNTERS.iter().all(|(_, counter)| counter(interface) == Some(0))
}

/// One interface's rate, where it can be true: what can't be of one interface is no part of a sum.
fn rate(measurement: M, interface: &Pair<Interface>, counter: fn(&Interface) -> Option<u64>) -> Said<f64> {
    interface.rate(counter).and_then(|rate| of_one_interface(measurement, rate))
}

/// The sum of those that there are; where there are none, why.
fn sum(rates: impl Iterator<Item = Said<f64>>) -> Said<f64> {
    rates
        .reduce(|sum, rate| match (sum, rate) {
            (Ok(sum), Ok(rate)) => Ok(sum + rate),
            (Ok(sum), Err(_)) => Ok(sum),
            (Err(_), Ok(rate)) => Ok(rate),
            (Err(Absent::Missing), rate) => rate,
            (sum, Err(_)) => sum,
        })
        .unwrap_or(Err(Absent::Missing))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use catalog::RecordType;
    use model::{Stamp, Value};

    use super::*;
    use platform::Capacity;

    fn interface(rx_bytes: u64) -> Interface {
        let line = format!(" eth0: {rx_bytes} 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n");
        linux::net_dev::parse(line.as_bytes()).interfaces[0]
    }

    #[test]
    fn totals_add_up_the_interfaces_that_have_a_rate() {
        let at = |seconds| Stamp { monotonic: Duration::from_secs(seconds), wall: Duration::ZERO };
        let grown = |rx_bytes| Pair { at: at(10), now: interface(rx_bytes), earlier: Some((at(0), interface(0))) };
        let new = Pair { at: at(10), now: interface(77), earlier: None };
        let mut points = Points::of(RecordType::Node, Capacity::default());
        put_sums(&mut points, &[new.clone(), grown(100), grown(50)]);
        let points = points.finish().expect("there are rates");
        let received =
            points.iter().find(|point| point.metric.name() == "node_network_rx_bytes").map(|point| point.value.clone());
        assert_eq!(received, Some(Value::Float(15.0)));
        let mut points = Points::of(RecordType::Node, Capacity::default());
        put_sums(&mut points, &[new]);
        assert!(points.finish().is_none());
    }
}
