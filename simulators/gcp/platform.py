"""What runs without machines: Run, Functions, Pub/Sub, schedules, registries, logs and alerts."""

from typing import Any

from simulators.gcp.assets import Builder, Project
from simulators.gcp.organization import labels

_REGION = "europe-west1"


def make_platform(made: Builder, projects: dict[str, Project]) -> None:
    """The same few things in each project that runs something, logging and alerts everywhere."""
    for short, service in (("prod", "storefront"), ("pay", "checkout"), ("staging", "storefront")):
        _run(made, projects[short], short, service)
        _messages(made, projects[short], short)
    for project in projects.values():
        _operations(made, project)


def _run(made: Builder, project: Project, short: str, service: str) -> None:
    env = "staging" if short == "staging" else "prod"
    runtime = f"runtime@{project.id}.iam.gserviceaccount.com"
    path = f"projects/{project.id}/locations/{_REGION}"
    made.add(
        "artifactregistry.googleapis.com/Repository",
        f"{path}/repositories/images",
        {"name": f"{path}/repositories/images", "format": "DOCKER", "sizeBytes": "73400320"},
        project=project,
        location=_REGION,
    )  # fmt: skip
    made.add(
        "run.googleapis.com/Service",
        f"{path}/services/{service}-api",
        {
            "apiVersion": "serving.knative.dev/v1",
            "kind": "Service",
            "metadata": {
                "name": f"{service}-api",
                "namespace": project.number,
                "uid": made.number(path, "uid"),
                "creationTimestamp": made.moment(path, service),
                "labels": labels(env, service),
                "annotations": {"run.googleapis.com/ingress": "all"},
            },
            "spec": {
                "template": {
                    "spec": {
                        "serviceAccountName": runtime,
                        "containers": [
                            {
                                "image": f"{_REGION}-docker.pkg.dev/{project.id}/images/{service}:1.4.2",
                                "env": [
                                    {"name": "LOG_LEVEL", "value": "info"},
                                    {"name": "STRIPE_SECRET", "value": "sk_live_abcdefgh"},
                                ],
                            }
                        ],
                    }
                }
            },
            "status": {
                "url": f"https://{service}-api-xyz.a.run.app",
                "conditions": [{"type": "Ready", "status": "True"}],
            },
        },
        project=project,
        location=_REGION,
        policy=made.policy(("roles/run.invoker", ["allUsers" if short == "staging" else f"serviceAccount:{runtime}"])),
    )
    made.add(
        "cloudfunctions.googleapis.com/Function",
        f"{path}/functions/resize",
        {
            "name": f"{path}/functions/resize",
            "environment": "GEN_2",
            "state": "ACTIVE",
            "updateTime": made.moment(path, "resize", year=2026),
            "labels": labels(env, service),
            "buildConfig": {"runtime": "python312", "entryPoint": "main"},
            "serviceConfig": {
                "serviceAccountEmail": runtime,
                "environmentVariables": {"BUCKET": f"{project.id}-assets", "API_TOKEN": "abc123def456"},
                "ingressSettings": "ALLOW_INTERNAL_ONLY",
            },
            "eventTrigger": {
                "eventType": "google.cloud.pubsub.topic.v1.messagePublished",
                "pubsubTopic": f"projects/{project.id}/topics/orders",
            },
        },
        project=project,
        location=_REGION,
        version="v2",
    )


def _messages(made: Builder, project: Project, short: str) -> None:
    for topic in ("orders", "orders-dead", "mail"):
        made.add(
            "pubsub.googleapis.com/Topic",
            f"projects/{project.id}/topics/{topic}",
            {"name": f"projects/{project.id}/topics/{topic}", "labels": dict(project.labels)},
            project=project,
            location="global",
        )
    subscription = f"projects/{project.id}/subscriptions/orders-worker"
    made.add(
        "pubsub.googleapis.com/Subscription",
        subscription,
        {
            "name": subscription,
            "topic": f"projects/{project.id}/topics/orders",
            "pushConfig": {"pushEndpoint": "https://shop.gcp.acme.example/push?token=s3cr3t-push-token"},
            "ackDeadlineSeconds": 30,
            "deadLetterPolicy": {
                "deadLetterTopic": f"projects/{project.id}/topics/orders-dead",
                "maxDeliveryAttempts": 5,
            },
            "state": "ACTIVE",
        },
        project=project,
        location="global",
    )
    for asset_type, kind, data in (
        (
            "cloudtasks.googleapis.com/Queue",
            "queues",
            {"state": "RUNNING", "rateLimits": {"maxDispatchesPerSecond": 50}},
        ),
        ("cloudscheduler.googleapis.com/Job", "jobs", {"state": "ENABLED", "schedule": "0 3 * * *", "timeZone": "UTC"}),
    ):
        name = f"projects/{project.id}/locations/{_REGION}/{kind}/{short}-nightly"
        more: dict[str, Any] = {}
        if kind == "jobs":
            more = {"pubsubTarget": {"topicName": f"projects/{project.id}/topics/mail", "data": "bmlnaHRseQ=="}}
        made.add(asset_type, name, {"name": name, **data, **more}, project=project, location=_REGION)


def _operations(made: Builder, project: Project) -> None:
    place = f"projects/{project.id}"
    made.add(
        "logging.googleapis.com/LogSink",
        f"{place}/sinks/archive",
        {
            "name": "archive",
            "destination": f"storage.googleapis.com/{project.id}-logs",
            "filter": 'severity>="WARNING"',
            "writerIdentity": f"serviceAccount:p{project.number}-1@gcp-sa-logging.iam.gserviceaccount.com",
            "createTime": made.moment(place, "sink"),
        },
        project=project,
        location="global",
        version="v2",
    )
    made.add(
        "logging.googleapis.com/LogBucket",
        f"{place}/locations/global/buckets/_Default",
        {"name": f"{place}/locations/global/buckets/_Default", "retentionDays": 30, "lifecycleState": "ACTIVE"},
        project=project,
        location="global",
        version="v2",
    )
    for name in ("firewall-changes", "owner-changes"):
        made.add(
            "logging.googleapis.com/LogMetric",
            f"{place}/metrics/{name}",
            {
                "name": name,
                "filter": 'resource.type="gce_firewall_rule" AND protoPayload.methodName:"compute.firewalls"',
                "metricDescriptor": {"type": f"logging.googleapis.com/user/{name}", "metricKind": "DELTA"},
                "createTime": made.moment(place, name),
            },
            project=project,
            location="global",
            version="v2",
        )
    channel = f"{place}/notificationChannels/{made.number(place, 'channel')}"
    made.add(
        "monitoring.googleapis.com/NotificationChannel",
        channel,
        {
            "name": channel,
            "type": "email",
            "displayName": "On call",
            "labels": {"email_address": f"oncall@{made.domain}"},
            "enabled": True,
        },
        project=project,
        location="global",
        version="v3",
    )  # fmt: skip
    policy = f"{place}/alertPolicies/{made.number(place, 'alert')}"
    made.add(
        "monitoring.googleapis.com/AlertPolicy",
        policy,
        {
            "name": policy,
            "displayName": "Firewall was changed",
            "enabled": True,
            "conditions": [
                {
                    "name": f"{policy}/conditions/1",
                    "displayName": "any",
                    "conditionThreshold": {"filter": 'metric.type="logging.googleapis.com/user/firewall-changes"'},
                }
            ],
            "notificationChannels": [channel],
            "userLabels": {"team": project.labels["team"]},
        },
        project=project,
        location="global",
        version="v3",
    )
