//! Bytes and operations of one disk.

use catalog::Measurement as M;
use linux::cgroup::{DiskIo, Operations};

use crate::awscontainerinsight::insights::points::Points;
use crate::awscontainerinsight::samples::Pair;

/// Adds the rates of one disk: cgroup v1 counts synchronous and asynchronous operations apart, v2 does not.
pub fn put(points: &mut Points, io: &Pair<DiskIo>) {
    let mut rate = |measurement, counter: &dyn Fn(&DiskIo) -> Option<u64>| {
        let _ = points.put_said(measurement, io.rate(counter));
    };
    rate(M::DiskioIoServicedAsync, &|io| io.serviced.async_);
    rate(M::DiskioIoServicedRead, &|io| io.serviced.read);
    rate(M::DiskioIoServicedSync, &|io| io.serviced.sync);
    rate(M::DiskioIoServicedTotal, &|io| total(&io.serviced));
    rate(M::DiskioIoServicedWrite, &|io| io.serviced.write);
    rate(M::DiskioIoServiceBytesAsync, &|io| io.service_bytes.async_);
    rate(M::DiskioIoServiceBytesRead, &|io| io.service_bytes.read);
    rate(M::DiskioIoServiceBytesSync, &|io| io.service_bytes.sync);
    rate(M::DiskioIoServiceBytesTotal, &|io| total(&io.service_bytes));
    rate(M::DiskioIoServiceBytesWrite, &|io| io.service_bytes.write);
}

/// The kernel's own total (v1, which has the discards in it), else what was read and written.
fn total(operations: &Operations) -> Option<u64> {
    operations.total.or_else(|| operations.read?.checked_add(operations.write?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_total_is_the_kernels_own_or_what_was_read_and_written() {
        let v1 =
            Operations { read: Some(1), write: Some(2), discard: Some(4), total: Some(7), ..Operations::default() };
        let v2 = Operations { read: Some(1), write: Some(2), ..Operations::default() };
        assert_eq!((total(&v1), total(&v2), total(&Operations::default())), (Some(7), Some(3), None));
    }

    #[test]
    fn a_total_beyond_what_can_be_counted_is_left_out() {
        let operations = Operations { read: Some(u64::MAX), write: Some(1), ..Operations::default() };
        assert_eq!(total(&operations), None);
    }
}
