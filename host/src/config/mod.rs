//! What the operator decides: `fogbank.toml`, then `FOGBANK_*`, then flags, in order of growing weight.

pub mod units;
