//! Service skeleton.
