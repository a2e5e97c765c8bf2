//! Reads a Linux machine: cgroups of either version, /proc and /sys, below any root.
