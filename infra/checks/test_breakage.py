"""Each rule can fail: the template is broken on purpose, once or more for every rule, and the rule must object."""

from graphlib import CycleError

import pytest

import rules
from stack import Stack, load

# (rule, path into the template's resources, what is put there). `GONE` takes the entry out.
GONE = object()
PROPERTIES = "Properties"
# A rule also objects by not finding what it asks for.
OBJECTIONS = (AssertionError, CycleError, KeyError, ValueError)
STAR = [{"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}]

BREAKS = [
    (rules.functions_are_the_six_on_arm, ("TrainFunction", PROPERTIES, "Architectures"), ["x86_64"]),
    (rules.functions_are_the_six_on_arm, ("CollectFunction", PROPERTIES, "Runtime"), "provided.al2"),
    (rules.builds_take_the_workspace_member, ("IngestFunction", "Metadata", "BuildProperties", "Binary"), "profile"),
    (rules.builds_take_the_workspace_member, ("IngestFunction", PROPERTIES, "CodeUri"), "../functions/profile"),
    (rules.urls_carry_both_permissions, ("CollectFunction", PROPERTIES, "FunctionUrlConfig", "AuthType"), "AWS_IAM"),
    (rules.urls_carry_both_permissions, ("RecommendFunction", PROPERTIES, "FunctionUrlConfig"), GONE),
    (rules.urls_carry_both_permissions, ("TrainFunction", PROPERTIES, "FunctionUrlConfig"), {"AuthType": "NONE"}),
    (rules.nobody_else_may_invoke, ("Extra",), {"Type": "AWS::Lambda::Permission", PROPERTIES: {"FunctionName": {"Ref": "TrainFunction"}, "Principal": "*"}}),
    (rules.jobs_are_done_by_the_clock, ("ProfileFunction", PROPERTIES, "Events", "Refold"), GONE),
    (rules.jobs_are_done_by_the_clock, ("ProfileFunction", PROPERTIES, "Events", "Refold", PROPERTIES, "Input"), "{}"),
    (rules.jobs_are_done_by_the_clock, ("TrainFunction", PROPERTIES, "Events", "Nightly", PROPERTIES, "Enabled"), False),
    (rules.jobs_are_done_by_the_clock, ("IngestFunction", PROPERTIES, "Events", "DeadLetters"), GONE),
    (rules.environment_is_what_functions_expect, ("CollectFunction", PROPERTIES, "Environment"), GONE),
    (rules.environment_is_what_functions_expect, ("TrainFunction", PROPERTIES, "Environment"), {"Variables": {"RAPPORT_KEY": "sk_1"}}),
    (rules.no_secret_is_in_clear, ("CollectFunction", PROPERTIES, "Environment", "Variables", "KEYS"), "{{resolve:secretsmanager:keys}}"),
    (rules.no_secret_is_in_clear, ("Keys", PROPERTIES, "SecretString"), "hunter2"),
    (rules.reserved_concurrency_is_off_by_default, ("WebhooksFunction", PROPERTIES, "ReservedConcurrentExecutions"), 5),
    (rules.host_routes_each_path, ("Host", PROPERTIES, "DistributionConfig", "CacheBehaviors", 0, "TargetOriginId"), "collect"),
    (rules.host_routes_each_path, ("Host", PROPERTIES, "DistributionConfig", "CacheBehaviors", 9, "PathPattern"), "/v1/*"),
    (rules.host_routes_each_path, ("Host", PROPERTIES, "DistributionConfig", "DefaultCacheBehavior", "CachePolicyId"), {"Ref": "SharedAnswers"}),
    (rules.kept_answers_are_keyed_and_cookieless, ("SharedAnswers", PROPERTIES, "CachePolicyConfig", "DefaultTTL"), 60),
    (
        rules.kept_answers_are_keyed_and_cookieless,
        ("SharedAnswers", PROPERTIES, "CachePolicyConfig", "ParametersInCacheKeyAndForwardedToOrigin", "HeadersConfig"),
        {"HeaderBehavior": "none"},
    ),
    (rules.origins_are_proved_and_encrypted, ("Host", PROPERTIES, "DistributionConfig", "Origins", 1, "OriginCustomHeaders"), []),
    (rules.origins_are_proved_and_encrypted, ("Host", PROPERTIES, "DistributionConfig", "Origins", 2, "OriginCustomHeaders", 0, "HeaderValue"), "letmein"),
    (rules.host_keeps_no_addresses_and_speaks_tls, ("Host", PROPERTIES, "DistributionConfig", "Logging"), {"Bucket": "logs.s3.amazonaws.com"}),
    (rules.host_keeps_no_addresses_and_speaks_tls, ("Host", PROPERTIES, "DistributionConfig", "DefaultCacheBehavior", "ViewerProtocolPolicy"), "allow-all"),
    (rules.queues_keep_encrypt_and_redrive, ("InboxQueue", PROPERTIES, "RedrivePolicy", "maxReceiveCount"), 1),
    (rules.queues_keep_encrypt_and_redrive, ("FoldsQueue", PROPERTIES, "RedrivePolicy", "deadLetterTargetArn"), {"Fn::GetAtt": ["InboxDeadQueue", "Arn"]}),
    (rules.queues_keep_encrypt_and_redrive, ("InboxDeadQueue", PROPERTIES, "MessageRetentionPeriod"), 345600),
    (rules.visibility_outlives_six_attempts, ("IngestFunction", PROPERTIES, "Timeout"), 61),
    (rules.visibility_outlives_six_attempts, ("FoldsQueue", PROPERTIES, "VisibilityTimeout"), 720),
    (rules.batches_fail_in_part_and_stay_few, ("ProfileFunction", PROPERTIES, "Events", "Folds", PROPERTIES, "FunctionResponseTypes"), GONE),
    (rules.batches_fail_in_part_and_stay_few, ("IngestFunction", PROPERTIES, "Events", "Inbox", PROPERTIES, "ScalingConfig"), GONE),
    (rules.log_objects_notify_the_folds, ("Bucket", "DependsOn"), "Keys"),
    (rules.log_objects_notify_the_folds, ("Bucket", PROPERTIES, "NotificationConfiguration", "QueueConfigurations", 0, "Filter"), GONE),
    (rules.log_objects_notify_the_folds, ("Bucket", PROPERTIES, "BucketName"), {"Fn::Sub": "${AWS::StackName}-log"}),
    (rules.bucket_is_private_encrypted_unversioned, ("Bucket", PROPERTIES, "VersioningConfiguration"), {"Status": "Enabled"}),
    (rules.bucket_is_private_encrypted_unversioned, ("Bucket", PROPERTIES, "PublicAccessBlockConfiguration", "BlockPublicPolicy"), False),
    (rules.bucket_is_private_encrypted_unversioned, ("BucketPolicy", PROPERTIES, "PolicyDocument", "Statement", 0, "Effect"), "Allow"),
    (rules.raw_bodies_expire_in_fourteen_days, ("Bucket", PROPERTIES, "LifecycleConfiguration", "Rules", 0, "Status"), "Disabled"),
    (rules.raw_bodies_expire_in_fourteen_days, ("Bucket", PROPERTIES, "LifecycleConfiguration", "Rules", 1, "Prefix"), "log/"),
    (rules.tables_expire_recover_and_cost_nothing_idle, ("ContactsTable", PROPERTIES, "PointInTimeRecoverySpecification", "RecoveryPeriodInDays"), 35),
    (rules.tables_expire_recover_and_cost_nothing_idle, ("SegmentsTable", PROPERTIES, "TimeToLiveSpecification"), GONE),
    (rules.tables_expire_recover_and_cost_nothing_idle, ("ProfilesTable", PROPERTIES, "BillingMode"), "PROVISIONED"),
    (rules.catalog_is_read_by_change, ("CatalogTable", PROPERTIES, "LocalSecondaryIndexes", 0, "Projection"), {"ProjectionType": "KEYS_ONLY"}),
    (rules.profiles_list_who_is_in_a_segment, ("ProfilesTable", PROPERTIES, "GlobalSecondaryIndexes", 0, "Projection"), {"ProjectionType": "ALL"}),
    (rules.what_no_replay_rebuilds_is_retained, ("Keys", "DeletionPolicy"), "Delete"),
    (rules.what_no_replay_rebuilds_is_retained, ("ContactsTable", "UpdateReplacePolicy"), GONE),
    (rules.names_derive_from_the_stack, ("ProfilesTable", PROPERTIES, "TableName"), "rapport-profiles"),
    (rules.names_derive_from_the_stack, ("FoldsQueue", PROPERTIES, "QueueName"), GONE),
    (rules.nothing_refers_in_a_circle, ("FoldsQueuePolicy", PROPERTIES, "PolicyDocument", "Statement", 0, "Condition"), {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["Bucket", "Arn"]}}}),
    (rules.each_function_may_do_exactly_this, ("CollectRole", PROPERTIES, "Policies", 0, "PolicyDocument", "Statement", 3, "Resource"), {"Fn::Sub": "${Bucket.Arn}/log/*"}),
    (rules.each_function_may_do_exactly_this, ("TrainRole", PROPERTIES, "Policies", 0, "PolicyDocument", "Statement", 0), GONE),
    (rules.each_function_may_do_exactly_this, ("TrainFunction", PROPERTIES, "Role"), {"Fn::GetAtt": ["ProfileRole", "Arn"]}),
    (rules.no_grant_is_open_ended, ("IngestRole", PROPERTIES, "Policies", 0, "PolicyDocument", "Statement"), STAR),
    (rules.no_grant_is_open_ended, ("IngestRole", PROPERTIES, "Policies", 0, "PolicyDocument", "Statement", 4, "Resource"), {"Fn::Sub": "${Bucket.Arn}/*"}),
    (rules.no_grant_is_open_ended, ("ProfileRole", PROPERTIES, "ManagedPolicyArns"), ["arn:aws:iam::aws:policy/AdministratorAccess"]),
    (rules.only_lambda_wears_the_roles, ("TrainRole", PROPERTIES, "AssumeRolePolicyDocument", "Statement", 0, "Principal"), {"AWS": "*"}),
    (rules.collectors_reach_no_table, ("WebhooksRole", PROPERTIES, "Policies", 0, "PolicyDocument", "Statement"), STAR),
    (rules.lookups_only_read_profiles, ("RecommendRole", PROPERTIES, "Policies", 0, "PolicyDocument", "Statement", 7, "Action"), ["dynamodb:GetItem", "dynamodb:PutItem"]),
    (rules.logs_are_forgotten_in_fourteen_days, ("RecommendLogs", PROPERTIES, "RetentionInDays"), 365),
    (rules.logs_are_forgotten_in_fourteen_days, ("ProfileFunction", PROPERTIES, "LoggingConfig"), {"LogGroup": {"Ref": "IngestLogs"}}),
    (rules.alarms_watch_what_can_go_wrong, ("InboxDeadAlarm",), GONE),
    (rules.alarms_watch_what_can_go_wrong, ("RejectsAlarm", PROPERTIES, "MetricName"), "Reject"),
    (rules.alarms_watch_what_can_go_wrong, ("BacklogAlarm",), GONE),
    (rules.alarms_watch_what_can_go_wrong, ("TrainMissingAlarm", PROPERTIES, "Dimensions", 0, "Value"), {"Ref": "IngestFunction"}),
    (rules.alarms_reach_the_topic, ("InboxAgeAlarm", PROPERTIES, "AlarmActions"), []),
    (rules.a_budget_warns, ("Budget", PROPERTIES, "NotificationsWithSubscribers"), []),
]

# The one rule about parameters, which are not resources.
PARAMETER_BREAKS = [
    (rules.consent_is_asked_for_and_opt_in, ("Consent", "Default"), "opt_out"),
    (rules.reserved_concurrency_is_off_by_default, ("ReservedConcurrency", "Default"), 10),
]


def broken(section, path, value):
    """The template with one entry of `section` replaced, added or taken out."""
    source = load()
    place = source[section]
    *way, last = path
    for step in way:
        place = place[step]
    if value is GONE:
        del place[last]
    else:
        place[last] = value
    return source


def named(case):
    rule, path, _ = case
    return f"{rule.__name__}-{'.'.join(str(it) for it in path if it != PROPERTIES)}"


@pytest.mark.parametrize("case", BREAKS, ids=named)
def test_rule_objects(case):
    rule, path, value = case
    stack = Stack(broken("Resources", path, value))
    with pytest.raises(OBJECTIONS):
        rule(stack)


@pytest.mark.parametrize("case", PARAMETER_BREAKS, ids=named)
def test_rule_objects_to_parameter(case):
    rule, path, value = case
    stack = Stack(broken("Parameters", path, value))
    with pytest.raises(OBJECTIONS):
        rule(stack)


def test_every_rule_was_seen_to_fail():
    assert {rule for rule, *_ in BREAKS + PARAMETER_BREAKS} == set(rules.RULES)
