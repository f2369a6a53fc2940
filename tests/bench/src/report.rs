//! The table at the end.

/// Rows of figures, each beside its baseline.
pub struct Report {
    rows: Vec<[String; 4]>,
}

impl Report {
    /// An empty table.
    pub fn new() -> Self {
        Self { rows: Vec::new() }
    }

    /// A rate (more is better) beside its baseline's.
    pub fn rate(&mut self, what: &str, unit: &str, measured: f64, baseline: f64) {
        self.row(what, format!("{measured:.0} {unit}"), format!("{baseline:.0} {unit}"), ratio(measured, baseline));
    }

    /// A duration in milliseconds (less is better) beside its baseline's.
    pub fn time(&mut self, what: &str, measured_ms: f64, baseline_ms: f64) {
        let ratio = ratio(measured_ms, baseline_ms);
        self.row(what, format!("{measured_ms:.1} ms"), format!("{baseline_ms:.1} ms"), ratio);
    }

    /// A figure without a baseline.
    pub fn figure(&mut self, what: &str, measured: String) {
        self.row(what, measured, "-".into(), "-".into());
    }

    fn row(&mut self, what: &str, measured: String, baseline: String, ratio: String) {
        eprintln!("{what}: {measured} (baseline {baseline}, ratio {ratio})");
        self.rows.push([what.to_string(), measured, baseline, ratio]);
    }

    /// Prints the table as Markdown, with the machine named.
    pub fn print(&self) {
        println!("\nMachine: {}\n", machine());
        println!("| what | Fogbank | baseline | ratio |\n|---|---|---|---|");
        for [what, measured, baseline, ratio] in &self.rows {
            println!("| {what} | {measured} | {baseline} | {ratio} |");
        }
    }
}

fn ratio(measured: f64, baseline: f64) -> String {
    if baseline > 0.0 { format!("{:.2}", measured / baseline) } else { "-".into() }
}

fn machine() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown processor");
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{processors} x {}", model.trim_start_matches([' ', '\t', ':']))
}

/// The middle value.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
