"""The company: its teams, applications and how it tags."""

from dataclasses import dataclass

MAIN, EUROPE = "us-east-1", "eu-west-1"
REGIONS = (MAIN, EUROPE)


@dataclass(frozen=True, kw_only=True)
class Application:
    """One thing the company runs, and the team that does."""

    name: str
    team: str
    owner: str
    cost_center: str


APPLICATIONS = {
    application.name: application
    for application in (
        Application(name="storefront", team="web", owner="maya@acme.example", cost_center="CC-1010"),
        Application(name="checkout", team="payments", owner="jonas@acme.example", cost_center="CC-1020"),
        Application(name="search", team="web", owner="maya@acme.example", cost_center="CC-1010"),
        Application(name="analytics", team="data", owner="priya@acme.example", cost_center="CC-2010"),
        Application(name="identity", team="platform", owner="tomas@acme.example", cost_center="CC-3010"),
        Application(name="platform", team="platform", owner="tomas@acme.example", cost_center="CC-3010"),
    )
}


def tags(name: str, application: str, environment: str, **more: str) -> dict[str, str]:
    """The company's tags of a resource."""
    of = APPLICATIONS[application]
    return {
        "Name": name,
        "application": of.name,
        "team": of.team,
        "owner": of.owner,
        "cost-center": of.cost_center,
        "environment": environment,
        "managed-by": "terraform",
        **more,
    }


def tag_list(values: dict[str, str]) -> list[dict[str, str]]:
    """AWS's usual list of tags."""
    return [{"Key": key, "Value": value} for key, value in values.items()]


def tag_specification(kind: str, values: dict[str, str]) -> list[dict[str, object]]:
    """EC2's tags at creation."""
    return [{"ResourceType": kind, "Tags": tag_list(values)}]
