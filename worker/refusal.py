"""What an archive is not made of: other rules than it was accepted under, and secrets where the site refuses them."""

from __future__ import annotations

from typing import Final

from producer.contract.errors import RulesDiffer, SecretsFound
from producer.contract.export import Pending
from producer.contract.redaction.redactor import Counts, Redactor
from producer.contract.render.text import one_line, shortened
from producer.contract.shown import ShownRecord, ShownStep

_NAME: Final = 80


def check_rules(redactor: Redactor, pending: Pending) -> None:
    """Raise RulesDiffer unless the redactor is the one that the export's render profile names."""
    wanted = pending.profile.redaction
    if redactor.identity != wanted:
        raise RulesDiffer(
            f"The export was accepted under the redaction '{wanted}', and this worker has '{redactor.identity}': it "
            "renders nothing under other rules.",
            field="RUNFOLIO_REDACTION",
            remedy="Give gateway and workers the same version, the same RUNFOLIO_REDACTION and the same file as "
            "RUNFOLIO_REDACTION_RULES, then run 'runfolio retry', or export again.",
        )


def refuse_header(record: ShownRecord) -> None:
    """Raise SecretsFound where something would be masked in what is said of the execution itself."""
    if record.masked:
        raise _refused("The execution", record.masked, "execution")


def refuse_step(step: ShownStep) -> None:
    """Raise SecretsFound where something would be masked in a step."""
    if step.masked:
        name = shortened(one_line(step.document.step.name), _NAME)
        raise _refused(f"Step {step.position + 1}, '{name}',", step.masked, f"steps[{step.position}]")


def _refused(what: str, masked: Counts, field: str) -> SecretsFound:
    rules = ", ".join(f"'{rule}'" for rule in sorted(masked))
    return SecretsFound(
        f"{what} holds what {'the rule' if len(masked) == 1 else 'the rules'} {rules} {_TAKE[len(masked) == 1]} for a "
        "secret, and this site refuses to export secrets (RUNFOLIO_REDACTION=fail).",
        field=field,
        remedy="Keep the secret out of the workflow's data and run it again; or let the operator set "
        "RUNFOLIO_REDACTION=mask, and export again.",
    )


_TAKE: Final = {True: "takes", False: "take"}
