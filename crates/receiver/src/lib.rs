//! The awscontainerinsightreceiver: samples and inventory to records.
