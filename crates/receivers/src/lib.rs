//! Receivers: where data comes from. One folder for each, strangers to one another.

pub mod awscontainerinsight;
