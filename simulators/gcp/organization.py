"""The organization, its folders and projects, and who may do what."""

from simulators.gcp.assets import Builder, Project

TEAMS = {"storefront": "web", "checkout": "payments", "search": "web", "analytics": "data", "platform": "platform"}
OWNERS = {"web": "maya", "payments": "jonas", "data": "priya", "platform": "tomas"}
_SERVICES = ("compute", "storage", "logging", "pubsub")
_AUDIT = [
    {
        "service": "allServices",
        "auditLogConfigs": [{"logType": kind} for kind in ("ADMIN_READ", "DATA_READ", "DATA_WRITE")],
    }
]


def labels(env: str, service: str, **more: str) -> dict[str, str]:
    """The company's labels: lower case, as Google demands."""
    return {"env": env, "service": service, "team": TEAMS[service], "managed-by": "terraform", **more}


def make_organization(made: Builder) -> dict[str, Project]:
    """Organization, two folders and five projects, by short name."""
    root = f"organizations/{made.organization}"
    made.add(
        "cloudresourcemanager.googleapis.com/Organization",
        root,
        {
            "name": root,
            "displayName": made.domain,
            "directoryCustomerId": "C0" + made.number("customer", digits=7),
            "state": "ACTIVE",
            "createTime": "2021-03-02T09:11:40.120Z",
            "etag": made.etag(root),
        },
        project=None,
        version="v3",
        location="global",
        policy=made.policy(
            ("roles/resourcemanager.organizationAdmin", [f"user:tomas@{made.domain}"]),
            ("roles/billing.admin", [f"group:finance@{made.domain}"]),
            ("roles/cloudasset.viewer", [f"group:cloudops@{made.domain}"]),
        ),
    )
    folders = {}
    for name in ("production", "shared"):
        number = made.number("folder", name, digits=12)
        folders[name] = f"folders/{number}"
        made.add(
            "cloudresourcemanager.googleapis.com/Folder",
            f"folders/{number}",
            {
                "name": f"folders/{number}",
                "parent": root,
                "displayName": name,
                "state": "ACTIVE",
                "createTime": "2021-03-02T09:30:00Z",
            },
            project=None,
            version="v3",
            location="global",
            parent=f"//cloudresourcemanager.googleapis.com/{root}",
            ancestors=(f"folders/{number}", root),
            policy=made.policy(("roles/resourcemanager.folderViewer", [f"group:engineers@{made.domain}"])),
        )
    _organization_wide(made, root)
    wanted = (
        ("net", "shared", "platform", "prod"),
        ("prod", "production", "storefront", "prod"),
        ("pay", "production", "checkout", "prod"),
        ("data", "production", "analytics", "prod"),
        ("staging", "shared", "storefront", "staging"),
    )
    return {short: _project(made, short, folders[folder], root, service, env) for short, folder, service, env in wanted}


def _organization_wide(made: Builder, root: str) -> None:
    """What hangs on the organization itself: a role, a sink and a firewall policy."""
    above = f"//cloudresourcemanager.googleapis.com/{root}"
    made.add(
        "iam.googleapis.com/Role",
        f"{root}/roles/cloudopsReader",
        {
            "name": f"{root}/roles/cloudopsReader",
            "title": "CloudOps reader",
            "stage": "GA",
            "includedPermissions": ["cloudasset.assets.listIamPolicy", "cloudasset.assets.listResource"],
            "etag": made.etag("role"),
        },
        project=None,
        parent=above,
        location="global",
    )
    made.add(
        "logging.googleapis.com/LogSink",
        f"{root}/sinks/everything",
        {
            "name": "everything",
            "destination": "storage.googleapis.com/acme-org-logs-eu",
            "includeChildren": True,
            "filter": "",
            "writerIdentity": f"serviceAccount:service-org-{made.organization}@gcp-sa-logging.iam.gserviceaccount.com",
            "createTime": "2022-05-01T10:00:00.123456789Z",
        },
        project=None,
        version="v2",
        parent=above,
        location="global",
    )


def _project(made: Builder, short: str, folder: str, root: str, service: str, env: str) -> Project:
    number = made.number("project", short, digits=12)
    project = Project(
        id=f"acme-{short}-{made.number('project id', short, digits=4)}",
        number=number,
        name=f"Acme {short}",
        folder=folder,
        ancestors=(f"projects/{number}", folder, root),
        labels=labels(env, service),
    )
    made.projects.append(project)
    team = TEAMS[service]
    members = [f"user:{OWNERS[team]}@{made.domain}"]
    agent = f"serviceAccount:service-{number}@compute-system.iam.gserviceaccount.com"
    bindings = [
        ("roles/owner", members),
        ("roles/viewer", [f"group:{team}@{made.domain}"]),
        ("roles/compute.serviceAgent", [agent]),
    ]
    if short == "staging":  # what goes wrong in a real company
        robot = f"serviceAccount:deployer@{project.id}.iam.gserviceaccount.com"
        bindings += [("roles/editor", [robot]), ("roles/iam.serviceAccountUser", [f"user:contractor@{made.domain}"])]
    made.add(
        "cloudresourcemanager.googleapis.com/Project",
        f"projects/{number}",
        {
            "projectNumber": number,
            "projectId": project.id,
            "name": project.name,
            "lifecycleState": "ACTIVE",
            "parent": {"type": "folder", "id": folder.partition("/")[2]},
            "labels": dict(project.labels),
            "createTime": made.moment("project", short, year=2022),
        },
        project=project,
        parent=f"//cloudresourcemanager.googleapis.com/{folder}",
        location="global",
        policy=made.policy(*bindings, audit=_AUDIT if env == "prod" else []),
    )
    for api in _SERVICES:
        made.add(
            "serviceusage.googleapis.com/Service",
            f"projects/{number}/services/{api}.googleapis.com",
            {"name": f"projects/{number}/services/{api}.googleapis.com", "state": "ENABLED"},
            project=project,
            location="global",
        )  # fmt: skip
    made.add(
        "cloudbilling.googleapis.com/ProjectBillingInfo",
        f"projects/{project.id}/billingInfo",
        {
            "name": f"projects/{project.id}/billingInfo",
            "projectId": project.id,
            "billingAccountName": "billingAccounts/01A2B3-C4D5E6-F7A8B9",
            "billingEnabled": True,
        },
        project=project,
        location="global",
    )
    return project


def make_identities(made: Builder, projects: dict[str, Project]) -> None:
    """Service accounts with their keys and policies, a custom role, API keys, workload identity."""
    for short, project in projects.items():
        for account in ("deployer", "runtime"):
            _service_account(made, project, account, with_key=short in ("staging", "data") and account == "deployer")
        key = made.number("api key", short, digits=12)
        made.add(
            "apikeys.googleapis.com/Key",
            f"projects/{project.number}/locations/global/keys/key-{key}",
            {
                "name": f"projects/{project.number}/locations/global/keys/key-{key}",
                "uid": f"key-{key}",
                "displayName": f"{short} browser key",
                "createTime": made.moment("key", short),
            },
            version="v2",
            project=project,
            location="global",
        )
    prod = projects["prod"]
    role = f"projects/{prod.id}/roles/storefrontDeployer"
    permissions = ["run.services.get", "run.services.update"]
    made.add(
        "iam.googleapis.com/Role",
        role,
        {"name": role, "title": "Storefront deployer", "stage": "GA", "includedPermissions": permissions},
        project=prod,
        location="global",
    )
    pool = f"projects/{prod.number}/locations/global/workloadIdentityPools/github"
    made.add(
        "iam.googleapis.com/WorkloadIdentityPool",
        pool,
        {"name": pool, "displayName": "GitHub Actions", "state": "ACTIVE"},
        project=prod,
        location="global",
    )
    made.add(
        "iam.googleapis.com/WorkloadIdentityPoolProvider",
        f"{pool}/providers/acme",
        {
            "name": f"{pool}/providers/acme",
            "state": "ACTIVE",
            "oidc": {"issuerUri": "https://token.actions.githubusercontent.com"},
            "attributeMapping": {"google.subject": "assertion.sub"},
        },
        project=prod,
        parent=f"//iam.googleapis.com/{pool}",
        location="global",
    )


def _service_account(made: Builder, project: Project, account: str, *, with_key: bool) -> None:
    email = f"{account}@{project.id}.iam.gserviceaccount.com"
    unique = made.number("service account", email, digits=21)
    path = f"projects/{project.id}/serviceAccounts"
    own = made.add(
        "iam.googleapis.com/ServiceAccount",
        f"{path}/{unique}",
        {
            "name": f"{path}/{email}",
            "projectId": project.id,
            "uniqueId": unique,
            "email": email,
            "displayName": f"{account.title()} of {project.name}",
            "etag": made.etag(email),
            "oauth2ClientId": unique,
        },
        project=project,
        location="global",
        policy=made.policy(
            ("roles/iam.serviceAccountTokenCreator", [f"serviceAccount:deployer@{project.id}.iam.gserviceaccount.com"])
        )
        if account == "runtime"
        else None,
    )
    kinds = [("SYSTEM_MANAGED", "GOOGLE_PROVIDED")] + ([("USER_MANAGED", "GOOGLE_PROVIDED")] if with_key else [])
    for kind, origin in kinds:
        key = made.etag(email, kind).encode().hex()
        made.add(
            "iam.googleapis.com/ServiceAccountKey",
            f"{path}/{unique}/keys/{key}",
            {
                "name": f"{path}/{email}/keys/{key}",
                "validAfterTime": made.moment(email, kind),
                "validBeforeTime": "9999-12-31T23:59:59Z",
                "keyAlgorithm": "KEY_ALG_RSA_2048",
                "keyOrigin": origin,
                "keyType": kind,
            },
            project=project,
            parent=own,
            location="global",
        )
