//! Machines as network namespaces on bridges, as Docker makes them, with a nic in each. The tests need root and `ip`; without them
//! there is nothing to test, and they say so.

mod firewall;
mod machine;
mod servers;
