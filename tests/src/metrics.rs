//! Counters of a server, from `/_fogbank/metrics` (Prometheus text).

use crate::client::Client;

/// One reading of all metrics.
#[derive(Debug, Clone)]
pub struct Reading(String);

impl Reading {
    /// Reads them now.
    pub async fn of(client: &Client) -> Self {
        Self(client.get("/_fogbank/metrics").await.expect(200).text())
    }

    /// The sum of a metric over all its labels that contain every one of `labels` (`plugin="storage"`); 0 where there is none.
    pub fn sum(&self, name: &str, labels: &[&str]) -> f64 {
        let lines = self.0.lines().filter(|line| !line.starts_with('#'));
        let of_name = lines.filter(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' '])));
        let wanted = of_name.filter(|line| labels.iter().all(|label| line.contains(label)));
        wanted.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.0
    }
}
