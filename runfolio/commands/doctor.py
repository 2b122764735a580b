"""``doctor``: whether everything works, from end to end."""

from __future__ import annotations

import typer

from runfolio import terminal
from runfolio.commands import options


def doctor(
    timeout: options.Timeout = 30.0,
    url: options.Url = None,
    token: options.Token = None,
    data_dir: options.DataDir = None,
) -> None:
    """Check gateway, broker, storage, worker and link by a real round trip through the public address.

    A tiny execution of the workflow 'runfolio:doctor' is sent, exported, downloaded and deleted again. The token needs
    ingest, read, export and delete for that workflow. The exit code is 1 where a check fails.
    """
    from runfolio.client import GatewayClient  # noqa: PLC0415 # the other commands need not wait for the HTTP client
    from runfolio.doctor import Doctor  # noqa: PLC0415 # as above
    from runfolio.target import find_target  # noqa: PLC0415 # as above

    passed = True
    with GatewayClient(find_target(url, token, data_dir)) as client:
        for check in Doctor(client, timeout).checks():
            passed = passed and check.passed
            mark = typer.style("✓", fg="green") if check.passed else typer.style("✗", fg="red")
            terminal.result(f"{mark} {check.text} {check.remedy or ''}".rstrip())
    if not passed:
        raise typer.Exit(1)
