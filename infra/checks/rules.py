"""What must hold of the template. Each rule is a function of the stack that raises `AssertionError` when it is broken.

`test_template.py` runs every rule on the real template; `test_breakage.py` breaks the template for each and sees that it objects.
"""

from fnmatch import fnmatchcase
from graphlib import TopologicalSorter

from grants import GRANTS, TABLE_READS
from stack import FUNCTIONS, PUBLIC, function_id, listed, references, render

FOURTEEN_DAYS_SECS = 14 * 24 * 3600

NAMES = {
    "AWS::DynamoDB::Table": ("TableName", ["profiles", "identities", "contacts", "segments", "catalog"]),
    "AWS::SQS::Queue": ("QueueName", ["inbox", "inbox-dead", "folds", "folds-dead"]),
    "AWS::Lambda::Function": ("FunctionName", FUNCTIONS),
    "AWS::Events::Rule": ("Name", ["train", "refold", "dead-letters", "segments"]),
}

# Path → (function, whether CloudFront may keep the answer).
ROUTES = {
    "/webhooks/shopify": ("webhooks", False),
    "/v1/track": ("collect", False),
    "/v1/identify": ("collect", False),
    "/v1/page": ("collect", False),
    "/v1/screen": ("collect", False),
    "/v1/group": ("collect", False),
    "/v1/alias": ("collect", False),
    "/v1/batch": ("collect", False),
    "/v1/beacon": ("collect", False),
    "/v1/t": ("collect", False),
    "/v1/similar/85123A": ("recommend", True),
    "/v1/together/85123A": ("recommend", True),
    "/rapport.js": ("recommend", True),
    "/rapport-ui.js": ("recommend", True),
    "/v1/recommendations": ("recommend", False),
    "/v1/rank": ("recommend", False),
    "/v1/customers/12748": ("recommend", False),
    "/v1/catalog/items": ("recommend", False),
    "/openapi.json": ("recommend", False),
    "/": ("recommend", False),
}


# ---- Functions


def functions_are_the_six_on_arm(stack):
    assert sorted(stack.of_type("AWS::Lambda::Function")) == sorted(function_id(name) for name in FUNCTIONS)
    for name in FUNCTIONS:
        it = stack.function(name)
        assert (it["Architectures"], it["Runtime"], it["Handler"]) == (["arm64"], "provided.al2023", "bootstrap"), name


def builds_take_the_workspace_member(stack):
    for name in FUNCTIONS:
        it = stack.source["Resources"][function_id(name)]
        assert it["Metadata"] == {"BuildMethod": "rust-cargolambda", "BuildProperties": {"Binary": name}}, name
        assert it["Properties"]["CodeUri"] == f"../functions/{name}", name


def urls_carry_both_permissions(stack):
    # Since October 2025 a function URL wants the second one too, and answers 403 without.
    urls = {it["TargetFunctionArn"]["Ref"]: it["AuthType"] for it in stack.of_type("AWS::Lambda::Url").values()}
    assert urls == {function_id(name): "NONE" for name in PUBLIC}
    for name in PUBLIC:
        mine = [it for it in stack.of_type("AWS::Lambda::Permission").values() if it["FunctionName"] == {"Ref": function_id(name)}]
        by_url = [it for it in mine if it["Action"] == "lambda:InvokeFunctionUrl"]
        invoke = [it for it in mine if it["Action"] == "lambda:InvokeFunction"]
        assert [it.get("FunctionUrlAuthType") for it in by_url] == ["NONE"], name
        assert [it.get("InvokedViaFunctionUrl") for it in invoke] == [True], name


def nobody_else_may_invoke(stack):
    public = {function_id(name) for name in PUBLIC}
    for id, it in stack.of_type("AWS::Lambda::Permission").items():
        by_world = it["Principal"] == "*" and it["FunctionName"]["Ref"] in public
        by_schedule = it["Principal"] == "events.amazonaws.com" and "SourceArn" in it
        assert by_world or by_schedule, id


def jobs_are_done_by_the_clock(stack):
    rules = {render(it["Name"]): it for it in stack.of_type("AWS::Events::Rule").values()}
    expected = {
        "${AWS::StackName}-train": ({"Ref": "TrainSchedule"}, "train", '{"job":"train"}'),
        "${AWS::StackName}-refold": ("rate(1 hour)", "profile", '{"job":"refold"}'),
        "${AWS::StackName}-dead-letters": ("rate(1 day)", "ingest", '{"job":"drain"}'),
        "${AWS::StackName}-segments": ("rate(1 minute)", "profile", '{"job":"segments"}'),
    }
    assert rules.keys() == expected.keys()
    for name, (when, function, payload) in expected.items():
        (target,) = rules[name]["Targets"]
        assert rules[name]["ScheduleExpression"] == when and rules[name]["State"] == "ENABLED", name
        assert render(target["Arn"]) == function_id(function) and target["Input"] == payload, name


def environment_is_what_functions_expect(stack):
    everyone = {
        "RAPPORT_STACK": {"Ref": "AWS::StackName"},
        "RAPPORT_BUCKET": {"Ref": "Bucket"},
        "RAPPORT_CURRENCY": {"Ref": "Currency"},
        "RAPPORT_CONSENT": {"Ref": "Consent"},
    }
    # Ingest finds the dead letters by it.
    queues = {"RAPPORT_INBOX_URL": {"Ref": "InboxQueue"}}
    for name in FUNCTIONS:
        expected = everyone | (queues if name in ("webhooks", "collect", "ingest") else {})
        assert stack.function(name)["Environment"]["Variables"] == expected, name


def no_secret_is_in_clear(stack):
    # Only CloudFront's origin header may resolve the secret; CloudFormation stores resolved values nowhere else.
    for id, it in stack.resources.items():
        if it["Type"] != "AWS::CloudFront::Distribution":
            assert "resolve:" not in str(it), id
    secret = stack.resources["Keys"]["Properties"]
    assert "SecretString" not in secret
    assert secret["GenerateSecretString"]["SecretStringTemplate"] == '{"version":1}'
    assert secret["GenerateSecretString"]["GenerateStringKey"] == "origin_secret"


def reserved_concurrency_is_off_by_default(stack):
    assert stack.source["Parameters"]["ReservedConcurrency"]["Default"] == 0
    for name in FUNCTIONS:
        reserved = stack.function(name).get("ReservedConcurrentExecutions")
        expected = {"Fn::If": ["HasReservation", {"Ref": "ReservedConcurrency"}, {"Ref": "AWS::NoValue"}]} if name in PUBLIC else None
        assert reserved == expected, name


def consent_is_asked_for_and_opt_in(stack):
    it = stack.source["Parameters"]["Consent"]
    assert it["Default"] == "opt_in" and sorted(it["AllowedValues"]) == ["opt_in", "opt_out"]


# ---- The host


def host_routes_each_path(stack):
    config = distribution(stack)
    for path, (function, kept) in ROUTES.items():
        behavior = behavior_of(config, path)
        assert behavior["TargetOriginId"] == function, path
        assert (behavior["CachePolicyId"] == {"Ref": "SharedAnswers"}) == kept, path
        if not kept:
            assert behavior["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad", path  # managed: CachingDisabled
            assert behavior["OriginRequestPolicyId"] == "b689b0a8-53d0-40ab-baf2-68738e2966ac", path  # managed: AllViewerExceptHostHeader
            assert "POST" in behavior["AllowedMethods"], path


def kept_answers_are_keyed_and_cookieless(stack):
    policy = stack.resources["SharedAnswers"]["Properties"]["CachePolicyConfig"]
    key = policy["ParametersInCacheKeyAndForwardedToOrigin"]
    assert key["CookiesConfig"] == {"CookieBehavior": "none"}
    assert key["QueryStringsConfig"] == {"QueryStringBehavior": "all"}
    assert key["HeadersConfig"] == {"HeaderBehavior": "whitelist", "Headers": ["Authorization"]}
    assert key["EnableAcceptEncodingGzip"] and key["EnableAcceptEncodingBrotli"]
    # What carries no max-age is not kept.
    assert policy["MinTTL"] == policy["DefaultTTL"] == 0


def origins_are_proved_and_encrypted(stack):
    origins = {it["Id"]: it for it in distribution(stack)["Origins"]}
    assert sorted(origins) == sorted(PUBLIC)
    for name, it in origins.items():
        assert it["DomainName"] == {"Fn::Select": [2, {"Fn::Split": ["/", {"Fn::GetAtt": [f"{function_id(name)}Url", "FunctionUrl"]}]}]}, name
        assert it["CustomOriginConfig"] == {"OriginProtocolPolicy": "https-only", "OriginSSLProtocols": ["TLSv1.2"]}, name
        (header,) = it["OriginCustomHeaders"]
        assert header["HeaderName"] == "x-rapport-origin", name
        assert header["HeaderValue"] == {"Fn::Sub": "{{resolve:secretsmanager:${Keys}:SecretString:origin_secret}}"}, name


def host_keeps_no_addresses_and_speaks_tls(stack):
    config = distribution(stack)
    assert "Logging" not in config
    for it in [config["DefaultCacheBehavior"], *config["CacheBehaviors"]]:
        assert it["ViewerProtocolPolicy"] in ("https-only", "redirect-to-https"), it["TargetOriginId"]


# ---- Queues


def queues_keep_encrypt_and_redrive(stack):
    queues = {render(it["QueueName"]): it for it in stack.of_type("AWS::SQS::Queue").values()}
    for name, it in queues.items():
        assert it["MessageRetentionPeriod"] == FOURTEEN_DAYS_SECS and it["SqsManagedSseEnabled"] is True, name
        if not name.endswith("-dead"):
            dead = render(it["RedrivePolicy"]["deadLetterTargetArn"])
            assert it["RedrivePolicy"]["maxReceiveCount"] == 5, name
            assert stack.resources[dead]["Properties"]["QueueName"] == {"Fn::Sub": f"{name}-dead"}, name


def visibility_outlives_six_attempts(stack):
    for name in ("ingest", "profile"):
        (mapping,) = stack.mappings(name)
        queue = stack.resources[render(mapping["EventSourceArn"])]["Properties"]
        assert queue["VisibilityTimeout"] >= 6 * stack.function(name)["Timeout"] + mapping["MaximumBatchingWindowInSeconds"], name


def batches_fail_in_part_and_stay_few(stack):
    expected = {"ingest": ("InboxQueue", 5, 1000), "profile": ("FoldsQueue", 1, 20)}
    for name, (queue, window_secs, batch) in expected.items():
        (it,) = stack.mappings(name)
        assert render(it["EventSourceArn"]) == queue, name
        assert it["MaximumBatchingWindowInSeconds"] == window_secs and it["BatchSize"] == batch, name
        assert it["FunctionResponseTypes"] == ["ReportBatchItemFailures"], name
        assert it["ScalingConfig"] == {"MaximumConcurrency": 2}, name


def log_objects_notify_the_folds(stack):
    (it,) = bucket(stack)["NotificationConfiguration"]["QueueConfigurations"]
    assert it["Event"] == "s3:ObjectCreated:*" and render(it["Queue"]) == "FoldsQueue"
    assert it["Filter"] == {"S3Key": {"Rules": [{"Name": "prefix", "Value": "log/"}]}}
    (policy,) = stack.of_type("AWS::SQS::QueuePolicy").values()
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "s3.amazonaws.com"} and statement["Action"] == "sqs:SendMessage"
    assert statement["Condition"]["ArnEquals"]["aws:SourceArn"]["Fn::Sub"] == "arn:${AWS::Partition}:s3:::" + bucket(stack)["BucketName"]["Fn::Sub"]
    assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    # S3 tries the queue when the bucket is made; without its policy by then, the deployment fails.
    assert stack.resources["Bucket"]["DependsOn"] == "FoldsQueuePolicy"


# ---- Stores


def bucket_is_private_encrypted_unversioned(stack):
    it = bucket(stack)
    assert "VersioningConfiguration" not in it and "ReplicationConfiguration" not in it and "ObjectLockEnabled" not in it
    assert it["BucketEncryption"]["ServerSideEncryptionConfiguration"] == [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
    blocks = ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"]
    assert it["PublicAccessBlockConfiguration"] == dict.fromkeys(blocks, True)
    assert it["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    (policy,) = stack.of_type("AWS::S3::BucketPolicy").values()
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Effect"] == "Deny" and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def raw_bodies_expire_in_fourteen_days(stack):
    rules = {it.get("Prefix", ""): it for it in bucket(stack)["LifecycleConfiguration"]["Rules"] if it["Status"] == "Enabled"}
    expiring = {prefix: it["ExpirationInDays"] for prefix, it in rules.items() if "ExpirationInDays" in it}
    assert expiring == {"inbox/": 14, "rejected/": 14}
    assert rules[""]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}


def tables_expire_recover_and_cost_nothing_idle(stack):
    for id, it in stack.of_type("AWS::DynamoDB::Table").items():
        assert it["BillingMode"] == "PAY_PER_REQUEST", id
        assert it["KeySchema"] == [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}], id
        assert {"AttributeName": "pk", "AttributeType": "S"} in it["AttributeDefinitions"], id
        assert {"AttributeName": "sk", "AttributeType": "S"} in it["AttributeDefinitions"], id
        assert it["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}, id
        # Erasure promises that nothing can be brought back after seven days.
        assert it["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 7}, id


def catalog_is_read_by_change(stack):
    it = stack.resources["CatalogTable"]["Properties"]
    (index,) = it["LocalSecondaryIndexes"]
    assert index["IndexName"] == "by_change" and index["Projection"] == {"ProjectionType": "ALL"}
    assert index["KeySchema"] == [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "changed", "KeyType": "RANGE"}]
    assert {"AttributeName": "changed", "AttributeType": "S"} in it["AttributeDefinitions"]


def profiles_list_who_is_in_a_segment(stack):
    it = stack.resources["ProfilesTable"]["Properties"]
    (index,) = it["GlobalSecondaryIndexes"]
    # The version must not be in it: every fold would write there.
    assert index["IndexName"] == "members" and index["Projection"] == {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["beside"]}
    assert index["KeySchema"] == [{"AttributeName": "shard", "KeyType": "HASH"}, {"AttributeName": "pk", "KeyType": "RANGE"}]
    assert {"AttributeName": "shard", "AttributeType": "S"} in it["AttributeDefinitions"]


def what_no_replay_rebuilds_is_retained(stack):
    kept = {id for id, it in stack.resources.items() if it.get("DeletionPolicy") == "RetainExceptOnCreate" and it.get("UpdateReplacePolicy") == "Retain"}
    assert kept == {"Bucket", "ContactsTable", "CatalogTable", "Keys"}


def names_derive_from_the_stack(stack):
    for kind, (field, endings) in NAMES.items():
        names = [render(it[field]) for it in stack.of_type(kind).values()]
        assert sorted(names) == sorted(f"${{AWS::StackName}}-{it}" for it in endings), kind
    assert render(bucket(stack)["BucketName"]) == "${AWS::StackName}-${AWS::AccountId}-${AWS::Region}"
    assert render(stack.resources["Keys"]["Properties"]["Name"]) == "${AWS::StackName}/keys"


def nothing_refers_in_a_circle(stack):
    edges = {id: set() for id in stack.resources}
    for id, it in stack.resources.items():
        edges[id] = {other for other in references(it.get("Properties", {})) if other in edges} | set(listed(it.get("DependsOn", [])))
    TopologicalSorter(edges).prepare()


# ---- Permissions


def each_function_may_do_exactly_this(stack):
    for name in FUNCTIONS:
        role = stack.function(name)["Role"]
        assert role == {"Fn::GetAtt": [f"{name.capitalize()}Role", "Arn"]}, name
        assert granted(stack.resources[role["Fn::GetAtt"][0]]["Properties"]) == GRANTS[name], name


def no_grant_is_open_ended(stack):
    for id, role in stack.of_type("AWS::IAM::Role").items():
        assert "ManagedPolicyArns" not in role, id
        for policy in role["Policies"]:
            for it in policy["PolicyDocument"]["Statement"]:
                assert it["Effect"] == "Allow" and "NotAction" not in it and "NotResource" not in it, id
                assert not any("*" in action for action in listed(it["Action"])), id
                for resource in map(render, listed(it["Resource"])):
                    # A star ends a prefix of our own bucket, and stands nowhere else.
                    assert "*" not in resource or fnmatchcase(resource, "${Bucket.Arn}/[a-z]*/[*]") or fnmatchcase(resource, "Bucket/[a-z]*/[*]"), id


def only_lambda_wears_the_roles(stack):
    for id, role in stack.of_type("AWS::IAM::Role").items():
        (it,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert it == {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}, id


def collectors_reach_no_table(stack):
    for name in ("webhooks", "collect"):
        role = granted(stack.resources[f"{name.capitalize()}Role"]["Properties"])
        assert not any(action.startswith("dynamodb:") for actions in role.values() for action in actions), name


def lookups_only_read_profiles(stack):
    role = granted(stack.resources["RecommendRole"]["Properties"])
    # Trying a rule of a segment looks at everybody.
    assert role["ProfilesTable"] == TABLE_READS | {"dynamodb:Scan"}
    assert all(role[table] == TABLE_READS for table in ("IdentitiesTable", "SegmentsTable"))


# ---- Logs and alarms


def logs_are_forgotten_in_fourteen_days(stack):
    groups = stack.of_type("AWS::Logs::LogGroup")
    assert {render(it["LogGroupName"]) for it in groups.values()} == {f"/aws/lambda/${{AWS::StackName}}-{name}" for name in FUNCTIONS}
    assert {it["RetentionInDays"] for it in groups.values()} == {14}
    for name in FUNCTIONS:
        assert stack.function(name)["LoggingConfig"]["LogGroup"] == {"Ref": f"{name.capitalize()}Logs"}, name


def alarms_watch_what_can_go_wrong(stack):
    watched = {metric for alarm in stack.of_type("AWS::CloudWatch::Alarm").values() for metric in metrics_of(alarm)}
    expected = {
        ("ApproximateNumberOfMessagesVisible", "InboxDeadQueue.QueueName"),
        ("ApproximateNumberOfMessagesVisible", "FoldsDeadQueue.QueueName"),
        ("ApproximateNumberOfMessagesVisible", "InboxQueue.QueueName"),
        ("ApproximateNumberOfMessagesVisible", "FoldsQueue.QueueName"),
        ("ApproximateAgeOfOldestMessage", "InboxQueue.QueueName"),
        ("ApproximateAgeOfOldestMessage", "FoldsQueue.QueueName"),
        ("Url5xxCount", "WebhooksFunction"),
        ("Url5xxCount", "CollectFunction"),
        ("Url5xxCount", "RecommendFunction"),
        ("Errors", "IngestFunction"),
        ("Errors", "ProfileFunction"),
        ("Errors", "TrainFunction"),
        ("Invocations", "TrainFunction"),
        ("Throttles", None),
        # What ingest and profile write: shared/lambda/src/metrics.rs.
        ("Rejects", "AWS::StackName"),
        ("Copies", "AWS::StackName"),
        ("Folded", "AWS::StackName"),
        ("RefoldsWaiting", "AWS::StackName"),
    }
    assert watched == expected


def alarms_reach_the_topic(stack):
    for id, it in stack.of_type("AWS::CloudWatch::Alarm").items():
        assert it["AlarmActions"] == [{"Ref": "Alarms"}], id
    (policy,) = stack.of_type("AWS::SNS::TopicPolicy").values()
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert sorted(statement["Principal"]["Service"]) == ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"]


def a_budget_warns(stack):
    (it,) = stack.of_type("AWS::Budgets::Budget").values()
    assert it["Budget"]["BudgetLimit"] == {"Amount": {"Ref": "MonthlyBudget"}, "Unit": "USD"}
    kinds = [n["Notification"]["NotificationType"] for n in it["NotificationsWithSubscribers"]]
    assert sorted(kinds) == ["ACTUAL", "FORECASTED"]
    assert all(n["Subscribers"] == [{"SubscriptionType": "SNS", "Address": {"Ref": "Alarms"}}] for n in it["NotificationsWithSubscribers"])


# ---- Reading the template


def bucket(stack):
    return stack.resources["Bucket"]["Properties"]


def distribution(stack):
    return stack.resources["Host"]["Properties"]["DistributionConfig"]


def behavior_of(config, path):
    """The first behaviour whose pattern fits, as CloudFront chooses: `*` is any text, `?` one character."""
    fitting = (it for it in config["CacheBehaviors"] if fnmatchcase(path, it["PathPattern"]))
    return next(fitting, config["DefaultCacheBehavior"])


def granted(role):
    """Resource → actions that a role allows."""
    grants = {}
    for policy in role["Policies"]:
        for it in policy["PolicyDocument"]["Statement"]:
            for resource in map(render, listed(it["Resource"])):
                grants.setdefault(resource, set()).update(listed(it["Action"]))
    return grants


def metrics_of(alarm):
    """(metric, what it is a metric of) that an alarm looks at."""
    plain = [alarm] if "MetricName" in alarm else []
    for it in plain + [m["MetricStat"]["Metric"] for m in alarm.get("Metrics", []) if "MetricStat" in m]:
        dimensions = it.get("Dimensions", [])
        yield it["MetricName"], render(dimensions[0]["Value"]) if dimensions else None


RULES = [
    functions_are_the_six_on_arm,
    builds_take_the_workspace_member,
    urls_carry_both_permissions,
    nobody_else_may_invoke,
    jobs_are_done_by_the_clock,
    environment_is_what_functions_expect,
    no_secret_is_in_clear,
    reserved_concurrency_is_off_by_default,
    consent_is_asked_for_and_opt_in,
    host_routes_each_path,
    kept_answers_are_keyed_and_cookieless,
    origins_are_proved_and_encrypted,
    host_keeps_no_addresses_and_speaks_tls,
    queues_keep_encrypt_and_redrive,
    visibility_outlives_six_attempts,
    batches_fail_in_part_and_stay_few,
    log_objects_notify_the_folds,
    bucket_is_private_encrypted_unversioned,
    raw_bodies_expire_in_fourteen_days,
    tables_expire_recover_and_cost_nothing_idle,
    catalog_is_read_by_change,
    profiles_list_who_is_in_a_segment,
    what_no_replay_rebuilds_is_retained,
    names_derive_from_the_stack,
    nothing_refers_in_a_circle,
    each_function_may_do_exactly_this,
    no_grant_is_open_ended,
    only_lambda_wears_the_roles,
    collectors_reach_no_table,
    lookups_only_read_profiles,
    logs_are_forgotten_in_fourteen_days,
    alarms_watch_what_can_go_wrong,
    alarms_reach_the_topic,
    a_budget_warns,
]
