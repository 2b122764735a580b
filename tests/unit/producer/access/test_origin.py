from __future__ import annotations

import pytest

from producer.access.origin import refuse_other_sites
from producer.contract.errors import Forbidden

PUBLIC = "https://runfolio.example/base"
HOST = {"host": "10.0.0.7:8000"}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
        {"sec-fetch-site": "same-origin", "origin": "null"},
        {"origin": "https://runfolio.example"},
        {"origin": "http://10.0.0.7:8000"},
    ],
)
def test_the_own_page_and_programs_may(headers: dict[str, str]) -> None:
    refuse_other_sites({**HOST, **headers}, PUBLIC)


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": ""},
        {"sec-fetch-site": "SAME-ORIGIN"},
        {"sec-fetch-site": "same-origin, cross-site"},
        {"sec-fetch-site": "cross-site", "origin": "https://runfolio.example"},
        {"origin": "null"},
        {"origin": ""},
        {"origin": "https://evil.example"},
        {"origin": "https://runfolio.example.evil.example"},
        {"origin": "https://runfolio.example@evil.example"},
        {"origin": "https://runfolio.example:8443"},
        {"origin": "http://10.0.0.7"},
        {"origin": "http://10.0.0.7:8001"},
        {"origin": "runfolio.example"},
        {"origin": "file://"},
    ],
)
def test_other_sites_are_refused_with_a_remedy(headers: dict[str, str]) -> None:
    with pytest.raises(Forbidden, match="Another site") as caught:
        refuse_other_sites({**HOST, **headers}, PUBLIC)
    assert (caught.value.field, caught.value.remedy) == ("Origin", "Open Runfolio's own page and do it there.")


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "http://a]b", "http://\u2100.example"])
def test_an_origin_that_is_none_is_refused(origin: str) -> None:
    with pytest.raises(Forbidden):
        refuse_other_sites({**HOST, "origin": origin}, PUBLIC)


def test_a_request_that_names_no_host_is_of_the_public_address_or_none() -> None:
    refuse_other_sites({"origin": "https://runfolio.example"}, PUBLIC)
    with pytest.raises(Forbidden):
        refuse_other_sites({"origin": "http://10.0.0.7:8000"}, PUBLIC)
