//! What `infra/template.yaml` says, as far as local mode needs it: tables, queues, the bucket, routes, readers, schedules.
//!
//! Local mode has no list of its own, so the template cannot drift from what the tests run. Only the part of CloudFormation that the
//! template uses is understood: `!Sub`, `!Ref`, `!GetAtt X.Arn`, each in its short form.

use rapport_lambda::Job;
use serde_json::{Map, Value};
use serde_norway::Value as Yaml;

/// The default visibility of SQS, in seconds.
pub(crate) const VISIBILITY_SECS: u32 = 30;

/// Why the template cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// It is no YAML.
    #[error("the template is not YAML: {0}")]
    Yaml(#[from] serde_norway::Error),
    /// A part that local mode needs is missing or of another shape.
    #[error("the template lacks {0}")]
    Lacks(&'static str),
}

/// Whose names `!Sub` fills in.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// The stack.
    pub stack: &'a str,
    /// The account, twelve digits.
    pub account: &'a str,
    /// The region.
    pub region: &'a str,
}

/// A table to make.
#[derive(Clone, Debug, PartialEq)]
pub struct TableSpec {
    /// Its name.
    pub name: String,
    /// The `CreateTable` request.
    pub create: Value,
    /// The attribute that says when a row may go.
    pub expiry: Option<String>,
}

/// A queue to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueSpec {
    /// Its name.
    pub name: String,
    /// How long a reader has a message for itself.
    pub visibility_secs: u32,
    /// Where messages go that nobody can handle.
    pub redrive: Option<Redrive>,
}

/// When a message is given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redrive {
    /// The queue that gets it.
    pub dead_letters: String,
    /// After this many deliveries.
    pub max_receives: u32,
}

/// The bucket to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketSpec {
    /// Its name.
    pub name: String,
    /// What it tells of.
    pub notification: Notification,
}

/// A put under `prefix` is told to `queue`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// Where keys begin that are told of.
    pub prefix: String,
    /// Who hears of them.
    pub queue: String,
}

/// A function of the template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Function {
    /// Takes what shops send.
    Webhooks,
    /// Takes what browsers and SDKs send.
    Collect,
    /// Turns raw bodies into events.
    Ingest,
    /// Folds events into profiles.
    Profile,
    /// Fits models.
    Train,
    /// Answers lookups.
    Recommend,
}

impl Function {
    const ALL: [(Self, &str, &str); 6] = [
        (Self::Webhooks, "webhooks", "WebhooksFunction"),
        (Self::Collect, "collect", "CollectFunction"),
        (Self::Ingest, "ingest", "IngestFunction"),
        (Self::Profile, "profile", "ProfileFunction"),
        (Self::Train, "train", "TrainFunction"),
        (Self::Recommend, "recommend", "RecommendFunction"),
    ];

    fn of_origin(origin: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, name, _)| *name == origin).map(|(function, ..)| *function)
    }

    fn of_resource(resource: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, _, name)| *name == resource).map(|(function, ..)| *function)
    }
}

/// Which function answers a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// `*` is any number of characters, `?` is one.
    pub pattern: String,
    /// Who answers.
    pub function: Function,
}

/// Who reads a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// The function that is handed batches.
    pub function: Function,
    /// The queue.
    pub queue: String,
    /// Messages in a batch at most.
    pub batch: u32,
    /// How long a batch waits for more of them, in seconds; nobody waits so long locally.
    pub window_secs: u32,
}

/// What runs by the clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timer {
    /// Who runs.
    pub function: Function,
    /// `rate(1 hour)` or `cron(15 2 * * ? *)`, in UTC.
    pub expression: String,
    /// What it is asked for.
    pub job: Job,
}

/// The template, read.
#[derive(Clone, Debug)]
pub struct Template {
    parameters: Yaml,
    resources: Vec<(String, Yaml)>,
    routes: Vec<Route>,
}

impl Template {
    /// The one that is deployed.
    ///
    /// # Errors
    /// When it was edited beyond what local mode understands; a test sees to it that it never ships so.
    pub fn deployed() -> Result<Self, TemplateError> {
        Self::read(include_str!("../../template.yaml"))
    }

    fn read(text: &str) -> Result<Self, TemplateError> {
        let template: Yaml = serde_norway::from_str(text)?;
        let resources = template.get("Resources").and_then(Yaml::as_mapping).ok_or(TemplateError::Lacks("Resources"))?;
        let resources: Vec<_> =
            resources.iter().filter_map(|(name, resource)| Some((name.as_str()?.to_owned(), resource.clone()))).collect();
        let routes = routes(&resources).ok_or(TemplateError::Lacks("a CloudFront distribution with routes"))?;
        let template = Self { parameters: template.get("Parameters").cloned().unwrap_or_default(), resources, routes };
        template.check()
    }

    /// Everything that is asked for later exists, so that the accessors need no errors.
    fn check(self) -> Result<Self, TemplateError> {
        let scope = Scope { stack: "check", account: "000000000000", region: "check" };
        let lacks = |part| Err(TemplateError::Lacks(part));
        match () {
            () if self.tables(scope).is_empty() => lacks("tables"),
            () if self.queues(scope).is_empty() => lacks("queues"),
            () if self.readers(scope).is_empty() => lacks("readers of queues"),
            () if self.bucket(scope).name.is_empty() => lacks("a bucket"),
            () if self.bucket(scope).notification.queue.is_empty() => lacks("a notification of the bucket"),
            () if self.timers().is_empty() => lacks("schedules"),
            () => Ok(self),
        }
    }

    /// The tables, as `CreateTable` wants them.
    #[must_use]
    pub fn tables(&self, scope: Scope<'_>) -> Vec<TableSpec> {
        const CREATE: [&str; 6] =
            ["TableName", "BillingMode", "AttributeDefinitions", "KeySchema", "LocalSecondaryIndexes", "GlobalSecondaryIndexes"];
        self.of_type("AWS::DynamoDB::Table")
            .filter_map(|(_, properties)| {
                let properties = self.resolve(properties, scope);
                let create: Map<_, _> =
                    CREATE.iter().filter_map(|field| Some(((*field).to_owned(), properties.get(*field)?.clone()))).collect();
                Some(TableSpec {
                    name: properties.get("TableName")?.as_str()?.to_owned(),
                    create: Value::Object(create),
                    expiry: properties.pointer("/TimeToLiveSpecification/AttributeName").and_then(Value::as_str).map(str::to_owned),
                })
            })
            .collect()
    }

    /// The queues.
    #[must_use]
    pub fn queues(&self, scope: Scope<'_>) -> Vec<QueueSpec> {
        self.of_type("AWS::SQS::Queue")
            .filter_map(|(_, properties)| {
                let properties = self.resolve(properties, scope);
                let visibility = properties.get("VisibilityTimeout").and_then(Value::as_u64).and_then(|secs| u32::try_from(secs).ok());
                Some(QueueSpec {
                    name: properties.get("QueueName")?.as_str()?.to_owned(),
                    visibility_secs: visibility.unwrap_or(VISIBILITY_SECS),
                    redrive: properties.get("RedrivePolicy").and_then(redrive),
                })
            })
            .collect()
    }

    /// The bucket. Its name is empty only in a template that [`Template::deployed`] refuses.
    #[must_use]
    pub fn bucket(&self, scope: Scope<'_>) -> BucketSpec {
        let properties = self.of_type("AWS::S3::Bucket").next().map_or(Value::Null, |(_, properties)| self.resolve(properties, scope));
        let text = |pointer: &str| properties.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        BucketSpec {
            name: text("/BucketName"),
            notification: Notification {
                prefix: text("/NotificationConfiguration/QueueConfigurations/0/Filter/S3Key/Rules/0/Value"),
                queue: text("/NotificationConfiguration/QueueConfigurations/0/Queue"),
            },
        }
    }

    /// Who reads which queue.
    #[must_use]
    pub fn readers(&self, scope: Scope<'_>) -> Vec<Reader> {
        self.events("SQS", scope)
            .filter_map(|(function, properties)| {
                let number = |name: &str| properties.get(name).and_then(Value::as_u64).and_then(|number| u32::try_from(number).ok());
                Some(Reader {
                    function,
                    queue: properties.get("Queue")?.as_str()?.to_owned(),
                    batch: number("BatchSize")?,
                    window_secs: number("MaximumBatchingWindowInSeconds").unwrap_or(0),
                })
            })
            .collect()
    }

    /// How much memory `function` is given, in MB; 128 where the template does not say, as on AWS.
    #[must_use]
    pub fn memory_mb(&self, function: Function) -> u32 {
        let mut properties = self.of_type("AWS::Serverless::Function").filter(|(name, _)| Function::of_resource(name) == Some(function));
        let memory = properties.next().and_then(|(_, properties)| properties.get("MemorySize")?.as_u64());
        memory.and_then(|memory| u32::try_from(memory).ok()).unwrap_or(128)
    }

    /// How many metrics the stack's alarms watch, which is what they are billed by.
    #[must_use]
    pub fn alarm_metrics(&self) -> usize {
        let watched = |properties: &Yaml| {
            let metrics = properties.get("Metrics").and_then(Yaml::as_sequence);
            metrics.map_or(1, |metrics| metrics.iter().filter(|metric| metric.get("MetricStat").is_some()).count())
        };
        self.of_type("AWS::CloudWatch::Alarm").map(|(_, properties)| watched(properties)).sum()
    }

    /// What runs by the clock.
    #[must_use]
    pub fn timers(&self) -> Vec<Timer> {
        let nowhere = Scope { stack: "", account: "", region: "" };
        self.events("Schedule", nowhere)
            .filter_map(|(function, properties)| {
                Some(Timer {
                    function,
                    expression: properties.get("Schedule")?.as_str()?.to_owned(),
                    job: serde_json::from_str(properties.get("Input")?.as_str()?).ok()?,
                })
            })
            .collect()
    }

    /// Who answers `path`: the first pattern that fits decides, and the default is last.
    #[must_use]
    pub fn route(&self, path: &str) -> Function {
        self.routes.iter().find(|route| fits(route.pattern.as_bytes(), path.as_bytes())).map_or(Function::Recommend, |route| route.function)
    }

    fn of_type<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (&'a str, &'a Yaml)> {
        of_type(&self.resources, kind)
    }

    fn events<'a>(&'a self, kind: &'a str, scope: Scope<'a>) -> impl Iterator<Item = (Function, Value)> + 'a {
        self.of_type("AWS::Serverless::Function").flat_map(move |(name, properties)| {
            let function = Function::of_resource(name);
            let events = properties.get("Events").and_then(Yaml::as_mapping);
            let wanted = events.into_iter().flat_map(|events| events.values());
            wanted.filter(move |event| event.get("Type").and_then(Yaml::as_str) == Some(kind)).filter_map(move |event| {
                let properties = self.resolve(event.get("Properties")?, scope);
                Some((function?, properties))
            })
        })
    }

    /// `value` as plain JSON, with the intrinsic functions carried out. One that is not understood becomes null.
    fn resolve(&self, value: &Yaml, scope: Scope<'_>) -> Value {
        match value {
            Yaml::Tagged(tagged) => {
                let argument = tagged.value.as_str().unwrap_or_default();
                let tag = tagged.tag.to_string();
                match tag.trim_start_matches('!') {
                    "Sub" => substitute(argument, scope).into(),
                    "Ref" => self.default_of(argument),
                    "GetAtt" => argument.strip_suffix(".Arn").map_or(Value::Null, |name| self.name_of(name, scope)),
                    _ => Value::Null,
                }
            }
            Yaml::Sequence(values) => values.iter().map(|value| self.resolve(value, scope)).collect(),
            Yaml::Mapping(fields) => {
                let fields = fields.iter().filter_map(|(name, value)| Some((name.as_str()?.to_owned(), self.resolve(value, scope))));
                Value::Object(fields.collect())
            }
            plain => serde_json::to_value(plain).unwrap_or_default(),
        }
    }

    fn default_of(&self, parameter: &str) -> Value {
        let default = self.parameters.get(parameter).and_then(|parameter| parameter.get("Default"));
        default.and_then(|default| serde_json::to_value(default).ok()).unwrap_or_default()
    }

    /// Locally a queue's name does for its ARN.
    fn name_of(&self, resource: &str, scope: Scope<'_>) -> Value {
        let named = self.of_type("AWS::SQS::Queue").find(|(name, _)| *name == resource);
        named.and_then(|(_, properties)| properties.get("QueueName")).map_or(Value::Null, |name| self.resolve(name, scope))
    }
}

fn of_type<'a>(resources: &'a [(String, Yaml)], kind: &'a str) -> impl Iterator<Item = (&'a str, &'a Yaml)> {
    resources
        .iter()
        .filter(move |(_, resource)| resource.get("Type").and_then(Yaml::as_str) == Some(kind))
        .filter_map(|(name, resource)| Some((name.as_str(), resource.get("Properties")?)))
}

fn routes(resources: &[(String, Yaml)]) -> Option<Vec<Route>> {
    let (_, host) = of_type(resources, "AWS::CloudFront::Distribution").next()?;
    let config = host.get("DistributionConfig")?;
    let target = |behavior: &Yaml| Function::of_origin(behavior.get("TargetOriginId")?.as_str()?);
    let mut routes: Vec<Route> = config
        .get("CacheBehaviors")?
        .as_sequence()?
        .iter()
        .map(|behavior| Some(Route { pattern: behavior.get("PathPattern")?.as_str()?.to_owned(), function: target(behavior)? }))
        .collect::<Option<_>>()?;
    routes.push(Route { pattern: "*".to_owned(), function: target(config.get("DefaultCacheBehavior")?)? });
    Some(routes)
}

fn redrive(policy: &Value) -> Option<Redrive> {
    Some(Redrive {
        dead_letters: policy.get("deadLetterTargetArn")?.as_str()?.to_owned(),
        max_receives: u32::try_from(policy.get("maxReceiveCount")?.as_u64()?).ok()?,
    })
}

fn substitute(text: &str, scope: Scope<'_>) -> String {
    let pseudo = [("AWS::StackName", scope.stack), ("AWS::AccountId", scope.account), ("AWS::Region", scope.region)];
    pseudo.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("${{{name}}}"), value))
}

/// CloudFront's patterns: `*` is any number of characters, slashes too, `?` is one.
fn fits(pattern: &[u8], path: &[u8]) -> bool {
    match (pattern, path) {
        ([], []) => true,
        ([b'*', rest @ ..], _) => (0..=path.len()).any(|skipped| fits(rest, &path[skipped..])),
        ([b'?', rest @ ..], [_, path @ ..]) => fits(rest, path),
        ([one, rest @ ..], [other, path @ ..]) => one == other && fits(rest, path),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rapport_io::layout::{Line, Table};
    use serde_json::json;

    const SCOPE: Scope<'_> = Scope { stack: "shop", account: "1", region: "eu" };

    #[test]
    fn every_table_of_the_layout_is_made_with_its_keys() {
        let tables = Template::deployed().unwrap().tables(SCOPE);
        let mut names: Vec<_> = tables.iter().map(|table| table.name.clone()).collect();
        let mut expected = Table::ALL.map(|table| table.name("shop")).to_vec();
        names.sort();
        expected.sort();
        assert_eq!(names, expected);
        for table in &tables {
            assert_eq!(table.expiry.as_deref(), Some("expires"), "{}", table.name);
            assert_eq!(table.create["KeySchema"][1], json!({ "AttributeName": "sk", "KeyType": "RANGE" }), "{}", table.name);
        }
        let catalog = tables.iter().find(|table| table.name == "shop-catalog").unwrap();
        assert_eq!(catalog.create["LocalSecondaryIndexes"][0]["IndexName"], "by_change");
    }

    #[test]
    fn queues_know_their_dead_letters_and_readers_their_queues() {
        let template = Template::deployed().unwrap();
        let queues = template.queues(SCOPE);
        let inbox = queues.iter().find(|queue| queue.name == "shop-inbox").unwrap();
        assert_eq!(inbox.redrive, Some(Redrive { dead_letters: "shop-inbox-dead".into(), max_receives: 5 }));
        assert_eq!(inbox.visibility_secs, 365);
        let mut names: Vec<_> = queues.iter().map(|queue| queue.name.clone()).collect();
        names.sort();
        assert_eq!(names, Line::ALL.into_iter().rev().flat_map(|line| [line.name("shop"), line.dead("shop")]).collect::<Vec<_>>());
        let readers = template.readers(SCOPE);
        assert_eq!(
            readers,
            [
                Reader { function: Function::Ingest, queue: "shop-inbox".into(), batch: 1000, window_secs: 5 },
                Reader { function: Function::Profile, queue: "shop-folds".into(), batch: 20, window_secs: 1 },
            ]
        );
    }

    #[test]
    fn the_bucket_tells_of_the_log() {
        let bucket = Template::deployed().unwrap().bucket(SCOPE);
        assert_eq!(bucket.name, "shop-1-eu");
        assert_eq!(bucket.notification, Notification { prefix: "log/".into(), queue: "shop-folds".into() });
    }

    #[test]
    fn paths_go_where_cloudfront_sends_them() {
        let template = Template::deployed().unwrap();
        for (path, function) in [
            ("/webhooks/shopify", Function::Webhooks),
            ("/v1/track", Function::Collect),
            ("/v1/t", Function::Collect),
            ("/v1/batch", Function::Collect),
            ("/v1/beacon", Function::Collect),
            ("/v1/tracks", Function::Recommend),
            ("/v1/similar/85123A", Function::Recommend),
            ("/v1/recommendations", Function::Recommend),
            ("/webhooks", Function::Recommend),
            ("/", Function::Recommend),
        ] {
            assert_eq!(template.route(path), function, "{path}");
        }
    }

    #[test]
    fn schedules_come_with_their_jobs() {
        let timers = Template::deployed().unwrap().timers();
        let expected = [
            Timer { function: Function::Ingest, expression: "rate(1 day)".into(), job: Job::Drain },
            Timer { function: Function::Profile, expression: "rate(1 hour)".into(), job: Job::Refold },
            Timer { function: Function::Profile, expression: "rate(1 minute)".into(), job: Job::Segments },
            Timer { function: Function::Train, expression: "cron(15 2 * * ? *)".into(), job: Job::Train },
        ];
        assert_eq!(timers, expected);
    }

    #[test]
    fn a_template_that_lost_a_part_is_refused() {
        let text = include_str!("../../template.yaml");
        for (part, changed) in [
            ("tables", text.replace("AWS::DynamoDB::Table", "AWS::DynamoDB::Tables")),
            ("queues", text.replace("AWS::SQS::Queue\n", "AWS::SQS::Queues\n")),
            ("a bucket", text.replace("AWS::S3::Bucket\n", "AWS::S3::Buckets\n")),
            ("schedules", text.replace("Type: Schedule\n", "Type: Timer\n")),
        ] {
            let refused = Template::read(&changed).unwrap_err().to_string();
            assert_eq!(refused, format!("the template lacks {part}"));
        }
    }
}
