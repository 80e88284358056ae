//! What `run.json` keeps so that a record of the run can be read again and scored again.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::ingest::Options;

/// Options of reading, and where scorecard and phrases came from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HowRead {
    /// Format that was told; recognised when absent.
    pub format: Option<String>,
    /// Charset that was told; guessed when absent.
    pub charset: Option<String>,
    /// Domains whose email addresses are agents'.
    pub agent_domains: Vec<String>,
    /// Bytes a record might have.
    pub max_record: u64,
    /// Scorecard as the user named it; the built-in one when absent.
    pub scorecard_file: Option<String>,
    /// Folder of the user's phrases as the user named it; only the built-in ones when absent.
    pub lexicons: Option<String>,
}

impl HowRead {
    /// What a run was told.
    pub fn new(options: &Options, scorecard: Option<&Path>, lexicons: Option<&Path>) -> Self {
        let named = |path: Option<&Path>| path.map(|p| p.display().to_string());
        Self {
            format: options.format.clone(),
            charset: options.charset.clone(),
            agent_domains: options.agent_domains.clone(),
            max_record: options.max_record,
            scorecard_file: named(scorecard),
            lexicons: named(lexicons),
        }
    }

    /// The options to read its input again.
    pub fn options(&self) -> Options {
        let default = Options::default();
        Options {
            format: self.format.clone(),
            charset: self.charset.clone(),
            agent_domains: self.agent_domains.clone(),
            max_record: if self.max_record == 0 { default.max_record } else { self.max_record },
            ..default
        }
    }
}
