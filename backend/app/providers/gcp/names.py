"""Cloud Asset names and the many ways in which Google's services point at one another."""

import re
from collections.abc import Mapping

COMPUTE = "compute.googleapis.com"
_API_LINK = re.compile(
    r"https?://(?P<host>[a-z0-9.-]+?)\.googleapis\.com/(?:(?P<api>[a-z]+)/)?(?:v\d\w*|beta|alpha|projects)/(?P<path>.+)"
)
_HOSTS = {"sql": "cloudsql", "sqladmin": "cloudsql", "bigtableadmin": "bigtable"}
_ZONE = re.compile(r"([a-z]+(?:-[a-z]+)+\d+)-[a-z]")
_PLACE = re.compile(r"/(?:zones|regions|locations)/([^/]+)")
_PROJECT = re.compile(r"(?:^|/)projects/([^/]+)")
_KEY_VERSION = re.compile(r"/cryptoKeyVersions/[^/]+$")
_VERSION = re.compile(r"/versions/[^/]+$")


def full_name(value: str, host: str = COMPUTE) -> str:
    """The Cloud Asset name of what a link, a relative path or a full name points at.

    `host` is the service that a relative path belongs to. What is none of these comes back as it is: it may be an
    alias, such as an e-mail address.
    """
    if value.startswith("//"):
        return value
    if value.startswith(("projects/", "organizations/", "folders/", "locations/")):
        return f"//{host}/{_KEY_VERSION.sub('', value)}"
    if not value.startswith("http"):
        return value
    match = _API_LINK.fullmatch(value)
    if match is None:
        return value
    service = (match["api"] or match["host"]) if match["host"] == "www" else match["host"]
    path = match["path"]
    if service == "storage":
        return f"//storage.googleapis.com/{path.removeprefix('b/')}"
    if not path.startswith(("projects/", "organizations/", "folders/")) and "/projects/" in value:
        path = "projects/" + path
    return f"//{_HOSTS.get(service, service)}.googleapis.com/{path}"


def host_of(name: str) -> str:
    """The service part of a full name, empty where it has none."""
    return name[2:].partition("/")[0] if name.startswith("//") else ""


def last_part(name: str) -> str:
    """What stands after the last slash, or the whole name."""
    return name.rstrip("/").rpartition("/")[2] or name


def project_of(name: str) -> str:
    """Id or number of the project in a name; empty where there is none."""
    match = _PROJECT.search(name)
    return match[1] if match else ""


def place_of(location: object, name: str) -> str:
    """The region: a zone's own region, multi-regions as they are, "global" where nothing says otherwise."""
    place = location if isinstance(location, str) and location else ""
    if not place:
        match = _PLACE.search(name)
        place = match[1] if match else "global"
    place = place.lower()
    zone = _ZONE.fullmatch(place)
    return zone[1] if zone else place


def project_number(ancestors: object) -> str:
    """The number of the nearest project above an asset; empty for what is above projects."""
    if isinstance(ancestors, list):
        for ancestor in ancestors:
            if isinstance(ancestor, str) and ancestor.startswith("projects/"):
                return ancestor[9:]
    return ""


def with_project_id(name: str, ids: Mapping[str, str]) -> str:
    """The name with the project's id where it has the number of a known one."""
    number = project_of(name)
    return name.replace(f"projects/{number}", f"projects/{ids[number]}", 1) if number in ids else name


def audited_name(service: str, resource: str, project: str) -> str:
    """The Cloud Asset name of what an audit entry names by its service and a path; empty where it names nothing."""
    if not resource or not service.endswith("googleapis.com"):
        return ""
    if resource.startswith("//"):
        return resource
    if service == "storage.googleapis.com":
        return "//storage.googleapis.com/" + resource.removeprefix("projects/_/buckets/").partition("/objects/")[0]
    label = service.removesuffix(".googleapis.com")
    path = resource.replace("projects/-/", f"projects/{project}/", 1)
    return f"//{_HOSTS.get(label, label)}.googleapis.com/{_VERSION.sub('', path) if label == 'secretmanager' else path}"
