"""A small AWS of the tests' own, made through boto3: what it holds is asked of it again by plain listing calls."""

import json
from dataclasses import dataclass
from typing import Any

import boto3

REGION = "us-east-1"
TAGS = [{"Key": "team", "Value": "payments"}, {"Key": "env", "Value": "test"}]
OPEN_TO_ALL = [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}]}


@dataclass(frozen=True)
class Keys:
    """A long-lived access key of one AWS account."""

    account: str
    access_key_id: str
    secret_access_key: str

    def as_credentials(self) -> dict[str, str]:
        """As the contract's `credentials`."""
        return {
            "kind": "access_key",
            "access_key_id": self.access_key_id,
            "secret_access_key": self.secret_access_key,
        }


class Cloud:
    """One moto server, seen with the keys of one of its accounts."""

    def __init__(self, endpoint: str, keys: Keys | None = None) -> None:
        self.endpoint = endpoint
        self.keys = keys or Keys("123456789012", "AKIASYSTEMTESTS00001", "system-tests")  # pragma: allowlist secret
        self._session = boto3.Session(
            region_name=REGION,
            aws_access_key_id=self.keys.access_key_id,
            aws_secret_access_key=self.keys.secret_access_key,
        )

    def client(self, service: str) -> Any:
        """A real AWS client of this cloud."""
        return self._session.client(service, endpoint_url=self.endpoint)  # type: ignore[call-overload]  # name unknown

    def account(self, number: str) -> "Cloud":
        """Another account of the same cloud, through an access key made in it."""
        role = f"arn:aws:iam::{number}:role/any"
        found = self.client("sts").assume_role(RoleArn=role, RoleSessionName="tests")["Credentials"]
        iam = boto3.Session(
            region_name=REGION,
            aws_access_key_id=found["AccessKeyId"],
            aws_secret_access_key=found["SecretAccessKey"],
            aws_session_token=found["SessionToken"],
        ).client("iam", endpoint_url=self.endpoint)
        iam.create_user(UserName="reader")
        key = iam.create_access_key(UserName="reader")["AccessKey"]
        return Cloud(self.endpoint, Keys(number, key["AccessKeyId"], key["SecretAccessKey"]))

    def connection(self, name: str) -> dict[str, Any]:
        """The body of `POST /accounts` that connects this account."""
        return {
            "provider": "aws",
            "name": name,
            "credentials": self.keys.as_credentials(),
            "endpoint_url": self.endpoint,
            "regions": [REGION],
        }

    def build(self) -> None:
        """A few of each kind, with faults that controls find: an open port, a public bucket, an old key."""
        ec2 = self.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24")["Subnet"]["SubnetId"]
        group = ec2.create_security_group(GroupName="open", Description="open to all", VpcId=vpc)["GroupId"]
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=OPEN_TO_ALL)
        ec2.run_instances(
            ImageId="ami-12345678",
            MinCount=3,
            MaxCount=3,
            SubnetId=subnet,
            SecurityGroupIds=[group],
            TagSpecifications=[{"ResourceType": "instance", "Tags": TAGS}],
        )
        ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=10, Encrypted=False)
        ec2.allocate_address(Domain="vpc")
        s3 = self.client("s3")
        for name in ("system-tests-bills", "system-tests-public"):
            s3.create_bucket(Bucket=name)
        s3.put_bucket_acl(Bucket="system-tests-public", ACL="public-read")
        for number in range(2):
            self.client("sqs").create_queue(QueueName=f"orders-{number}")
            self.client("sns").create_topic(Name=f"events-{number}")
        self.client("dynamodb").create_table(
            TableName="carts",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.client("iam").create_role(RoleName="deploy", AssumeRolePolicyDocument=json.dumps(TRUST))
        self.client("iam").create_user(UserName="ada")
        # moto says another instant of creation of it at each read.
        self.client("athena").delete_work_group(WorkGroup="primary")

    def holdings(self) -> dict[str, set[str]]:
        """What the cloud itself lists, by native type: the last part of each thing's own id."""
        ec2 = self.client("ec2")
        reservations = ec2.describe_instances()["Reservations"]
        return {
            "AWS::EC2::Instance": {one["InstanceId"] for found in reservations for one in found["Instances"]},
            "AWS::EC2::Volume": {one["VolumeId"] for one in ec2.describe_volumes()["Volumes"]},
            "AWS::EC2::VPC": {one["VpcId"] for one in ec2.describe_vpcs()["Vpcs"]},
            "AWS::EC2::Subnet": {one["SubnetId"] for one in ec2.describe_subnets()["Subnets"]},
            "AWS::EC2::SecurityGroup": {one["GroupId"] for one in ec2.describe_security_groups()["SecurityGroups"]},
            "AWS::EC2::EIP": {one["AllocationId"] for one in ec2.describe_addresses()["Addresses"]},
            "AWS::S3::Bucket": {one["Name"] for one in self.client("s3").list_buckets()["Buckets"]},
            "AWS::SQS::Queue": {url.rpartition("/")[2] for url in self.client("sqs").list_queues()["QueueUrls"]},
            "AWS::SNS::Topic": {
                one["TopicArn"].rpartition(":")[2] for one in self.client("sns").list_topics()["Topics"]
            },
            "AWS::DynamoDB::Table": set(self.client("dynamodb").list_tables()["TableNames"]),
            "AWS::IAM::Role": {one["RoleName"] for one in self.client("iam").list_roles()["Roles"]},
            "AWS::IAM::User": {one["UserName"] for one in self.client("iam").list_users()["Users"]},
        }
