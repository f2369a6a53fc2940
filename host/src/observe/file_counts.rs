//! What the files capability counts by itself, asked for at each scrape.

use crate::capability::files;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use std::fmt::Error;

/// `fsync_total{kind}` and `failed_cleanups_total`.
#[derive(Debug)]
pub(super) struct FileCounts;

impl Collector for FileCounts {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        let counts = files::counts();
        let (files, folders) = (ConstCounter::new(counts.file_syncs), ConstCounter::new(counts.folder_syncs));
        let mut syncs =
            encoder.encode_descriptor("fsync", "Files and folders made durable", None, files.metric_type())?;
        files.encode(syncs.encode_family(&[("kind", "file")])?)?;
        folders.encode(syncs.encode_family(&[("kind", "folder")])?)?;
        let failed = ConstCounter::new(counts.failed_cleanups);
        let help = "Files that could not be removed when they should have been";
        failed.encode(encoder.encode_descriptor("failed_cleanups", help, None, failed.metric_type())?)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn f20_syncs_and_failed_cleanups_are_shown() {
        let text = crate::observe::metrics().text();
        for name in [
            "fogbank_fsync_total{kind=\"file\"} ",
            "fogbank_fsync_total{kind=\"folder\"} ",
            "fogbank_failed_cleanups_total ",
        ] {
            assert!(text.contains(name), "{name} in {text}");
        }
    }
}
