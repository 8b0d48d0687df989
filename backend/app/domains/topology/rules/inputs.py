"""Types that are not exposed or orphaned themselves and that decide about others."""

INPUT_TYPES: frozenset[str] = frozenset(
    name.lower()
    for name in (
        "AWS::Account",
        "AWS::EC2::Instance",
        "AWS::EC2::NetworkAcl",
        "AWS::EC2::RouteTable",
        "AWS::EC2::SecurityGroup",
        "AWS::EC2::Subnet",
        "AWS::EC2::VPC",
        "AWS::ElasticLoadBalancingV2::Listener",
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        "AWS::IAM::User",
        "compute.googleapis.com/BackendService",
        "compute.googleapis.com/Firewall",
        "compute.googleapis.com/FirewallPolicy",
        "compute.googleapis.com/NetworkFirewallPolicy",
        "compute.googleapis.com/Network",
        "compute.googleapis.com/Route",
        "compute.googleapis.com/Subnetwork",
        "compute.googleapis.com/TargetHttpProxy",
        "compute.googleapis.com/TargetHttpsProxy",
        "Microsoft.Network/applicationSecurityGroups",
        "Microsoft.Network/networkSecurityGroups",
        "Microsoft.Network/publicIPAddresses",
        "Microsoft.Network/virtualNetworks",
        "Microsoft.Network/virtualNetworks/subnets",
        "Microsoft.Sql/servers/firewallRules",
    )
)
