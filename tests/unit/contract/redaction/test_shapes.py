from __future__ import annotations

import base64
import hashlib
import json
import random
import uuid

import pytest

from producer.contract.redaction.redactor import Redactor
from tests.unit.contract.redaction.examples import EXAMPLES, HEX, MIXED, PEM, UPPER

REDACTOR = Redactor()
IDS = [f"{rule}-{number}" for number, (rule, _, _) in enumerate(EXAMPLES)]


@pytest.mark.parametrize(("rule", "text", "secret"), EXAMPLES, ids=IDS)
@pytest.mark.parametrize(
    "around",
    ["{}", "before {} after", "({}),", "'{}'", "x=\\n{}\\n", "é{}é", "\x1b[32m{}\x1b[0m", "| {} |", "%3D{}"],
    ids=str,
)
def test_an_example_is_masked_wherever_it_stands(rule: str, text: str, secret: str, around: str) -> None:
    masked = REDACTOR.text(around.format(text))
    assert secret not in masked
    # A rule that goes by the name before it may find it as well, and more behind it.
    assert f"[redacted: {rule}]" in masked or "[redacted: secret-field]" in masked


@pytest.mark.parametrize(("rule", "text", "secret"), EXAMPLES, ids=IDS)
def test_an_example_is_masked_by_its_rule(rule: str, text: str, secret: str) -> None:
    assert REDACTOR.text(f"is {text} it?") == f"is {text.replace(secret, f'[redacted: {rule}]')} it?"


@pytest.mark.parametrize(("rule", "text", "secret"), EXAMPLES, ids=IDS)
def test_an_example_is_masked_in_json_inside_of_json(rule: str, text: str, secret: str) -> None:
    inner = json.dumps({"said": f"it is {text} there", "n": 1})
    for value in (inner, json.dumps({"log": inner})):
        masked = REDACTOR.text(value)
        assert secret not in json.dumps(json.loads(masked))
        assert json.dumps(secret)[1:-1] not in masked
        assert f"[redacted: {rule}]" in masked


@pytest.mark.parametrize(("rule", "text", "secret"), EXAMPLES, ids=IDS)
def test_colours_inside_of_a_secret_do_not_hide_it(rule: str, text: str, secret: str) -> None:
    at = text.index(secret)
    for cut in (at + 2, at + len(secret) // 2, at + len(secret) - 1):
        masked = REDACTOR.text(f"{text[:cut]}\x1b[1;31m{text[cut:]}\x1b[0m tail")
        assert f"[redacted: {rule}]" in masked or "[redacted: secret-field]" in masked
        assert secret not in masked.replace("\x1b[1;31m", "")
        assert masked.endswith("\x1b[0m tail")
        assert "\x1b[1;31m" in masked


def test_what_masks_say_is_the_rule_and_nothing_of_the_value() -> None:
    assert REDACTOR.text(f"id {'AK'}IA{UPPER[:16]} end") == "id [redacted: aws-access-key-id] end"
    assert REDACTOR.text(f"ftp://joe:{MIXED[:9]}@host/a?b=c") == "ftp://joe:[redacted: url-password]@host/a?b=c"
    assert REDACTOR.text(f"a\n{PEM}\nb") == "a\n[redacted: private-key]\nb"


@pytest.mark.parametrize("before", [PEM.split("\nAbc=")[0], PEM.split("\nAbc=")[0].replace("\n", "\\n")])
def test_of_a_private_key_that_was_cut_off_nothing_stays(before: str) -> None:
    assert REDACTOR.text(f"{before} … more") == "[redacted: private-key] … more"


def test_a_word_about_private_keys_is_none() -> None:
    text = f"A file that begins with -----BEGIN PRIVATE {'KEY'}----- is to be kept safe."
    assert REDACTOR.text(text) == text


def test_a_password_may_hold_what_a_url_should_encode() -> None:
    assert REDACTOR.text("amqp://u:p@s:s#1@h:5672/v") == "amqp://u:[redacted: url-password]@h:5672/v"


@pytest.mark.parametrize(
    "text",
    [
        "http://localhost:8080/a@b http://host:80 http://h:80?x=a@b, mail me@example.org",
        "see http://host:8080\\nme@example.org",
        "https://user@example.org/ ssh://git@example.org:22/x",
        "redis://:***@host redis://:${PASSWORD}@host redis://u:{password}@host redis://u:[masked]@host",
        "the task-force of a risk-averse desk-clerk, key-value, and a token-bucket in en-us and us-east-1",
        "sk-learn, sk-SK, hf_hub_download, npm_config_registry, pypi-server, ghp_short, xoxb-no-digits-in-here",
        "SG.Foo.Bar, eyJust, eyJhbGciOiJub25lIn0, AIzaShort, AKIASHORT, dapi, whsec_, secret_santa",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGh5 me@host",
    ],
)
def test_what_only_looks_a_little_like_it_stays(text: str) -> None:
    assert REDACTOR.text(text) == text


def test_hashes_and_ids_stay() -> None:
    chance = random.Random(1)  # noqa: S311 # nothing secret
    for number in range(300):
        data = str(number).encode()
        text = (
            f"{hashlib.sha256(data).hexdigest()} commit {hashlib.sha1(data).hexdigest()} "  # noqa: S324 # as git does
            f"{hashlib.md5(data).hexdigest()} {uuid.UUID(int=chance.getrandbits(128))} "  # noqa: S324 # as etags do
            f"sha512-{base64.b64encode(hashlib.sha512(data).digest()).decode()} "
            f"{base64.urlsafe_b64encode(chance.randbytes(33)).decode()}"
        )
        assert REDACTOR.text(text) == text


def test_images_in_base64_stay() -> None:
    image = base64.b64encode(random.Random(2).randbytes(4_000_000)).decode()  # noqa: S311 # nothing secret
    text = f"![chart](data:image/png;base64,{image})"
    assert REDACTOR.text(text) == text


def test_a_longer_run_is_masked_whole() -> None:
    assert REDACTOR.text(f"gh{'p_'}{MIXED} x") == "[redacted: github-token] x"
    assert REDACTOR.text(f"do{'p_v1_'}{HEX[:64]}") == "[redacted: digitalocean-token]"


def test_where_two_rules_meet_the_first_counts_and_all_is_masked() -> None:
    token = f"gh{'p_'}{MIXED[:36]}"
    assert REDACTOR.text(f"https://x:{token}@example.org") == "https://x:[redacted: github-token]@example.org"
    assert REDACTOR.text(f"https://x:{token}!@example.org") == "https://x:[redacted: url-password]@example.org"
