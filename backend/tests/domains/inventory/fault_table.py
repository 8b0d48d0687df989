"""What goes wrong at one unit, what the API says of it, and what is kept: the table of docs/inventory.md."""

from dataclasses import dataclass

START, END = "<!-- faults: from tests/domains/inventory/fault_table.py -->", "<!-- end of faults -->"
LAST_STATE = "the unit's resources, marked stale"
NOTHING_STALE = "everything, nothing is stale"


@dataclass(frozen=True)
class Case:
    """One fault. `says` is in the unit's `error`, or in the account's `status_detail` where the unit is not named."""

    cloud: str
    fault: str
    says: str
    kept: str = LAST_STATE
    tries_again: bool = True  # by itself, in one minute and then later

    @property
    def name(self) -> str:
        """As the test names it."""
        return f"{self.cloud}: {self.fault}"


GCP = (
    Case("Google", "denied", "Missing permission cloudasset.assets.listResource.", tries_again=False),
    Case("Google", "throttled", "Quota exceeded"),
    Case("Google", "an error of the server", "cloudasset.assets.list"),
    Case("Google", "no answer in time", "no answer in time"),
    Case("Google", "the connection breaks in the middle", "cloudasset.assets.list"),
    Case("Google", "half an answer", "cloudasset.assets.list"),
    Case("Google", "no JSON", "cloudasset.assets.list"),
    Case("Google", "an answer of another shape", "cloudasset.assets.list"),
    Case("Google", "credentials revoked", "oauth2", tries_again=False),
)
AZURE = (
    Case("Azure", "denied", "Missing permission Microsoft.Storage/storageAccounts/read.", tries_again=False),
    Case("Azure", "throttled", "throttled"),
    Case("Azure", "an error of the server", "Something went wrong."),
    Case("Azure", "no answer in time", "in time"),
    Case("Azure", "the connection breaks in the middle", "Microsoft.ResourceGraph"),
    Case("Azure", "half an answer", "Microsoft.ResourceGraph"),
    Case("Azure", "no JSON", "Microsoft.ResourceGraph"),
    Case("Azure", "an answer of another shape", "Microsoft.ResourceGraph"),
    Case("Azure", "a listing that ends early", "ended after"),
    Case("Azure", "credentials revoked", "", tries_again=False),
)
AWS = (
    Case("AWS", "denied", "Missing permission sqs:ListQueues.", tries_again=False),
    Case("AWS", "throttled", "sqs:ListQueues"),
    Case("AWS", "an error of the server", "sqs:ListQueues"),
    Case("AWS", "no answer in time", "sqs:ListQueues"),
    Case("AWS", "the connection breaks in the middle", "sqs:ListQueues"),
    Case("AWS", "half an answer", "sqs:ListQueues"),
    Case("AWS", "no JSON", "sqs:ListQueues"),
)


def render() -> str:
    """The table, Markdown."""
    lines = ["| cloud | fault | the unit says | kept | tried again by itself |", "| --- | --- | --- | --- | --- |"]
    lines += [
        f"| {case.cloud} | {case.fault} | {case.says} | {case.kept} | {'yes' if case.tries_again else 'no'} |"
        for case in (*GCP, *AZURE, *AWS)
    ]
    return "\n".join(lines)
