"""Hints at Google Cloud resources: monitored resources as the full names of Cloud Asset Inventory."""

import re
from collections.abc import Iterator, Mapping

from app.domains.metrics.rules.linking.hint import Hint, HintKind, Labels

_PROVIDER = "gcp"
_PLACE = re.compile(r"\{(\w+)\}")
_NUMERIC_ID = re.compile(r"\d{10,20}")
# Google's own resource types (cloud.google.com/monitoring/api/resources) and the asset names they mean, in the order in
# which to try them. Places are labels without underscores. A template with a missing label is left out.
_RESOURCES: Mapping[str, tuple[str, ...]] = {
    "gce_instance": (
        "//compute.googleapis.com/projects/{projectid}/zones/{zone}/instances/{instancename}",
        "//compute.googleapis.com/projects/{projectid}/zones/{zone}/instances/{instanceid}",  # an alias, with numbers
        "{instanceid}",
    ),
    "cloudsql_database": ("//cloudsql.googleapis.com/projects/{sqlproject}/instances/{sqlinstance}",),
    "gcs_bucket": ("//storage.googleapis.com/{bucketname}",),
    "pubsub_topic": ("//pubsub.googleapis.com/projects/{projectid}/topics/{topicid}",),
    "pubsub_subscription": ("//pubsub.googleapis.com/projects/{projectid}/subscriptions/{subscriptionid}",),
    "cloud_function": (
        "//cloudfunctions.googleapis.com/projects/{projectid}/locations/{region}/functions/{functionname}",
    ),
    "cloud_run_revision": ("//run.googleapis.com/projects/{projectid}/locations/{location}/services/{servicename}",),
    "cloud_run_job": ("//run.googleapis.com/projects/{projectid}/locations/{location}/jobs/{jobname}",),
    "bigquery_dataset": ("//bigquery.googleapis.com/projects/{projectid}/datasets/{datasetid}",),
    "bigtable_cluster": ("//bigtable.googleapis.com/projects/{projectid}/instances/{instance}/clusters/{cluster}",),
    "spanner_instance": ("//spanner.googleapis.com/projects/{projectid}/instances/{instanceid}",),
    "redis_instance": ("//redis.googleapis.com/{instanceid}",),
    "https_lb_rule": (
        "//compute.googleapis.com/projects/{projectid}/global/urlMaps/{urlmapname}",
        "//compute.googleapis.com/projects/{projectid}/global/forwardingRules/{forwardingrulename}",
    ),
    "cloud_tasks_queue": ("//cloudtasks.googleapis.com/projects/{projectid}/locations/{location}/queues/{queueid}",),
    "dataproc_cluster": ("//dataproc.googleapis.com/projects/{projectid}/regions/{region}/clusters/{clustername}",),
}
_CLUSTER = (
    "//container.googleapis.com/projects/{projectid}/locations/{location}/clusters/{clustername}",
    "//container.googleapis.com/projects/{projectid}/zones/{location}/clusters/{clustername}",
)
_NODE = "//compute.googleapis.com/projects/{projectid}/zones/{location}/instances/{nodename}"
_KUBERNETES: Mapping[str, tuple[str, ...]] = {
    "k8s_cluster": _CLUSTER,
    "k8s_node": (_NODE, *_CLUSTER),
    "k8s_pod": _CLUSTER,
    "k8s_container": _CLUSTER,
}
_KNOWN = {**_RESOURCES, **_KUBERNETES}
_LONGEST_FIRST = sorted(_KNOWN, key=len, reverse=True)


def google_hints(labels: Labels) -> Iterator[Hint]:
    """Hints at Google Cloud resources, the most specific first."""
    full_name = labels.first("cloudresourceid", "resourcename")
    if full_name.startswith("//") and ".googleapis.com/" in full_name:
        yield _id((full_name,), "")
    places = _places(labels)
    kind = _resource_type(labels)
    if kind:
        yield from _filled(_KNOWN[kind], places)
    if labels.first("cloudprovider") == _PROVIDER:
        yield from _detected(labels, places)
    node = labels.first("providerid")  # of a Kubernetes node: gce://project/zone/name
    if node.startswith("gce://") and node.count("/") == 4:
        project, zone, name = node.removeprefix("gce://").split("/")
        yield _id((f"//compute.googleapis.com/projects/{project}/zones/{zone}/instances/{name}",), project)


def _resource_type(labels: Labels) -> str:
    """The monitored resource's type: a label, or part of the name that the Stackdriver exporter gives."""
    told = labels.first("resourcetype", "monitoredresource", "gcpresourcetype")
    if told in _KNOWN:
        return told
    if labels.name.startswith("stackdriver_"):
        rest = labels.name.removeprefix("stackdriver_")
        return next((kind for kind in _LONGEST_FIRST if rest.startswith(kind + "_")), "")
    return ""


def _places(labels: Labels) -> dict[str, str]:
    """Labels, with those that Google or a detector names in another way, or joins."""
    places = dict(labels.items)
    aliases = {
        "projectid": labels.first("projectid", "cloudaccountid", "project"),
        "zone": labels.first("zone", "cloudavailabilityzone", "location"),
        "location": labels.first("location", "cloudavailabilityzone", "cloudregion", "zone", "region"),
        "region": labels.first("region", "cloudregion", "location"),
        "instancename": labels.first("instancename", "gcpgceinstancename"),
        "clustername": labels.first("clustername", "k8sclustername"),
    }
    project, _, instance = labels.first("databaseid").partition(":")
    return {**places, **aliases, "sqlproject": project, "sqlinstance": instance}


def _detected(labels: Labels, places: Mapping[str, str]) -> Iterator[Hint]:
    """What OpenTelemetry's resource detectors tell."""
    platform = labels.first("cloudplatform")
    function = {"functionname": labels.first("faasname"), "servicename": labels.first("faasname")}
    if platform == "gcp_cloud_run":
        yield from _filled(_RESOURCES["cloud_run_revision"], {**places, **function})
    if platform == "gcp_cloud_functions":
        yield from _filled(_RESOURCES["cloud_function"], {**places, **function})
    host = labels.first("hostid")
    if _NUMERIC_ID.fullmatch(host):
        name = labels.first("gcpgceinstancename", "hostname").partition(".")[0]
        yield from _filled(_RESOURCES["gce_instance"], {**places, "instanceid": host, "instancename": name})
    if labels.first("k8sclustername"):
        yield from _filled(_CLUSTER, places)


def _filled(templates: tuple[str, ...], places: Mapping[str, str]) -> Iterator[Hint]:
    candidates = tuple(
        _PLACE.sub(lambda match: places[match[1]], template)
        for template in templates
        if all(places.get(place) for place in _PLACE.findall(template))
    )
    if candidates:
        yield _id(candidates, places.get("projectid", ""))


def _id(candidates: tuple[str, ...], project: str) -> Hint:
    return Hint(kind=HintKind.ID, candidates=candidates, provider=_PROVIDER, account=project)
