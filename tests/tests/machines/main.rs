//! Machines that are really there: what the API says of them, seen from inside their containers. Needs Docker and an image of Debian,
//! which `tests/run` makes; see `fogbank_tests::docker`.

mod api;
mod cloud;
mod disks;
mod engine;
mod faults;
mod firewall;
mod inside;
mod leaving;
mod lifecycle;
mod networks;
mod races;
mod records;
mod refusals;
mod taken;
mod truth;
mod way;
