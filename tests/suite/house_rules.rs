//! Who may import whom, as `ARCHITECTURE.md` draws it, checked against what cargo resolved.

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

const FUNCTIONS: [&str; 6] = ["collect", "ingest", "profile", "recommend", "train", "webhooks"];

/// Package → packages of the house that it may use.
fn allowed(package: &str) -> Option<BTreeSet<&'static str>> {
    let shared = ["rapport-core", "rapport-io", "rapport-archive", "rapport-lambda"];
    let names: Vec<&str> = match package {
        "rapport-core" | "rapport-demo" => vec![],
        "rapport-train" | "rapport-io" => vec!["rapport-core"],
        "rapport-archive" | "rapport-lambda" => vec!["rapport-core", "rapport-io"],
        "train" => shared.into_iter().chain(["rapport-train"]).collect(),
        // A lookup starts in milliseconds because it carries nothing that only training and refolds need.
        "recommend" | "collect" | "webhooks" | "ingest" => vec!["rapport-core", "rapport-io", "rapport-lambda"],
        "profile" => shared.to_vec(),
        "rapport-simulation" => shared.into_iter().chain(FUNCTIONS).collect(),
        "rapport" => shared.into_iter().chain(["rapport-train", "rapport-demo"]).chain(FUNCTIONS).collect(),
        _ => return None,
    };
    Some(names.into_iter().collect())
}

fn metadata() -> Metadata {
    MetadataCommand::new().manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml")).exec().expect("cargo metadata")
}

fn house(metadata: &Metadata) -> BTreeMap<&str, &Package> {
    metadata.workspace_packages().into_iter().map(|package| (package.name.as_str(), package)).collect()
}

#[test]
fn arrows_point_inwards() {
    let metadata = metadata();
    let house = house(&metadata);
    let mut wrong = Vec::new();
    for (name, package) in house.iter().filter(|(name, _)| **name != "rapport-tests") {
        let allowed = allowed(name).unwrap_or_else(|| panic!("{name} is new: say in house_rules.rs what it may import"));
        let used = package.dependencies.iter().filter(|dependency| dependency.kind != DependencyKind::Development);
        let forbidden = used.map(|dependency| dependency.name.as_str()).filter(|used| house.contains_key(used) && !allowed.contains(used));
        wrong.extend(forbidden.map(|used| format!("{name} → {used}")));
    }
    assert!(wrong.is_empty(), "ARCHITECTURE.md does not allow: {wrong:?}");
}

#[test]
fn the_core_knows_no_cloud_and_never_waits() {
    let metadata = metadata();
    let core = house(&metadata)["rapport-core"];
    let used =
        core.dependencies.iter().filter(|dependency| dependency.kind == DependencyKind::Normal).map(|dependency| dependency.name.as_str());
    let foreign: Vec<&str> = used
        .filter(|name| name.starts_with("aws") || ["tokio", "futures", "hyper", "http", "reqwest", "lambda_runtime"].contains(name))
        .collect();
    assert!(foreign.is_empty(), "the core must not use {foreign:?}");
}

/// Law 8: what runs on this machine is what is deployed, so nothing that is deployed can tell the two apart but by an address it is given.
#[test]
fn what_is_deployed_knows_of_no_other_mode() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let mut folders: Vec<PathBuf> = ["functions", "shared"].map(|folder| root.join(folder)).into();
    let (mut read, mut wrong) = (0, Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_some_and(|extension| extension == "rs" || extension == "toml") {
                read += 1;
                let text = std::fs::read_to_string(&entry).expect("text").to_lowercase();
                let tells = ["dynoxide", "s3s", "emulator", "127.0.0.1", "localhost", "is_local", "local_mode", "rapport_home"];
                wrong.extend(tells.iter().filter(|word| text.contains(*word)).map(|word| format!("{} says {word}", entry.display())));
            }
        }
    }
    assert!(wrong.is_empty(), "only infra/local may know that a store is not AWS's own: {wrong:?}");
    assert!(read > 100, "the walk found the code at all, and not {read} files of it");
}

#[test]
fn a_lookup_carries_no_training_and_no_parquet() {
    let metadata = metadata();
    let tree = normal_tree(&metadata, "recommend");
    let heavy: Vec<&String> = tree
        .iter()
        .filter(|name| {
            ["parquet", "arrow", "linfa", "smartcore", "ndarray", "rayon", "rapport-train", "rapport-archive"].contains(&name.as_str())
        })
        .collect();
    assert!(heavy.is_empty(), "recommend pulls in {heavy:?}");
    assert!(tree.contains("rapport-core"), "the walk found the tree at all");
}

/// Names of everything that `root` needs to be built for use, itself not among them.
fn normal_tree(metadata: &Metadata, root: &str) -> BTreeSet<String> {
    let nodes: BTreeMap<_, _> = metadata.resolve.iter().flat_map(|resolve| &resolve.nodes).map(|node| (&node.id, node)).collect();
    let mut open = vec![&house(metadata)[root].id];
    let mut seen = BTreeSet::new();
    while let Some(id) = open.pop() {
        let dependencies = nodes.get(id).into_iter().flat_map(|node| &node.deps);
        for dependency in dependencies.filter(|dependency| dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal)) {
            if seen.insert(metadata[&dependency.pkg].name.to_string()) {
                open.push(&dependency.pkg);
            }
        }
    }
    seen
}
