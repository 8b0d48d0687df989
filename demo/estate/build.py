"""Builds the whole estate, in one fixed order so that its ids stay."""

from demo.cloud import DemoCloud
from demo.estate.company import EUROPE, MAIN, REGIONS
from demo.estate.compute import (
    leave_things_behind,
    make_alarms_and_logs,
    make_containers,
    make_functions,
    make_instances,
    make_load_balancers,
    put_metrics,
)
from demo.estate.data import make_buckets, make_caches_and_tables, make_databases, make_messaging, make_security
from demo.estate.ledger import Ledger
from demo.estate.network import Network, make_network, remove_default_networks
from demo.estate.people import make_people

PLACES = (
    ("prod", MAIN, 10, True, True),
    ("staging", MAIN, 20, False, True),
    ("prod", EUROPE, 30, True, True),
    ("dev", EUROPE, 40, False, False),
)


def build_estate(cloud: DemoCloud) -> Ledger:
    """Fill an empty cloud; what costs money stands in the ledger."""
    account = cloud.client("sts", MAIN).get_caller_identity()["Account"]
    ledger = Ledger(account)
    with cloud.days_ago(430):
        for region in REGIONS:
            remove_default_networks(cloud, region)
            # moto says another instant of creation of it at each read, which is a change to write down at each sync.
            cloud.client("athena", region).delete_work_group(WorkGroup="primary")
    profile, functions_role = make_people(cloud)
    make_buckets(cloud, ledger)
    networks: dict[tuple[str, str], Network] = {}
    with cloud.days_ago(390):
        for environment, region, octet, flow_log, nat in PLACES:
            networks[environment, region] = make_network(
                cloud, ledger, region, environment, octet, flow_log=flow_log, nat=nat
            )
    make_security(cloud, ledger)
    alarms_topic = make_messaging(cloud, ledger)
    instances = make_instances(cloud, ledger, networks, profile)
    make_load_balancers(cloud, ledger, networks, instances)
    make_databases(cloud, ledger, networks)
    make_caches_and_tables(cloud, ledger)
    make_functions(cloud, ledger, functions_role)
    make_containers(cloud, ledger, functions_role)
    leave_things_behind(cloud, ledger)
    make_alarms_and_logs(cloud, ledger, instances, alarms_topic)
    put_metrics(cloud, instances)
    return ledger
