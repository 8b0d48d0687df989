"""Ready-made estates: the demonstration company, and any size of it."""

from simulators.azure.company.apps import make_apps
from simulators.azure.company.data import make_data
from simulators.azure.company.edges import make_edges
from simulators.azure.company.governance import make_governance, make_subscriptions
from simulators.azure.company.machines import make_machines
from simulators.azure.company.maker import PROD, SHARED, TENANT_ID, Maker
from simulators.azure.company.networks import make_networks
from simulators.azure.company.services import make_services
from simulators.azure.estate import Estate


def demo_estate(seed: int = 1, *, tenant_id: str = TENANT_ID, name: str = "Acme") -> Estate:
    """About 250 resources of the company, with real mistakes among them."""
    estate = Estate(tenant_id, name)
    maker = Maker(estate, seed)
    make_subscriptions(maker)
    networks = make_networks(maker)
    make_edges(maker, networks[SHARED], networks[PROD])
    make_machines(maker, networks)
    make_data(maker)
    make_services(maker, networks)
    make_governance(maker)
    make_apps(maker)
    return estate


def large_estate(resources: int, seed: int = 1) -> Estate:
    """The same company as often as makes at least this many resources, made as they are asked for."""
    estate = demo_estate(seed)
    estate.grow_to(resources)
    return estate
