"""``send``, ``export`` and ``retry``: from executions to archives."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from producer.contract.errors import InvalidSetting, RunfolioError
from runfolio import terminal
from runfolio.commands import options

if TYPE_CHECKING:
    from producer.contract.export import Export
    from producer.contract.redaction.redactor import Redactor
    from runfolio.client import GatewayClient

File = Annotated[
    str, typer.Argument(metavar="FILE", help="A record (JSON, NDJSON), a CloudEvent, or a payload; '-' is stdin.")
]


def send(  # noqa: PLR0913, PLR0917 # each is an option of the command
    file: File,
    engine: options.EngineName = None,
    instance: options.Instance = None,
    fmt: options.Format = None,
    combine: options.Combine = None,
    include: options.Include = [],  # noqa: B006 # Typer copies it, and takes no other default for a list
    steps: options.Steps = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Download the archive into this folder.", show_default=False),
    ] = None,
    timeout: options.Timeout = 600.0,
    url: options.Url = None,
    token: options.Token = None,
    data_dir: options.DataDir = None,
) -> None:
    """Send a completed execution to a gateway, wait, and print the download link.

    One line an export on standard output: the link, or with -o the path of the downloaded archive. A file that is there
    already is never overwritten: one of equal content is kept, else the new one is called 'name (2).zip'.
    """
    from runfolio.client import GatewayClient  # noqa: PLC0415 # the other commands need not wait for the HTTP client
    from runfolio.inputs import open_input  # noqa: PLC0415 # as above
    from runfolio.sending import hand_over  # noqa: PLC0415 # as above
    from runfolio.target import find_target  # noqa: PLC0415 # as above

    chosen = options.choices(fmt, combine, include, steps)
    with (
        open_input(file, options.engine_of(engine, instance)) as source,
        GatewayClient(find_target(url, token, data_dir)) as client,
    ):
        with terminal.progress("Sending", in_bytes=True) as report:
            accepted = hand_over(client, source, chosen, report)
        if not accepted:
            terminal.note("Accepted; the event asks for no export.")
        _finish(client, accepted, output, timeout)


def _finish(client: GatewayClient, exports: Iterable[Export | RunfolioError], output: Path | None, wait: float) -> None:
    """Wait for exports and print where they are, each for itself; raise Exit where one of them has failed."""
    failed = False
    for export in exports:
        try:
            if isinstance(export, RunfolioError):
                raise export
            terminal.result(_result(client, export, output, wait))
        except RunfolioError as error:
            failed = True
            terminal.complain(error)
    if failed:
        raise typer.Exit(1)


def _result(client: GatewayClient, export: Export, output: Path | None, wait: float) -> str:
    from runfolio.sending import fetch, ready  # noqa: PLC0415 # loaded already when this is called

    with terminal.progress(f"Exporting {export.workflow.name}") as report:
        export = ready(client, export, wait, report)
    if output is None:
        return export.download_url
    with terminal.progress("Downloading", in_bytes=True) as report:
        return str(fetch(client, export, output, report))


def export(  # noqa: PLR0913, PLR0917 # each is an option of the command
    file: File,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder that the archive is written into.")],
    engine: options.EngineName = None,
    instance: options.Instance = None,
    fmt: options.Format = None,
    combine: options.Combine = None,
    include: options.Include = [],  # noqa: B006 # Typer copies it, and takes no other default for a list
    steps: options.Steps = None,
    markdown: Annotated[
        Literal["commonmark", "python-markdown"],
        typer.Option("--markdown", envvar="RUNFOLIO_MARKDOWN", help="What turns Markdown into HTML."),
    ] = "commonmark",
    timezone: Annotated[
        str, typer.Option("--timezone", envvar="RUNFOLIO_TIMEZONE", help="Time zone of file names and documents.")
    ] = "UTC",
    redaction: Annotated[
        Literal["mask", "fail", "off"],
        typer.Option(
            "--redaction", envvar="RUNFOLIO_REDACTION", help="Mask secrets, fail because of them, or neither."
        ),
    ] = "mask",
    redaction_rules: Annotated[
        Path | None,
        typer.Option(
            "--redaction-rules",
            envvar="RUNFOLIO_REDACTION_RULES",
            help="JSON file of rules of the site.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Make the archive of a completed execution here, without any server, and print its path.

    It is the same, byte for byte, that a gateway with the same settings makes. The time in its name is the execution's;
    for a record without any time it is the one at which FILE was last changed. A file that is there already is never
    overwritten: one of equal content is kept, else the new one is called 'name (2).zip'.
    """
    from producer.contract.export import RenderProfile  # noqa: PLC0415 # the other commands need not wait for it
    from runfolio.inputs import open_input  # noqa: PLC0415 # as above
    from runfolio.offline import export_offline  # noqa: PLC0415 # as above

    redactor = _redactor(redaction, redaction_rules)
    profile = RenderProfile(markdown=markdown, timezone=_zone(timezone), redaction=redactor.identity)
    chosen = options.choices(fmt, combine, include, steps)
    with open_input(file, options.engine_of(engine, instance)) as source, terminal.progress("Exporting") as report:
        for path in export_offline(source, output, chosen, profile=profile, redactor=redactor, report=report):
            terminal.result(str(path))


def _redactor(mode: str, rules: Path | None) -> Redactor:
    from producer.contract.redaction.identity import Mode  # noqa: PLC0415 # needed by one command only
    from producer.contract.redaction.redactor import Redactor  # noqa: PLC0415 # as above
    from producer.contract.redaction.site import read_site_rules  # noqa: PLC0415 # as above

    try:
        return Redactor(Mode(mode), read_site_rules(rules.read_bytes()) if rules else ())
    except OSError as error:
        reason = f"it cannot be read: {error.strerror or error}"
    except ValueError as error:
        reason = str(error)
    raise InvalidSetting(f"'{rules}' is no file of redaction rules: {reason}.", field="--redaction-rules")


def _zone(name: str) -> str:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415 # needed by one command only

    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidSetting(
            f"'{name}' is no time zone.", field="--timezone", remedy="Write it as UTC or Europe/Berlin."
        ) from None


def retry(
    export_ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="[EXPORT_ID]...", help="Exports to make again: failed, expired or deleted ones."),
    ] = None,
    all_failed: Annotated[
        bool, typer.Option("--all-failed", help="Every failed export that the token may see.")
    ] = False,
    workflow: Annotated[
        str | None, typer.Option("--workflow", help="With --all-failed: only of this workflow id.", show_default=False)
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Download the archives into this folder.", show_default=False),
    ] = None,
    timeout: options.Timeout = 600.0,
    url: options.Url = None,
    token: options.Token = None,
    data_dir: options.DataDir = None,
) -> None:
    """Make failed exports again, wait, and print their new links.

    The newest revision of each execution is exported, with the options of the export that failed; old links stay dead.
    """
    if bool(export_ids) == all_failed:
        raise typer.BadParameter("Name export ids, or pass --all-failed.")
    from runfolio.client import GatewayClient  # noqa: PLC0415 # the other commands need not wait for the HTTP client
    from runfolio.retrying import failed, request_again  # noqa: PLC0415 # as above
    from runfolio.target import find_target  # noqa: PLC0415 # as above

    with GatewayClient(find_target(url, token, data_dir)) as client:
        doomed = failed(client, workflow) if all_failed else export_ids or []
        # All are asked for before the first is waited for, so that the workers need not wait for this command.
        again = [request_again(client, one) for one in doomed]
        if not again:
            terminal.note("There is no failed export.")
        _finish(client, again, output, timeout)
