//! Nothing banned is in the dependency tree. The bans stand in `deny.toml`, for `cargo deny` and for this test alike.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// A file of the repository as TOML.
fn read(name: &str) -> toml::Table {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text.parse().unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// A list of `deny.toml`: `section.key`, as texts or as tables with `crate` or `name` in them.
fn list(deny: &toml::Table, section: &str, key: &str) -> BTreeSet<String> {
    let entries = deny[section][key].as_array().unwrap_or_else(|| panic!("deny.toml: {section}.{key} is no list"));
    let name = |entry: &toml::Value| {
        let text = entry.as_str().or_else(|| entry.get("crate").or_else(|| entry.get("name"))?.as_str());
        text.unwrap_or_else(|| panic!("deny.toml: {section}.{key}: what is {entry}?")).to_owned()
    };
    entries.iter().map(name).collect()
}

/// Of each package of a lock file, its name and where it comes from; packages of the workspace come from nowhere.
fn packages(lock: &toml::Table) -> Vec<(&str, Option<&str>)> {
    let all = lock["package"].as_array().expect("Cargo.lock lists packages");
    all.iter()
        .map(|p| (p["name"].as_str().expect("a package has a name"), p.get("source").and_then(|s| s.as_str())))
        .collect()
}

/// The banned crates of a lock file. A ban may end in `@version` or `:version`; any version of the crate is reported.
fn banned(lock: &toml::Table, bans: &BTreeSet<String>) -> Vec<String> {
    let bans: BTreeSet<&str> = bans.iter().map(|b| b.split(['@', ':']).next().unwrap_or(b)).collect();
    packages(lock).into_iter().map(|p| p.0).filter(|name| bans.contains(name)).map(str::to_owned).collect()
}

#[test]
fn nothing_banned_is_in_the_lock_file() {
    let (lock, deny) = (read("Cargo.lock"), read("deny.toml"));
    let bans = list(&deny, "bans", "deny");
    assert!(bans.contains("reqwest") && bans.len() > 5, "hardly anything is banned: {bans:?}");
    let found = banned(&lock, &bans);
    assert!(
        found.is_empty(),
        "Cargo.lock holds {found:?}, which deny.toml bans; `cargo tree -i NAME` shows what brings it"
    );
}

#[test]
fn every_crate_comes_from_an_allowed_registry() {
    let (lock, deny) = (read("Cargo.lock"), read("deny.toml"));
    let allowed: BTreeSet<String> =
        list(&deny, "sources", "allow-registry").into_iter().map(|r| format!("registry+{r}")).collect();
    assert!(!allowed.is_empty());
    let packages = packages(&lock);
    assert!(packages.iter().filter(|p| p.1.is_some()).count() > 100, "hardly any crates: is the lock file read right?");
    for (name, source) in packages {
        assert!(
            source.is_none_or(|s| allowed.contains(s)),
            "{name} comes from {source:?}; deny.toml allows {allowed:?}"
        );
        assert!(source.is_some() || name == "sabyr", "{name} comes from a folder, which nobody else has");
    }
}

#[test]
fn the_check_sees_what_is_there() {
    let lock = read("Cargo.lock");
    let known = ["polars", "polars-io", "tokenizers", "serde_json"].map(str::to_owned);
    let found: BTreeSet<String> = banned(&lock, &known.clone().into()).into_iter().collect();
    assert_eq!(found, BTreeSet::from(known), "crates that are used are not found, so no ban would be either");

    let other: toml::Table =
        "[[package]]\nname = 'a'\n[[package]]\nname = 'reqwest'\nversion = '0.12.0'".parse().unwrap();
    let deny: toml::Table = "bans.deny = [{ crate = 'reqwest' }, 'hyper@1']".parse().unwrap();
    assert_eq!(banned(&other, &list(&deny, "bans", "deny")), ["reqwest"]);
}
