//! Cloud Storage as clients see it.
