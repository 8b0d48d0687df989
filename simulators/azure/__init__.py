"""Azure for tests and the demonstration: Resource Graph, Resource Manager and the token endpoint over one estate.

    with serve(demo_estate()) as azure:
        azure.url, azure.faults, azure.estate, azure.tokens, azure.calls

`python -m simulators.azure --port 8444` serves the same by hand.
"""

from simulators.azure.estate import Change, Estate, Grant, Template
from simulators.azure.estates import demo_estate, large_estate
from simulators.azure.events import event_of, push, shake_hands
from simulators.azure.faults import Call, Fault, Faults
from simulators.azure.server import DEFAULT_CLIENT, DEFAULT_SECRET, STATIC_TOKEN, AzureSimulator, serve
from simulators.azure.tokens import Application

__all__ = [
    "DEFAULT_CLIENT",
    "DEFAULT_SECRET",
    "STATIC_TOKEN",
    "Application",
    "AzureSimulator",
    "Call",
    "Change",
    "Estate",
    "Fault",
    "Faults",
    "Grant",
    "Template",
    "demo_estate",
    "event_of",
    "large_estate",
    "push",
    "serve",
    "shake_hands",
]
