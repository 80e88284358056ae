//! Scores how agents treated customers in calls, chats and emails, with a quote behind every point.
pub mod agents;
pub mod criteria;
pub mod generate;
pub mod ingest;
pub mod learned;
pub mod lexicon;
pub mod model;
pub mod pipeline;
pub mod privacy;
pub mod report;
pub mod resolve;
pub mod results;
pub mod robustness;
pub mod scorecard;
pub mod text;
pub mod train;
