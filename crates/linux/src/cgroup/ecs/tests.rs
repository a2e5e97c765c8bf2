//! Tests of reservations over trees that look like a container instance's.

use super::*;
use crate::tree::Tree;
