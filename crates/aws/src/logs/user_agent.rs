//! Who we say we are.

/// The user agent of an agent that delivers to the log group as it is configured, placeholders and all.
///
/// A group of Container Insights is told from others as the Go exporter does, by
/// `^/aws/.*containerinsights/.*/(performance|prometheus)$`.
pub fn user_agent(product: &str, version: &str, configured_group: &str) -> String {
    let insights = if is_container_insights(configured_group) { "; ContainerInsights" } else { "" };
    format!("{product}/{version} (awsemf{insights})")
}

fn is_container_insights(group: &str) -> bool {
    let Some(rest) = group.strip_prefix("/aws/") else { return false };
    let Some(rest) = rest.strip_suffix("/performance").or_else(|| rest.strip_suffix("/prometheus")) else {
        return false;
    };
    // Between the two slashes there may be anything, nothing too.
    rest.contains("containerinsights/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_of_container_insights_are_told_apart() {
        let check =
            |group: &str, expected: &str| assert_eq!(user_agent("p", "1.2", group), format!("p/1.2 ({expected})"));
        check("/aws/containerinsights/{ClusterName}/performance", "awsemf; ContainerInsights");
        check("/aws/ecs/containerinsights/{ClusterName}/prometheus", "awsemf; ContainerInsights");
        check("/aws/containerinsights//performance", "awsemf; ContainerInsights");
        check("/aws/containerinsights/performance", "awsemf");
        check("/aws/containerinsights/c/application", "awsemf");
        check("x/aws/containerinsights/c/performance", "awsemf");
        check("", "awsemf");
    }
}
