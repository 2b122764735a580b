from __future__ import annotations

import pytest

from producer.api.logging import masked_path

TOKEN = "tokenA" + "x" * 58


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (f"/d/{TOKEN}", "/d/tokenA…"),
        (f"/d/{TOKEN}/events", "/d/tokenA…/events"),
        (f"/D/{TOKEN}", "/D/tokenA…"),
        (f"//d//{TOKEN}", "//d//tokenA…"),
        (f"/some/prefix/d/{TOKEN}", "/some/prefix/d/tokenA…"),
        (f"/%64/{TOKEN}", "/%64/tokenA…"),
        (f"/d%2F{TOKEN}", "/d%2FtokenA…"),
        (f"/d%2f{TOKEN}%2fevents", "/d%2ftokenA…"),
    ],
)
def test_a_token_is_masked_wherever_it_stands(path: str, shown: str) -> None:
    assert masked_path(path) == shown


@pytest.mark.parametrize(
    "path",
    ["/", "/d", "/d/", "/docs", "/v1/workflows/add/executions/1", "/v1/exports/0123456789abcdef0123456789abcdef"],
)
def test_other_paths_are_shown_as_they_are(path: str) -> None:
    assert masked_path(path) == path
