"""Names that mark a secret, in whatever way they are written: ``password``, ``dbPassword``, ``X-Api-Key``."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

AUTHORIZATION: Final = "authorization-header"
COOKIE: Final = "cookie-header"
API_KEY: Final = "api-key-header"
FIELD: Final = "secret-field"
NAMING_RULES: Final = (AUTHORIZATION, COOKIE, API_KEY, FIELD)

HINTS: Final = (
    "password", "passwords", "passwd", "passphrase", "passcode", "pass", "pwd", "secret", "secrets", "token",
    "credential", "credentials", "authorization", "cookie", "_key", "-key", "apikey", "apikeys", "accesskey",
    "privatekey", "secretkey", "accountkey", "encryptionkey", "signingkey", "masterkey", "subscriptionkey", "sshkey",
    "hmackey",
)  # fmt: skip
"""How such a name ends, in whatever case."""


class Mark(NamedTuple):
    """What a name says of its value: the ``rule`` that masks it; ``doubtful`` where only a value that looks so is."""

    rule: str
    doubtful: bool = False


_HEADERS: Final = {
    "authorization": AUTHORIZATION,
    "proxyauthorization": AUTHORIZATION,
    "cookie": COOKIE,
    "setcookie": COOKIE,
    "xapikey": API_KEY,
    "xapitoken": API_KEY,
    "xauthtoken": API_KEY,
    "xaccesstoken": API_KEY,
    "xgoogapikey": API_KEY,
    "xamzsecuritytoken": API_KEY,
    "xvaulttoken": API_KEY,
    "xgitlabtoken": API_KEY,
    "privatetoken": API_KEY,
    "ocpapimsubscriptionkey": API_KEY,
}
_CERTAIN: Final = (
    "password", "passwords", "passwd", "passphrase", "passcode", "secret", "secrets", "apikey", "apikeys", "accesskey",
    "secretkey", "privatekey", "accountkey", "encryptionkey", "signingkey", "masterkey", "subscriptionkey", "sshkey",
    "hmackey", "accesstoken", "refreshtoken", "idtoken", "authtoken", "sessiontoken", "bearertoken", "apitoken",
    "bottoken", "securitytoken", "usertoken", "oauthtoken", "deploytoken",
)  # fmt: skip
_ABBREVIATED: Final = frozenset({"pass", "pwd"})
_HARMLESS: Final = (
    "nexttoken", "pagetoken", "continuationtoken", "synctoken", "stoptoken", "eostoken", "bostoken", "padtoken",
    "unktoken", "septoken", "clstoken", "masktoken", "maxtoken",
)  # fmt: skip
_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_LONGEST: Final = 100


@lru_cache(maxsize=4096)
def mark_of(name: str) -> Mark | None:
    """Tell what a name says of its value; None where it says nothing."""
    if len(name) > _LONGEST or not name.lower().endswith(HINTS):
        return None
    words = [word.lower() for word in _WORDS.findall(name)]
    joined = "".join(words)
    if joined in _HEADERS:
        return Mark(_HEADERS[joined])
    if joined.endswith(_CERTAIN):
        return Mark(FIELD)
    if words and words[-1] in _ABBREVIATED:
        # PWD is where a shell stands, and tests pass.
        return Mark(FIELD) if len(words) > 1 else Mark(FIELD, doubtful=True)
    if joined.endswith(("token", "credentials", "credential")) and not joined.endswith(_HARMLESS):
        return Mark(FIELD, doubtful=True)
    return None


_PLACEHOLDER: Final = re.compile(
    r"\s*|\*+|[xX]+|\.{3}|…|<[^<>]*>|\$\w+|\$\{[^{}]*\}?|\{[^{}]*\}|=?\s*\{\{.*\}\}\s*|%\w+%|%s|%\(\w+\)s"
    r"|\[redacted: [a-z0-9-]+\]|\[masked\]|\[REDACTED\]|(?i:none|null|nil|true|false|undefined|redacted|masked|hidden)",
    re.DOTALL,
)
_MASKS: Final = ("[redacted:", "[masked]")
_LOOKS_SECRET: Final = re.compile(r"(?=[^0-9\s]*[0-9])(?=[^A-Za-z\s]*[A-Za-z])[A-Za-z0-9._~+/=:%|-]{16,}+")


def is_placeholder(value: str) -> bool:
    """Tell whether a value stands for one: a mask, a reference such as ``${TOKEN}``, nothing at all."""
    return len(value) <= 200 and (_PLACEHOLDER.fullmatch(value) is not None or value.startswith(_MASKS))


def looks_secret(value: str) -> bool:
    """Tell whether a value has the looks of a key: at least 16 characters of a token, letters and digits."""
    return _LOOKS_SECRET.fullmatch(value) is not None


def masks_field(mark: Mark, value: str) -> bool:
    """Tell whether the value of a field with such a name is masked."""
    if is_placeholder(value):
        return False
    if mark.rule == COOKIE:
        return "=" in value
    return not mark.doubtful or looks_secret(value)
