"""An example for every beginning of every shape, put together here so that none stands in the repository whole."""

from __future__ import annotations

from typing import Final

from producer.contract.redaction.shapes import SHAPES, Shape

MIXED: Final = "a1B2c3D4e5F6g7H8i9J0kLmNoPqRsTuVwXyZ" * 6
HEX: Final = "0a1b2c3d4e5f60718293a4b5c6d7e8f9" * 6
UPPER: Final = "A1B2C3D4E5F6G7H8I9J0K2L3M4N5P6Q7" * 6
UUID: Final = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
PEM: Final = f"-----BEGIN RSA PRIVATE {'KEY'}-----\n{MIXED[:64]}\n{HEX[:64]}\nAbc=\n-----END RSA PRIVATE {'KEY'}-----"

_BY_NAME: Final = {
    "aws-access-key-id": UPPER[:16],
    "aws-mws-token": UUID,
    "google-api-key": MIXED[:35],
    "azure-storage-key": MIXED[:86] + "==",
    "azure-signature": MIXED[:43] + "%3D",
    "alibaba-access-key-id": MIXED[:20],
    "scaleway-access-key": UPPER[:17],
    "digitalocean-token": HEX[:64],
    "pulumi-token": HEX[:40],
    "rubygems-key": HEX[:48],
    "clojars-token": MIXED[:60],
    "sonarqube-token": HEX[:40],
    "buildkite-token": HEX[:40],
    "postman-key": f"{HEX[:24]}-{HEX[:34]}",
    "slack-webhook": f"{UPPER[:9]}/{UPPER[:11]}/{MIXED[:24]}",
    "discord-webhook": f"123456789012345678/{MIXED[:68]}",
    "teams-webhook": f"{UUID}@{UUID}/IncomingWebhook/{HEX[:32]}/{UUID}",
    "easypost-key": MIXED[:54],
    "shippo-token": HEX[:40],
    "sendgrid-key": f"{MIXED[:22]}.{MIXED[:43]}",
    "mailgun-key": HEX[:32],
    "brevo-key": f"{HEX[:64]}-{MIXED[:16]}",
    "twilio-key": HEX[:32],
    "shopify-token": HEX[:32],
    "hubspot-token": UUID,
    "prefect-key": MIXED[:36],
    "tailscale-key": f"auth-{MIXED[:17]}-{MIXED[:32]}",
    "databricks-token": HEX[:32],
    "age-secret-key": UPPER[:58],
    "openrouter-key": HEX[:64],
    "langfuse-key": UUID,
    "langsmith-key": f"{HEX[:32]}_{HEX[:10]}",
    "elevenlabs-key": HEX[:48],
    "mapbox-token": f"{MIXED[:60]}.{MIXED[:22]}",
    "jwt": f"{MIXED[:33]}.eyJ{MIXED[:60]}.{MIXED[:43]}",
}
_WHOLE: Final = {
    "azure-client-secret": f"abc8{'Q~'}{MIXED[:34]}",
    "azure-devops-token": f"{MIXED[:76]}{'AZ'}DO1a2B",
    "terraform-token": f"{MIXED[:14]}.{'atlas'}v1.{MIXED[:67]}",
    "mailchimp-key": f"{HEX[:32]}-{'us'}12",
    "telegram-token": f"123456789:{'AA'}{MIXED[:33]}",
    "private-key": PEM,
    "url-password": f"postgres://user:{MIXED[:12]}@db.example.org/x",
    "notion-token": f"secret{'_'}{MIXED[:43]}",
}


def example(shape: Shape, begin: str) -> str:
    """Return a text of the shape that begins so."""
    if shape.name in _WHOLE and not (shape.name == "notion-token" and begin != "secret_"):
        return _WHOLE[shape.name]
    if shape.name == "bearer-token":
        return f"{begin} {MIXED[:40]}"
    return begin + _BY_NAME.get(shape.name, MIXED[:190])


def secret_of(shape: Shape, text: str) -> str:
    """Return what must not be seen of the example."""
    match = shape.pattern.search(text)
    assert match is not None
    return match["secret"] if "secret" in shape.pattern.groupindex else match[0]


EXAMPLES: Final = [
    (shape.name, example(shape, begin), secret_of(shape, example(shape, begin)))
    for shape in SHAPES
    for begin in shape.begins
]
"""Rule, text that holds a secret, and the secret."""
