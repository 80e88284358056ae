//! The formats: one file each.

pub mod mail;
