"""What goes wrong at one unit, what the API says of it, and what is kept: the table of docs/inventory.md."""

from dataclasses import dataclass

START, END = "<!-- faults: from tests/domains/inventory/fault_table.py -->", "<!-- end of faults -->"
LAST_STATE = "the unit's resources, marked stale"
TYPE = "the type's resources, marked stale"
ALL = "all of the account's resources, marked stale"


@dataclass(frozen=True)
class Case:
    """One fault. `says` is part of the unit's `error`."""

    cloud: str
    fault: str
    says: str
    kept: str = LAST_STATE
    tries_again: bool = True  # by itself, in one minute and then later

    @property
    def name(self) -> str:
        """As the test names it."""
        return f"{self.cloud}: {self.fault}"


_LIST, _GRAPH, _QUEUES = "cloudasset.assets.list:", "resourceGraph:Resources:", "sqs:ListQueues:"
GCP = (
    Case("Google", "denied", "Missing permission cloudasset.assets.listResource.", tries_again=False),
    Case("Google", "throttled", f"{_LIST} Quota exceeded for quota metric 'ListAssets Requests'"),
    Case("Google", "an error of the server", f"{_LIST} On demand."),
    Case("Google", "no answer in time", f"{_LIST} no answer in time"),
    Case("Google", "the connection breaks in the middle", f"{_LIST} the connection broke off"),
    Case("Google", "half an answer", f"{_LIST} the answer is no JSON"),
    Case("Google", "no JSON", f"{_LIST} the answer is no JSON"),
    Case("Google", "an answer of another shape", f"{_LIST} assets is no list"),
    Case("Google", "credentials revoked", f"{_LIST} no token was given: invalid_grant", ALL, tries_again=False),
)
AZURE = (
    Case("Azure", "denied", "Missing permission Microsoft.Storage/storageAccounts/read.", TYPE, tries_again=False),
    Case("Azure", "throttled", f"{_GRAPH} TooManyRequests: The request is being throttled."),
    Case("Azure", "an error of the server", f"{_GRAPH} InternalServerError"),
    Case("Azure", "no answer in time", f"{_GRAPH} no answer in time"),
    Case("Azure", "the connection breaks in the middle", f"{_GRAPH} the connection broke off"),
    Case("Azure", "half an answer", f"{_GRAPH} the connection broke off"),
    Case("Azure", "no JSON", f"{_GRAPH} the answer is no JSON"),
    Case("Azure", "an answer of another shape", f"{_GRAPH} the answer has no rows"),
    Case("Azure", "credentials revoked", "oauth2/v2.0/token: AADSTS700016", ALL, tries_again=False),
)
AWS = (
    Case("AWS", "denied", "Missing permission sqs:ListQueues.", tries_again=False),
    Case("AWS", "throttled", f"{_QUEUES} RequestThrottled: slow down"),
    Case("AWS", "an error of the server", f"{_QUEUES} 500"),
    Case("AWS", "no answer in time", f"{_QUEUES} no answer in time"),
    Case("AWS", "the connection breaks in the middle", f"{_QUEUES} the answer could not be read"),
    Case("AWS", "half an answer", f"{_QUEUES} the answer could not be read"),
    Case("AWS", "no JSON", f"{_QUEUES} the answer could not be read"),
)


def render() -> str:
    """The table, Markdown."""
    lines = ["| cloud | fault | the unit says | kept | tried again by itself |", "| --- | --- | --- | --- | --- |"]
    lines += [
        f"| {case.cloud} | {case.fault} | {case.says} | {case.kept} | {'yes' if case.tries_again else 'no'} |"
        for case in (*GCP, *AZURE, *AWS)
    ]
    return "\n".join(lines)
