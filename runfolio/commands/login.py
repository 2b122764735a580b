"""``login``: a link that logs a browser in."""

from __future__ import annotations

from runfolio import terminal
from runfolio.commands import options


def login(url: options.Url = None, token: options.Token = None, data_dir: options.DataDir = None) -> None:
    """Print a link that logs a browser in to the web page, once, within an hour.

    The session may see and do what the token may. The link's code is in its fragment, which browsers send to nobody.
    """
    from runfolio.client import GatewayClient  # noqa: PLC0415 # the other commands need not wait for the HTTP client
    from runfolio.target import find_target  # noqa: PLC0415 # as above

    with GatewayClient(find_target(url, token, data_dir)) as client:
        terminal.result(client.login_link())
