"""Everything that each function may do, and to what. A new need of a function is a new line here and in the template."""

TABLE_READS = {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"}
TABLE_WRITES = {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem"}
QUEUE_READS = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
LETTER_READS = {"sqs:ReceiveMessage", "sqs:DeleteMessage"}
LOGGING = {"logs:CreateLogStream", "logs:PutLogEvents"}

# A queue's sender: keys to check, the queue, and the place for bodies that a message cannot hold.
COLLECTOR = {
    "Keys": {"secretsmanager:GetSecretValue"},
    "InboxQueue": {"sqs:SendMessage"},
    "Bucket/inbox/*": {"s3:PutObject"},
}

# What the fold derives; profile keeps it up to date, train refolds the many.
DERIVED = {
    "ProfilesTable": TABLE_READS | TABLE_WRITES,
    "IdentitiesTable": TABLE_READS | TABLE_WRITES,
    "SegmentsTable": TABLE_READS | TABLE_WRITES,
}

GRANTS = {
    "webhooks": COLLECTOR | {"WebhooksLogs": LOGGING},
    "collect": COLLECTOR | {"CollectLogs": LOGGING},
    "ingest": {
        "IngestLogs": LOGGING,
        "Keys": {"secretsmanager:GetSecretValue"},
        "InboxQueue": QUEUE_READS,
        "InboxDeadQueue": LETTER_READS,
        "FoldsDeadQueue": LETTER_READS,
        "Bucket": {"s3:ListBucket"},
        "Bucket/inbox/*": {"s3:GetObject"},
        "Bucket/log/*": {"s3:PutObject"},
        "Bucket/rejected/*": {"s3:PutObject"},
        "IdentitiesTable": TABLE_READS,
        "ContactsTable": TABLE_READS | TABLE_WRITES - {"dynamodb:DeleteItem"},
        "CatalogTable": {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:PutItem"},
    },
    "profile": DERIVED
    | {
        "ProfilesTable": TABLE_READS | TABLE_WRITES | {"dynamodb:Scan"},
        "CatalogTable": TABLE_READS,
        "Bucket/models/*": {"s3:GetObject"},
        "ProfileLogs": LOGGING,
        "FoldsQueue": QUEUE_READS,
        "Bucket": {"s3:ListBucket"},
        "Bucket/log/*": {"s3:GetObject"},
        "Bucket/archive/*": {"s3:GetObject"},
        "Bucket/rejected/*": {"s3:PutObject"},
    },
    "train": DERIVED
    | {
        "ProfilesTable": TABLE_READS | TABLE_WRITES | {"dynamodb:Scan"},
        "IdentitiesTable": TABLE_READS | TABLE_WRITES | {"dynamodb:Scan"},
        "TrainLogs": LOGGING,
        "Bucket": {"s3:ListBucket"},
        "Bucket/log/*": {"s3:GetObject", "s3:PutObject", "s3:DeleteObject"},
        "Bucket/archive/*": {"s3:GetObject", "s3:PutObject", "s3:DeleteObject"},
        "Bucket/models/*": {"s3:GetObject", "s3:PutObject", "s3:DeleteObject"},
        "Bucket/rejected/*": {"s3:GetObject"},
        "CatalogTable": TABLE_READS,
        "CatalogTable/index/by_change": {"dynamodb:Query"},
    },
    "recommend": {
        "RecommendLogs": LOGGING,
        "Keys": {"secretsmanager:GetSecretValue"},
        "Bucket": {"s3:ListBucket"},
        "Bucket/models/*": {"s3:GetObject"},
        "Bucket/log/*": {"s3:PutObject"},
        "ProfilesTable": TABLE_READS | {"dynamodb:Scan"},
        "ProfilesTable/index/members": {"dynamodb:Query"},
        "IdentitiesTable": TABLE_READS,
        "SegmentsTable": TABLE_READS,
        "ContactsTable": TABLE_READS | {"dynamodb:PutItem", "dynamodb:DeleteItem"},
        "CatalogTable": TABLE_READS | TABLE_WRITES - {"dynamodb:UpdateItem"},
        "CatalogTable/index/by_change": {"dynamodb:Query"},
    },
}
