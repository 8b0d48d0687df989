"""Identities: users, groups, roles and policies, with the habits of a company that grew."""

from demo.cloud import DemoCloud
from demo.estate.company import APPLICATIONS, MAIN, tag_list
from demo.estate.compute import policy_document
from demo.estate.data import assume_role_policy

# name, group, age in days of the access key (None: no key), console password, second factor
USERS = (
    ("maya", "developers", None, True, True),
    ("jonas", "developers", 40, True, True),
    ("priya", "analysts", 160, True, False),
    ("tomas", "administrators", None, True, True),
    ("lena", "developers", None, True, False),
    ("deploy-bot", "automation", 410, False, False),
    ("backup-bot", "automation", 70, False, False),
)


def make_people(cloud: DemoCloud) -> tuple[str, str]:
    """All identities; (name of the machines' instance profile, ARN of the functions' role)."""
    iam = cloud.client("iam", MAIN)
    with cloud.days_ago(420):
        for group in ("administrators", "developers", "analysts", "automation"):
            iam.create_group(GroupName=group)
        iam.attach_group_policy(GroupName="administrators", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
        iam.attach_group_policy(GroupName="developers", PolicyArn="arn:aws:iam::aws:policy/PowerUserAccess")
        everything = policy_document({"Effect": "Allow", "Action": "*", "Resource": "*"})
        reading = policy_document({"Effect": "Allow", "Action": ["s3:Get*", "s3:List*"], "Resource": "*"})
        deploy = iam.create_policy(PolicyName="deploy-everything", PolicyDocument=everything)["Policy"]["Arn"]
        reports = iam.create_policy(PolicyName="read-reports", PolicyDocument=reading)["Policy"]["Arn"]
        iam.attach_group_policy(GroupName="analysts", PolicyArn=reports)
        iam.attach_group_policy(GroupName="automation", PolicyArn=deploy)
        iam.update_account_password_policy(MinimumPasswordLength=10, RequireNumbers=True)
    for name, group, key_age, password, factor in USERS:
        with cloud.days_ago(key_age if key_age is not None else 300):
            iam.create_user(UserName=name, Tags=tag_list({"team": group}))
            iam.add_user_to_group(GroupName=group, UserName=name)
            if password:
                iam.create_login_profile(UserName=name, Password="Not-a-real-password-1")
            if key_age is not None:
                iam.create_access_key(UserName=name)
            if factor:
                device = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]["SerialNumber"]
                iam.enable_mfa_device(
                    UserName=name, SerialNumber=device, AuthenticationCode1="123456", AuthenticationCode2="654321"
                )
    with cloud.days_ago(200):
        iam.put_user_policy(UserName="priya", PolicyName="extra-buckets", PolicyDocument=reading)
    return _make_roles(cloud)


def _make_roles(cloud: DemoCloud) -> tuple[str, str]:
    iam = cloud.client("iam", MAIN)
    functions = ""
    with cloud.days_ago(410):
        for application in APPLICATIONS:
            for service, suffix in (("ec2.amazonaws.com", "machines"), ("lambda.amazonaws.com", "functions")):
                role = iam.create_role(
                    RoleName=f"{application}-{suffix}",
                    AssumeRolePolicyDocument=assume_role_policy(service),
                    Tags=tag_list({"application": application}),
                )["Role"]
                if suffix == "functions":
                    functions = functions or role["Arn"]
        iam.create_instance_profile(InstanceProfileName="acme-machines")
        iam.add_role_to_instance_profile(InstanceProfileName="acme-machines", RoleName="platform-machines")
    return "acme-machines", functions
