import pytest
from app.domains.metrics.rules.batch import SeriesText
from app.domains.metrics.rules.linking import Hint, HintKind, link_hints
from app.domains.metrics.rules.linking import aws as aws_linking
from app.providers.aws.arns import matches, split
from app.providers.aws.catalogue import all_types
from hypothesis import given, settings
from hypothesis import strategies as st

ACCOUNT, REGION = "123456789012", "eu-west-1"
AWS = {"account_id": ACCOUNT, "region": REGION}
SUBSCRIPTION = "0b1f6471-1bf0-4dda-aec3-cb9272f09590"


def ids(labels: dict[str, str], name: str = "m") -> list[str]:
    """All candidates that are ids, in order."""
    hints = link_hints(SeriesText(name, labels))
    return [candidate for hint in hints if hint.kind is HintKind.ID for candidate in hint.candidates]


def addresses(labels: dict[str, str]) -> list[str]:
    hints = link_hints(SeriesText("up", labels))
    return [candidate for hint in hints if hint.kind is HintKind.ADDRESS for candidate in hint.candidates]


@pytest.mark.parametrize(
    ("labels", "arn"),
    [
        ({"namespace": "AWS/EC2", "InstanceId": "i-0123456789abcdef0"}, "ec2:{p}:instance/i-0123456789abcdef0"),
        ({"instance_id": "i-0123456789abcdef0"}, "ec2:{p}:instance/i-0123456789abcdef0"),
        ({"dimension_VolumeId": "vol-0123456789abcdef0"}, "ec2:{p}:volume/vol-0123456789abcdef0"),
        ({"namespace": "AWS/RDS", "DBInstanceIdentifier": "shop"}, "rds:{p}:db:shop"),
        ({"namespace": "AWS/DocDB", "DBClusterIdentifier": "docs"}, "rds:{p}:cluster:docs"),
        ({"namespace": "AWS/Lambda", "FunctionName": "pay"}, "lambda:{p}:function:pay"),
        ({"namespace": "AWS/SQS", "QueueName": "orders"}, "sqs:{p}:orders"),
        ({"namespace": "AWS/SNS", "TopicName": "news"}, "sns:{p}:news"),
        ({"namespace": "AWS/DynamoDB", "TableName": "carts"}, "dynamodb:{p}:table/carts"),
        (
            {"namespace": "AWS/ApplicationELB", "LoadBalancer": "app/web/50dc6c495c0c9188"},
            "elasticloadbalancing:{p}:loadbalancer/app/web/50dc6c495c0c9188",
        ),
        (
            {"namespace": "AWS/ApplicationELB", "TargetGroup": "targetgroup/web/73e2d6bc24d8a067"},
            "elasticloadbalancing:{p}:targetgroup/web/73e2d6bc24d8a067",
        ),
        ({"namespace": "AWS/ELB", "LoadBalancerName": "old"}, "elasticloadbalancing:{p}:loadbalancer/old"),
        ({"namespace": "AWS/ECS", "ClusterName": "c", "ServiceName": "s"}, "ecs:{p}:service/c/s"),
        ({"namespace": "AWS/ECS", "ClusterName": "c"}, "ecs:{p}:cluster/c"),
        ({"namespace": "ContainerInsights", "ClusterName": "c"}, "eks:{p}:cluster/c"),
        ({"namespace": "AWS/Redshift", "ClusterIdentifier": "dw"}, "redshift:{p}:cluster:dw"),
        ({"namespace": "AWS/ElastiCache", "CacheClusterId": "hot"}, "elasticache:{p}:cluster:hot"),
        ({"namespace": "AWS/Kinesis", "StreamName": "clicks"}, "kinesis:{p}:stream/clicks"),
        ({"namespace": "AWS/ES", "DomainName": "logs"}, "es:{p}:domain/logs"),
        ({"namespace": "AWS/EFS", "FileSystemId": "fs-0123abcd"}, "elasticfilesystem:{p}:file-system/fs-0123abcd"),
        ({"namespace": "AWS/FSx", "FileSystemId": "fs-0123abcd"}, "fsx:{p}:file-system/fs-0123abcd"),
        (
            {"Namespace": "AWS/SQS", "Dimensions": '{"QueueName":"orders"}'},
            "sqs:{p}:orders",
        ),
    ],
)
def test_a_dimension_of_cloudwatch_is_the_arn_of_the_inventory(labels: dict[str, str], arn: str) -> None:
    wanted = "arn:aws:" + arn.replace("{p}", f"{REGION}:{ACCOUNT}")
    (first, *_) = link_hints(SeriesText("cpu", labels | AWS))
    assert first.candidates[0] == wanted
    assert (first.kind, first.provider, first.account, first.region) == (HintKind.ID, "aws", ACCOUNT, REGION)
    assert any(match.entry.native_type == first.native_type for match in matches(wanted))


@pytest.mark.parametrize("dimension", aws_linking._DIMENSIONS, ids=lambda one: f"{one.label} {one.namespace}")
def test_every_dimension_names_a_type_of_the_catalogue_by_its_kind_of_id(dimension: aws_linking._Dimension) -> None:
    assert dimension.native_type in {entry.native_type for _, entry in all_types()}
    value = "targetgroup/a/0123456789abcdef" if dimension.label == "targetgroup" else "app/a/0123456789abcdef"
    value = value if dimension.label in ("targetgroup", "loadbalancer") else "a-0123456789abcdef"
    arn = aws_linking._arn(dimension.template, value, ACCOUNT, REGION, {"clustername": "c"})
    if dimension.template:
        assert split(arn) is not None
        assert dimension.native_type in {match.entry.native_type for match in matches(arn)}


def test_without_account_or_region_the_cloud_s_own_id_or_the_name_is_left() -> None:
    assert ids({"instance_id": "i-0123456789abcdef0"}) == ["i-0123456789abcdef0"]
    assert link_hints(SeriesText("m", {"namespace": "AWS/RDS", "DBInstanceIdentifier": "shop"})) == (
        Hint(kind=HintKind.NAME, candidates=("shop",), provider="aws", native_type="AWS::RDS::DBInstance"),
    )
    assert ids({"namespace": "AWS/S3", "BucketName": "pictures"}) == ["arn:aws:s3:::pictures"]


def test_words_that_only_look_like_dimensions_say_nothing() -> None:
    assert link_hints(SeriesText("kafka_lag", {"topic_name": "orders", "namespace": "shop", **AWS})) == ()
    assert link_hints(SeriesText("m", {"instance_id": "7", "volume_id": "main", "cluster_name": "c"})) == ()


@pytest.mark.parametrize(
    ("region", "partition"), [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
)
def test_the_region_tells_the_partition(region: str, partition: str) -> None:
    labels = {"namespace": "AWS/SQS", "QueueName": "q", "account_id": ACCOUNT, "region": region}
    assert ids(labels) == [f"arn:{partition}:sqs:{region}:{ACCOUNT}:q"]


@pytest.mark.parametrize(
    ("labels", "candidates"),
    [
        (
            {"cloud_resource_id": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:pay:live"},
            [
                f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:pay:live",
                f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:pay",
            ],
        ),
        ({"name": f"arn:aws:sqs:{REGION}:{ACCOUNT}:orders"}, [f"arn:aws:sqs:{REGION}:{ACCOUNT}:orders"]),
        ({"role_arn": f"arn:aws:iam::{ACCOUNT}:role/a"}, []),
        (
            {
                "cloud_provider": "aws",
                "cloud_account_id": ACCOUNT,
                "cloud_availability_zone": f"{REGION}a",
                "host_id": "i-0123456789abcdef0",
                "k8s_cluster_name": "shop",
            },
            [
                f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/i-0123456789abcdef0",
                "i-0123456789abcdef0",
                f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/shop",
            ],
        ),
        ({"provider_id": "aws:///eu-west-1a/i-0123456789abcdef0"}, ["i-0123456789abcdef0"]),
        (
            {
                "cloud_provider": "aws",
                "cloud_platform": "aws_lambda",
                "faas_name": "pay",
                "cloud_account_id": ACCOUNT,
                "cloud_region": REGION,
            },
            [f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:pay"],
        ),
        (
            {
                "resource_type": "gce_instance",
                "project_id": "shop",
                "zone": "europe-west1-b",
                "instance_id": "1234567890123",
            },
            ["//compute.googleapis.com/projects/shop/zones/europe-west1-b/instances/1234567890123", "1234567890123"],
        ),
        (
            {
                "cloud_provider": "gcp",
                "cloud_account_id": "shop",
                "cloud_availability_zone": "europe-west1-b",
                "host_id": "1234567890123",
                "host_name": "web-1.c.shop.internal",
            },
            [
                "//compute.googleapis.com/projects/shop/zones/europe-west1-b/instances/web-1",
                "//compute.googleapis.com/projects/shop/zones/europe-west1-b/instances/1234567890123",
                "1234567890123",
            ],
        ),
        (
            {"resource_type": "cloudsql_database", "database_id": "shop:main"},
            ["//cloudsql.googleapis.com/projects/shop/instances/main"],
        ),
        ({"resource_type": "gcs_bucket", "bucket_name": "pictures"}, ["//storage.googleapis.com/pictures"]),
        (
            {"resource_type": "k8s_container", "project_id": "p", "location": "europe-west1", "cluster_name": "c"},
            [
                "//container.googleapis.com/projects/p/locations/europe-west1/clusters/c",
                "//container.googleapis.com/projects/p/zones/europe-west1/clusters/c",
            ],
        ),
        (
            {"resource_type": "redis_instance", "instance_id": "projects/p/locations/l/instances/i"},
            ["//redis.googleapis.com/projects/p/locations/l/instances/i"],
        ),
        (
            {
                "cloud_provider": "gcp",
                "cloud_platform": "gcp_cloud_run",
                "faas_name": "s",
                "cloud_region": "r",
                "project_id": "p",
            },
            ["//run.googleapis.com/projects/p/locations/r/services/s"],
        ),
        ({"provider_id": "gce://p/z/n"}, ["//compute.googleapis.com/projects/p/zones/z/instances/n"]),
        (
            {
                "resourceID": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/Shop/providers/Microsoft.Compute"
                + "/virtualMachines/Web/"
            },
            [f"/subscriptions/{SUBSCRIPTION}/resourcegroups/shop/providers/microsoft.compute/virtualmachines/web"],
        ),
        (
            {
                "cloud_resource_id": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/s/providers/Microsoft.Storage/"
                "storageAccounts/pics/blobServices/default"
            },
            [
                f"/subscriptions/{SUBSCRIPTION}/resourcegroups/s/providers/microsoft.storage/storageaccounts/pics"
                "/blobservices/default",
                f"/subscriptions/{SUBSCRIPTION}/resourcegroups/s/providers/microsoft.storage/storageaccounts/pics",
            ],
        ),
        (
            {
                "cloud_provider": "azure",
                "cloud_account_id": SUBSCRIPTION,
                "azure_resourcegroup_name": "Shop",
                "host_id": "02AAB8A4-74EF-476E-8182-F6D2BA4166A6",
                "host_name": "Web",
            },
            [
                "02aab8a4-74ef-476e-8182-f6d2ba4166a6",
                f"/subscriptions/{SUBSCRIPTION}/resourcegroups/shop/providers/microsoft.compute/virtualmachines/web",
            ],
        ),
        ({"resource_type": "gce_instance", "project_id": "shop"}, []),
        ({"job": "node", "mode": "idle"}, []),
    ],
)
def test_labels_become_ids(labels: dict[str, str], candidates: list[str]) -> None:
    assert ids(labels) == candidates


def test_the_stackdriver_exporter_names_the_resource_in_the_metric() -> None:
    name = "stackdriver_pubsub_topic_pubsub_googleapis_com_topic_send_request_count"
    assert ids({"project_id": "p", "topic_id": "t"}, name) == ["//pubsub.googleapis.com/projects/p/topics/t"]


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        ({"instance": "10.0.0.7:9100"}, ["10.0.0.7"]),
        ({"instance": "[2001:db8::7]:9100"}, ["2001:db8::7"]),
        ({"instance": "2001:DB8::7"}, ["2001:db8::7"]),
        ({"instance": "::ffff:10.0.0.7"}, ["10.0.0.7"]),
        ({"instance": "web-1.example.com:9100"}, ["web-1.example.com"]),
        ({"instance": "https://shop.example.com/health?x=1"}, ["shop.example.com"]),
        (
            {"instance": "ip-10-0-1-23.eu-west-1.compute.internal:9100"},
            ["ip-10-0-1-23.eu-west-1.compute.internal", "10.0.1.23"],
        ),
        ({"host_ip": '["10.0.0.7","fe80::1","127.0.0.1"]', "host_name": "web"}, ["10.0.0.7", "web"]),
        ({"instance": "localhost:9090"}, []),
        ({"instance": "127.0.0.1:9090"}, []),
        ({"instance": "0.0.0.0"}, []),  # noqa: S104  # as a sender may write it
        ({"instance": "169.254.169.254"}, []),
        ({"instance": ""}, []),
        ({"instance": "[bad"}, []),
        ({"instance": "a b"}, []),
        ({"instance": "12345"}, []),
        ({"instance": "[1,2]"}, []),
    ],
)
def test_a_scraped_target_is_an_address(labels: dict[str, str], found: list[str]) -> None:
    assert addresses(labels) == found


def test_ids_come_before_names_and_addresses() -> None:
    labels = {
        "instance": "10.0.0.7:9100",
        "cloud_provider": "aws",
        "host_id": "i-0123456789abcdef0",
        "k8s_cluster_name": "shop",
    }
    kinds = [hint.kind for hint in link_hints(SeriesText("up", labels))]
    assert kinds == [HintKind.ID, HintKind.NAME, HintKind.ADDRESS]


labels_seen = st.sampled_from(
    ["instance", "InstanceId", "resource_id", "cloud_resource_id", "host_id", "host_ip", "Dimensions", "provider_id",
     "namespace", "resource_type", "project_id", "zone", "cloud_provider", "name", "region", "account_id", "node"]
)  # fmt: skip
pieces = st.sampled_from(
    ["arn:aws:", ":", "/", "//", "[", "]", "{", "}", '"', "i-0123456789", "10.0.0.1", "/subscriptions/", SUBSCRIPTION,
     "/providers/", "a", ".", "AWS/EC2", "gce_instance", "aws", "gcp", "azure", "gce://", "\x00", "é", "%", "@",
     "9" * 30]
)  # fmt: skip


@given(st.dictionaries(labels_seen, st.lists(pieces, max_size=8).map("".join) | st.text(max_size=20), max_size=8))
@settings(max_examples=400, deadline=None)
def test_no_labels_make_it_fail_and_hints_are_never_empty(labels: dict[str, str]) -> None:
    for hint in link_hints(SeriesText("m", labels)):
        assert hint.candidates
        assert all(0 < len(candidate) <= 500 for candidate in hint.candidates)


def test_a_candidate_longer_than_any_id_is_no_hint() -> None:
    assert link_hints(SeriesText("m", {"cloud_resource_id": "arn:aws:sqs:eu-west-1::" + "q" * 500})) == ()
