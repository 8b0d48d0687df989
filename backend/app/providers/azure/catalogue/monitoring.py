"""Logs, alerts and who is told."""

from app.providers.azure.catalogue.model import Relation, logs_to, simple

_NOTIFIES = Relation(kind="notifies", path="properties.actions[].actionGroupId")

TYPES = (
    simple(
        "Microsoft.OperationalInsights/workspaces",
        "monitoring.log_group",
        "2022-10-01",
        created=("properties.createdDate",),
        aliases=("properties.customerId",),
        volatile=("properties.workspaceCapping.quotaNextResetTime",),
    ),
    simple(
        "Microsoft.Insights/components",
        "monitoring.application",
        "2020-02-02",
        created=("properties.CreationDate",),
        aliases=("properties.AppId",),
        relations=(logs_to("properties.WorkspaceResourceId"),),
        redact=("properties.InstrumentationKey", "properties.ConnectionString"),
    ),
    simple(
        "Microsoft.Insights/activityLogAlerts",
        "monitoring.alarm",
        "2020-10-01",
        status=(),
        relations=(
            Relation(kind="monitors", path="properties.scopes[]"),
            Relation(kind="notifies", path="properties.actions.actionGroups[].actionGroupId"),
        ),
    ),
    simple(
        "Microsoft.Insights/metricAlerts",
        "monitoring.alarm",
        "2018-03-01",
        status=(),
        relations=(Relation(kind="monitors", path="properties.scopes[]"), _NOTIFIES),
    ),
    simple(
        "Microsoft.Insights/scheduledQueryRules",
        "monitoring.alarm",
        "2022-06-15",
        status=(),
        relations=(
            Relation(kind="monitors", path="properties.scopes[]"),
            Relation(kind="notifies", path="properties.actions.actionGroups[]"),
        ),
    ),
    simple(
        "Microsoft.Insights/actionGroups",
        "monitoring.notification",
        "2023-01-01",
        status=(),
        redact=(
            "properties.webhookReceivers[].serviceUri",
            "properties.logicAppReceivers[].callbackUrl",
            "properties.azureFunctionReceivers[].httpTriggerUrl",
        ),
    ),
    simple(
        "Microsoft.Insights/dataCollectionRules",
        "monitoring.collection_rule",
        "2022-06-01",
        relations=(logs_to("properties.destinations.logAnalytics[].workspaceResourceId"),),
    ),
    simple("Microsoft.Insights/dataCollectionEndpoints", "monitoring.collection_endpoint", "2022-06-01"),
    simple("Microsoft.Insights/webtests", "monitoring.check", "2022-06-15"),
    simple("Microsoft.Insights/workbooks", "monitoring.dashboard", "2023-06-01"),
    simple("Microsoft.Portal/dashboards", "monitoring.dashboard", "2020-09-01-preview"),
    simple("Microsoft.Dashboard/grafana", "monitoring.dashboard", "2023-09-01"),
    simple("Microsoft.Monitor/accounts", "monitoring.metrics", "2023-04-03"),
    simple(
        "Microsoft.AlertsManagement/smartDetectorAlertRules",
        "monitoring.alarm",
        "2021-04-01",
        relations=(Relation(kind="monitors", path="properties.scope[]"),),
    ),
    simple(
        "Microsoft.OperationsManagement/solutions",
        "monitoring.solution",
        "2015-11-01-preview",
        relations=(Relation(kind="attached-to", path="properties.workspaceResourceId"),),
    ),
)
