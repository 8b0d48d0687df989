"""Signing in through azure-identity over TLS, and the official SDK against the same simulator."""

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from app.providers.azure import AzureProvider
from app.providers.azure.clouds import CLOUDS, cloud_of
from app.providers.azure.credentials import make_token_source, read_assertion
from app.providers.azure.errors import AzureError
from app.providers.base import Connection, ErrorKind, ProviderError, UnitState
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.identity import ClientSecretCredential
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.resourcegraph import ResourceGraphClient
from azure.mgmt.resourcegraph.models import QueryRequest, QueryRequestOptions
from tests.providers.azure.conftest import connection_to, static_token, unit_of

from simulators.azure import DEFAULT_CLIENT, DEFAULT_SECRET, Application, AzureSimulator, demo_estate, serve
from simulators.azure.company.maker import PROD
from simulators.azure.tls import make_certificate, make_server_files

FEDERATED, CERTIFIED = "33333333-aaaa-4bbb-8ccc-444444444444", "55555555-aaaa-4bbb-8ccc-666666666666"


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[AzureSimulator, str]]:
    """The company over https, with the file of the authority that signed its certificate."""
    authority, certificate, key = make_server_files(tmp_path_factory.mktemp("tls"))
    with serve(demo_estate(), tls=(certificate, key)) as running:
        yield running, str(authority)


async def collect_messaging(
    provider: AzureProvider, secure: tuple[AzureSimulator, str], credentials: dict[str, Any]
) -> Any:
    cloud, authority = secure
    connection = connection_to(
        cloud, credentials=credentials, extra_ca_file=authority, connection_id=str(sorted(credentials.items()))
    )
    return await provider.collect(connection, unit_of(cloud, "messaging"), budget_seconds=60)


def outside_token(issuer: str, subject: str, *, seconds: int = 600) -> str:
    """What a cluster or a pipeline writes into its token file; the directory checks the signature, not we."""
    parts = [{"alg": "RS256"}, {"iss": issuer, "sub": subject, "exp": int(time.time()) + seconds}]
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return f"{encoded[0]}.{encoded[1]}.c2ln"


async def test_a_client_secret_signs_in(provider: AzureProvider, secure: tuple[AzureSimulator, str]) -> None:
    credentials = dict(connection_to(secure[0]).credentials)
    assert (await collect_messaging(provider, secure, credentials)).state is UnitState.COMPLETE
    refused = await collect_messaging(provider, secure, credentials | {"client_secret": "guessed"})
    assert (refused.state, refused.errors[0].kind) == (UnitState.FAILED, ErrorKind.BAD_CREDENTIALS)
    assert refused.errors[0].message.startswith("AADSTS7000215: Invalid client secret")
    assert "guessed" not in repr(refused)


async def test_a_certificate_signs_in(provider: AzureProvider, secure: tuple[AzureSimulator, str]) -> None:
    (certificate, key), (strange, strange_key) = make_certificate("ours"), make_certificate("theirs")
    secure[0].tokens.register(Application(CERTIFIED, certificates=[certificate]))
    credentials = {"kind": "certificate", "tenant_id": secure[0].estate.tenant_id, "client_id": CERTIFIED}
    ours = credentials | {"certificate": (certificate + key).decode()}
    assert (await collect_messaging(provider, secure, ours)).state is UnitState.COMPLETE
    theirs = credentials | {"certificate": (strange + strange_key).decode()}
    refused = await collect_messaging(provider, secure, theirs)
    assert (refused.state, refused.errors[0].kind) == (UnitState.FAILED, ErrorKind.BAD_CREDENTIALS)
    broken = await collect_messaging(provider, secure, credentials | {"certificate": "no certificate"})
    assert (broken.state, broken.errors[0].kind) == (UnitState.FAILED, ErrorKind.BAD_CREDENTIALS)


async def test_a_federated_token_signs_in_and_is_read_anew(
    provider: AzureProvider, secure: tuple[AzureSimulator, str], tmp_path: Path
) -> None:
    cloud = secure[0]
    cloud.tokens.register(Application(FEDERATED, federated={("https://issuer.example", "job:sync")}))
    file = tmp_path / "token"
    file.write_text(outside_token("https://issuer.example", "job:sync"))
    credentials = {
        "kind": "federated", "tenant_id": cloud.estate.tenant_id, "client_id": FEDERATED, "token_file": str(file)
    }  # fmt: skip
    assert (await collect_messaging(provider, secure, credentials)).state is UnitState.COMPLETE
    file.write_text(outside_token("https://issuer.example", "job:other"))
    assert (await collect_messaging(provider, secure, credentials)).state is UnitState.COMPLETE  # the token still lives
    cloud.tokens.revoke_all()
    refused = await collect_messaging(provider, secure, credentials)
    assert {error.kind for error in refused.errors} == {ErrorKind.BAD_CREDENTIALS}
    file.write_text(outside_token("https://issuer.example", "job:sync"))
    assert (await collect_messaging(provider, secure, credentials)).state is UnitState.COMPLETE


async def test_ambient_credentials_come_from_the_environment(
    provider: AzureProvider, secure: tuple[AzureSimulator, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (
        ("TENANT_ID", secure[0].estate.tenant_id), ("CLIENT_ID", DEFAULT_CLIENT), ("CLIENT_SECRET", DEFAULT_SECRET)
    ):  # fmt: skip
        monkeypatch.setenv(f"AZURE_{name}", value)
    assert (await collect_messaging(provider, secure, {"kind": "ambient"})).state is UnitState.COMPLETE


async def test_a_server_of_an_unknown_authority_is_not_trusted(
    provider: AzureProvider, secure: tuple[AzureSimulator, str]
) -> None:
    connection = connection_to(secure[0], connection_id="without the authority")
    result = await provider.collect(connection, unit_of(secure[0], "messaging"), budget_seconds=60)
    assert result.state is UnitState.FAILED
    assert result.errors[0].kind in (ErrorKind.UNREACHABLE, ErrorKind.BAD_CREDENTIALS)
    assert "certificate" in result.errors[0].message.lower()


async def test_a_fixed_token_is_taken_on_loopback_without_tls_only(
    provider: AzureProvider, secure: tuple[AzureSimulator, str], steady: AzureSimulator
) -> None:
    plain = connection_to(steady, credentials=static_token(), connection_id="fixed")
    assert await provider.plan(plain) != []
    for endpoint in (secure[0].url, "http://10.1.2.3:80", None):
        refused = Connection(connection_id="x", credentials=static_token(), endpoint_url=endpoint)
        with pytest.raises(ProviderError) as caught:
            await provider.plan(refused)
        assert caught.value.kind is ErrorKind.BAD_CREDENTIALS


@pytest.mark.parametrize(
    "content", ["root:x:0:0:root:/root:/bin/sh", "a.b", "a.b.c.d", "a..c", "a.b c.d", "é.b.c", "", "x" * 20_000]
)
def test_a_file_that_holds_no_token_is_never_sent(tmp_path: Path, content: str) -> None:
    file = tmp_path / "token"
    file.write_text(content)
    with pytest.raises(AzureError) as caught:
        read_assertion(str(file))
    assert caught.value.kind is ErrorKind.BAD_CREDENTIALS
    with pytest.raises(AzureError):
        read_assertion(str(tmp_path / "absent"))


@pytest.mark.parametrize(
    ("name", "authority", "manager"),
    [
        ("public", "https://login.microsoftonline.com", "https://management.azure.com"),
        ("china", "https://login.chinacloudapi.cn", "https://management.chinacloudapi.cn"),
        ("government", "https://login.microsoftonline.us", "https://management.usgovcloudapi.net"),
    ],
)
def test_sovereign_clouds_have_their_own_addresses(
    name: str, authority: str, manager: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}

    def made(*arguments: Any, **options: Any) -> Any:
        seen.update(options, arguments=arguments)
        return object()

    monkeypatch.setattr("azure.identity.ClientSecretCredential", made)
    credentials = {"kind": "client_secret", "tenant_id": "t", "client_id": "c", "client_secret": "s"}
    connection = Connection(connection_id="x", credentials=credentials, scope={"cloud": name})
    cloud = cloud_of(connection)
    source = make_token_source(connection, cloud, verify=True)
    assert (seen["authority"], cloud.manager, source._scope) == (authority, manager, f"{manager}/.default")
    assert "disable_instance_discovery" not in seen
    assert set(CLOUDS) == {"public", "china", "government"}


async def test_a_cloud_that_there_is_not_is_refused(provider: AzureProvider, steady: AzureSimulator) -> None:
    with pytest.raises(ProviderError, match="no Azure cloud"):
        await provider.plan(connection_to(steady, scope={"cloud": "moon"}))


def sdk(secure: tuple[AzureSimulator, str]) -> ResourceGraphClient:
    cloud, authority = secure
    options: dict[str, Any] = {"connection_verify": authority}
    credential = ClientSecretCredential(
        cloud.estate.tenant_id, DEFAULT_CLIENT, DEFAULT_SECRET, authority=cloud.url, disable_instance_discovery=True,
        **options,
    )  # fmt: skip
    scopes = ["https://management.azure.com/.default"]
    return ResourceGraphClient(credential, base_url=cloud.url, credential_scopes=scopes, retry_total=0, **options)


def test_the_official_sdk_reads_the_simulator_page_by_page(secure: tuple[AzureSimulator, str]) -> None:
    client, token, rows = sdk(secure), None, list[Any]()
    query = "resources | project id, name, type, properties | order by id asc"
    while True:
        options = QueryRequestOptions(top=50, skip_token=token, result_format="objectArray")
        answer = client.resources(QueryRequest(query=query, options=options))
        assert answer.count == len(answer.data)
        assert answer.result_truncated == "false"
        rows += answer.data
        token = answer.skip_token
        if token is None:
            break
    held = [row for row in secure[0].estate.rows() if row.template.table == "resources"]
    assert answer.total_records == len(rows) == len(held)
    assert [row["id"].lower() for row in rows] == [row.key for row in held]
    assert all(row["type"] == row["type"].lower() for row in rows)


def test_the_official_sdk_reads_groups_and_resources(secure: tuple[AzureSimulator, str]) -> None:
    cloud, authority = secure
    options: dict[str, Any] = {"connection_verify": authority}
    credential = ClientSecretCredential(
        cloud.estate.tenant_id, DEFAULT_CLIENT, DEFAULT_SECRET, authority=cloud.url, disable_instance_discovery=True,
        **options,
    )  # fmt: skip
    scopes = ["https://management.azure.com/.default"]
    client = ResourceManagementClient(
        credential, PROD, base_url=cloud.url, credential_scopes=scopes, retry_total=0, **options
    )
    group: Any = client.resource_groups.get("ACME-WEB")
    assert (group.name, group.location, group.tags["team"]) == ("acme-web", "westeurope", "web")
    machines, version = f"{group.id}/providers/Microsoft.Compute/virtualMachines", "2024-07-01"
    machine: Any = client.resources.get_by_id(f"{machines}/web-01", api_version=version)
    assert machine.properties["hardwareProfile"] == {"vmSize": "Standard_D4s_v5"}
    with pytest.raises(ResourceNotFoundError):
        client.resources.get_by_id(f"{machines}/absent", api_version=version)


def test_the_official_sdk_understands_the_simulators_refusals(secure: tuple[AzureSimulator, str]) -> None:
    with pytest.raises(HttpResponseError) as caught:
        sdk(secure).resources(QueryRequest(query="resources | where type =~ 'unclosed"))
    assert caught.value.status_code == 400
    assert caught.value.error is not None
    assert caught.value.error.code == "BadRequest"
    with pytest.raises(HttpResponseError) as caught:
        sdk(secure).resources(QueryRequest(query="nowhere | take 1"))
    assert "nowhere" in str(caught.value)
