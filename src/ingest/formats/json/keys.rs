//! The keys that a file of JSON is recognised by.

use std::collections::BTreeSet;

/// The keys at the beginning of a JSON text, as paths: `results.channels[].alternatives[].words`.
#[derive(Debug, Default)]
pub struct Keys(BTreeSet<String>);

/// Paths kept of one file.
const KEPT: usize = 4_000;
/// Keys below this depth say little of the format.
const DEPTH: usize = 8;

impl Keys {
    /// The keys of a text that may break off; none when it is not JSON.
    pub fn of(text: &str) -> Keys {
        enum Step {
            Object(Option<usize>),
            List,
        }
        let mut keys = BTreeSet::new();
        let bytes = text.trim_start().as_bytes();
        if !matches!(bytes.first(), Some(b'{' | b'[')) {
            return Keys(keys);
        }
        // `path` is cut back to the length that each open object or list began with.
        let (mut stack, mut path, mut lengths) = (Vec::new(), String::new(), Vec::new());
        let mut i = 0;
        while i < bytes.len() && keys.len() < KEPT {
            match bytes[i] {
                b'{' => {
                    stack.push(Step::Object(None));
                    lengths.push(path.len());
                }
                b'[' => {
                    stack.push(Step::List);
                    lengths.push(path.len());
                    path.push_str("[]");
                }
                b'}' | b']' => {
                    stack.pop();
                    path.truncate(lengths.pop().unwrap_or(0));
                }
                b',' => {
                    if let Some(Step::Object(named)) = stack.last_mut() {
                        *named = None;
                        path.truncate(lengths.last().copied().unwrap_or(0));
                    }
                }
                b'"' => {
                    let start = i + 1;
                    i = start;
                    while i < bytes.len() && bytes[i] != b'"' {
                        i += 1 + usize::from(bytes[i] == b'\\');
                    }
                    if let Some(Step::Object(named @ None)) = stack.last_mut()
                        && i < bytes.len()
                    {
                        *named = Some(start);
                        let key = String::from_utf8_lossy(&bytes[start..i]);
                        if !path.is_empty() {
                            path.push('.');
                        }
                        path.push_str(&key);
                        if stack.len() <= DEPTH && path.len() < 300 {
                            keys.insert(path.clone());
                        }
                    }
                }
                _ => {}
            }
            i += 1;
        }
        Keys(keys)
    }

    /// Whether a path is there: at the top, in the items of a list at the top, or in those of a list under `conversations`,
    /// `data`, `items`, `results`, `tickets`… (any one key) at the top, so that a list of records looks like a record.
    pub fn has(&self, path: &str) -> bool {
        self.0.contains(path)
            || self.0.contains(&format!("[].{path}"))
            || self.0.iter().any(|k| {
                k.strip_suffix(path)
                    .and_then(|head| head.strip_suffix("[]."))
                    .is_some_and(|list| !list.is_empty() && !list.contains(['.', '[']))
            })
    }

    /// Whether all paths are there.
    pub fn all(&self, paths: &[&str]) -> bool {
        paths.iter().all(|p| self.has(p))
    }

    /// How many of the paths are there.
    pub fn count(&self, paths: &[&str]) -> usize {
        paths.iter().filter(|p| self.has(p)).count()
    }

    /// Whether the text is JSON at all.
    pub fn any(&self) -> bool {
        !self.0.is_empty()
    }

    /// All paths, sorted.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_paths_and_lists_of_records_look_like_records() {
        let keys = Keys::of("{\"results\":{\"channels\":[{\"x\":\"a:{\"},{\"y\":2}]},\"id\":\"q\",\"cut\":{\"off");
        assert!(keys.all(&["results.channels", "results.channels[].x", "results.channels[].y", "id", "cut"]));
        assert!(!keys.has("off") && !keys.has("x"));
        assert!(Keys::of("[{\"id\":1}]").has("id"));
        assert!(Keys::of("{\"data\":[{\"id\":1}]}").has("id"));
        assert!(Keys::of("{\"id\":1}\n{\"text\":2}").all(&["id", "text"]), "lines of JSON add up");
        assert!(!Keys::of("{\"a\":{\"b\":[{\"id\":1}]}}").has("id"));
        assert!(!Keys::of("Agent: {yes}").any());
    }
}
