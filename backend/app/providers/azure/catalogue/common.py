"""Relations and secrets that any resource may have."""

import re
from typing import Any

from app.providers.azure.catalogue.model import Child, Relation
from app.providers.azure.paths import REDACTED

# Member names whose text is a secret wherever they stand, compared without case.
_SECRET_NAMES = (
    "accesskey",
    "accesstoken",
    "adminpassword",
    "administratorloginpassword",
    "apikey",
    "authorizationkey",
    "clientsecret",
    "connectionstring",
    "customdata",
    "hostkey",
    "masterkey",
    "password",
    "primaryaccesskey",
    "primaryconnectionstring",
    "primarykey",
    "privatekey",
    "protectedsettings",
    "sastoken",
    "sasurl",
    "secondaryaccesskey",
    "secondaryconnectionstring",
    "secondarykey",
    "secret",
    "securevalue",
    "servicekey",
    "sharedkey",
    "storageaccountaccesskey",
    "storageaccountkey",
    "storagekey",
    "userdata",
    "serviceuri",
    "instrumentationkey",
)
SECRET_IN_BYTES = re.compile(
    rb'"(?:' + "|".join(_SECRET_NAMES).encode() + rb')"\s*:\s*["{\[]|"value"\s*:\s*"', re.IGNORECASE
)
_SECRETS = frozenset(_SECRET_NAMES)
_VARIABLE = re.compile(
    r"pass(word|wd|phrase)|(?<![a-z])pwd|secret|token|api[_-]?key|private[_-]?key|access[_-]?key|credential|connection[_-]?string",
    re.IGNORECASE,
)

EVERYWHERE = (
    Relation(kind="assumes", path="identity.userAssignedIdentities.@keys"),
    Relation(kind="attached-to", path="managedBy"),
)

DIAGNOSTICS = Child(
    name="diagnosticSettings",
    path="/providers/Microsoft.Insights/diagnosticSettings",
    api_version="2021-05-01-preview",
    action="Microsoft.Insights/diagnosticSettings/read",
    is_list=True,
    default=[],
)


def redact_secrets(value: Any) -> None:
    """Replace, in place, what telling names hold, and `{name, value}` pairs whose name tells of a secret."""
    if isinstance(value, dict):
        name = value.get("name")
        if isinstance(name, str) and isinstance(value.get("value"), str) and value["value"] and _VARIABLE.search(name):
            value["value"] = REDACTED
        for member, inner in value.items():
            if inner and not isinstance(inner, bool | int | float) and member.lower() in _SECRETS:
                value[member] = REDACTED
            elif isinstance(inner, dict | list):
                redact_secrets(inner)
    elif isinstance(value, list):
        for inner in value:
            if isinstance(inner, dict | list):
                redact_secrets(inner)
