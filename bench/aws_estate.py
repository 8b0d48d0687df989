"""Fills a moto server with a given number of resources over two regions, for the AWS sync benchmark."""

import io
import json
import zipfile
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3

REGIONS = ("us-east-1", "eu-west-1")
TAGS = [{"Key": "team", "Value": "payments"}, {"Key": "environment", "Value": "prod"}]

# Parts of a hundred of one region's resources; what is left over goes to network interfaces and volumes that
# instances bring along.
SHARES = {
    "instances": 22, "buckets": 6, "groups": 10, "subnets": 6, "snapshots": 5, "functions": 6, "tables": 4, "topics": 4,
    "queues": 4, "log_groups": 8, "alarms": 6, "roles": 6, "secrets": 4, "keys": 3, "databases": 3, "repositories": 2,
}  # fmt: skip
_EACH_INSTANCE_BRINGS = 3  # itself, a root volume, a network interface


def fill(url: str, resources: int) -> None:
    """About `resources` things, half in each region, made in parallel."""
    weight = sum(SHARES.values()) + SHARES["instances"] * (_EACH_INSTANCE_BRINGS - 1)
    with ThreadPoolExecutor(4) as pool:
        for region in REGIONS:
            maker = _Maker(url, region)
            # moto says another instant of creation of it at each read, which is a change to write down at each sync.
            maker.client("athena").delete_work_group(WorkGroup="primary")
            vpc = maker.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
            subnet = maker.client("ec2").create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/20")["Subnet"]["SubnetId"]
            maker.place(vpc, subnet)
            for kind, share in SHARES.items():
                count = max(1, round(resources / len(REGIONS) * share / weight))
                if kind == "instances":
                    maker.instances(count)
                else:
                    list(pool.map(getattr(maker, kind), range(count)))


class _Maker:
    def __init__(self, url: str, region: str) -> None:
        session = boto3.Session("a", "b", region_name=region)
        services = ["ec2", "s3", "lambda", "dynamodb", "sns", "sqs", "logs", "cloudwatch", "iam", "kms", "rds", "ecr"]
        services += ["secretsmanager", "athena"]
        self._clients: dict[str, Any] = {
            name: session.client(name, endpoint_url=url)  # type: ignore[call-overload]
            for name in services
        }
        self.region, self._vpc, self._subnet = region, "", ""
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("f.py", "def handler(*_): ...")
        self._code = code.getvalue()

    def client(self, name: str) -> Any:
        return self._clients[name]

    def place(self, vpc: str, subnet: str) -> None:
        self._vpc, self._subnet = vpc, subnet
        allow = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        self._trust = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        role = self.client("iam").create_role(RoleName=f"run-{self.region}", AssumeRolePolicyDocument=self._trust)
        self._role = role["Role"]["Arn"]
        self._volume = self.client("ec2").create_volume(AvailabilityZone=f"{self.region}a", Size=8)["VolumeId"]

    def instances(self, count: int) -> None:
        for start in range(0, count, 50):
            size = min(50, count - start)
            self.client("ec2").run_instances(
                ImageId="ami-12345678", MinCount=size, MaxCount=size, SubnetId=self._subnet, InstanceType="t3.micro",
                TagSpecifications=[{"ResourceType": "instance", "Tags": TAGS}],
            )  # fmt: skip

    def buckets(self, n: int) -> None:
        where = {"CreateBucketConfiguration": {"LocationConstraint": self.region}}
        name = f"data-{self.region}-{n}"
        self.client("s3").create_bucket(Bucket=name, **({} if self.region == "us-east-1" else where))
        self.client("s3").put_bucket_tagging(Bucket=name, Tagging={"TagSet": TAGS})

    def groups(self, n: int) -> None:
        self.client("ec2").create_security_group(GroupName=f"sg-{n}", Description="d", VpcId=self._vpc)

    def subnets(self, n: int) -> None:
        self.client("ec2").create_subnet(VpcId=self._vpc, CidrBlock=f"10.0.{16 + n // 16}.{n % 16 * 16}/28")

    def snapshots(self, n: int) -> None:
        self.client("ec2").create_snapshot(VolumeId=self._volume, Description=str(n))

    def functions(self, n: int) -> None:
        self.client("lambda").create_function(
            FunctionName=f"f-{n}", Runtime="python3.12", Role=self._role, Handler="f.handler",
            Code={"ZipFile": self._code}, Tags={"team": "payments"}, Environment={"Variables": {"STAGE": "prod"}},
        )  # fmt: skip

    def tables(self, n: int) -> None:
        self.client("dynamodb").create_table(
            TableName=f"t-{n}", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}], Tags=TAGS,
        )  # fmt: skip

    def topics(self, n: int) -> None:
        self.client("sns").create_topic(Name=f"topic-{n}", Tags=TAGS)

    def queues(self, n: int) -> None:
        self.client("sqs").create_queue(QueueName=f"queue-{n}", tags={"team": "payments"})

    def log_groups(self, n: int) -> None:
        self.client("logs").create_log_group(logGroupName=f"/app/{n}", tags={"team": "payments"})

    def alarms(self, n: int) -> None:
        self.client("cloudwatch").put_metric_alarm(
            AlarmName=f"alarm-{n}", Namespace="AWS/EC2", MetricName="CPUUtilization", Statistic="Average", Period=60,
            EvaluationPeriods=1, Threshold=90, ComparisonOperator="GreaterThanThreshold", Tags=TAGS,
        )  # fmt: skip

    def roles(self, n: int) -> None:
        self.client("iam").create_role(RoleName=f"role-{self.region}-{n}", AssumeRolePolicyDocument=self._trust)

    def secrets(self, n: int) -> None:
        self.client("secretsmanager").create_secret(Name=f"secret-{n}", SecretString="x", Tags=TAGS)

    def keys(self, n: int) -> None:
        self.client("kms").create_key(Description=f"key {n}")

    def databases(self, n: int) -> None:
        self.client("rds").create_db_instance(
            DBInstanceIdentifier=f"db-{n}", DBInstanceClass="db.t3.micro", Engine="postgres", AllocatedStorage=20,
            MasterUsername="u", MasterUserPassword="not-a-secret",
        )  # fmt: skip

    def repositories(self, n: int) -> None:
        self.client("ecr").create_repository(repositoryName=f"repo-{n}")
