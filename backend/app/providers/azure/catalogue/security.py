"""Vaults with the attributes of what they keep, and Defender's plans."""

from app.providers.azure.catalogue.common import DIAGNOSTICS
from app.providers.azure.catalogue.model import Child, in_subnet, simple

_VAULT, _API = "Microsoft.KeyVault/vaults", "2023-07-01"

TYPES = (
    simple(
        _VAULT,
        "security.vault",
        _API,
        aliases=("properties.vaultUri",),
        relations=(in_subnet("properties.networkAcls.virtualNetworkRules[].id"),),
        children=(
            # Resource Manager gives attributes only, never a key's or a secret's content.
            Child(name="keys", path="/keys", api_version=_API, action=f"{_VAULT}/keys/read", is_list=True, default=[]),
            Child(
                name="secrets",
                path="/secrets",
                api_version=_API,
                action=f"{_VAULT}/secrets/read",
                is_list=True,
                default=[],
                redact=("properties.value",),
            ),
            DIAGNOSTICS,
        ),
    ),
    simple("Microsoft.KeyVault/managedHSMs", "security.vault", _API),
    simple(
        "Microsoft.Security/pricings",
        "security.plan",
        "2024-01-01",
        table="securityresources",
        status=("properties.pricingTier",),
        volatile=("properties.freeTrialRemainingTime",),
    ),
    simple(
        "Microsoft.Security/autoProvisioningSettings",
        "security.setting",
        "2017-08-01-preview",
        table="securityresources",
        status=("properties.autoProvision",),
    ),
    simple("Microsoft.Security/automations", "security.automation", "2019-01-01-preview"),
    simple("Microsoft.ConfidentialLedger/ledgers", "security.ledger", "2023-01-26-preview"),
)
