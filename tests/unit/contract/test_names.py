from __future__ import annotations

import random
import re
import time
import tracemalloc
import unicodedata
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import PurePosixPath, PureWindowsPath
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from producer.contract.errors import RunfolioError
from producer.contract.index import StepEntry
from producer.contract.names import (
    MANIFEST,
    READER,
    ParsedName,
    archive_name,
    attachment,
    combined_name,
    execution_datetime,
    made_portable,
    parse_step_file,
    portable,
)
from producer.contract.record import Status
from producer.contract.stepnames import StepName, StepNames

MOMENT = datetime(2025, 4, 9, 14, 59, 56, 999_999, tzinfo=UTC)
DEVICES = ["CON", "prn", "Aux", "NUL", "COM0", "com9", "LPT1", "COM\xb9", "LPT\xb3", "CONIN$", "conout$"]
FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467"

HOSTILE = st.one_of(
    st.text(max_size=40),
    st.text(alphabet=st.characters(), max_size=40),
    st.text(alphabet="aA./\\:~_1 \u0301\u200d\u202e\xdf\u017f", max_size=6),
    st.text(alphabet=f"a e\u0301\xe9\u1e9b\u0323\u0345\u03b1{FAMILY}\U0001f1e6\u5de5\u0634", min_size=60, max_size=260),
    st.sampled_from(DEVICES).flatmap(
        lambda device: st.sampled_from([device, f"{device}.txt", f"{device} .a.b", f"{device}. "])
    ),
    st.sampled_from(
        ["a", "A", "a_1", "a~2", "A~2", "a~2_1", "a_2", "a~3", "a_1~2", "x" * 300, "X" * 299, "x" * 300 + "_1"]
    ),
)


def entry(name: str, iteration: int | None = None, status: Status = Status.SUCCEEDED) -> StepEntry:
    return StepEntry(name, status, iteration, None, None, 0, 0)


def planned(entries: Iterable[StepEntry], extension: str = "md") -> list[str]:
    several = list(entries)
    names = StepNames.plan(several, extension)
    return [names.of(position, one).file_name for position, one in enumerate(several)]


def caseless(text: str) -> str:
    return unicodedata.normalize("NFC", text.casefold())


def is_portable(text: str) -> bool:
    device = re.compile(
        r"(con|prn|aux|nul|(com|lpt)[0-9\xb9\xb2\xb3]|conin\$|conout\$) *(\..*)?", re.IGNORECASE | re.DOTALL
    )
    harmful = any(c in '<>:"/\\|?*' or unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in text)
    bidi = any(
        unicodedata.bidirectional(c) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"} for c in text
    )
    ends = text.startswith(".") or text.endswith((".", " ")) or not text
    return not (harmful or bidi or ends or device.fullmatch(text)) and unicodedata.is_normalized("NFC", text)


@settings(max_examples=200, deadline=None)
@given(HOSTILE, st.integers(4, 240))
@example("CON", 4)
@example("a. . .", 5)
@example("e" + "\u0301" * 300, 100)
def test_portable_names_are_safe_short_and_stable(name: str, limit: int) -> None:
    result = portable(name, limit)
    assert is_portable(result)
    assert len(result.encode()) <= limit
    assert portable(result, limit) == result
    for path in (PurePosixPath(result), PureWindowsPath(result)):
        assert path.parts == (result,)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Fetch the Data", "Fetch the Data"),
        (" two  spaces", " two  spaces"),
        ("工作 ПРИВЕТ שלום", "工作 ПРИВЕТ שלום"),
        ('a/b\\c:d*e?f"g<h>i|j', "a_b_c_d_e_f_g_h_i_j"),
        ("../../etc/passwd", "_._.._etc_passwd"),
        ("C:\\x", "C__x"),
        (".hidden", "_hidden"),
        ("..", "_"),
        ("ends. . ", "ends"),
        ("wide\u3000", "wide"),
        ("a\x00b\nc\x7fd\x9fe", "a_b_c_d_e"),
        ("x\u202egnp.exe", "x_gnp.exe"),
        ("a\u2066b\u2069c\u200ed\u061ce", "a_b_c_d_e"),
        ("a\u2028b\u2029c\ufeffd\ud83de\uffff", "a_b_c_d_e_"),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"),
        (FAMILY, FAMILY),
        ("e\u0301", "\xe9"),
        ("", "step"),
        (" . ", "step"),
        ("nul.txt", "_nul.txt"),
        ("Con .md", "_Con .md"),
        ("CON\u200d", "CON\u200d"),
        ("console", "console"),
        ("COM10", "COM10"),
    ],
)
def test_portable_by_example(name: str, expected: str) -> None:
    assert portable(name, 240) == expected


@pytest.mark.parametrize("device", DEVICES)
def test_device_names_are_made_safe(device: str) -> None:
    assert portable(device, 240) == f"_{device}"
    assert portable(f"{device}.log", 240) == f"_{device}.log"


@pytest.mark.parametrize(
    ("name", "limit", "expected"),
    [
        ("abcdef", 3, "abc"),
        ("ab cdef", 3, "ab"),
        ("ab.cdef", 3, "ab"),
        ("aüü", 4, "aü"),
        ("ab\u5de5", 4, "ab"),
        (f"ab{FAMILY}", 10, "ab"),
        ("ab\U0001f44d\U0001f3fd", 7, "ab"),
        ("ab\U0001f1e9\U0001f1ea", 8, "ab"),
        ("abx\u0331\u0332", 5, "ab"),
        ("x" + "\u0331" * 100, 21, "x" + "\u0331" * 10),
        ("nul.x", 3, "_nu"),
        ("COM1x", 4, "_COM"),
    ],
)
def test_cuts_fall_between_what_readers_see_as_characters(name: str, limit: int, expected: str) -> None:
    assert portable(name, limit) == expected


def test_an_empty_name_may_be_called_otherwise() -> None:
    assert portable("", 240, empty="workflow") == "workflow"


def test_execution_datetime_is_in_the_zone() -> None:
    assert execution_datetime(MOMENT, UTC) == "2025-04-09_14_59_56"
    assert execution_datetime(MOMENT.replace(tzinfo=None), UTC) == "2025-04-09_14_59_56"
    assert execution_datetime(MOMENT, ZoneInfo("Asia/Kolkata")) == "2025-04-09_20_29_56"


@pytest.mark.parametrize(
    "moment", [datetime(1, 1, 1, tzinfo=UTC), datetime.min.replace(tzinfo=timezone(timedelta(hours=14)))]
)
def test_the_first_moment_of_the_calendar_has_a_name(moment: datetime) -> None:
    assert execution_datetime(moment, ZoneInfo("America/New_York")) == "0001-01-01_00_00_00"


def test_archive_name_of_the_contract() -> None:
    name = archive_name("virtual assistant", MOMENT, UTC, "4540c83c-57af-465c-84f2-c7c404e41328")
    assert name == "virtual assistant_2025-04-09_14_59_56_4540c83c-57af-465c-84f2-c7c404e41328.zip"
    assert combined_name(name, "html") == f"{name[:-4]}.html"


def test_a_long_workflow_name_is_cut_before_the_id() -> None:
    assert archive_name("w" * 500, MOMENT, UTC, "i" * 200) == f"{'w' * 14}_2025-04-09_14_59_56_{'i' * 200}.zip"


def test_a_long_id_is_cut_and_the_date_never() -> None:
    name = archive_name("w" * 500, MOMENT, UTC, "i" * 1024)
    assert name == f"{'w' * 8}_2025-04-09_14_59_56_{'i' * 206}.zip"
    assert archive_name("w", MOMENT, UTC, "i" * 1024) == f"w_2025-04-09_14_59_56_{'i' * 206}.zip"


def test_an_id_keeps_what_is_legal() -> None:
    assert archive_name("", MOMENT, UTC, "run/7:nul").endswith("_run_7_nul.zip")
    assert archive_name("", MOMENT, UTC, " ") == "workflow_2025-04-09_14_59_56_execution.zip"


@settings(max_examples=150, deadline=None)
@given(HOSTILE, HOSTILE)
def test_archive_names_are_portable(workflow: str, execution: str) -> None:
    name = archive_name(workflow, MOMENT, UTC, execution)
    assert is_portable(name)
    assert len(name.removesuffix(".zip").encode()) <= 235
    assert "_2025-04-09_14_59_56_" in name
    assert len(combined_name(name, "html").encode()) <= 240


def test_every_status_has_its_word() -> None:
    words = {status: planned([entry("a", status=status)], "html")[0] for status in Status}
    assert words.pop(Status.SUCCEEDED) == "a_success.html"
    assert words == {status: f"a_{status.value}.html" for status in words}


@pytest.mark.parametrize(
    ("iterations", "expected"),
    [
        ([5], ["a"]),
        ([0, 1, 2], ["a_0", "a_1", "a_2"]),
        ([7, 3, 5], ["a_7", "a_3", "a_5"]),
        ([3, 1, 3], ["a_1", "a_2", "a_3"]),
        ([2, 2], ["a_1", "a_2"]),
        ([None, None], ["a_1", "a_2"]),
        ([5, None, 7], ["a_1", "a_2", "a_3"]),
        ([None, 7, 3], ["a_1", "a_2", "a_3"]),
        ([10**18 - 1, 1], [f"a_{10**18 - 1}", "a_1"]),
        ([10**400, 1], ["a_1", "a_2"]),
        ([-1, 4], ["a_1", "a_2"]),
    ],
)
def test_iterations(iterations: list[int | None], expected: list[str]) -> None:
    assert planned(entry("a", iteration) for iteration in iterations) == [f"{name}_success.md" for name in expected]


def test_step_name_tells_the_iteration_in_it() -> None:
    entries = [entry("a", 4), entry("b", 9), entry("a", 9, Status.FAILED)]
    names = StepNames.plan(entries, "md")
    assert len(names) == 3
    assert [names.of(position, one) for position, one in enumerate(entries)] == [
        StepName("a_4_success.md", 4),
        StepName("b_success.md", None),
        StepName("a_9_failed.md", 9),
    ]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (["a/b", "a:b", "A?B", "a_b"], ["a_b", "a_b~2", "A_B~3", "a_b~4"]),
        (["Straße", "STRASSE"], ["Straße", "STRASSE~2"]),
        (["\xe9", "E\u0301"], ["\xe9", "\xc9~2"]),
        (["ab", "a\u200db"], ["ab", "a\u200db~2"]),
        (["", "step", "Step"], ["step", "step~2", "Step~3"]),
        (["a", "a~2", "A"], ["a", "a~2", "A~3"]),
        (["a", "A", "a~2"], ["a", "A~2", "a~2~2"]),
        (["a~2", "a", "A"], ["a~2", "a", "A~3"]),
        (["a", "a_1", "a"], ["a_1", "a_1~2", "a_2"]),
        (["a_1", "a", "a"], ["a_1", "a~2_1", "a~2_2"]),
        (["a_3", "a", "a"], ["a_3", "a_1", "a_2"]),
        (["a_01", "a", "a"], ["a_01", "a_1", "a_2"]),
        (["A_2", "a~2_1", "a", "a"], ["A_2", "a~2_1", "a~3_1", "a~3_2"]),
        (["a", "A", "a", "A"], ["a_1", "A~2_1", "a_2", "A~2_2"]),
        (["a_1", "a_1", "a", "a"], ["a_1_1", "a_1_2", "a_1", "a_2"]),
    ],
)
def test_names_that_would_collide(raw: list[str], expected: list[str]) -> None:
    assert planned(map(entry, raw)) == [f"{name}_success.md" for name in expected]


def test_a_step_keeps_its_suffix_whatever_the_status() -> None:
    entries = [entry("fetch"), entry("Fetch", status=Status.FAILED)]
    assert planned(entries) == ["fetch_success.md", "Fetch~2_failed.md"]


def test_a_name_that_just_fits_is_not_cut() -> None:
    assert planned([entry("x" * 229)]) == [f"{'x' * 229}_success.md"]
    assert planned([entry("x" * 230)]) == [f"{'x' * 229}_success.md"]


def test_cut_names_keep_iteration_suffix_and_status() -> None:
    first, second, third = planned(
        [entry("x" * 300, 10**17), entry("X" * 300, 7), entry("x" * 300, 10**17 + 1)], "html"
    )
    assert first.endswith(f"x_{10**17}_success.html")
    assert second == f"{'X' * second.count('X')}_success.html"
    assert third.endswith(f"x_{10**17 + 1}_success.html")
    twins = planned([entry("x" * 300), entry("X" * 300), entry("y"), entry("x" * 301)])
    assert [re.sub(r"[xX]{190,}", "x", name) for name in twins] == [
        "x_success.md",
        "x~2_success.md",
        "y_success.md",
        "x~3_success.md",
    ]


RUNS = st.lists(
    st.tuples(HOSTILE, st.one_of(st.none(), st.integers(0, 3), st.integers(0, 10**30)), st.sampled_from(Status)),
    max_size=12,
)
CLASHING = st.lists(
    st.tuples(
        st.sampled_from(["a", "A", "a_1", "A_1", "a_2", "a~2", "a~2_1", "A~2", "a_1~2", "a_1_1", "a~3_2"]),
        st.one_of(st.none(), st.integers(0, 3)),
        st.just(Status.SUCCEEDED),
    ),
    max_size=14,
)


@settings(max_examples=200, deadline=None)
@given(st.one_of(RUNS, CLASHING), st.sampled_from(["md", "html"]), st.randoms())
def test_files_of_an_archive(
    runs: list[tuple[str, int | None, Status]], extension: str, shuffle: random.Random
) -> None:
    entries = [entry(name, iteration, status) for name, iteration, status in runs]
    files = planned(entries, extension)
    assert len({caseless(name) for name in [*files, MANIFEST, READER]}) == len(files) + 2
    for name, one in zip(files, entries, strict=True):
        assert len(name.encode()) <= 240
        assert is_portable(name)
        assert parse_step_file(name).status is one.status
    names = StepNames.plan(iter(entries), extension)
    order = shuffle.sample(range(len(entries)), len(entries))
    assert {position: names.of(position, entries[position]).file_name for position in order} == dict(enumerate(files))


def test_the_stem_is_all_before_the_status() -> None:
    assert parse_step_file("a_b_7_timed-out.html") == ParsedName("a_b_7", Status.TIMED_OUT)
    assert parse_step_file("a.b_success.md") == ParsedName("a.b", Status.SUCCEEDED)


@pytest.mark.parametrize("name", ["index.html", "manifest.json", "a_succeeded.md", "", "success.md.md"])
def test_other_files_are_no_step_files(name: str) -> None:
    with pytest.raises(RunfolioError, match="not the name of a step file"):
        parse_step_file(name)


MANY = 50_000


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda n: entry(f"step number {n}"), id="distinct"),
        pytest.param(lambda n: entry(f"{n}" + "\xe9" * 60), id="long"),
        pytest.param(lambda n: entry(f"a{n:b}".translate({48: "<", 49: ">"})), id="one portable name"),
        pytest.param(lambda n: entry("loop", n * 7919 % MANY), id="unordered iterations"),
    ],
)
def test_a_plan_is_small(make: Callable[[int], StepEntry]) -> None:
    tracemalloc.start()
    try:
        names = StepNames.plan((make(n) for n in range(MANY)), "md")
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(names) == MANY
    assert peak / MANY < 300
    assert kept / MANY < 40


def test_equal_portable_names_with_iterations_are_not_quadratic() -> None:
    variants = [f"a{n:013b}".translate({48: "<", 49: ">"}) for n in range(5_000)]
    rivals = [f"{portable(variants[0], 240)}_{n}" for n in [*range(3, 10_000), 1]]
    started = time.process_time()
    names = planned(map(entry, rivals + variants + variants))
    assert time.process_time() - started < 5
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("plain name.zip", "attachment; filename=\"plain name.zip\"; filename*=UTF-8''plain%20name.zip"),
        ("Café.zip", "attachment; filename=\"Cafe.zip\"; filename*=UTF-8''Caf%C3%A9.zip"),
        ("工.zip", "attachment; filename=\"_.zip\"; filename*=UTF-8''%E5%B7%A5.zip"),
        ("a\uff0fb.zip", "attachment; filename=\"a_b.zip\"; filename*=UTF-8''a%EF%BC%8Fb.zip"),
        ("\u2024a", "attachment; filename=\"_a\"; filename*=UTF-8''%E2%80%A4a"),
        ("50%41 100%.zip", "attachment; filename=\"50_41 100%.zip\"; filename*=UTF-8''50%2541%20100%25.zip"),
        ('a"\r\nX: y\\.zip', "attachment; filename=\"a___X_ y_.zip\"; filename*=UTF-8''a___X_%20y_.zip"),
        (
            "it's (1)*;,=.zip",
            "attachment; filename=\"it's (1)_;,=.zip\"; filename*=UTF-8''it%27s%20%281%29_%3B%2C%3D.zip",
        ),
    ],
)
def test_attachment_by_example(name: str, expected: str) -> None:
    assert attachment(name) == expected


@settings(max_examples=200, deadline=None)
@given(HOSTILE)
def test_attachment_is_a_safe_header_that_brings_the_name_back(text: str) -> None:
    name = portable(text, 240)
    found = re.fullmatch(
        r"attachment; filename=\"([ -~]*)\"; filename\*=UTF-8''([A-Za-z0-9!#$&+.^_`|~%-]*)", attachment(name)
    )
    assert found is not None
    assert unquote(found[2]) == name
    assert not set(found[1]) & set('"\\/:*?<>|')
    assert not found[1].startswith(".")


@given(
    st.from_regex(r"(?i:con|nul|com1|lpt9|[a-z0-9_.-]*) {0,3}[A-Za-z0-9 _.-]{0,20}", fullmatch=True), st.integers(4, 30)
)
@example("CON 1", 240)
@example("COM1 ", 240)
@example("step 1", 5)
def test_that_an_ordinary_name_is_what_any_name_would_become(name: str, room: int) -> None:
    assert portable(name, room) == made_portable(name, room, "step")
