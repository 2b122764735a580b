from __future__ import annotations

import json
from pathlib import Path

import pytest

from producer.contract.redaction.redactor import Redactor

REDACTOR = Redactor()
FIELD = "[redacted: secret-field]"
AUTH = "[redacted: authorization-header]"
COOKIE = "[redacted: cookie-header]"
API_KEY = "[redacted: api-key-header]"
REPOSITORY = Path(__file__).parents[4]


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("password: hunter2", f"password: {FIELD}"),
        ("**Password:** hunter2", f"**Password:** {FIELD}"),
        ("**Password**: hunter2", f"**Password**: {FIELD}"),
        ("db.password=hunter2", f"db.password={FIELD}"),
        ("DB_PASSWORD=letters", f"DB_PASSWORD={FIELD}"),
        ("export API_KEY='a b'", f"export API_KEY='{FIELD}'"),
        ("SMTP_PASS=letters", f"SMTP_PASS={FIELD}"),
        ("smtpPass: 'x-y'", f"smtpPass: '{FIELD}'"),
        ("aws_secret_access_key = abc/DEF+123", f"aws_secret_access_key = {FIELD}"),
        ("client_secret := `a`", f"client_secret := `{FIELD}`"),
        ("'secret' => 'ab'", f"'secret' => '{FIELD}'"),
        ('os.environ["API_KEY"] = "ab"', f'os.environ["API_KEY"] = "{FIELD}"'),
        ("?api_key=letters&page=2", f"?api_key={FIELD}&page=2"),
        ("https://h/x?a=b&access_token=letters#top", f"https://h/x?a=b&access_token={FIELD}#top"),
        ("Server=db;User=u;Password=letters;Encrypt=yes", f"Server=db;User=u;Password={FIELD};Encrypt=yes"),
        ("mysql --password letters -h db", f"mysql --password {FIELD} -h db"),
        ("cli --api-key=letters1 go", f"cli --api-key={FIELD} go"),
        ("<password>letters</password>", f"<password>{FIELD}</password>"),
        ("token: a1B2c3D4e5F6g7H8", f"token: {FIELD}"),
        ("İ password: hunter2", f"İ password: {FIELD}"),
        ("password: hunter2\npassword: hunter3", f"password: {FIELD}\npassword: {FIELD}"),
        ("password: 'unclosed\nnext", f"password: '{FIELD}\nnext"),
        ("X-Api-Key: abc123def", f"X-Api-Key: {API_KEY}"),
        ("curl -H 'x-api-key: abc123def' u", f"curl -H 'x-api-key: {API_KEY}' u"),
        ("Authorization: Bearer abc123def", f"Authorization: {AUTH}"),
        ("authorization: basic dXNlcjpwYXNz", f"authorization: {AUTH}"),
        ('curl -H "Authorization: token abc123"', f'curl -H "Authorization: {AUTH}"'),
        ("Proxy-Authorization: Negotiate YII1", f"Proxy-Authorization: {AUTH}"),
        ('Authorization: Digest username="u", response="ab"\nHost: h', f"Authorization: {AUTH}\nHost: h"),
        ("Authorization: AWS4-HMAC-SHA256 Credential=a/b, Signature=cd\nX: y", f"Authorization: {AUTH}\nX: y"),
        ("Cookie: sid=abc; theme=dark\r\nHost: h", f"Cookie: {COOKIE}\r\nHost: h"),
        ("Set-Cookie: sid=abc; HttpOnly", f"Set-Cookie: {COOKIE}"),
        ("curl -H 'Cookie: sid=abc' u", f"curl -H 'Cookie: {COOKIE}' u"),
        ("{'password': 'it\\'s', 'user': 'u'}", f"{{'password': '{FIELD}', 'user': 'u'}}"),
    ],
)
def test_what_a_text_gives_to_a_name_is_masked(text: str, masked: str) -> None:
    assert REDACTOR.text(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "The password must have 8 characters. Password: at least 8 of them.",
        "A secret: nobody knows. Token: a word. Authorization: required for all. Cookie: a small file.",
        "Basic information, Bearer of news; bearer tokens are described in RFC 6750.",
        "password = user.password; token=token, api_key=self.api_key, secret = get_secret(name)",
        "token = uuid.uuid4().hex",
        "if password == other: pass",
        "PWD=/home/user OLDPWD=/root pwd: '/srv' 12 tests: pass",
        '"token": "Hello", "next_page_token": "a1B2c3D4e5F6g7H8", "eos_token": "</s>"',
        '"max_tokens": 4096, "token_count": 17, "password": null, "secret": false, "api_keys": 3',
        '"password": "", "secret": "***", "api_key": "${API_KEY}", "token": "{{ $json.token }}", "cookie": "chocolate"',
        "password: <your password> api_key=%s PASSWORD=$PASSWORD secret: [masked]",
        "[redacted: secret-field] password: [redacted: secret-field] API_KEY=[redacted: secret-field]",
        "monkey: banana1, keyboard: querty1, compass: north1, password_hint: pet1234, secretary: john1234",
        "Secret::new(1) token::Kind1234 std::password::x1234567",
    ],
)
def test_prose_code_and_placeholders_stay(text: str) -> None:
    assert REDACTOR.text(text) == text


@pytest.mark.parametrize("value", ["hunter2", 'a"b', "a\\", 'a\\"b\\', "ü", "a,b;c d}]"])
@pytest.mark.parametrize("depth", range(4))
def test_json_in_a_text_stays_json_at_any_depth(value: str, depth: int) -> None:
    text = json.dumps({"before": 1, "password": value, "after": [value[:1]]})
    for _ in range(depth):
        text = json.dumps({"inner": text, "user": "u"})
    masked = REDACTOR.text(text)
    for _ in range(depth):
        masked = json.loads(masked)["inner"]
    assert json.loads(masked) == {"before": 1, "password": FIELD, "after": [value[:1]]}


@pytest.mark.parametrize(
    "name", ["README.md", "docker-compose.yml", "Makefile", "samples/codemie-virtual-assistant.json"]
)
def test_documents_of_this_repository_stay(name: str) -> None:
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    assert REDACTOR.text(text) == text
