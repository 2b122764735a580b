"""What keys and tokens of common services look like, from what their issuers have published of it.

Every shape begins with a literal text, so that what holds none of these texts need not be looked at more closely, and
each match is begun where one stands. Matching takes time linear in the text: what may be long is limited to characters
that cannot precede a further beginning, and is taken without going back.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_ESCAPED: Final = r"(?<=\\[nrtbf])|(?<=%[0-9A-Fa-f]{2})|(?<=\\u[0-9A-Fa-f]{4})"
_LOOSE: Final = rf"(?:(?<![A-Za-z0-9])|{_ESCAPED})"
_APART: Final = rf"(?:(?<![A-Za-z0-9_-])|{_ESCAPED})"
_STRICT: Final = rf"(?:(?<![A-Za-z0-9_/+-])|{_ESCAPED})"  # For short beginnings, which chance puts into base64.


class Shape(NamedTuple):
    """A rule for texts that begin alike.

    ``begins`` are the literal texts; ``pattern`` matches from the beginning of one, or from as many characters before
    it as one of ``leads`` says; a text without ``needs`` has no match. What is masked is the group ``secret`` where
    there is one, else the whole match.
    """

    name: str
    begins: tuple[str, ...]
    pattern: re.Pattern[str]
    leads: tuple[int, ...] = (0,)
    needs: str = ""


def shape(
    name: str,
    begins: str,
    rest: str,
    *,
    guard: str = _LOOSE,
    leads: tuple[int, ...] = (0,),
    needs: str = "",
    tail: str = "[A-Za-z0-9]*+",
) -> Shape:
    r"""Describe a shape: ``begins`` are its literal texts, white space between them; ``rest`` is the pattern behind.

    What precedes must be no letter or digit, but for the last one of an escape (``\n``, ``%3D``). With ``leads`` the
    pattern is the whole one. What goes on behind it without a gap, ``tail``, is masked with it.
    """
    words = tuple(begins.split())
    literal = "" if leads != (0,) else f"(?:{'|'.join(map(re.escape, words))})"
    return Shape(name, words, re.compile(f"{guard}{literal}{rest}{tail}", re.ASCII), leads, needs)


_UUID: Final = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_WORD: Final = r"(?![A-Za-z0-9])"

CLOUDS: Final = (
    shape("aws-access-key-id", "AKIA ASIA ABIA ACCA", f"[A-Z0-9]{{16}}{_WORD}"),
    shape("aws-mws-token", "amzn.mws.", _UUID),
    shape("aws-bedrock-api-key", "bedrock-api-key-", r"[A-Za-z0-9+/=_-]{20,}+"),
    shape("google-api-key", "AIza", r"[A-Za-z0-9_-]{35}(?![A-Za-z0-9_/+-])", guard=_STRICT),
    shape("google-oauth-token", "ya29.", r"[A-Za-z0-9_.-]{20,}+"),
    shape("google-oauth-secret", "GOCSPX-", r"[A-Za-z0-9_-]{20,}+"),
    shape("google-refresh-token", "1//0", r"[A-Za-z0-9_-]{40,}+"),
    shape("azure-storage-key", "AccountKey= SharedAccessKey=", r"(?P<secret>[A-Za-z0-9+/]{42,}+={0,2})"),
    shape("azure-client-secret", "Q~", r"[A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,}+", leads=(4,)),
    shape("azure-devops-token", "AZDO", r"[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}", leads=(76,)),
    shape("azure-signature", "sig=", r"(?P<secret>(?:[A-Za-z0-9/+]|%2[BbFf]){38,}+(?:=|%3[Dd]))"),
    shape("alibaba-access-key-id", "LTAI", rf"[A-Za-z0-9]{{12,24}}{_WORD}", guard=_STRICT),
    shape("digitalocean-token", "dop_v1_ doo_v1_ dor_v1_", r"[0-9a-f]{64}"),
    shape("heroku-api-key", "HRKU-", r"[A-Za-z0-9_-]{36,}+"),
    shape("fly-token", "fm1a_ fm1r_ fm2_", r"[A-Za-z0-9+/=_-]{40,}+"),
    shape("pulumi-token", "pul-", r"[0-9a-f]{40}"),
    shape("terraform-token", ".atlasv1.", r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,}+", leads=(14,)),
    shape("vault-token", "hvs. hvb. hvr.", r"[A-Za-z0-9_-]{24,}+"),
    shape("scaleway-access-key", "SCW", f"[A-Z0-9]{{17}}{_WORD}", guard=_STRICT),
)

CODE: Final = (
    shape("github-token", "ghp_ gho_ ghu_ ghs_ ghr_", r"[A-Za-z0-9]{36,}+"),
    shape("github-token", "github_pat_", r"[A-Za-z0-9_]{60,}+"),
    shape(
        "gitlab-token",
        "glpat- gldt- glft- glffct- glsoat- glrt- glrtr- glcbt- glimt- glptt- glagent- gloas- glwt- GR1348941",
        r"[A-Za-z0-9_.-]{20,}+",
    ),
    shape("bitbucket-token", "ATBB", r"[A-Za-z0-9_=.-]{28,}+", guard=_STRICT),
    shape("npm-token", "npm_", r"[A-Za-z0-9]{36,}+"),
    shape("pypi-token", "pypi-", r"[A-Za-z0-9_-]{50,}+"),
    shape("rubygems-key", "rubygems_", r"[0-9a-f]{48}"),
    shape("clojars-token", "CLOJARS_", r"[A-Za-z0-9]{60}"),
    shape("docker-token", "dckr_pat_ dckr_oat_", r"[A-Za-z0-9_-]{20,}+"),
    shape("artifactory-key", "AKCp", r"[A-Za-z0-9]{60,}+", guard=_STRICT),
    shape("sonarqube-token", "sqp_ squ_ sqa_", r"[0-9a-f]{40}"),
    shape("circleci-token", "CCIPAT_ CCIPRJ_", r"[A-Za-z0-9_]{40,}+"),
    shape("buildkite-token", "bkua_ bkat_", r"[0-9a-f]{40}"),
    shape("postman-key", "PMAK-", r"[0-9a-f]{24}-[0-9a-f]{34}"),
)

SERVICES: Final = (
    shape(
        "slack-token",
        "xoxb- xoxp- xoxa- xoxr- xoxs- xoxo- xoxc- xoxd- xoxe-",
        r"(?=[A-Za-z%/+=-]{0,64}[0-9])[A-Za-z0-9%/+=-]{10,}+",
    ),
    shape("slack-token", "xoxe.xox xapp-", r"[A-Za-z0-9-]{20,}+"),
    shape(
        "slack-webhook",
        "hooks.slack.com/services/ hooks.slack.com/workflows/ hooks.slack.com/triggers/",
        r"(?P<secret>[A-Za-z0-9/]{20,}+)",
    ),
    shape(
        "discord-webhook",
        "discord.com/api/webhooks/ discordapp.com/api/webhooks/",
        r"(?P<secret>[0-9]{15,21}/[A-Za-z0-9_-]{60,}+)",
    ),
    shape("teams-webhook", ".webhook.office.com/webhookb2/", r"(?P<secret>[A-Za-z0-9@/-]{36,}+)", guard=""),
    shape("stripe-key", "sk_live_ sk_test_ rk_live_ rk_test_ sk_prod_", r"[A-Za-z0-9]{16,}+"),
    shape("webhook-secret", "whsec_", r"[A-Za-z0-9+/=_-]{24,}+"),
    shape("square-token", "sq0atp- sq0csp- sq0idp-", r"[A-Za-z0-9_-]{22,}+"),
    shape("easypost-key", "EZAK EZTK", f"[A-Za-z0-9]{{54}}{_WORD}", guard=_STRICT),
    shape("shippo-token", "shippo_live_ shippo_test_", r"[0-9a-f]{40}"),
    shape("sendgrid-key", "SG.", r"[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{16,64}+"),
    shape("mailgun-key", "key-", f"[0-9a-f]{{32}}{_WORD}", guard=_APART),
    shape("mailchimp-key", "-us", rf"[0-9a-f]{{32}}-us[0-9]{{1,2}}{_WORD}", leads=(32,)),
    shape("brevo-key", "xkeysib- xsmtpsib-", r"[0-9a-f]{64}-[A-Za-z0-9]{16}"),
    shape("twilio-key", "SK", f"[0-9a-f]{{32}}{_WORD}", guard=_STRICT),
    shape("telegram-token", ":AA", r"[0-9]{8,10}:AA[A-Za-z0-9_-]{32,}+", leads=(8, 9, 10)),
    shape("shopify-token", "shpat_ shpca_ shppa_ shpss_ shptka_", r"[0-9a-fA-F]{32}"),
    shape("atlassian-token", "ATATT3 ATCTT3 ATSTT3", r"[A-Za-z0-9_=-]{100,}+", guard=_STRICT),
    shape("linear-key", "lin_api_ lin_oauth_", r"[A-Za-z0-9]{32,}+"),
    shape("notion-token", "ntn_", r"[A-Za-z0-9]{40,}+"),
    shape("notion-token", "secret_", rf"[A-Za-z0-9]{{43}}{_WORD}"),
    shape("figma-token", "figd_ figo_", r"[A-Za-z0-9_-]{36,}+"),
    shape("typeform-token", "tfp_", r"[A-Za-z0-9_.=-]{40,}+"),
    shape("hubspot-token", "pat-na1- pat-na2- pat-eu1- pat-ap1-", _UUID),
    shape("netlify-token", "nfp_ nfc_", r"[A-Za-z0-9_]{36,}+"),
    shape("new-relic-key", "NRAK- NRII- NRJS-", r"[A-Za-z0-9_-]{19,}+"),
    shape("sentry-token", "sntrys_ sntryu_", r"[A-Za-z0-9+/=_-]{40,}+"),
    shape("grafana-token", "glsa_ glc_", r"[A-Za-z0-9+/=_]{32,}+"),
    shape("doppler-token", "dp.pt. dp.st. dp.ct. dp.sa. dp.scim. dp.audit.", r"[A-Za-z0-9._-]{40,}+"),
    shape("planetscale-token", "pscale_tkn_ pscale_pw_ pscale_oauth_", r"[A-Za-z0-9_.=-]{32,}+"),
    shape("supabase-key", "sbp_ sb_secret_", r"[A-Za-z0-9_-]{31,}+"),
    shape("prefect-key", "pnu_ pnb_", r"[A-Za-z0-9]{36,}+"),
    shape("tailscale-key", "tskey-", r"[a-z]{2,12}-[A-Za-z0-9]{8,}+(?:-[A-Za-z0-9]++)?"),
    shape("dropbox-token", "sl.", r"(?:u\.|B\.)?[A-Za-z0-9_-]{100,}+"),
    shape("databricks-token", "dapi dose dkea", rf"[0-9a-f]{{32}}(?:-[0-9]{{1,2}})?{_WORD}"),
    shape("onepassword-token", "ops_eyJ", r"[A-Za-z0-9+/=_-]{100,}+"),
    shape("n8n-api-key", "n8n_api_", r"[A-Za-z0-9]{40,}+"),
    shape("age-secret-key", "AGE-SECRET-KEY-1", r"[A-Z0-9]{58}"),
)

MODELS: Final = (
    shape("anthropic-key", "sk-ant-", r"[A-Za-z0-9_-]{20,}+"),
    shape("openrouter-key", "sk-or-v1-", r"[0-9a-f]{64}"),
    shape("langfuse-key", "sk-lf-", _UUID),
    shape("openai-key", "sk-proj- sk-svcacct- sk-admin- sk-None-", r"[A-Za-z0-9_-]{20,}+"),
    shape("openai-key", "sk-", r"(?=[A-Za-z]*[0-9])[A-Za-z0-9]{32,}+"),
    shape("huggingface-token", "hf_ api_org_", r"[A-Za-z0-9]{30,}+"),
    shape("groq-key", "gsk_", r"[A-Za-z0-9]{40,}+"),
    shape("xai-key", "xai-", r"[A-Za-z0-9]{60,}+"),
    shape("perplexity-key", "pplx-", r"[A-Za-z0-9]{40,}+"),
    shape("replicate-token", "r8_", r"[A-Za-z0-9]{37,}+"),
    shape("fireworks-key", "fw_", r"(?=[A-Za-z]*[0-9])[A-Za-z0-9]{22,}+"),
    shape("langsmith-key", "lsv2_pt_ lsv2_sk_", r"[0-9a-f]{32}_[0-9a-f]{10}"),
    shape("pinecone-key", "pcsk_", r"[A-Za-z0-9_]{40,}+"),
    shape("tavily-key", "tvly-", r"[A-Za-z0-9-]{30,}+"),
    shape("elevenlabs-key", "sk_", rf"[0-9a-f]{{48}}{_WORD}"),
    shape("mapbox-token", "sk.eyJ", r"[A-Za-z0-9_-]{20,}+\.[A-Za-z0-9_-]{20,}+", guard=_STRICT),
)

_PEM: Final = r"(?:[A-Z0-9]{1,16} ){0,3}PRIVATE KEY(?: BLOCK)?-----"

FORMATS: Final = (
    # The whole block, whatever stands in it, up to its end; of one that was cut off, the long lines that follow.
    shape(
        "private-key",
        "-----BEGIN",
        rf" {_PEM}(?:[^-]*+(?:-(?!----)[^-]*+)*+-----END {_PEM}|(?:(?:\s|\\+[nr])*+[A-Za-z0-9+/=]{{16,}}+)++)",
        guard="",
        tail="",
    ),
    # Three parts (RFC 7519), the first two JSON objects; or the five of an encrypted one (RFC 7516).
    shape(
        "jwt",
        "eyJ",
        r"[A-Za-z0-9_-]{10,}+\.(?:eyJ[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]*+"
        r"|[A-Za-z0-9_-]*+\.[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]{8,}+)",
        guard=_APART,
    ),
    shape(
        "url-password",
        "://",
        r"""[^\s:/?#@"'<>\[\]]{0,128}:(?![0-9]{1,5}[?#])(?P<secret>(?:[^\s/"'<>\\]|\\(?![nrt"'])){1,512})@(?=[^\s/"'<>@])""",
        guard=r"(?<=[A-Za-z0-9])",
        needs="@",
        tail="",
    ),
    shape(
        "bearer-token", "Bearer bearer", r"(?:[ \t]|\\t)+(?P<secret>(?=[A-Za-z._~+/-]*[0-9])[A-Za-z0-9._~+/-]{16,}+=*+)"
    ),
)

SHAPES: Final = (*CLOUDS, *CODE, *SERVICES, *MODELS, *FORMATS)
"""All of them; where two match the same text, the first counts."""
