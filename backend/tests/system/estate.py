"""One row of everything in an organization, written through the models, and what the OpenAPI document calls its id."""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.core.database import set_user, tenant_session
from app.core.ids import new_id
from app.core.tasks import Job
from app.domains.accounts.models import Account
from app.domains.alerts.models import Alert, AlertBacktest, AlertRule, AlertRuleFile, AlertUserState
from app.domains.audit.models import AuditSink
from app.domains.compliance.models import ComplianceIssue, ComplianceResult, ComplianceStandard
from app.domains.compliance.rules.mapping import STANDARDS
from app.domains.costs.models import CostImport
from app.domains.identity.models import ApiKey, CustomRole, Invitation, ServiceIdentity
from app.domains.identity.models.factors import FactorReset, Passkey
from app.domains.identity.models.organizations import OrganizationExport
from app.domains.identity.models.sso import ConnectionDomain, IdentityConnection
from app.domains.inventory.models import (
    CloudResource,
    EventSource,
    ResourceExport,
    ResourceVersion,
    ResourceView,
    SyncUnit,
)
from app.domains.metrics.models import MetricAnomaly, MetricObjective, MetricSource
from app.domains.notifications.models import (
    NotificationChannel,
    NotificationDelivery,
    NotificationRoute,
    NotificationRow,
)
from app.domains.topology.models import TopologyView

INSTALLATION_WIDE = frozenset({"standard_id"})  # the same in every organization, part of the catalogue
NOW = datetime(2026, 10, 1, tzinfo=UTC)
# Names under which the document's parameters and bodies take an id, beside the ones that are a thing's own.
OTHER_NAMES = {
    "assignee": "user_id",
    "assignee_id": "user_id",
    "actor_id": "user_id",
    "subject_id": "alert_id",
    "parent_id": "account_id",
    "root": "resource_id",
    "from": "resource_id",
    "to": "resource_id",
    "network_id": "resource_id",
    "group_id": "anomaly_id",
}


async def fill_organization(organization_id: UUID, user_id: UUID, session_id: UUID) -> dict[str, UUID]:
    """Rows of every kind; their ids by the name that routes use."""
    ids = {
        name: new_id()
        for name in (
            "account_id",
            "resource_id",
            "unit_id",
            "issue_id",
            "alert_id",
            "channel_id",
            "route_id",
            "import_id",
            "job_id",
            "delivery_id",
            "role_id",
            "api_key_id",
            "service_identity_id",
            "invitation_id",
            "provider_id",
            "export_id",
            "sink_id",
            "reset_id",
            "view_id",
            "rule_id",
            "file_id",
            "backtest_id",
            "anomaly_id",
            "objective_id",
            "source_id",
        )
    }
    ids |= {"factor_id": new_id(), "user_id": user_id, "session_id": session_id, "standard_id": STANDARDS[0].id}
    ids["organization_id"] = organization_id
    async with tenant_session(organization_id) as session:
        await set_user(session, user_id)  # factors are the person's own rows
        for rows in [*_rows(organization_id, ids), *_identity_rows(organization_id, ids)]:
            session.add_all(rows)
            await session.flush()
    return ids


def _rows(organization_id: UUID, ids: Mapping[str, UUID]) -> Iterator[list[Any]]:
    """Rows in an order that foreign keys allow."""
    own = {"organization_id": organization_id}
    account, resource, native = ids["account_id"], ids["resource_id"], "arn:aws:sqs:us-east-1:123456789012:orders"
    yield [
        Account(
            **own, id=account, provider="aws", name="Production", native_account_id="123456789012", status="connected",
            credentials_kind="ambient",
        ),
        Job(**own, id=ids["job_id"], kind="inventory.sync_account", state="failed", arguments={}),
        CostImport(**own, id=ids["import_id"], file_name="bill.csv", source="upload", source_path="none"),
        NotificationChannel(**own, id=ids["channel_id"], name="Mail", kind="email", config={"to": [], "roles": []}),
        ComplianceStandard(
            **own, id=ids["standard_id"], name="CIS AWS", version="5.0", provider="aws", score=Decimal(50),
            coverage_percent=Decimal(100), passed=1, failed=1, unknown=0, not_applicable=0, last_checked=NOW,
        ),
        Alert(
            **own, id=ids["alert_id"], fingerprint="f", source="compliance", title="Open to all", description="",
            severity="critical", labels={}, resource_id=resource, started_at=NOW, last_received_at=NOW,
        ),
    ]  # fmt: skip
    yield [
        NotificationRow(
            **own, id=ids["alert_id"], key="k", kind="alert", severity="critical", title="Open to all", body="",
            link="", subject_type="alert", subject_id=ids["alert_id"], labels={},
        ),
        EventSource(**own, id=new_id(), account_id=account, provider="aws", settings={"queue_url": "https://q.example"}),
        # Two kinds of views and of exports, each found by its own routes.
        ResourceView(**own, id=ids["view_id"], owner_id=ids["user_id"], name="Mine", shared=True, search="",
                     columns=["name"], sort="name"),
        TopologyView(**own, id=ids["view_id"], owner_id=ids["user_id"], name="Mine", shared=True, query={}),
        ResourceExport(**own, id=ids["export_id"], format="csv", state="failed", search="", filters={}, scope=[],
                       created_by=ids["user_id"]),
        SyncUnit(**own, id=ids["unit_id"], account_id=account, native_account="1", region="us-east-1", service="sqs"),
        NotificationRoute(
            **own, id=ids["route_id"], name="All", channel_id=ids["channel_id"], minimum_severity="info", kinds=[],
            labels={},
        ),
        AlertUserState(**own, id=ids["alert_id"]),
    ]  # fmt: skip
    yield _monitoring_rows(organization_id, ids)
    yield [
        CloudResource(
            **own, id=resource, account_id=account, unit_id=ids["unit_id"], provider="aws", native_account="1",
            region="us-east-1", service="sqs", native_id=native, native_type="AWS::SQS::Queue", type="queue",
            name="orders", content_hash=bytes(16), first_seen_at=NOW, last_seen_at=NOW,
        )
    ]  # fmt: skip
    yield [
        NotificationDelivery(
            **own, id=ids["delivery_id"], notification_id=ids["alert_id"], channel_id=ids["channel_id"],
            channel_kind="email", recipient="a@example.org", state="failed",
        ),
        ResourceVersion(**own, id=new_id(), resource_id=resource, account_id=account, kind="created"),
        ComplianceResult(
            **own, control_id="aws_sqs_queue_encrypted", resource_id=resource, account_id=account, control_version=1,
            state="FAIL", reason="", evaluated_at=NOW,
        ),
        ComplianceIssue(
            **own, id=ids["issue_id"], finding_key=hashlib.sha256(native.encode()).digest(),
            control_id="aws_sqs_queue_encrypted", control_version=1, title="Not encrypted", severity="high",
            status="open", reason="", evidence={}, remediation="", resource_id=resource, native_id=native, sub_key="",
            provider="aws", account_id=account, region="us-east-1", first_seen_at=NOW - timedelta(days=1),
            last_opened_at=NOW, last_seen_at=NOW,
        ),
    ]  # fmt: skip


def _monitoring_rows(organization_id: UUID, ids: Mapping[str, UUID]) -> list[Any]:
    """Rules, what they come from, and what is known of metrics."""
    own, resource = {"organization_id": organization_id}, ids["resource_id"]
    condition = {"kind": "threshold", "reading": {"selector": "up"}, "enter": {"operator": "<", "threshold": 1}}
    indicator = {"kind": "threshold", "selector": "up", "function": "avg", "operator": ">=", "threshold": 1}
    return [
        AlertRuleFile(**own, id=ids["file_id"], name="rules.yml", content="groups: []", groups=[], report=[]),
        AlertRule(
            **own, id=ids["rule_id"], name="Down", condition=condition, threshold=1, severity="high", labels={},
            annotations={}, group_name=ids["rule_id"].hex,
        ),
        AlertBacktest(**own, id=ids["backtest_id"], request={}, requested_by=ids["user_id"], error="No history."),
        MetricAnomaly(
            **own, id=ids["anomaly_id"], name="up", labels={}, resource_id=resource, kind="dip", started_at=NOW,
            last_at=NOW, points=1, score=1.0,
        ),
        MetricObjective(
            **own, id=ids["objective_id"], name="Orders", service="shop", resource_id=resource, indicator=indicator,
            target_percent=99.0, window_days=30,
        ),
        MetricSource(
            **own, id=ids["source_id"], name="Prometheus", kind="prometheus", url="https://prometheus.example.org",
            interval_seconds=300,
        ),
    ]  # fmt: skip


def _identity_rows(organization_id: UUID, ids: Mapping[str, UUID]) -> Iterator[list[Any]]:
    """What belongs to people, roles, machines and providers."""
    own, person = {"organization_id": organization_id}, ids["user_id"]
    later = datetime.now(UTC) + timedelta(days=30)
    yield [
        CustomRole(
            **own, id=ids["role_id"], name="Desk", name_normalised="desk", description="", permissions=["alerts:read"]
        ),
        ServiceIdentity(
            **own, id=ids["service_identity_id"], name="Robot", name_normalised="robot", description="",
            permissions=["alerts:read"], created_by=person,
        ),
        ApiKey(
            **own, id=ids["api_key_id"], name="Key", hash=ids["api_key_id"].bytes * 2, hint="abcd",
            permissions=["alerts:read"], addresses=[], user_id=person, created_by=person, expires_at=later,
        ),
        Invitation(
            **own, id=ids["invitation_id"], email="guest@example.org", email_normalised="guest@example.org",
            role="viewer", invited_by=person, sent_at=NOW, expires_at=later,
        ),
        IdentityConnection(
            **own, id=ids["provider_id"], kind="oidc", name="Provider", enabled=False,
            config={"issuer": "https://id.example.org", "client_id": "x"}, jit=False, require_mfa=False,
        ),
        OrganizationExport(**own, id=ids["export_id"], state="failed", created_by=person),
        AuditSink(**own, id=ids["sink_id"], name="Sink", kind="webhook", url="https://log.example.org", position=0),
        FactorReset(
            **own, id=ids["reset_id"], request_id=new_id(), user_id=person, client_address="", approved_by=[],
            requested_at=datetime.now(UTC), expires_at=later,
        ),
        Passkey(
            id=ids["factor_id"], user_id=person, name="Key", credential_id=ids["factor_id"].bytes,
            public_key=b"x", sign_count=0, transports=[], backed_up=False,
        ),
    ]  # fmt: skip
    yield [
        ConnectionDomain(
            **own,
            id=new_id(),
            connection_id=ids["provider_id"],
            domain=f"{ids['provider_id'].hex}.example.org",
            token="t",
        ),
    ]
