"""Which gateway a command talks to, and with which token."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, NamedTuple

from producer.contract.errors import InvalidSetting, Unauthenticated

URL_VARIABLE: Final = "RUNFOLIO_URL"
TOKEN_VARIABLE: Final = "RUNFOLIO_TOKEN"  # noqa: S105 # the name of a variable, no secret
TOKENS_FILE_VARIABLE: Final = "RUNFOLIO_TOKENS_FILE"
DEFAULT_DATA_DIR: Final = Path(".runfolio")


class Target(NamedTuple):
    """A gateway's address, without a slash at its end, and the token for it."""

    url: str
    token: str

    def __repr__(self) -> str:
        return f"<Target {self.url}>"


def find_target(url: str | None, token: str | None, data_dir: Path | None) -> Target:
    """Choose by what the user named: an address, or the data folder of a stack, whose admin token is at hand.

    Without either, RUNFOLIO_URL and RUNFOLIO_TOKEN decide, and then the stack in ``.runfolio``. A data folder that is
    named wins over the environment. Raises InvalidSetting, Unauthenticated, or Unavailable where no stack runs there.
    """
    if url is not None and data_dir is not None:
        raise InvalidSetting("--url and --data-dir name two gateways.", field="--url", remedy="Leave one of them out.")
    if data_dir is not None:
        return _stack_target(data_dir, token)
    token = token or os.environ.get(TOKEN_VARIABLE)
    url = url or os.environ.get(URL_VARIABLE)
    return _stack_target(DEFAULT_DATA_DIR, token) if url is None else _remote_target(url, token)


def _remote_target(url: str, token: str | None) -> Target:
    if not url.startswith(("http://", "https://")):
        raise InvalidSetting(
            f"'{url}' is no address of a gateway.",
            field="--url",
            remedy="Write it as https://host or http://host:port.",
        )
    if token is None:
        raise Unauthenticated(
            f"There is no token for {url}.", field="--token", remedy=f"Set {TOKEN_VARIABLE}, or pass --token."
        )
    return Target(url.rstrip("/"), token)


def _stack_target(data_dir: Path, token: str | None) -> Target:
    # Only commands for a stack wait for what knows about stacks.
    from runfolio.embedded.datadir import DataDir, read_if_there  # noqa: PLC0415 # as said above
    from runfolio.embedded.info import read_stack  # noqa: PLC0415 # as said above

    info = read_stack(data_dir)
    admin = read_if_there(DataDir(data_dir).admin_token_file)
    if token is None and admin is None:
        raise Unauthenticated(
            f"The admin token of {data_dir} is missing.", field="--data-dir", remedy="Restart 'runfolio up' there."
        )
    return Target(info.gateway_url, token or (admin or b"").decode("ascii", "replace").strip())


def find_tokens_file(data_dir: Path | None) -> Path:
    """Choose the tokens file: that of a named data folder, RUNFOLIO_TOKENS_FILE, or that of ``.runfolio``.

    Raises InvalidSetting where the data folder does not exist.
    """
    named = os.environ.get(TOKENS_FILE_VARIABLE)
    if data_dir is None and named:
        return Path(named)
    folder = data_dir or DEFAULT_DATA_DIR
    if not folder.is_dir():
        raise InvalidSetting(
            f"There is no data folder {folder}.",
            field="--data-dir",
            remedy=f"Name one with --data-dir, or the tokens file with {TOKENS_FILE_VARIABLE}.",
        )
    return folder / "tokens.json"
