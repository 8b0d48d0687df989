"""Starting the simulator, and what a test or a demonstration may do to it while it runs."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from simulators.common import FaultPlan, ServerHandle, serve_in_thread
from simulators.common.faults import Fault
from simulators.common.http import Application, CallLog
from simulators.gcp.api import Api, refusal
from simulators.gcp.assets import Asset
from simulators.gcp.estate import Estate
from simulators.gcp.tokens import Tokens


@dataclass(frozen=True, kw_only=True)
class GcpHandle:
    """A running Google Cloud."""

    server: ServerHandle
    estate: Estate
    api: Api
    tokens: Tokens

    @property
    def url(self) -> str:
        """Where every service is."""
        return self.server.url

    @property
    def calls(self) -> CallLog:
        """What was asked."""
        return self.server.calls

    @property
    def faults(self) -> FaultPlan:
        """What goes wrong."""
        return self.server.faults

    def fault(self, kind: str, match: str = "/assets", **more: Any) -> Fault:
        """Let matching answers go wrong: see `Fault`."""
        return self.faults.add(Fault(kind=kind, match=match, **more))

    def credentials(self) -> dict[str, Any]:
        """The service account's key as the product takes it."""
        return {"kind": "service_account", "key": self.tokens.key_file(self.url)}

    def federated_credentials(self, token_file: str) -> dict[str, Any]:
        """Workload identity federation with a subject token in a file."""
        audience = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/own"
        config = {
            "type": "external_account",
            "audience": audience,
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": f"{self.url}/v1/token",
            "credential_source": {"file": token_file},
        }
        return {"kind": "workload_identity", "config": config}

    def feed_message(self, asset: Asset, *, prior: Asset | None = None, deleted: bool = False) -> dict[str, Any]:
        """What an asset feed pushes through Pub/Sub about a change."""
        content = asset.listed("RESOURCE") or {}
        if deleted:
            content = {"name": asset.name, "assetType": asset.asset_type, "ancestors": list(asset.ancestors)}
        told: dict[str, Any] = {
            "asset": content,
            "window": {"startTime": asset.updated_at},
            "priorAssetState": "PRESENT" if prior or deleted else "DOES_NOT_EXIST",
        }  # fmt: skip
        if deleted:
            told["deleted"] = True
        if prior or deleted:
            told["priorAsset"] = (prior or asset).listed("RESOURCE")
        return push_envelope(told)

    def audit(self, asset: Asset, method: str, actor: str, at: str) -> None:
        """Note in the activity log that somebody did something to an asset."""
        host, _, path = asset.name.removeprefix("//").partition("/")
        self.estate.audit_entries.append(
            {
                "logName": f"projects/{asset.project}/logs/cloudaudit.googleapis.com%2Factivity",
                "insertId": base64.b32encode(orjson.dumps([asset.name, at]))[-12:].decode().lower(),
                "timestamp": at,
                "resource": {"type": "audited_resource", "labels": {"project_id": asset.project}},
                "protoPayload": {
                    "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
                    "serviceName": host,
                    "methodName": method,
                    "resourceName": path,
                    "authenticationInfo": {"principalEmail": actor},
                },
            }
        )

    def stop(self) -> None:
        """Close the server."""
        self.server.stop()


def push_envelope(document: Mapping[str, Any] | str) -> dict[str, Any]:
    """A Pub/Sub push request's body around a document, or around a text such as the feed's welcome."""
    data = document.encode() if isinstance(document, str) else orjson.dumps(document)
    return {
        "message": {
            "data": base64.b64encode(data).decode(),
            "messageId": "2070443601311540",
            "publishTime": "2026-11-20T10:00:00.123Z",
            "attributes": {},
        },
        "subscription": "projects/acme/subscriptions/cloudops",
    }


def serve(
    estate: Estate,
    *,
    port: int = 0,
    faults: FaultPlan | None = None,
    latency_seconds: float = 0.0,
    key_file: Path | None = None,
) -> GcpHandle:
    """Serve an estate on loopback. Raises OSError when the port is taken.

    `key_file`: where the service account's private key is kept, so that it works at the next start too.
    """
    first = next(iter(estate.projects()))
    tokens = Tokens(f"cloudops@{first.id}.iam.gserviceaccount.com", first.id, kept_key=key_file)
    api = Api(estate, tokens)
    application = Application(api.answer, refusal, faults or FaultPlan(), CallLog(), latency_seconds=latency_seconds)
    return GcpHandle(server=serve_in_thread(application, estate, port=port), estate=estate, api=api, tokens=tokens)
