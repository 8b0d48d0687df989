"""The organization, as its management account sees it. Its members are shown it too, but it is not theirs."""

from app.providers.aws.catalogue.model import Extra, ForEach, Listing, Relation, ResourceType
from app.providers.aws.values import parse_json

_NOT_IN_ONE = ("AWSOrganizationsNotInUseException",)

ORGANIZATION = ResourceType(
    native_type="AWS::Organizations::Organization",
    type="account.organization",
    native_id="{Arn}",
    arn="arn:{partition}:organizations::{management}:organization/{Id}",
    name=("Id",),
    listing=Listing(operation="DescribeOrganization", items="Organization", absent=_NOT_IN_ONE),
    owner="MasterAccountId",  # members are shown it, and refused all that is in it
    aliases=("{Id}",),
    extras=(
        Extra(
            name="EnabledFeatures",
            client="iam",
            operation="ListOrganizationsFeatures",
            arguments={},
            result="EnabledFeatures",
            default=[],
            simulated=False,
            absent=(
                "AccountNotManagementOrDelegatedAdministratorException",
                "AccountNotManagementOrDelegatedAdministrator",
                "OrganizationNotFoundException",
                "OrganizationNotFound",
                "ServiceAccessNotEnabledException",
                "ServiceAccessNotEnabled",
            ),
        ),
    ),
)

_IN_IT = ForEach(parent=ORGANIZATION.native_type, arguments={})

ROOT = ResourceType(
    native_type="AWS::Organizations::Root",
    type="account.folder",
    native_id="{Arn}",
    arn="arn:{partition}:organizations::{management}:root/{organization}/{Id}",
    name=("Name", "Id"),
    listing=Listing(operation="ListRoots", items="Roots[]"),
    for_each=_IN_IT,
    aliases=("{Id}",),
)

UNIT = ResourceType(
    native_type="AWS::Organizations::OrganizationalUnit",
    type="account.folder",
    native_id="{Arn}",
    arn="arn:{partition}:organizations::{management}:ou/{organization}/{Id}",
    name=("Name", "Id"),
    listing=Listing(operation="ListOrganizationalUnitsForParent", items="OrganizationalUnits[]"),
    for_each=ForEach(parent=ROOT.native_type, arguments={"ParentId": "Id"}, carry={"ParentId": "Id"}, nested=True),
    aliases=("{Id}",),
    relations=(Relation(kind="contains", path="ParentId", reverse=True),),
)

MEMBER = ResourceType(
    native_type="AWS::Organizations::Account",
    type="account.member",
    native_id="{Arn}",
    arn="arn:{partition}:organizations::{management}:account/{organization}/{Id}",
    name=("Name", "Id"),
    listing=Listing(operation="ListAccounts", items="Accounts[]"),
    for_each=_IN_IT,
    extras=(
        Extra(
            name="Parents",
            operation="ListParents",
            arguments={"ChildId": "Id"},
            result="Parents",
            default=[],
        ),
    ),
    status="Status",
    created="JoinedTimestamp",
    # Not the bare number: that is the account itself, which its own sync reads.
    relations=(
        Relation(kind="contains", path="Parents[].Id", reverse=True),
        Relation(kind="contains", path="Id", target="arn:{partition}:iam::{value}:root"),
    ),
)


POLICY = ResourceType(
    native_type="AWS::Organizations::Policy",
    type="account.policy",
    native_id="{Arn}",
    arn="arn:{partition}:organizations::{management}:policy/{organization}/service_control_policy/{Id}",
    name=("Name", "Id"),
    listing=Listing(operation="ListPolicies", items="Policies[]", arguments={"Filter": "SERVICE_CONTROL_POLICY"}),
    for_each=_IN_IT,
    select=lambda item: not item.get("AwsManaged"),
    aliases=("{Id}",),
    extras=(
        Extra(
            name="Content",
            operation="DescribePolicy",
            arguments={"PolicyId": "Id"},
            result="Policy.Content",
            convert=parse_json,
        ),
        Extra(
            name="Targets",
            operation="ListTargetsForPolicy",
            arguments={"PolicyId": "Id"},
            result="Targets",
            default=[],
        ),
    ),
    relations=(Relation(kind="attached-to", path="Targets[].Arn"),),
)

TYPES = (ORGANIZATION, ROOT, UNIT, MEMBER, POLICY)
