//! A stack on loopback, as its functions find it: embedded stores, keys, and the environment that `infra/template.yaml` sets.

use super::server::RuntimeApi;
use crate::binaries::binary;
use rapport::{
    home::Home,
    stores::{ACCESS_KEY, REGION, STACK, Stores},
    suite::connect,
    template::Template,
};
use rapport_core::auth::{Keyring, RANDOM_BYTES};
use rapport_io::{aws::Aws, layout};
use serde_json::{Value as Json, json};
use serde_norway::Value as Yaml;
use std::{
    fs::File,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// The parameters that the stack was deployed with.
const PARAMETERS: [(&str, &str); 2] = [("Currency", "GBP"), ("Consent", "opt_out")];

/// The stack.
pub(crate) struct House {
    folder: TempDir,
    _home: Home,
    stores: Stores,
    /// Its stores, for whoever wants to look.
    pub(crate) aws: Aws,
    pub(crate) keyring: Keyring,
}

/// A function that runs in it, until this is dropped.
pub(crate) struct Booted {
    pub(crate) api: RuntimeApi,
    process: Child,
    /// From the start of the process to its first call for work.
    pub(crate) ready_after: Duration,
    /// When the process was started.
    pub(crate) started: Instant,
}

impl House {
    /// Empty but for its keys, of which the samples under `events/` know some.
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::hold(folder.path()).expect("a home");
        let stores = Stores::start(&home, &Template::deployed().expect("the template")).await.expect("stores");
        let aws = connect(&stores).await;
        let mut keyring = Keyring {
            write_key: "wk_demo".into(),
            shopify_secret: "shpss_demo".into(),
            origin_secret: "cloud".into(),
            ..Keyring::default()
        };
        keyring.complete(&[7; RANDOM_BYTES]);
        aws.secrets.put(&layout::keys_secret(STACK), &keyring.document().expect("a document")).await.expect("the secret");
        Self { folder, _home: home, stores, aws, keyring }
    }

    /// Starts `function` and waits until it asks for work.
    pub(crate) async fn boot(&self, function: &str) -> Booted {
        let mut api = RuntimeApi::start().await;
        let mut command = self.command(function, &api.address());
        let log = self.log(function);
        command.stdout(log.try_clone().expect("a file")).stderr(log);
        let started = Instant::now();
        let process = command.spawn().expect("the binary starts");
        match api.first_next().await {
            Ok(ready) => Booted { api, process, ready_after: ready - started, started },
            Err(instead) => panic!("{function} does not start: {instead}; it wrote: {}", self.written(function)),
        }
    }

    /// How `function` ends that is started without the variable `missing`: whether well, and what it wrote.
    pub(crate) fn boot_without(&self, function: &str, missing: &str) -> (bool, String) {
        let output = self.command(function, "127.0.0.1:1").env_remove(missing).output().expect("the binary starts");
        (output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    }

    /// What `function` wrote into its log.
    pub(crate) fn written(&self, function: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(function)).unwrap_or_default()
    }

    /// What waits in the inbox. It is not deleted, only hidden for as long as a reader has a message for itself.
    pub(crate) async fn inbox(&self) -> Vec<String> {
        let (url, queue) = (self.stores.endpoints.sqs.clone(), self.stores.names.inbox_url.clone());
        let call = move || {
            let call = json!({ "QueueUrl": queue, "MaxNumberOfMessages": 10 });
            let request = ureq::post(&url).header("x-amz-target", "AmazonSQS.ReceiveMessage");
            request.send(call.to_string()).expect("the queue").body_mut().read_to_string().expect("an answer")
        };
        let answer = tokio::task::spawn_blocking(call).await.expect("a thread");
        let answer: Json = serde_json::from_str(&answer).expect("JSON");
        let messages = answer["Messages"].as_array().cloned().unwrap_or_default();
        messages.iter().map(|message| message["Body"].as_str().expect("a body").to_owned()).collect()
    }

    fn log(&self, function: &str) -> File {
        File::options().create(true).append(true).open(self.folder.path().join(function)).expect("a log")
    }

    /// The process with nothing in its environment but what Lambda and the template put there.
    fn command(&self, function: &str, api: &str) -> Command {
        let template = template();
        let endpoints = &self.stores.endpoints;
        let mut command = Command::new(binary(function));
        command.stdin(Stdio::null()).env_clear().envs(variables(&template, function, &self.stores)).envs([
            ("AWS_LAMBDA_RUNTIME_API", api),
            ("AWS_LAMBDA_FUNCTION_NAME", &format!("{STACK}-{function}")),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &memory_mb(&template, function)),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_REGION", REGION),
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
            ("AWS_SECRET_ACCESS_KEY", ACCESS_KEY),
            ("AWS_ENDPOINT_URL_S3", &endpoints.s3),
            ("AWS_ENDPOINT_URL_DYNAMODB", &endpoints.dynamodb),
            ("AWS_ENDPOINT_URL_SQS", &endpoints.sqs),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &endpoints.secrets),
        ]);
        command
    }
}

impl Booted {
    /// The memory that the process has in use now, in MB.
    pub(crate) fn resident_mb(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).expect("a running process");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
        line.trim().trim_end_matches(" kB").parse::<f64>().expect("a number") * 1024.0 / 1e6
    }
}

impl Drop for Booted {
    fn drop(&mut self) {
        // It waits for work for ever; there is nothing that it could still lose.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A sample of `events/`.
pub(crate) fn sample(path: &str) -> Json {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../events")).join(path);
    serde_json::from_slice(&std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))).expect("JSON")
}

fn template() -> Yaml {
    serde_norway::from_str(include_str!("../../../infra/template.yaml")).expect("YAML")
}

/// The variables that the template gives to `function`, by name.
pub(crate) fn variable_names(function: &str) -> Vec<String> {
    declared(&template(), function).into_iter().map(|(name, _)| name).collect()
}

fn variables(template: &Yaml, function: &str, stores: &Stores) -> Vec<(String, String)> {
    let value = |value: &Yaml| match value {
        Yaml::Tagged(reference) if reference.tag == "Ref" => match reference.value.as_str().unwrap_or_default() {
            "AWS::StackName" => STACK.to_owned(),
            "Bucket" => stores.names.bucket.clone(),
            "InboxQueue" => stores.names.inbox_url.clone(),
            name => PARAMETERS.iter().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("what is {name}?")).1.to_owned(),
        },
        Yaml::String(text) => text.clone(),
        other => panic!("a variable is {other:?}"),
    };
    declared(template, function).iter().map(|(name, declared)| (name.clone(), value(declared))).collect()
}

/// What stands under `Globals`, then what stands at the function itself.
fn declared(template: &Yaml, function: &str) -> Vec<(String, Yaml)> {
    let sections = [&template["Globals"]["Function"], properties(template, function)];
    let variables = sections.iter().filter_map(|section| section.get("Environment")?.get("Variables")?.as_mapping());
    variables.flatten().map(|(name, value)| (name.as_str().expect("a name").to_owned(), value.clone())).collect()
}

fn memory_mb(template: &Yaml, function: &str) -> String {
    properties(template, function)["MemorySize"].as_u64().expect("a size").to_string()
}

fn properties<'a>(template: &'a Yaml, function: &str) -> &'a Yaml {
    let capital = function[..1].to_uppercase();
    &template["Resources"][format!("{capital}{}Function", &function[1..])]["Properties"]
}
