from __future__ import annotations

import pytest

from producer.contract import jsontext
from producer.contract.errors import MalformedBody
from runfolio.yamltext import as_json


def test_times_stay_text_and_numbers_stay_numbers() -> None:
    text = b"at: 2019-06-26T09:12:46Z\nday: 2019-06-26\nn: 7\nnone:\nword: 'no'\nlist: [a, 1.5]\n"
    assert jsontext.decode(as_json(text, "x.yaml")) == {
        "at": "2019-06-26T09:12:46Z",
        "day": "2019-06-26",
        "n": 7,
        "none": None,
        "word": "no",
        "list": ["a", 1.5],
    }


@pytest.mark.parametrize(
    "text",
    [b"a: [", b"a: &x 1\nb: *x\n", b"\xff", b"a: 1\n---\nb: 2\n", b"!!python/object:os.system {}", b"true: 1\n"],
)
def test_what_json_cannot_say_is_refused(text: bytes) -> None:
    with pytest.raises(MalformedBody) as error:
        as_json(text, "x.yaml")
    assert error.value.field == "x.yaml"
