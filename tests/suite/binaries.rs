//! The release binaries, built at most once a run.

use cargo_metadata::Message;
use std::{
    collections::BTreeMap,
    io::BufReader,
    path::PathBuf,
    process::{Command, Stdio},
    sync::OnceLock,
};

/// Names a folder of binaries to test instead, such as those of the `lambda` profile.
const FOLDER: &str = "RAPPORT_BINARIES";

/// Where the binary called `function` lies: a function of the template, or `rapport`.
pub(crate) fn binary(function: &str) -> PathBuf {
    static BUILT: OnceLock<BTreeMap<String, PathBuf>> = OnceLock::new();
    match std::env::var_os(FOLDER) {
        Some(folder) => PathBuf::from(folder).join(function),
        None => BUILT.get_or_init(build).get(function).unwrap_or_else(|| panic!("no package builds `{function}`")).clone(),
    }
}

/// Cargo builds no other package's binaries for a test, so this asks it to. The selection is that of `cargo test --workspace`: with
/// tests among the targets the features come out the same, and after such a build there is nothing left to do but link.
fn build() -> BTreeMap<String, PathBuf> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--release", "--locked", "--workspace", "--bins", "--tests", "--message-format=json-render-diagnostics"]);
    cargo.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    // What cargo tells a running test of its package: build scripts look at these and would build anew.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_EXE_", "CARGO_CRATE_"].iter().any(|told| name.starts_with(told)) {
            cargo.env_remove(name);
        }
    }
    let mut child = cargo.stdout(Stdio::piped()).spawn().expect("cargo");
    let messages = Message::parse_stream(BufReader::new(child.stdout.take().expect("piped")));
    let built = messages.filter_map(|message| match message.expect("cargo's messages") {
        Message::CompilerArtifact(artifact) if artifact.target.is_bin() && !artifact.profile.test => {
            Some((artifact.target.name, artifact.executable?.into_std_path_buf()))
        }
        _ => None,
    });
    let built = built.collect();
    assert!(child.wait().expect("cargo").success(), "the functions do not build");
    built
}
