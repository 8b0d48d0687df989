"""From the labels of a series to hints at the resource that it is about. The store asks once for each new series."""

from app.domains.metrics.rules.batch import SeriesText
from app.domains.metrics.rules.linking.addresses import address_hints
from app.domains.metrics.rules.linking.aws import aws_hints
from app.domains.metrics.rules.linking.azure import azure_hints
from app.domains.metrics.rules.linking.google import google_hints
from app.domains.metrics.rules.linking.hint import Hint, HintKind, Labels

__all__ = ["Hint", "HintKind", "link_hints"]

MAX_CANDIDATE = 500  # characters; no cloud's id is longer


def link_hints(text: SeriesText) -> tuple[Hint, ...]:
    """Ways to find the resource, surest first: ids and what makes ids, then names, then addresses. Without repeats.

    A candidate of kind ID is a native id or an alias as the inventory spells it (Azure's in lower case).
    """
    labels = Labels(text)
    found = [*aws_hints(labels), *google_hints(labels), *azure_hints(labels)]
    ids = [hint for hint in found if hint.kind is HintKind.ID]
    names = [hint for hint in found if hint.kind is not HintKind.ID]
    ordered = dict.fromkeys([*ids, *names, *address_hints(labels)])
    return tuple(hint for hint in ordered if all(len(candidate) <= MAX_CANDIDATE for candidate in hint.candidates))
