//! The published formats against the published schemas.
