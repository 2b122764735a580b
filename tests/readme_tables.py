"""README's tables that follow from the code. ``python -m tests.readme_tables`` writes them anew.

A table stands between ``<!-- table: name -->`` and ``<!-- end of table -->``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from fastapi.routing import APIRoute
from pydantic.fields import FieldInfo
from typer.main import get_command

from producer.api import audit, deliveries, events, executions, exports, links, logins, service
from producer.contract.settings import PREFIX
from producer.engines import ENGINES
from producer.settings import GatewaySettings
from runfolio.cli import app
from worker.settings import WorkerSettings

README: Final = Path(__file__).parents[1] / "README.md"
_TABLE: Final = re.compile(r"(<!-- table: (?P<name>\w+) -->\n).*?(<!-- end of table -->)", re.DOTALL)
_ROUTES: Final = (events, executions, exports, deliveries, links, logins, audit, service)
_NEEDS: Final = {
    "/v1/events": "`ingest`, or a signature",
    "/v1/engines/{engine}/events": "`ingest`, or a signature",
    "/v1/workflows": "`read`",
    "/v1/workflows/{workflow_id}/executions": "`read`",
    "/v1/workflows/{workflow_id}/executions/{execution_id}": "`read`",
    "/v1/workflows/{workflow_id}/executions/{execution_id}/exports": "`export`",
    "/v1/exports": "`read`",
    "/v1/exports/{export_id}": "`read`, or `ingest` for one's own",
    "/v1/exports/{export_id}/events": "`read`, or `ingest` for one's own",
    "/v1/exports/{export_id}/manifest": "`read`",
    "/v1/exports/{export_id}#DELETE": "`delete`",
    "/v1/exports/{export_id}/deliveries": "`read`, or `ingest` for one's own",
    "/v1/exports/{export_id}/deliveries#POST": "`export`",
    "/d/{token}": "the link itself",
    "/d/{token}/events": "the link itself",
    "/v1/login-links": "any token",
    "/v1/audit": "`read` on `*`",
    "/healthz": "nothing",
    "/readyz": "nothing",
    "/metrics": "`read` on `*`",
    "/v1/schemas/execution-record.json": "nothing",
}
_UNITS: Final = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def settings_table() -> str:
    """Every setting: its variable, its default, who reads it, what it means."""
    gateway, worker = GatewaySettings.model_fields, WorkerSettings.model_fields
    rows = [
        (
            f"`{PREFIX}{name.upper()}`",
            _default(name, field),
            _readers(name in gateway, name in worker),
            field.description or "",
        )
        for name, field in {**gateway, **worker}.items()
    ]
    return _table(("Variable", "Default", "Read by", "Meaning"), rows)


def commands_table() -> str:
    """Every command with its arguments and options."""
    rows = [
        (f"`{' '.join([name, *_arguments(command)])}`", _first_sentence(command.help or ""), _options(command))
        for name, command in _commands("runfolio", get_command(app))
    ]
    return _table(("Command", "Does", "Options"), rows)


def calls_table() -> str:
    """Every call of the HTTP interface."""
    rows = [
        (f"`{method} {_address(route)}`", _needs(method, _address(route)), route.summary or "")
        for routes in _ROUTES
        for route in routes.router.routes
        if isinstance(route, APIRoute)
        for method in sorted(route.methods or ())
    ]
    return _table(("Call", "Needs", "Does"), rows)


def engines_table() -> str:
    """Every engine: its name, and where it takes its payloads."""
    rows = [(f"`{name}`", f"`POST /v1/engines/{name}/events`") for name in ENGINES]
    return _table(("Engine", "Events go to"), rows)


TABLES: Final = {
    "settings": settings_table,
    "commands": commands_table,
    "calls": calls_table,
    "engines": engines_table,
}


def tables_in(text: str) -> dict[str, str]:
    """The tables that a text holds between its markers, by name."""
    return {
        match["name"]: match[0].removeprefix(match[1]).removesuffix(match[3]).strip("\n")
        for match in _TABLE.finditer(text)
    }


def renewed(text: str) -> str:
    """The text with every table as the code has it."""
    return _TABLE.sub(lambda match: f"{match[1]}{TABLES[match['name']]()}\n{match[3]}", text)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def _default(name: str, field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    value = field.default
    if value is None or value == "":
        return "none"
    if isinstance(value, timedelta):
        return f"`{_duration(value)}`"
    return f"`{_size(value) if name.endswith('_bytes') else value}`"


def _duration(value: timedelta) -> str:
    seconds = int(value.total_seconds())
    unit, length = next((unit, length) for unit, length in _UNITS if seconds % length == 0)
    return f"{seconds // length}{unit}"


def _size(value: int) -> str:
    power = max(power for power in range(4) if value % 1024**power == 0)
    return f"{value // 1024**power}{('', 'KiB', 'MiB', 'GiB')[power]}"


def _readers(gateway: bool, worker: bool) -> str:
    return "all" if gateway and worker else "gateway" if gateway else "worker, sweeper"


def _commands(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    inside: dict[str, Any] = getattr(command, "commands", {})
    if not inside:
        yield name, command
    for word, one in inside.items():
        yield from _commands(f"{name} {word}", one)


def _arguments(command: Any) -> list[str]:
    found = [one for one in command.params if one.param_type_name == "argument"]
    return [_name_of(one) if one.required else f"[{_name_of(one)}]" for one in found]


def _name_of(argument: Any) -> str:
    plain = (argument.metavar or argument.name).strip("[]{}.").upper()
    return f"{plain}…" if argument.nargs == -1 else plain


def _options(command: Any) -> str:
    found = [one for one in command.params if one.param_type_name == "option"]
    return " ".join(f"`{max(one.opts, key=len)}`" for one in found if "--help" not in one.opts)


def _first_sentence(text: str) -> str:
    return re.sub(r"(?<=\.)\s.*", "", " ".join(text.split()))


def _needs(method: str, address: str) -> str:
    """Name the scope; what a route asks for shows only in its body, so a new one must be written down above."""
    return _NEEDS.get(f"{address}#{method}") or _NEEDS[address]


def _address(route: APIRoute) -> str:
    """The route's path without the names of convertors."""
    return re.sub(r"\{(\w+):\w+\}", r"{\1}", route.path)


if __name__ == "__main__":
    README.write_text(renewed(README.read_text(encoding="utf-8")), encoding="utf-8")
