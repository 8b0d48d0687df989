"""The api-versions of each type's provider, from the published REST specifications; children have the parent's."""

_BY_NAMESPACE = {
    "microsoft.authorization/locks": "2020-05-01 2016-09-01",
    "microsoft.authorization/policyassignments": "2024-04-01 2023-04-01 2022-06-01",
    "microsoft.authorization/policydefinitions": "2023-04-01 2021-06-01",
    "microsoft.authorization/roleassignments": "2022-04-01 2020-04-01-preview",
    "microsoft.authorization/roledefinitions": "2022-04-01 2018-01-01-preview",
    "microsoft.advisor/recommendations": "2023-01-01",
    "microsoft.apimanagement": "2024-05-01 2022-08-01",
    "microsoft.app": "2024-03-01 2023-05-01",
    "microsoft.appconfiguration": "2023-03-01",
    "microsoft.automation": "2023-11-01",
    "microsoft.batch": "2024-02-01",
    "microsoft.cache": "2024-03-01 2023-08-01",
    "microsoft.cdn": "2024-02-01 2023-05-01",
    "microsoft.cognitiveservices": "2023-05-01",
    "microsoft.compute/disks": "2023-10-02 2022-07-02",
    "microsoft.compute/snapshots": "2023-10-02 2022-07-02",
    "microsoft.compute/galleries": "2023-07-03",
    "microsoft.compute/diskencryptionsets": "2023-10-02",
    "microsoft.compute": "2024-07-01 2024-03-01 2023-09-01",
    "microsoft.containerinstance": "2023-05-01",
    "microsoft.containerregistry": "2023-07-01 2022-12-01",
    "microsoft.containerservice": "2024-05-01 2024-02-01",
    "microsoft.databricks": "2023-02-01",
    "microsoft.datafactory": "2018-06-01",
    "microsoft.dbformysql": "2023-12-30",
    "microsoft.dbforpostgresql": "2024-08-01 2022-12-01",
    "microsoft.desktopvirtualization": "2023-09-05",
    "microsoft.documentdb": "2024-05-15 2023-04-15",
    "microsoft.eventgrid": "2022-06-15",
    "microsoft.eventhub": "2024-01-01 2022-10-01-preview",
    "microsoft.insights/activitylogalerts": "2020-10-01",
    "microsoft.insights/actiongroups": "2023-01-01",
    "microsoft.insights/components": "2020-02-02",
    "microsoft.insights/diagnosticsettings": "2021-05-01-preview",
    "microsoft.insights/metricalerts": "2018-03-01",
    "microsoft.keyvault": "2023-07-01 2022-07-01",
    "microsoft.logic": "2019-05-01",
    "microsoft.machinelearningservices": "2024-04-01",
    "microsoft.managedidentity": "2023-01-31",
    "microsoft.management/managementgroups": "2020-05-01 2021-04-01",
    "microsoft.network/dnszones": "2018-05-01",
    "microsoft.network/privatednszones": "2020-06-01",
    "microsoft.network/frontdoors": "2021-06-01",
    "microsoft.network": "2024-03-01 2023-11-01 2023-09-01",
    "microsoft.operationalinsights": "2022-10-01 2023-09-01",
    "microsoft.purview": "2021-12-01",
    "microsoft.recoveryservices": "2024-04-01 2023-06-01",
    "microsoft.resources/subscriptions/resourcegroups": "2025-04-01 2022-09-01 2021-04-01",
    "microsoft.resources/subscriptions": "2022-12-01 2021-01-01",
    "microsoft.search": "2023-11-01",
    "microsoft.security/pricings": "2024-01-01",
    "microsoft.security/securitycontacts": "2023-12-01-preview",
    "microsoft.security": "2020-01-01",
    "microsoft.servicebus": "2021-11-01 2022-10-01-preview",
    "microsoft.signalrservice": "2023-02-01",
    "microsoft.sql": "2021-11-01 2023-05-01-preview",
    "microsoft.storage": "2023-05-01 2023-01-01",
    "microsoft.synapse": "2021-06-01",
    "microsoft.web": "2023-12-01 2022-09-01",
}
_OTHER = "2023-03-01"


def versions_of(kind: str) -> list[str]:
    """Newest first. A type that no published provider has takes one version of its own."""
    names = kind.lower()
    while names:
        if names in _BY_NAMESPACE:
            return _BY_NAMESPACE[names].split()
        names = names.rpartition("/")[0]
    return [_OTHER]
