"""More of the estate: names, gateways, identities, the organization, capacity by contract."""

import json
from typing import Any

from tests.providers.aws.estate import TAG_MAP, TAGS, Estate

_CERTIFICATE = "-----BEGIN CERTIFICATE-----\nZXN0YXRl\n-----END CERTIFICATE-----"
_KEY = "-----BEGIN RSA PRIVATE KEY-----\nZXN0YXRl\n-----END RSA PRIVATE KEY-----"


def make_identities(estate: Estate) -> None:
    """Providers of identities, a certificate and the account's contact for security."""
    iam = estate.client("iam")
    iam.create_saml_provider(SAMLMetadataDocument="x" * 1024, Name="sso")
    iam.create_open_id_connect_provider(
        Url="https://token.example.com", ClientIDList=["sts.amazonaws.com"], ThumbprintList=["a" * 40]
    )
    iam.upload_server_certificate(ServerCertificateName="old", CertificateBody=_CERTIFICATE, PrivateKey=_KEY)
    estate.client("account").put_alternate_contact(
        AlternateContactType="SECURITY",
        EmailAddress="sec@example.com",
        Name="Security",
        PhoneNumber="+4930123",
        Title="Security",
    )


def make_organization(estate: Estate) -> None:
    """Two units, one in the other, an account in each, and a policy."""
    organizations = estate.client("organizations")
    organizations.create_organization(FeatureSet="ALL")
    root = organizations.list_roots()["Roots"][0]["Id"]
    outer = organizations.create_organizational_unit(ParentId=root, Name="Workloads")["OrganizationalUnit"]["Id"]
    inner = organizations.create_organizational_unit(ParentId=outer, Name="Prod")["OrganizationalUnit"]["Id"]
    for name, unit in (("shop", inner), ("lab", outer)):
        made = organizations.create_account(Email=f"{name}@example.com", AccountName=name)["CreateAccountStatus"]
        organizations.move_account(AccountId=made["AccountId"], SourceParentId=root, DestinationParentId=unit)
        estate.ids[name] = made["AccountId"]
    content = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "iam:*", "Resource": "*"}]}
    policy = organizations.create_policy(
        Content=json.dumps(content), Description="d", Name="no-iam", Type="SERVICE_CONTROL_POLICY"
    )["Policy"]["PolicySummary"]["Id"]
    organizations.attach_policy(PolicyId=policy, TargetId=outer)
    estate.ids |= {"root": root, "outer": outer, "inner": inner}


def make_gateways(estate: Estate) -> None:
    """What joins networks."""
    ec2, vpc = estate.client("ec2"), estate.ids["vpc"]
    other = ec2.create_vpc(CidrBlock="10.2.0.0/16")["Vpc"]["VpcId"]
    transit = ec2.create_transit_gateway(Description="hub")["TransitGateway"]["TransitGatewayId"]
    attachment = ec2.create_transit_gateway_vpc_attachment(
        TransitGatewayId=transit, VpcId=vpc, SubnetIds=[estate.ids["subnet"]]
    )["TransitGatewayVpcAttachment"]["TransitGatewayAttachmentId"]
    table = ec2.create_transit_gateway_route_table(TransitGatewayId=transit)["TransitGatewayRouteTable"]
    ec2.create_transit_gateway_route(
        DestinationCidrBlock="10.9.0.0/16",
        TransitGatewayRouteTableId=table["TransitGatewayRouteTableId"],
        TransitGatewayAttachmentId=attachment,
    )
    peering = ec2.create_vpc_peering_connection(VpcId=vpc, PeerVpcId=other)["VpcPeeringConnection"]
    ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=peering["VpcPeeringConnectionId"])
    customer = ec2.create_customer_gateway(Type="ipsec.1", PublicIp="198.51.100.7", BgpAsn=65000)["CustomerGateway"]
    gateway = ec2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]
    ec2.attach_vpn_gateway(VpcId=vpc, VpnGatewayId=gateway)
    ec2.create_vpn_connection(Type="ipsec.1", CustomerGatewayId=customer["CustomerGatewayId"], VpnGatewayId=gateway)
    ec2.create_egress_only_internet_gateway(VpcId=vpc)
    ec2.create_managed_prefix_list(
        PrefixListName="offices", MaxEntries=5, AddressFamily="IPv4", Entries=[{"Cidr": "203.0.113.0/24"}]
    )
    network = estate.client("elbv2").create_load_balancer(
        Name="inner", Type="network", Scheme="internal", Subnets=[estate.ids["subnet"]]
    )["LoadBalancers"][0]["LoadBalancerArn"]
    ec2.create_vpc_endpoint_service_configuration(NetworkLoadBalancerArns=[network])
    ec2.create_dhcp_options(DhcpConfigurations=[{"Key": "domain-name", "Values": ["example.com"]}])
    ec2.create_carrier_gateway(VpcId=vpc)


def make_capacity(estate: Estate) -> None:
    """Spot, fleets and hosts; the estate has two zones' worth of load balancing besides."""
    ec2 = estate.client("ec2")
    ec2.request_spot_instances(
        SpotPrice="0.5", InstanceCount=1, LaunchSpecification={"ImageId": "ami-12345678", "InstanceType": "t3.micro"}
    )
    specification = {
        "ImageId": "ami-12345678", "InstanceType": "t3.micro", "SubnetId": estate.ids["subnet"], "WeightedCapacity": 1,
    }  # fmt: skip
    ec2.request_spot_fleet(
        SpotFleetRequestConfig={
            "TargetCapacity": 1, "SpotPrice": "0.5", "IamFleetRole": estate.ids["role"],
            "AllocationStrategy": "lowestPrice", "LaunchSpecifications": [specification],
        }
    )  # fmt: skip
    ec2.create_fleet(
        LaunchTemplateConfigs=[
            {
                "LaunchTemplateSpecification": {"LaunchTemplateId": estate.ids["template"], "Version": "1"},
                "Overrides": [{"InstanceType": "t3.micro", "SubnetId": estate.ids["subnet"], "WeightedCapacity": 1}],
            }
        ],
        TargetCapacitySpecification={
            "DefaultTargetCapacityType": "on-demand", "TotalTargetCapacity": 1, "OnDemandTargetCapacity": 1
        },
    )  # fmt: skip
    ec2.allocate_hosts(AvailabilityZone=f"{estate.region}a", InstanceType="c5.large", Quantity=1)
    estate.client("elb").create_load_balancer(
        LoadBalancerName="classic",
        Listeners=[{"Protocol": "http", "LoadBalancerPort": 80, "InstancePort": 80}],
        Subnets=[estate.ids["subnet"]],
        Tags=TAGS,
    )


def make_names(estate: Estate) -> None:
    """A record, a health check, a distribution."""
    route53 = estate.client("route53")
    zone = route53.list_hosted_zones()["HostedZones"][0]["Id"]
    record: dict[str, Any] = {
        "Name": f"www.{estate.region}.example.com", "Type": "A", "TTL": 60,
        "ResourceRecords": [{"Value": "198.51.100.7"}],
    }  # fmt: skip
    route53.change_resource_record_sets(
        HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    )
    route53.create_health_check(
        CallerReference="h",
        HealthCheckConfig={"Type": "HTTPS", "FullyQualifiedDomainName": "www.example.com", "Port": 443},
    )
    origin = {
        "Id": "o", "DomainName": f"data-{estate.region}.s3.amazonaws.com",
        "S3OriginConfig": {"OriginAccessIdentity": ""},
    }  # fmt: skip
    estate.client("cloudfront").create_distribution_with_tags(
        DistributionConfigWithTags={
            "DistributionConfig": {
                "CallerReference": "d", "Comment": "", "Enabled": True, "Origins": {"Quantity": 1, "Items": [origin]},
                "DefaultCacheBehavior": {
                    "TargetOriginId": "o", "ViewerProtocolPolicy": "allow-all", "MinTTL": 0,
                    "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}},
                },
            },
            "Tags": {"Items": TAGS},
        }
    )  # fmt: skip


def make_interfaces(estate: Estate) -> None:
    """APIs of both generations, a firewall for them, GraphQL."""
    rest = estate.client("apigateway")
    api = rest.create_rest_api(name="orders", tags=TAG_MAP)["id"]
    root = rest.get_resources(restApiId=api)["items"][0]["id"]
    rest.put_method(restApiId=api, resourceId=root, httpMethod="GET", authorizationType="NONE")
    rest.put_integration(restApiId=api, resourceId=root, httpMethod="GET", type="MOCK")
    rest.create_deployment(restApiId=api, stageName="prod")
    plain = estate.client("apigatewayv2")
    http = plain.create_api(Name="carts", ProtocolType="HTTP", Tags=TAG_MAP)["ApiId"]
    plain.create_stage(ApiId=http, StageName="prod")
    waf = estate.client("wafv2")
    seen = {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": "m"}
    waf.create_web_acl(Name="front", Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=seen, Tags=TAGS)
    waf.create_ip_set(Name="bad", Scope="REGIONAL", IPAddressVersion="IPV4", Addresses=["203.0.113.0/24"])
    estate.client("appsync").create_graphql_api(name="graph", authenticationType="API_KEY", tags=TAG_MAP)


def make_guards(estate: Estate) -> None:
    """Recording, detection, parameters, a firewall."""
    config = estate.client("config")
    config.put_configuration_recorder(
        ConfigurationRecorder={
            "name": "default", "roleARN": estate.ids["role"],
            "recordingGroup": {"allSupported": True, "includeGlobalResourceTypes": True},
        }
    )  # fmt: skip
    config.put_delivery_channel(DeliveryChannel={"name": "default", "s3BucketName": f"data-{estate.region}"})
    config.start_configuration_recorder(ConfigurationRecorderName="default")
    source = {"Owner": "AWS", "SourceIdentifier": "S3_BUCKET_VERSIONING_ENABLED"}
    config.put_config_rule(ConfigRule={"ConfigRuleName": "versioning", "Source": source, "InputParameters": "{}"})
    estate.client("guardduty").create_detector(Enable=True)
    estate.client("securityhub").enable_security_hub()
    estate.client("ssm").put_parameter(Name="/app/url", Value="https://example.com", Type="String", Tags=TAGS)
    firewall = estate.client("network-firewall")
    firewall.create_firewall(
        FirewallName="gate",
        FirewallPolicyArn=f"arn:aws:network-firewall:{estate.region}:123456789012:firewall-policy/p",
        VpcId=estate.ids["vpc"],
        SubnetMappings=[{"SubnetId": estate.ids["subnet"]}],
    )
