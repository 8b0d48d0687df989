"""Estates: the demonstration company, and the same company at any size."""

from simulators.gcp.assets import Builder
from simulators.gcp.estate import Estate
from simulators.gcp.machines import make_machines
from simulators.gcp.network import make_networks
from simulators.gcp.organization import make_identities, make_organization
from simulators.gcp.platform import make_platform
from simulators.gcp.stores import make_stores

ORGANIZATION, DOMAIN = "812004517733", "acme.example"


def demo_estate() -> Estate:
    """Acme's Google Cloud: an organization with five projects, a VPN to its AWS network, and a few mistakes."""
    return make_estate()


def make_estate(*, seed: int = 0, assets: int | None = None, organization: str = ORGANIZATION) -> Estate:
    """The company, its projects copied until there are so many assets; None: once. Seeds differ in every id."""
    made = Builder(organization=organization, domain=DOMAIN, seed=seed)
    projects = make_organization(made)
    make_identities(made, projects)
    links = make_networks(made, projects)
    make_machines(made, projects, links)
    make_stores(made, projects, links)
    make_platform(made, projects)
    return Estate(organization, made.assets, made.projects, total=assets)
