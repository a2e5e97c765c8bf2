//! A reflector against a server.
