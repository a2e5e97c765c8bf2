//! Endpoints to listen on.

use extensions::Endpoint;

use crate::{Seed, Target, on_text};

pub(crate) const TARGETS: &[Target] = &[Target {
    name: "endpoints",
    run: endpoints,
    seeds: &[Seed::Text("localhost:13133"), Seed::Text("[::1]:0"), Seed::Text(":65535")],
}];

/// What is read is read again.
fn endpoints(data: &[u8]) {
    on_text(data, |text| {
        if let Ok(endpoint) = text.parse::<Endpoint>() {
            assert_eq!(endpoint.to_string().parse(), Ok(endpoint));
        }
    });
}
