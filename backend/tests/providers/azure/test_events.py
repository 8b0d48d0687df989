"""What Event Grid tells, what is read again for it, and who did it."""

import json
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from app.providers.azure import AzureProvider
from app.providers.base import ErrorKind, ProviderError, ResourceTarget, stable_properties
from tests.providers.azure.conftest import collect_one, connection_to, resources_of, unit_of

from simulators.azure import AzureSimulator, Change, Grant, event_of, push, shake_hands
from simulators.azure.company.maker import DEV, PROD, SHARED

GROUP = f"/subscriptions/{PROD}/resourceGroups/acme-web"
MACHINE = f"{GROUP}/providers/Microsoft.Compute/virtualMachines/web-01"
GROUPS = f"/subscriptions/{PROD}/resourceGroups"
NETWORK = f"{GROUPS}/acme-prod-network/providers/Microsoft.Network/virtualNetworks/acme-prod"
ACCOUNT = f"{GROUPS}/acme-storefront-data/providers/Microsoft.Storage/storageAccounts/acmeprodassets"
VM, STORE = "Microsoft.Compute/virtualMachines", "Microsoft.Storage/storageAccounts"
GROUP_TYPE = "Microsoft.Resources/subscriptions/resourceGroups"
QUBIT = f"{GROUP}/providers/Contoso.Quantum/qubits/q"
WRITE = "Microsoft.Resources.ResourceWriteSuccess"
UPN = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"


def grid_event(subject: str, kind: str = WRITE, **data: Any) -> dict[str, Any]:
    """As "Azure subscription as an Event Grid source" shows it."""
    return {
        "subject": subject,
        "source": f"/subscriptions/{PROD}",
        "eventType": kind,
        "eventTime": "2026-11-20T08:15:30.1234567Z",
        "id": "4db48cba-50a2-455a-93b4-de41a3b5b7f6",
        "dataVersion": "2",
        "metadataVersion": "1",
        "topic": f"/subscriptions/{PROD}",
        "data": {
            "authorization": {"scope": subject, "action": "x", "evidence": {"role": "Owner", "principalId": "abc"}},
            "claims": {"aud": "https://management.core.windows.net/", UPN: "maya@acme.example", "appid": "c4"},
            "correlationId": "c", "resourceProvider": "Microsoft.Compute", "resourceUri": subject,
            "operationName": "Microsoft.Compute/virtualMachines/write", "status": "Succeeded",
            "subscriptionId": PROD, "tenantId": "t", **data,
        },
    }  # fmt: skip


def test_a_write_names_the_resource_the_actor_and_the_action(provider: AzureProvider) -> None:
    event = provider.parse_events(grid_event(MACHINE))[0]
    assert event.at == datetime(2026, 11, 20, 8, 15, 30, 123456, tzinfo=UTC)
    assert (event.id, event.actor, event.action, event.account) == (
        "4db48cba-50a2-455a-93b4-de41a3b5b7f6", "maya@acme.example", "Microsoft.Compute/virtualMachines/write", PROD
    )  # fmt: skip
    target = event.targets[0]
    assert (target.native_id, target.native_type, target.account) == (
        MACHINE,
        "Microsoft.Compute/virtualMachines",
        PROD,
    )


def test_events_of_cloud_events_and_of_resource_notifications_are_understood(provider: AzureProvider) -> None:
    cloud_event = {
        "specversion": "1.0", "id": "e1", "type": "Microsoft.ResourceNotifications.Resources.Deleted",
        "source": f"/subscriptions/{PROD}", "subject": MACHINE, "time": "2026-11-20T08:15:30Z",
        "data": {"resourceInfo": {"id": MACHINE, "name": "web-01", "type": "Microsoft.Compute/virtualMachines"},
                 "operationalInfo": {"resourceEventTime": "2026-11-20T08:15:29Z"}, "apiVersion": "2024-07-01"},
    }  # fmt: skip
    event = provider.parse_events(cloud_event)[0]
    assert (event.targets[0].native_id, event.actor, event.account) == (MACHINE, None, PROD)
    many = provider.parse_events([grid_event(MACHINE), cloud_event])
    assert len(many) == 2


@pytest.mark.parametrize(
    ("subject", "target", "kind"),
    [
        (f"{ACCOUNT}/blobServices/default/containers/x", ACCOUNT, STORE),
        (f"{ACCOUNT}/providers/Microsoft.Insights/diagnosticSettings/x", ACCOUNT, STORE),
        (f"{MACHINE}/providers/Microsoft.Resources/tags/default", MACHINE, VM),
        (f"{GROUP}/providers/Microsoft.Resources/tags/default", GROUP, GROUP_TYPE),
        (f"{GROUP}/providers/Microsoft.Authorization/locks/x", GROUP, GROUP_TYPE),
        (f"{NETWORK}/subnets/web", f"{NETWORK}/subnets/web", "Microsoft.Network/virtualNetworks/subnets"),
        (f"{QUBIT}/states/s", QUBIT, "contoso.quantum/qubits"),
        (MACHINE.upper(), MACHINE.upper(), VM),
        (f"{GROUP}/providers/Microsoft.Resources/deployments/d", None, None),
        ("/tenants/x", None, None),
        ("", None, None),
    ],
)  # fmt: skip
def test_settings_lead_to_the_resource_that_they_belong_to(
    provider: AzureProvider, subject: str, target: str | None, kind: str | None
) -> None:
    found = [one for event in provider.parse_events(grid_event(subject)) for one in event.targets]
    assert [(one.native_id, one.native_type) for one in found] == ([(target, kind)] if target else [])


def test_the_handshake_and_other_events_concern_no_resource(provider: AzureProvider) -> None:
    handshake = grid_event("", "Microsoft.EventGrid.SubscriptionValidationEvent", validationCode="512d38b6")
    assert list(provider.parse_events(handshake)) == []
    for kind in ("Microsoft.Storage.BlobCreated", "Microsoft.Resources.ResourceWriteFailure", "Contoso.Thing"):
        assert list(provider.parse_events(grid_event(MACHINE, kind))) == []


@pytest.mark.parametrize(
    "message",
    [
        {}, {"id": "x"}, {"eventType": WRITE}, [1], ["x"], [[]], "text", None, 7,
        {"eventType": 5, "id": "x", "eventTime": "2026-01-01T00:00:00Z", "data": {}},
        {"eventType": WRITE, "id": "x", "eventTime": "yesterday", "data": {}},
        {"eventType": WRITE, "id": "x", "eventTime": "2026-01-01T00:00:00Z"},
        {"eventType": WRITE, "id": "x", "eventTime": "2026-01-01T00:00:00Z", "data": []},
    ],
)  # fmt: skip
def test_what_is_no_event_is_refused(provider: AzureProvider, message: Any) -> None:
    with pytest.raises(ProviderError) as caught:
        provider.parse_events(message)
    assert caught.value.kind is ErrorKind.INVALID_ANSWER


def test_claims_as_text_and_clocks_that_run_ahead(provider: AzureProvider) -> None:
    event = grid_event(MACHINE, claims='{"appid": "an-application"}', authorization="{}")
    assert provider.parse_events(event)[0].actor == "an-application"
    event = grid_event(MACHINE, claims="no json", authorization='{"evidence": {"principalId": "p1"}}')
    assert provider.parse_events(event)[0].actor == "p1"
    ahead = datetime.now(UTC) + timedelta(hours=5)
    event = grid_event(MACHINE) | {"eventTime": ahead.isoformat()}
    assert provider.parse_events(event)[0].at <= datetime.now(UTC)


@pytest.mark.parametrize(
    ("operation", "count"), [("listKeys", 0), ("ListAccountSas", 0), ("start", 1), ("deallocate", 1)]
)
def test_actions_that_only_look_are_no_changes(provider: AzureProvider, operation: str, count: int) -> None:
    event = grid_event(
        MACHINE, "Microsoft.Resources.ResourceActionSuccess", operationName=f"Microsoft.Compute/x/{operation}/action"
    )
    assert len(provider.parse_events(event)) == count


async def read_back(provider: AzureProvider, cloud: AzureSimulator, native_id: str, **changes: Any) -> Any:
    target = ResourceTarget(native_id=native_id)
    return await provider.read_back(connection_to(cloud, **changes), target, budget_seconds=60)


@pytest.mark.parametrize("service", ["compute", "network", "storage", "databases", "web", "messaging", "containers"])
async def test_a_resource_read_again_unchanged_is_what_the_listing_gave(
    steady: AzureSimulator, provider: AzureProvider, service: str
) -> None:
    listed = await collect_one(provider, steady, service)
    one_a_type = {resource.native_type: (key, resource) for key, resource in resources_of([listed]).items()}
    for key, resource in one_a_type.values():
        again = await read_back(provider, steady, resource.native_id.upper() if "disks" in key else resource.native_id)
        assert again.errors == (), key
        same = resources_of([again])[key]
        assert stable_properties(same) == stable_properties(resource), key
        assert (same.status, same.region, same.name, same.tags, same.type, same.created_at) == (
            resource.status, resource.region, resource.name, resource.tags, resource.type, resource.created_at
        ), key  # fmt: skip
        assert (again.unit, again.gone) == (listed.unit, frozenset())


async def test_a_change_is_seen_at_once(cloud: AzureSimulator, provider: AzureProvider) -> None:
    cloud.estate.change(MACHINE, {"tags": {"team": "search"}}, actor="priya@acme.example")
    event = provider.parse_events(event_of(cloud.estate.changes[-1]))[0]
    assert (event.actor, event.targets[0].native_id, event.account) == ("priya@acme.example", MACHINE.lower(), PROD)
    again = await provider.read_back(connection_to(cloud), event.targets[0], budget_seconds=60)
    assert again.resources[0].tags["team"] == "search"
    assert again.call_count <= 4
    cloud.estate.remove(MACHINE)
    again = await read_back(provider, cloud, MACHINE)
    assert (again.resources, again.gone, again.errors) == ((), frozenset({MACHINE.lower()}), ())


def test_the_simulator_delivers_as_event_grid_does(steady: AzureSimulator, provider: AzureProvider) -> None:
    received: list[Any] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            received.append((self.headers["aeg-event-type"], content))
            code = content[0]["data"].get("validationCode")
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"validationResponse": code} if code else {}).encode())

    with HTTPServer(("127.0.0.1", 0), Hook) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/hook"
        shake_hands(url)
        change = Change(MACHINE, VM, "Delete", datetime.now(UTC), "maya@acme.example", f"{VM}/delete")
        push(url, [change])
        server.shutdown()
    assert [kind for kind, _ in received] == ["SubscriptionValidation", "Notification"]
    assert list(provider.parse_events(received[0][1])) == []
    assert [event.id for event in provider.parse_events(received[1][1])] == [change.id]


async def test_a_subnet_is_read_with_its_network_and_closed_with_it(
    cloud: AzureSimulator, provider: AzureProvider
) -> None:
    again = await read_back(provider, cloud, f"{NETWORK}/subnets/web")
    assert {one.type for one in again.resources} == {"network.vpc", "network.subnet", "network.peering"}
    gone = await read_back(provider, cloud, f"{NETWORK}/subnets/Removed")
    assert gone.gone == frozenset({f"{NETWORK}/subnets/removed".lower()})
    assert len(gone.resources) == len(again.resources)


async def test_a_failed_read_closes_nothing(cloud: AzureSimulator, provider: AzureProvider) -> None:
    for fault, kind in (
        ({"kind": "status", "status": 500}, ErrorKind.UNREACHABLE),
        ({"kind": "malformed"}, ErrorKind.INVALID_ANSWER),
        ({"kind": "schema"}, ErrorKind.INVALID_ANSWER),
        ({"kind": "cut"}, ErrorKind.UNREACHABLE),
    ):
        planned = cloud.faults.plan(where="GET .*/virtualMachines/web-01", times=100, **fault)
        again = await read_back(provider, cloud, MACHINE)
        assert (again.gone, again.resources, again.errors[0].kind) == (frozenset(), (), kind), fault
        planned.times = 0
    cloud.estate.grants = [Grant(not_actions=("Microsoft.Compute/virtualMachines/read",))]
    again = await read_back(provider, cloud, MACHINE)
    assert (again.gone, again.errors[0].permission) == (frozenset(), "Microsoft.Compute/virtualMachines/read")


async def test_what_the_connection_does_not_read_is_not_read_again(
    steady: AzureSimulator, provider: AzureProvider
) -> None:
    again = await read_back(provider, steady, MACHINE, scope={"subscriptions": [DEV]}, connection_id="other")
    assert (again.resources, again.gone, again.errors[0].kind) == ((), frozenset(), ErrorKind.NOT_ENABLED)
    for odd in ("", "no id", "//x", "arn:aws:s3:::bucket", f"{GROUP}/providers/Microsoft.Resources/deployments/d"):
        again = await read_back(provider, steady, odd)
        assert (again.resources, again.gone, again.errors[0].kind) == ((), frozenset(), ErrorKind.INVALID_ANSWER)


async def test_a_version_that_the_provider_does_not_take_is_replaced(
    steady: AzureSimulator, provider: AzureProvider
) -> None:
    widget = f"/subscriptions/{SHARED}/resourceGroups/acme-logs/providers/Acme.Custom/widgets/not-modelled"
    again = await read_back(provider, steady, widget)
    assert (again.errors, again.resources[0].native_type) == ((), "acme.custom/widgets")
    assert again.resources[0].properties["properties"]["adminPassword"] == "(redacted)"


async def test_who_changed_what_comes_from_the_history_and_then_the_log(
    cloud: AzureSimulator, provider: AzureProvider
) -> None:
    since = datetime.now(UTC) - timedelta(minutes=5)
    cloud.estate.change(MACHINE, {"tags": {"team": "a"}}, actor="priya@acme.example")
    cloud.estate.change(ACCOUNT, {"tags": {"team": "b"}}, actor="")
    unit = unit_of(cloud, "compute")
    found = await provider.find_actors(connection_to(cloud), unit, since, budget_seconds=60)
    assert [(event.actor, event.targets[0].native_id, event.targets[0].native_type) for event in found] == [
        ("priya@acme.example", MACHINE.lower(), VM)
    ]
    assert found[0].action == "Microsoft.Compute/virtualMachines/write"
    assert not any("eventtypes" in call.path for call in cloud.calls)
    cloud.estate.changes[-1].actor = "Unspecified"
    cloud.estate.changes[-1].in_log = False
    named = type(cloud.estate.changes[-1])(
        ACCOUNT, STORE, "Update", datetime.now(UTC), "jonas@acme.example",
        "Microsoft.Storage/storageAccounts/write", in_history=False,
    )  # fmt: skip
    cloud.estate.changes.append(named)
    found = await provider.find_actors(connection_to(cloud), unit_of(cloud, "storage"), since, budget_seconds=60)
    assert [event.actor for event in found] == ["jonas@acme.example"]
    assert any("eventtypes" in call.path for call in cloud.calls)


async def test_a_log_that_may_not_be_read_is_an_error(cloud: AzureSimulator, provider: AzureProvider) -> None:
    cloud.estate.change(MACHINE, {}, actor="")
    cloud.estate.grants = [Grant(not_actions=("Microsoft.Insights/eventtypes/values/read",))]
    with pytest.raises(ProviderError) as caught:
        await provider.find_actors(
            connection_to(cloud), unit_of(cloud, "compute"), datetime.now(UTC) - timedelta(hours=1), budget_seconds=60
        )
    assert caught.value.permission == "Microsoft.Insights/eventtypes/values/read"
