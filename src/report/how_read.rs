//! What `run.json` keeps so that a record of the run can be read again and scored again.

use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ingest::Options;
use crate::ingest::mapping::Mapping;
use crate::ingest::roles::roster::Roster;
use crate::ingest::side::SideTable;

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
    /// Mapping of an unknown export as the user named it.
    pub map: Option<String>,
    /// Roles of channels and labels, as the user wrote them.
    pub channel_maps: Vec<String>,
    /// List of agents as the user named it.
    pub roster: Option<String>,
    /// What file names say, as the user wrote it.
    pub name_patterns: Vec<String>,
    /// Table of side data as the user named it.
    pub side: Option<String>,
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
            ..Self::default()
        }
    }

    /// The options to read its input again. Relative names of files are looked up from the folder `from`.
    ///
    /// # Errors
    /// A file that was named then cannot be read now, in words for the user.
    pub fn options(&self, from: &Path) -> Result<Options, String> {
        let default = Options::default();
        let mut options = Options {
            format: self.format.clone(),
            charset: self.charset.clone(),
            agent_domains: self.agent_domains.clone(),
            max_record: if self.max_record == 0 { default.max_record } else { self.max_record },
            ..default
        };
        if let Some(file) = &self.map {
            let text = std::fs::read_to_string(from.join(file)).map_err(|e| format!("{file}: {e}"))?;
            options.mapping = Some(Arc::new(Mapping::parse(file, &text).map_err(|e| e.to_string())?));
        }
        self.channel_maps.iter().try_for_each(|map| options.channel_map.add(map))?;
        self.name_patterns.iter().try_for_each(|pattern| options.names.add(pattern))?;
        if let Some(file) = &self.roster {
            options.roster = Some(Arc::new(Roster::read(&from.join(file), &options).map_err(|e| e.to_string())?));
        }
        if let Some(file) = &self.side {
            options.side = Some(Arc::new(SideTable::read(&from.join(file), &options).map_err(|e| e.to_string())?));
        }
        Ok(options)
    }
}
