"""A small estate with every type that moto knows, made through boto3. Its numbers come from the arguments only."""

import base64
import io
import json
import zipfile
from typing import Any

import boto3
from botocore.loaders import Loader
from botocore.session import Session

LOADER = Loader()  # one for all tests: the models are 50 MB of JSON
TAGS = [{"Key": "team", "Value": "payments"}, {"Key": "Name", "Value": "estate"}]
LOWER_TAGS = [{"key": "team", "value": "payments"}]
TAG_MAP = {"team": "payments"}
PUBLIC_POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}],
}
READ_POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}
SECRET = "Sup3r-s3cret-value"
USER_DATA = base64.b64encode(f"export DB_PASSWORD={SECRET}".encode()).decode()


class Estate:
    """Makes things in one account and region."""

    def __init__(self, endpoint: str, region: str, **credentials: str) -> None:
        self.region = region
        keys: dict[str, Any] = dict(credentials) or {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
        core = Session()
        core.register_component("data_loader", LOADER)
        self._session = boto3.Session(botocore_session=core, region_name=region, **keys)
        self.endpoint = endpoint
        self._clients: dict[str, Any] = {}
        self.ids: dict[str, str] = {}

    def client(self, service: str) -> Any:
        """A cached client."""
        if service not in self._clients:
            self._clients[service] = self._session.client(service, endpoint_url=self.endpoint)  # type: ignore[call-overload]
        return self._clients[service]

    def build(self) -> None:
        """Everything, each kind at least once."""
        self.make_iam()
        self.make_network()
        self.make_machines()
        self.make_balancers()
        self.make_storage()
        self.make_databases()
        self.make_serverless()
        self.make_containers()
        self.make_monitoring()

    def make_iam(self) -> None:
        iam = self.client("iam")
        suffix = self.region
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::999999999999:root"}, "Action": "sts:AssumeRole"}
            ],
        }
        policy = iam.create_policy(PolicyName=f"p-{suffix}", PolicyDocument=json.dumps(READ_POLICY))
        role = iam.create_role(RoleName=f"r-{suffix}", AssumeRolePolicyDocument=json.dumps(trust), Tags=TAGS)
        iam.attach_role_policy(RoleName=f"r-{suffix}", PolicyArn=policy["Policy"]["Arn"])
        profile = iam.create_instance_profile(InstanceProfileName=f"ip-{suffix}")
        iam.add_role_to_instance_profile(InstanceProfileName=f"ip-{suffix}", RoleName=f"r-{suffix}")
        iam.create_group(GroupName=f"g-{suffix}")
        iam.create_user(UserName=f"u-{suffix}", Tags=TAGS)
        iam.add_user_to_group(GroupName=f"g-{suffix}", UserName=f"u-{suffix}")
        iam.update_account_password_policy(MinimumPasswordLength=16)
        self.ids |= {"role": role["Role"]["Arn"], "profile": profile["InstanceProfile"]["Arn"]}

    def make_network(self) -> None:
        ec2 = self.client("ec2")
        tagged = [{"ResourceType": "vpc", "Tags": TAGS}]
        vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16", TagSpecifications=tagged)["Vpc"]["VpcId"]
        zones = [zone["ZoneName"] for zone in ec2.describe_availability_zones()["AvailabilityZones"]]
        subnets = [
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.1.{i}.0/24", AvailabilityZone=zones[i])["Subnet"]["SubnetId"]
            for i in range(2)
        ]
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
        ec2.associate_route_table(RouteTableId=table, SubnetId=subnets[0])
        address = ec2.allocate_address(Domain="vpc")["AllocationId"]
        nat = ec2.create_nat_gateway(SubnetId=subnets[0], AllocationId=address)["NatGateway"]["NatGatewayId"]
        group = ec2.create_security_group(GroupName="web", Description="web", VpcId=vpc)["GroupId"]
        ec2.create_network_acl(VpcId=vpc)
        ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=f"com.amazonaws.{self.region}.s3", RouteTableIds=[table])
        self.client("s3").create_bucket(Bucket=f"flow-{self.region}", **self._location())
        ec2.create_flow_logs(
            ResourceIds=[vpc],
            ResourceType="VPC",
            TrafficType="ALL",
            LogDestinationType="s3",
            LogDestination=f"arn:aws:s3:::flow-{self.region}",
        )
        self.ids |= {"vpc": vpc, "subnet": subnets[0], "subnet2": subnets[1], "group": group, "gateway": gateway}
        self.ids |= {"nat": nat, "table": table}

    def make_machines(self, count: int = 1) -> None:
        ec2 = self.client("ec2")
        ec2.create_key_pair(KeyName="ops")
        key = self.client("kms").create_key(Description="disks", Tags=[{"TagKey": "team", "TagValue": "payments"}])
        self.ids["key"] = key["KeyMetadata"]["Arn"]
        self.client("kms").create_alias(AliasName="alias/disks", TargetKeyId=key["KeyMetadata"]["KeyId"])
        launched = ec2.run_instances(
            ImageId="ami-12345678", MinCount=count, MaxCount=count, InstanceType="t3.micro",
            SubnetId=self.ids["subnet"],
            SecurityGroupIds=[self.ids["group"]], KeyName="ops", IamInstanceProfile={"Arn": self.ids["profile"]},
            TagSpecifications=[{"ResourceType": "instance", "Tags": TAGS}],
        )  # fmt: skip
        instance = launched["Instances"][0]["InstanceId"]
        zone = launched["Instances"][0]["Placement"]["AvailabilityZone"]
        volume = ec2.create_volume(AvailabilityZone=zone, Size=10, Encrypted=True, KmsKeyId=self.ids["key"])["VolumeId"]
        ec2.attach_volume(VolumeId=volume, InstanceId=instance, Device="/dev/sdh")
        snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
        public = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
        ec2.modify_snapshot_attribute(
            SnapshotId=public, Attribute="createVolumePermission", OperationType="add", GroupNames=["all"]
        )
        ec2.create_image(InstanceId=instance, Name="golden")
        template = ec2.create_launch_template(
            LaunchTemplateName="web", LaunchTemplateData={"ImageId": "ami-12345678", "UserData": USER_DATA}
        )["LaunchTemplate"]["LaunchTemplateId"]
        self.ids |= {
            "instance": instance,
            "volume": volume,
            "snapshot": snapshot,
            "public": public,
            "template": template,
        }

    def make_balancers(self) -> None:
        elb, scaling = self.client("elbv2"), self.client("autoscaling")
        balancer = elb.create_load_balancer(
            Name="front",
            Scheme="internet-facing",
            Subnets=[self.ids["subnet"], self.ids["subnet2"]],
            SecurityGroups=[self.ids["group"]],
            Tags=TAGS,
        )["LoadBalancers"][0]["LoadBalancerArn"]
        group = elb.create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=self.ids["vpc"])
        target = group["TargetGroups"][0]["TargetGroupArn"]
        elb.register_targets(TargetGroupArn=target, Targets=[{"Id": self.ids["instance"]}])
        elb.create_listener(
            LoadBalancerArn=balancer,
            Protocol="HTTP",
            Port=80,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": target}],
        )
        scaling.create_launch_configuration(
            LaunchConfigurationName="old", ImageId="ami-12345678", InstanceType="t3.micro", UserData=USER_DATA
        )
        scaling.create_auto_scaling_group(
            AutoScalingGroupName="web", MinSize=0, MaxSize=2, DesiredCapacity=1, VPCZoneIdentifier=self.ids["subnet"],
            LaunchTemplate={"LaunchTemplateId": self.ids["template"], "Version": "1"}, TargetGroupARNs=[target],
        )  # fmt: skip
        self.ids |= {"balancer": balancer, "target": target}

    def _location(self) -> dict[str, Any]:
        if self.region == "us-east-1":
            return {}
        return {"CreateBucketConfiguration": {"LocationConstraint": self.region}}

    def make_storage(self) -> None:
        s3, name = self.client("s3"), f"data-{self.region}"
        s3.create_bucket(Bucket=name, **self._location())
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": TAGS})
        s3.put_bucket_policy(Bucket=name, Policy=json.dumps(PUBLIC_POLICY))
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        s3.put_public_access_block(
            Bucket=name,
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True, "IgnorePublicAcls": True,
                "BlockPublicPolicy": False, "RestrictPublicBuckets": False,
            },
        )  # fmt: skip
        self.client("efs").create_file_system(CreationToken=name, Encrypted=True, Tags=TAGS)

    def make_databases(self) -> None:
        rds = self.client("rds")
        rds.create_db_subnet_group(
            DBSubnetGroupName="db", DBSubnetGroupDescription="db", SubnetIds=[self.ids["subnet"], self.ids["subnet2"]]
        )
        rds.create_db_instance(
            DBInstanceIdentifier="orders", DBInstanceClass="db.t3.micro", Engine="postgres", AllocatedStorage=20,
            MasterUsername="admin", MasterUserPassword=SECRET, DBSubnetGroupName="db", Tags=TAGS,
            VpcSecurityGroupIds=[self.ids["group"]],
        )  # fmt: skip
        rds.create_db_snapshot(DBSnapshotIdentifier="before", DBInstanceIdentifier="orders")
        rds.modify_db_snapshot_attribute(DBSnapshotIdentifier="before", AttributeName="restore", ValuesToAdd=["all"])
        rds.create_db_cluster(
            DBClusterIdentifier="ledger", Engine="aurora-postgresql", MasterUsername="admin", MasterUserPassword=SECRET
        )
        rds.create_db_cluster_snapshot(DBClusterSnapshotIdentifier="ledger-1", DBClusterIdentifier="ledger")
        self.client("dynamodb").create_table(
            TableName="carts", BillingMode="PAY_PER_REQUEST", Tags=TAGS,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        )  # fmt: skip
        cache = self.client("elasticache")
        cache.create_cache_cluster(
            CacheClusterId="hot", Engine="redis", CacheNodeType="cache.t3.micro", NumCacheNodes=1
        )
        cache.create_replication_group(ReplicationGroupId="pair", ReplicationGroupDescription="pair")

    def make_serverless(self) -> None:
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("f.py", "def handler(*_): ...")
        functions = self.client("lambda")
        functions.create_function(
            FunctionName="resize", Runtime="python3.12", Role=self.ids["role"], Handler="f.handler",
            Code={"ZipFile": code.getvalue()}, Tags=TAG_MAP,
            Environment={"Variables": {"DB_PASSWORD": SECRET, "STAGE": "prod"}},
        )  # fmt: skip
        functions.add_permission(
            FunctionName="resize", StatementId="open", Action="lambda:InvokeFunction", Principal="*"
        )
        functions.create_function_url_config(FunctionName="resize", AuthType="NONE")
        topic = self.client("sns").create_topic(Name="pages", Tags=TAGS)["TopicArn"]
        sqs = self.client("sqs")
        dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
        dead_arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        redrive = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": "3"})
        sqs.create_queue(QueueName="work", Attributes={"RedrivePolicy": redrive}, tags=TAG_MAP)
        self.client("secretsmanager").create_secret(Name="db", SecretString=SECRET, Tags=TAGS)
        self.client("acm").request_certificate(DomainName="example.com", Tags=TAGS)
        self.client("route53").create_hosted_zone(Name=f"{self.region}.example.com", CallerReference=self.region)
        self.ids |= {"topic": topic, "dead": dead_arn}

    def make_containers(self) -> None:
        ecs = self.client("ecs")
        cluster = ecs.create_cluster(clusterName="main", tags=LOWER_TAGS)["cluster"]["clusterArn"]
        ecs.register_task_definition(
            family="api",
            containerDefinitions=[
                {
                    "name": "api", "image": f"123456789012.dkr.ecr.{self.region}.amazonaws.com/api:1", "memory": 128,
                    "environment": [{"name": "API_TOKEN", "value": SECRET}, {"name": "PORT", "value": "8080"}],
                    "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/app/api"}},
                }
            ],
            taskRoleArn=self.ids["role"],
        )  # fmt: skip
        ecs.create_service(cluster=cluster, serviceName="api", taskDefinition="api", desiredCount=1)
        eks = self.client("eks")
        vpc_config = {"subnetIds": [self.ids["subnet"], self.ids["subnet2"]]}
        eks.create_cluster(name="k8s", roleArn=self.ids["role"], resourcesVpcConfig=vpc_config, tags=TAG_MAP)
        eks.create_nodegroup(
            clusterName="k8s", nodegroupName="workers", subnets=[self.ids["subnet"]], nodeRole=self.ids["role"]
        )
        self.client("ecr").create_repository(repositoryName="api", tags=TAGS)
        self.ids |= {"cluster": cluster}

    def make_monitoring(self) -> None:
        self.client("logs").create_log_group(logGroupName="/app/api", tags=TAG_MAP)
        s3 = self.client("s3")
        s3.create_bucket(Bucket=f"trail-{self.region}", **self._location())
        trail = self.client("cloudtrail")
        trail.create_trail(Name=f"audit-{self.region}", S3BucketName=f"trail-{self.region}", TagsList=TAGS)
        trail.start_logging(Name=f"audit-{self.region}")
        self.client("cloudwatch").put_metric_alarm(
            AlarmName="cpu", Namespace="AWS/EC2", MetricName="CPUUtilization", Statistic="Average", Period=60,
            EvaluationPeriods=1, Threshold=90, ComparisonOperator="GreaterThanThreshold",
            Dimensions=[{"Name": "InstanceId", "Value": self.ids["instance"]}], AlarmActions=[self.ids["topic"]],
            Tags=TAGS,
        )  # fmt: skip
