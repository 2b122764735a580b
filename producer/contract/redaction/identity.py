"""What a render profile says of redaction: the mode, and which rules."""

from __future__ import annotations

from enum import StrEnum

from producer.contract.redaction.rules import rules_digest
from producer.contract.redaction.site import SiteRule


class Mode(StrEnum):
    """What is done about a secret in a record that is shown."""

    MASK = "mask"
    FAIL = "fail"
    OFF = "off"


def redaction_identity(mode: Mode = Mode.MASK, site: tuple[SiteRule, ...] = ()) -> str:
    """Name a mode and its rules, as the render profile bears them: ``mask:0123456789abcdef``; ``off`` has no rules."""
    return mode.value if mode is Mode.OFF else f"{mode}:{rules_digest(site)}"
