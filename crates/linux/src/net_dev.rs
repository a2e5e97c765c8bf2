//! Counters of the network interfaces of a process's network namespace: `/proc/<pid>/net/dev` (proc_pid_net(5)).

use std::borrow::Cow;
use std::fmt;

use crate::text::{lines, number, words};
use crate::{Buffer, Error, Root};

/// Lines above the interfaces.
const HEADER_LINES: usize = 2;
/// Longest name of an interface in bytes: IFNAMSIZ without the closing zero.
const NAME: usize = 15;

/// An interface's name: any bytes but `/`, `:` and white space, as the kernel allows them (dev_valid_name). It is held in
/// place and copied freely.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    bytes: [u8; NAME],
    length: u8,
}

/// What went through one interface since it appeared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interface {
    /// The interface's name as the kernel writes it.
    pub name: Name,
    /// Bytes received.
    pub rx_bytes: u64,
    /// Packets received.
    pub rx_packets: u64,
    /// Receive errors.
    pub rx_errors: u64,
    /// Packets dropped on receipt.
    pub rx_dropped: u64,
    /// Bytes sent.
    pub tx_bytes: u64,
    /// Packets sent.
    pub tx_packets: u64,
    /// Transmit errors.
    pub tx_errors: u64,
    /// Packets dropped on the way out.
    pub tx_dropped: u64,
}

/// The interfaces of one network namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interfaces {
    /// In the kernel's order.
    pub interfaces: Vec<Interface>,
    /// Lines that were not understood and cost only themselves.
    pub malformed: usize,
}

/// Reads `<root>/proc/<pid>/net/dev`; a process that has ended is [`Error::Gone`].
pub fn read(root: &Root, pid: u32, buffer: &mut Buffer) -> Result<Interfaces, Error> {
    let mut interfaces = Interfaces::default();
    read_into(root, pid, buffer, &mut interfaces)?;
    Ok(interfaces)
}

/// As [`read`], into a value that is used again; left empty on an error.
pub fn read_into(root: &Root, pid: u32, buffer: &mut Buffer, into: &mut Interfaces) -> Result<(), Error> {
    into.interfaces.clear();
    into.malformed = 0;
    let text = root.read(&format!("proc/{pid}/net/dev"), buffer)?;
    parse_into(text, into);
    Ok(())
}

/// Parses the text of `net/dev`.
pub fn parse(text: &[u8]) -> Interfaces {
    let mut interfaces = Interfaces::default();
    parse_into(text, &mut interfaces);
    interfaces
}

pub(crate) fn parse_into(text: &[u8], into: &mut Interfaces) {
    into.interfaces.clear();
    into.malformed = 0;
    for (number, line) in lines(text).enumerate() {
        match parse_line(line) {
            Some(interface) => into.interfaces.push(interface),
            None if number < HEADER_LINES && is_header(line) => {}
            None => into.malformed += 1,
        }
    }
}

/// Headers have bars and no colon; an interface's name may have bars, and a colon follows it.
fn is_header(line: &[u8]) -> bool {
    line.contains(&b'|') && !line.contains(&b':')
}

fn parse_line(line: &[u8]) -> Option<Interface> {
    // Old kernels write no blank after the colon.
    let colon = line.iter().rposition(|&byte| byte == b':')?;
    let name = Name::new(line[..colon].trim_ascii())?;
    let mut words = words(&line[colon + 1..]);
    let mut columns = [0; 16];
    for column in &mut columns {
        *column = number(words.next()?)?;
    }
    if words.next().is_some() {
        return None;
    }
    Some(Interface {
        name,
        rx_bytes: columns[0],
        rx_packets: columns[1],
        rx_errors: columns[2],
        rx_dropped: columns[3],
        tx_bytes: columns[8],
        tx_packets: columns[9],
        tx_errors: columns[10],
        tx_dropped: columns[11],
    })
}

impl Name {
    fn new(text: &[u8]) -> Option<Name> {
        if text.is_empty() || text.len() > NAME || text.contains(&b'/') {
            return None;
        }
        let mut bytes = [0; NAME];
        bytes[..text.len()].copy_from_slice(text);
        Some(Name { bytes, length: text.len() as u8 })
    }

    /// The name as the kernel has it.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    /// The name as text, different for different names; `wan\xff` for one that is no UTF-8.
    pub fn text(&self) -> Cow<'_, str> {
        match std::str::from_utf8(self.as_bytes()) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => Cow::Owned(self.to_string()),
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Ok(text) = std::str::from_utf8(self.as_bytes()) {
            return formatter.pad(text);
        }
        for chunk in self.as_bytes().utf8_chunks() {
            formatter.write_str(chunk.valid())?;
            chunk.invalid().iter().try_for_each(|byte| write!(formatter, "\\x{byte:02x}"))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.text(), formatter)
    }
}

#[cfg(test)]
mod tests;
