"""Who may do what, what is watched, what is enforced."""

from typing import Any

from simulators.azure.company.data import DIAGNOSTICS, diagnostics, setting
from simulators.azure.company.maker import DEV, PROD, SHARED, SUBSCRIPTIONS, Maker
from simulators.azure.estate import Template

_OWNER, _READER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "acdd72a7-3385-48ef-bd42-f606fba81ae7"
_PLANS = ("VirtualMachines", "SqlServers", "AppServices", "StorageAccounts", "KeyVaults", "Containers")


def make_subscriptions(maker: Maker) -> None:
    """Management groups, subscriptions and the settings that subscriptions have."""
    estate = maker.estate
    estate.add_management_group("acme", "Acme", estate.tenant_id)
    estate.add_management_group("acme-live", "Live", "acme")
    estate.add_management_group("acme-sandbox", "Sandbox", "acme")
    estate.parents.update({PROD: "acme-live", SHARED: "acme-live", DEV: "acme-sandbox"})
    for number, name in SUBSCRIPTIONS.items():
        own = f"/subscriptions/{number}"
        is_live = number != DEV
        settings: dict[str, Any] = {
            DIAGNOSTICS: diagnostics(own, categories=("Administrative", "Security", "Alert", "Policy"))
            if is_live
            else [],
            "providers/Microsoft.Security/securityContacts": [
                setting(
                    own,
                    "providers/Microsoft.Security/securityContacts/default",
                    "Microsoft.Security/securityContacts",
                    {
                        "emails": "security@acme.example",
                        "isEnabled": True,
                        "notificationsSources": [{"sourceType": "Alert", "minimalSeverity": "High"}],
                    },
                )
            ]
            if is_live
            else [],
            "providers/Microsoft.Authorization/locks": [
                setting(
                    own,
                    "providers/Microsoft.Authorization/locks/keep",
                    "Microsoft.Authorization/locks",
                    {"level": "CanNotDelete", "notes": "Production"},
                )
            ]
            if number == PROD
            else [],
        }
        body = {
            "id": own,
            "name": name,
            "type": "Microsoft.Resources/subscriptions",
            "tenantId": estate.tenant_id,
            "tags": {"environment": "live" if is_live else "sandbox"},
            "properties": {"state": "Enabled", "subscriptionPolicies": {"quotaId": "EnterpriseAgreement_2014-09-01"}},
        }
        estate.add(Template("resourcecontainers", body, settings))
        for plan in _PLANS:
            maker.add(
                own,
                "Microsoft.Security/pricings",
                plan,
                {"pricingTier": "Standard" if is_live else "Free", "freeTrialRemainingTime": "PT0S"},
                table="securityresources",
            )


def make_governance(maker: Maker) -> None:
    """Roles, policies, identities, logs and alerts."""
    _roles(maker)
    _policies(maker)
    _monitoring(maker)


def _roles(maker: Maker) -> None:
    group = maker.group(PROD, "acme-identity", "identity")
    kind = "Microsoft.Authorization/roleDefinitions"
    for name in ("storefront", "checkout", "search", "deploy"):
        application = name if name != "deploy" else "platform"
        maker.add(
            group,
            "Microsoft.ManagedIdentity/userAssignedIdentities",
            f"{name}-identity",
            {"tenantId": maker.estate.tenant_id, "principalId": maker.guid(), "clientId": maker.guid()},
            application=application,
        )
    for number in SUBSCRIPTIONS:
        scope = f"/subscriptions/{number}"
        for role, principals in ((_OWNER, 3 if number == PROD else 2), (_READER, 2)):
            for _ in range(principals):
                maker.add(
                    scope,
                    "Microsoft.Authorization/roleAssignments",
                    maker.guid(),
                    {
                        "roleDefinitionId": f"{scope}/providers/{kind}/{role}",
                        "principalId": maker.guid(),
                        "principalType": "User",
                        "scope": scope,
                        "createdOn": "2026-01-02T03:04:05.678Z",
                        "condition": None,
                    },
                    table="authorizationresources",
                )
        own = maker.guid()
        maker.add(
            scope,
            kind,
            own,
            {
                "roleName": f"Acme operator {SUBSCRIPTIONS[number]}",
                "type": "CustomRole",
                "description": "",
                "assignableScopes": [scope],
                "permissions": [
                    {
                        "actions": ["*"]
                        if number == DEV
                        else ["*/read", "Microsoft.Compute/virtualMachines/restart/action"],
                        "notActions": [],
                        "dataActions": [],
                        "notDataActions": [],
                    }
                ],
                "createdOn": "2026-01-02T03:04:05.678Z",
            },
            table="authorizationresources",
        )
        maker.add(
            scope,
            kind,
            _OWNER,
            {
                "roleName": "Owner",
                "type": "BuiltInRole",
                "assignableScopes": ["/"],
                "permissions": [{"actions": ["*"], "notActions": []}],
            },
            table="authorizationresources",
        )
    above = "/providers/Microsoft.Management/managementGroups/acme"
    maker.estate.add(
        Template(
            "authorizationresources",
            {
                "id": f"{above}/providers/Microsoft.Authorization/roleAssignments/0c0ffee0-1111-4222-8333-444455556666",
                "name": "0c0ffee0-1111-4222-8333-444455556666",
                "type": "Microsoft.Authorization/roleAssignments",
                "properties": {
                    "roleDefinitionId": f"/providers/{kind}/{_READER}",
                    "scope": above,
                    "principalType": "ServicePrincipal",
                    "principalId": "99999999-1111-4222-8333-444455556666",
                    "createdOn": "2026-01-02T03:04:05Z",
                },
            },
        )
    )


def _policies(maker: Maker) -> None:
    for number in SUBSCRIPTIONS:
        scope = f"/subscriptions/{number}"
        definition = maker.add(
            scope,
            "Microsoft.Authorization/policyDefinitions",
            "acme-tags",
            {
                "policyType": "Custom",
                "displayName": "Resources carry a team",
                "mode": "Indexed",
                "policyRule": {"if": {"field": "tags['team']", "exists": "false"}, "then": {"effect": "audit"}},
            },
            table="policyresources",
        )
        maker.add(
            scope,
            "Microsoft.Authorization/policyAssignments",
            "acme-tags",
            {
                "displayName": "Resources carry a team",
                "policyDefinitionId": definition,
                "scope": scope,
                "enforcementMode": "Default",
                "notScopes": [],
            },
            table="policyresources",
        )
        maker.add(
            scope,
            "Microsoft.Advisor/recommendations",
            maker.guid(),
            {"category": "Cost", "impact": "Medium", "shortDescription": {"problem": "Right-size underused machines"}},
            table="advisorresources",
        )


def _monitoring(maker: Maker) -> None:
    group = maker.group(SHARED, "acme-logs", "platform")
    workspace = maker.add(
        group,
        "Microsoft.OperationalInsights/workspaces",
        "acme-central",
        {
            "provisioningState": "Succeeded",
            "customerId": maker.guid(),
            "retentionInDays": 90,
            "sku": {"name": "PerGB2018"},
            "createdDate": "2025-10-01T00:00:00Z",
            "modifiedDate": "2026-10-01T00:00:00Z",
        },
    )
    actions = maker.add(
        group,
        "microsoft.insights/actionGroups",
        "acme-oncall",
        {
            "groupShortName": "oncall",
            "enabled": True,
            "emailReceivers": [{"name": "ops", "emailAddress": "ops@acme.example"}],
            "webhookReceivers": [{"name": "pager", "serviceUri": "https://hooks.example/abc"}],
        },
        location="Global",
    )
    for name, operation in (
        ("policy-write", "Microsoft.Authorization/policyAssignments/write"),
        ("nsg-delete", "Microsoft.Network/networkSecurityGroups/delete"),
    ):
        maker.add(
            group,
            "Microsoft.Insights/activityLogAlerts",
            name,
            {
                "enabled": True,
                "scopes": [f"/subscriptions/{PROD}"],
                "actions": {"actionGroups": [{"actionGroupId": actions}]},
                "condition": {
                    "allOf": [
                        {"field": "category", "equals": "Administrative"},
                        {"field": "operationName", "equals": operation},
                    ]
                },
            },
            location="Global",
        )
    machine = maker.path(
        f"/subscriptions/{PROD}/resourceGroups/acme-web", "Microsoft.Compute/virtualMachines", "web-01"
    )
    maker.add(
        group,
        "microsoft.insights/metricAlerts",
        "web-cpu",
        {
            "enabled": True,
            "severity": 2,
            "scopes": [machine],
            "evaluationFrequency": "PT1M",
            "windowSize": "PT5M",
            "actions": [{"actionGroupId": actions}],
        },
        location="global",
    )
    for name in ("storefront", "checkout"):
        maker.add(
            maker.group(PROD, f"acme-{name}-web", name),
            "microsoft.insights/components",
            f"{name}-insights",
            {
                "provisioningState": "Succeeded",
                "AppId": maker.guid(),
                "Application_Type": "web",
                "WorkspaceResourceId": workspace,
                "InstrumentationKey": maker.guid(),
                "ConnectionString": "InstrumentationKey=secret-ish",
                "CreationDate": "2026-01-01T00:00:00Z",
            },
            application=name,
            kind="web",
        )
    maker.add(
        group,
        "Microsoft.Automation/automationAccounts",
        "acme-runbooks",
        {"state": "Ok", "creationTime": "2026-01-01T00:00:00+00:00", "publicNetworkAccess": True},
    )
    maker.add(
        group,
        "Microsoft.AlertsManagement/smartDetectorAlertRules",
        "failures",
        {"state": "Enabled", "severity": "Sev3"},
        location="global",
    )
    maker.add(group, "Acme.Custom/widgets", "not-modelled", {"shape": "round", "adminPassword": "must not be seen"})
