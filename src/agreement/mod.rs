//! How well do scores agree with people, and people with each other?
//!
//! Pure statistics: no file is read here but the reviewers' marks ([`marks`]). Coefficients are in `pairs` and `alpha`, their
//! intervals in `resample`; [`calibration`] puts them together and [`trust`] draws the conclusion that reports print.

mod alpha;
pub mod calibration;
pub mod marks;
mod pairs;
mod resample;
pub mod thresholds;
pub mod trust;

pub use alpha::{Metric, alpha, alpha_interval};
pub use pairs::{Table, Weights};
pub use resample::{DRAWS, Interval, intervals};
