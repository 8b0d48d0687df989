"""Which requirements of which standards a control supports. Numbers only: the texts are the publishers' own.

Reviewed 2026-11 against CIS Amazon Web Services Foundations Benchmark 3.0, 5.0 and 7.0. Requirement ids are text:
1.1 and 1.10 differ. A passing control supports a requirement; it never proves it alone.
"""

from dataclasses import dataclass
from uuid import NAMESPACE_URL, UUID, uuid5


@dataclass(frozen=True, kw_only=True)
class Standard:
    """A published standard, or our own baseline."""

    key: str
    name: str
    version: str
    provider: str | None

    @property
    def id(self) -> UUID:
        """The same id on every installation."""
        return uuid5(NAMESPACE_URL, f"https://docs.cloudops.pro/standards/{self.key}")


BASELINE = Standard(key="cloudops-aws", name="CloudOps baseline for AWS", version="1", provider="aws")
CIS_3, CIS_5, CIS_7 = (
    Standard(key=f"cis-aws-{version}", name="CIS AWS Foundations", version=version, provider="aws")
    for version in ("3.0", "5.0", "7.0")
)
STANDARDS: tuple[Standard, ...] = (BASELINE, CIS_7, CIS_5, CIS_3)

# control: (CIS AWS 3.0, 5.0, 7.0); empty where the benchmark has no such requirement.
_CIS: dict[str, tuple[str, str, str]] = {
    "AWS-IAM-001": ("1.4", "1.3", "2.4"),
    "AWS-IAM-002": ("1.5", "1.4", "2.5"),
    "AWS-IAM-003": ("1.7", "1.6", "2.7"),
    "AWS-IAM-004": ("1.10", "1.9", "2.10"),
    "AWS-IAM-005": ("1.14", "1.13", "2.12"),
    "AWS-IAM-006": ("1.12", "1.11", "2.11"),
    "AWS-IAM-008": ("1.8", "1.7", "2.8"),
    "AWS-IAM-010": ("1.16", "1.15", "2.14"),
    "AWS-IAM-011": ("1.15", "1.14", "2.13"),
    "AWS-EC2-001": ("5.2 5.3", "5.3 5.4", "6.3 6.4"),
    "AWS-EC2-002": ("5.2 5.3", "5.3 5.4", "6.3 6.4"),
    "AWS-EC2-004": ("5.2 5.3", "5.3 5.4", "6.3 6.4"),
    "AWS-EC2-005": ("", "5.1.2", "6.1.2"),
    "AWS-EC2-006": ("5.4", "5.5", "6.5"),
    "AWS-EC2-007": ("5.6", "5.7", "6.7"),
    "AWS-EC2-008": ("2.2.1", "5.1.1", "6.1.1"),
    "AWS-EC2-009": ("2.2.1", "5.1.1", ""),
    "AWS-VPC-001": ("3.7", "3.7", "4.7"),
    "AWS-VPC-002": ("5.1", "5.2", "6.2"),
    "AWS-S3-001": ("2.1.4", "2.1.4", "3.1.4"),
    "AWS-S3-002": ("2.1.4", "2.1.4", "3.1.4"),
    "AWS-S3-003": ("2.1.1", "2.1.1", "3.1.1"),
    "AWS-RDS-001": ("2.3.3", "2.2.3", "3.2.3"),
    "AWS-RDS-002": ("2.3.1", "2.2.1", "3.2.1"),
    "AWS-RDS-005": ("2.3.2", "2.2.2", "3.2.2"),
    "AWS-RDS-006": ("", "2.2.4", "3.2.4"),
    "AWS-LOG-001": ("3.1", "3.1", "4.1"),
    "AWS-LOG-002": ("3.2", "3.2", "4.2"),
    "AWS-LOG-003": ("3.5", "3.5", "4.5"),
    "AWS-KMS-001": ("3.6", "3.6", "4.6"),
    "AWS-KMS-002": ("", "", "2.21"),
    "AWS-LAM-001": ("", "", "2.21"),
    "AWS-MSG-001": ("", "", "2.21"),
}


def requirements_of(control_id: str) -> dict[str, list[str]]:
    """{standard key: requirement ids} of a control; the baseline names the control itself."""
    found = {BASELINE.key: [control_id]}
    for standard, text in zip((CIS_3, CIS_5, CIS_7), _CIS.get(control_id, ("", "", "")), strict=True):
        if text:
            found[standard.key] = text.split()
    return found
