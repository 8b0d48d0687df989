"""Machines, their disks, groups, balancers, and Kubernetes."""

from typing import Any

from simulators.gcp.assets import COMPUTE, Builder, Project
from simulators.gcp.network import compute
from simulators.gcp.organization import labels

_ZONE, _REGION = "europe-west1-b", "europe-west1"
_SCOPE = ["https://www.googleapis.com/auth/cloud-platform"]
_SCRIPT = "#!/bin/sh\napt-get install -y nginx\nexport DB_URL=postgres://shop:hunter2secret@10.11.0.20/shop\n"


def make_machines(
    made: Builder, projects: dict[str, Project], links: dict[str, dict[str, str]], *, busy: int = 4
) -> None:
    """`busy` machines for each application of a project."""
    for short, service, env in (
        ("prod", "storefront", "prod"), ("prod", "search", "prod"), ("pay", "checkout", "prod"),
        ("data", "analytics", "prod"), ("staging", "storefront", "staging"),
    ):  # fmt: skip
        for index in range(busy):
            _instance(made, projects[short], links[short], f"{service}-{env}-{index + 1}", service, env, index)
    for short, project in projects.items():
        _around(made, project, short)
    _balancer(made, projects["prod"], links["prod"])
    for short in ("prod", "data"):
        _cluster(made, projects[short], links[short], short)


def _instance(
    made: Builder, project: Project, links: dict[str, str], name: str, service: str, env: str, index: int
) -> None:
    marks = labels(env, service)
    disk = compute(
        made, project, "Disk", f"zones/{_ZONE}/disks", name, _ZONE,
        sizeGb="50", type=f"{COMPUTE}projects/{project.id}/zones/{_ZONE}/diskTypes/pd-balanced", status="READY",
        sourceImage=f"{COMPUTE}projects/debian-cloud/global/images/debian-12-bookworm-v20260114",
        users=[f"{COMPUTE}projects/{project.id}/zones/{_ZONE}/instances/{name}"],
        labels=marks, labelFingerprint=made.etag(name), physicalBlockSizeBytes="4096",
    )  # fmt: skip
    exposed = env == "staging" and index == 0
    interface: dict[str, Any] = {
        "kind": "compute#networkInterface",
        "name": "nic0",
        "network": links["network"],
        "subnetwork": links[_REGION],
        "networkIP": f"10.10.0.{10 + index}",
        "stackType": "IPV4_ONLY",
    }
    if exposed:
        interface["accessConfigs"] = [
            {"kind": "compute#accessConfig", "type": "ONE_TO_ONE_NAT", "name": "External NAT", "natIP": "203.0.113.50"}
        ]
    email = f"runtime@{project.id}.iam.gserviceaccount.com"
    if exposed:
        email = f"{project.number}-compute@developer.gserviceaccount.com"
    items = [{"key": "enable-oslogin", "value": "TRUE"}, {"key": "startup-script", "value": _SCRIPT}]
    if exposed:
        items += [
            {"key": "ssh-keys", "value": "maya:ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 maya@acme.example"},
            {"key": "serial-port-enable", "value": "1"},
            {"key": "db-password", "value": "correct horse"},
        ]
    compute(
        made, project, "Instance", f"zones/{_ZONE}/instances", name, _ZONE,
        status="TERMINATED" if index == 3 and env == "staging" else "RUNNING",
        machineType=f"{COMPUTE}projects/{project.id}/zones/{_ZONE}/machineTypes/e2-standard-4",
        cpuPlatform="Intel Broadwell",
        tags={"items": ["web", "debug"] if exposed else ["web"], "fingerprint": made.etag(name, "tags")},
        networkInterfaces=[interface],
        disks=[{"type": "PERSISTENT", "mode": "READ_WRITE", "source": disk, "boot": True, "diskSizeGb": "50"}],
        serviceAccounts=[{"email": email, "scopes": _SCOPE}],
        metadata={"items": items, "fingerprint": made.etag(name, "metadata"), "kind": "compute#metadata"},
        scheduling={"onHostMaintenance": "MIGRATE", "automaticRestart": True, "preemptible": False},
        shieldedInstanceConfig={"enableSecureBoot": False, "enableVtpm": True, "enableIntegrityMonitoring": True},
        labels=marks, labelFingerprint=made.etag(name, "labels"), deletionProtection=False, canIpForward=False,
        lastStartTimestamp="2026-10-02T02:11:09.301-07:00",
        policy=made.policy(("roles/compute.osLogin", [f"group:{marks['team']}@{made.domain}"])) if index == 0 else None,
    )  # fmt: skip


def _around(made: Builder, project: Project, short: str) -> None:
    """What a project has besides machines: settings, an unused disk and address, snapshots, images, templates."""
    base = f"{COMPUTE}projects/{project.id}"
    os_login = "TRUE" if short != "staging" else "FALSE"
    made.add(
        "compute.googleapis.com/Project",
        f"projects/{project.id}",
        {
            "kind": "compute#project",
            "id": made.number("compute project", short),
            "name": project.id,
            "commonInstanceMetadata": {"items": [{"key": "enable-oslogin", "value": os_login}]},
            "selfLink": base,
            "xpnProjectStatus": "HOST" if short == "net" else "UNSPECIFIED_XPN_PROJECT_STATUS",
            "defaultServiceAccount": f"{project.number}-compute@developer.gserviceaccount.com",
        },
        project=project,
        location="global",
    )  # fmt: skip
    if short == "net":
        return
    marks = dict(project.labels)
    left = compute(
        made, project, "Disk", f"zones/{_ZONE}/disks", f"{short}-left-over", _ZONE,
        sizeGb="500", type=f"{base}/zones/{_ZONE}/diskTypes/pd-ssd", status="READY", labels=marks,
    )  # fmt: skip
    snapshot = compute(
        made, project, "Snapshot", "global/snapshots", f"{short}-nightly", "global",
        sourceDisk=left, sourceDiskId=made.number(f"projects/{project.id}/zones/{_ZONE}/disks/{short}-left-over"),
        diskSizeGb="500", storageBytes="128849018880", status="READY", storageLocations=["eu"], labels=marks,
    )  # fmt: skip
    image = compute(
        made, project, "Image", "global/images", f"{short}-base-2026-01", "global",
        sourceSnapshot=snapshot, family=f"{short}-base", diskSizeGb="50", archiveSizeBytes="2147483648", status="READY",
        policy=made.policy(("roles/compute.imageUser", ["allAuthenticatedUsers"])) if short == "staging" else None,
    )  # fmt: skip
    compute(
        made, project, "Address", f"regions/{_REGION}/addresses", f"{short}-spare", _REGION,
        address="203.0.113.99", addressType="EXTERNAL", status="RESERVED", networkTier="PREMIUM", labels=marks,
    )  # fmt: skip
    template = compute(
        made, project, "InstanceTemplate", "global/instanceTemplates", f"{short}-worker-v3", "global",
        properties={
            "machineType": "e2-standard-4",
            "disks": [{"boot": True, "initializeParams": {"sourceImage": image, "diskSizeGb": "50"}}],
            "networkInterfaces": [{"network": f"{base}/global/networks/acme-{short}"}],
            "serviceAccounts": [{"email": f"runtime@{project.id}.iam.gserviceaccount.com", "scopes": _SCOPE}],
            "metadata": {"items": [{"key": "windows-keys", "value": "{\"modulus\": \"secret\"}"}]},
        },
    )  # fmt: skip
    group = compute(
        made, project, "InstanceGroup", f"zones/{_ZONE}/instanceGroups", f"{short}-workers", _ZONE,
        size=3, network=f"{base}/global/networks/acme-{short}", namedPorts=[{"name": "http", "port": 8080}],
    )  # fmt: skip
    manager = compute(
        made, project, "InstanceGroupManager", f"zones/{_ZONE}/instanceGroupManagers", f"{short}-workers", _ZONE,
        instanceTemplate=template, instanceGroup=group, targetSize=3, status={"isStable": True},
        currentActions={"none": 3, "creating": 0},
    )  # fmt: skip
    compute(
        made, project, "Autoscaler", f"zones/{_ZONE}/autoscalers", f"{short}-workers", _ZONE,
        target=manager, status="ACTIVE", recommendedSize=3,
        autoscalingPolicy={"minNumReplicas": 2, "maxNumReplicas": 10, "cpuUtilization": {"utilizationTarget": 0.6}},
    )  # fmt: skip


def _balancer(made: Builder, project: Project, links: dict[str, str]) -> None:
    """An external HTTPS load balancer: address, forwarding rule, proxy, map, backend, check."""
    base = f"{COMPUTE}projects/{project.id}"
    compute(
        made, project, "GlobalAddress", "global/addresses", "shop", "global",
        address="203.0.113.10", addressType="EXTERNAL", status="IN_USE", ipVersion="IPV4",
        users=[f"{base}/global/forwardingRules/shop-https"],
    )  # fmt: skip
    check = compute(
        made, project, "HealthCheck", "global/healthChecks", "shop", "global",
        type="HTTP", httpHealthCheck={"port": 8080, "requestPath": "/healthz"}, checkIntervalSec=10,
    )  # fmt: skip
    backend = compute(
        made, project, "BackendService", "global/backendServices", "shop", "global",
        backends=[{"group": f"{base}/zones/{_ZONE}/instanceGroups/prod-workers", "balancingMode": "UTILIZATION"}],
        healthChecks=[check], protocol="HTTP", loadBalancingScheme="EXTERNAL_MANAGED", timeoutSec=30,
        securityPolicy=f"{base}/global/securityPolicies/web-armor",
        iap={"enabled": True, "oauth2ClientId": "client", "oauth2ClientSecret": "hidden-client-secret"},
    )  # fmt: skip
    routes = compute(
        made, project, "UrlMap", "global/urlMaps", "shop", "global", defaultService=backend,
        hostRules=[{"hosts": ["shop.gcp.acme.example"], "pathMatcher": "all"}],
        pathMatchers=[{"name": "all", "defaultService": backend}],
    )  # fmt: skip
    certificate = compute(
        made, project, "SslCertificate", "global/sslCertificates", "shop-2026", "global",
        type="MANAGED", managed={"domains": ["shop.gcp.acme.example"], "status": "ACTIVE"},
        expireTime="2026-12-20T00:00:00.000-08:00",
    )  # fmt: skip
    proxy = compute(
        made, project, "TargetHttpsProxy", "global/targetHttpsProxies", "shop", "global",
        urlMap=routes, sslCertificates=[certificate],
    )  # fmt: skip
    compute(
        made, project, "GlobalForwardingRule", "global/forwardingRules", "shop-https", "global",
        IPAddress="203.0.113.10", IPProtocol="TCP", portRange="443-443", target=proxy,
        loadBalancingScheme="EXTERNAL_MANAGED", networkTier="PREMIUM", labels=labels("prod", "storefront"),
    )  # fmt: skip


def _cluster(made: Builder, project: Project, links: dict[str, str], short: str) -> None:
    path = f"projects/{project.id}/locations/{_REGION}/clusters/{short}"
    own = made.add(
        "container.googleapis.com/Cluster",
        path,
        {
            "name": short,
            "id": made.number(path, digits=18),
            "selfLink": f"https://container.googleapis.com/v1/{path}",
            "location": _REGION,
            "locations": [_ZONE],
            "status": "RUNNING",
            "createTime": made.moment(path),
            "currentMasterVersion": "1.34.2-gke.100",
            "endpoint": "203.0.113.60" if short == "data" else "10.10.32.2",
            "network": links["network"].rpartition("/")[2],
            "networkConfig": {
                "network": links["network"].removeprefix(COMPUTE),
                "subnetwork": links[_REGION].removeprefix(COMPUTE),
            },
            "masterAuth": {"clusterCaCertificate": "LS0tLS1CRUdJTi==", "password": "never-show", "clientKey": "never"},
            "masterAuthorizedNetworksConfig": {"enabled": short == "prod", "cidrBlocks": [{"cidrBlock": "10.0.0.0/8"}]},
            "privateClusterConfig": {"enablePrivateNodes": True, "enablePrivateEndpoint": short == "prod"},
            "workloadIdentityConfig": {"workloadPool": f"{project.id}.svc.id.goog"},
            "resourceLabels": labels("prod", "platform"),
            "databaseEncryption": {
                "state": "ENCRYPTED",
                "keyName": f"projects/{project.id}/locations/{_REGION}/keyRings/main/cryptoKeys/gke",
            },
        },
        project=project,
        location=_REGION,
    )
    pool = f"{path}/nodePools/default"
    made.add(
        "container.googleapis.com/NodePool",
        pool,
        {
            "name": "default",
            "selfLink": f"https://container.googleapis.com/v1/{pool}",
            "status": "RUNNING",
            "version": "1.34.2-gke.100",
            "initialNodeCount": 3,
            "config": {
                "machineType": "e2-standard-8",
                "serviceAccount": "default" if short == "data" else f"runtime@{project.id}.iam.gserviceaccount.com",
                "metadata": {"disable-legacy-endpoints": "true"},
            },
        },
        project=project,
        parent=own,
        location=_REGION,
    )
    for name in ("default", "shop", "kube-system"):
        space = made.add(
            "k8s.io/Namespace",
            f"{path}/k8s/namespaces/{name}",
            {"metadata": {"name": name, "creationTimestamp": made.moment(path, name), "labels": {"team": "platform"}}},
            project=project,
            parent=own,
            location=_REGION,
        )
        made.add(
            "apps.k8s.io/Deployment",
            f"{path}/k8s/namespaces/{name}/apps/deployments/web",
            {
                "metadata": {"name": "web", "namespace": name, "labels": {"app": "web"}, "resourceVersion": "91822"},
                "spec": {"replicas": 2, "template": {"spec": {"serviceAccountName": "web"}}},
                "status": {"readyReplicas": 2},
            },
            project=project,
            parent=space,
            location=_REGION,
        )
