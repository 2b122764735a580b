from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from producer.contract.errors import Unavailable
from runfolio.embedded.guard import Guard, group_exists
from runfolio.embedded.process import Child, Log
from runfolio.embedded.supervisor import RestartPolicy, Supervisor

SLEEP = "import time; time.sleep(1000)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('set', flush=True); {SLEEP}"
FAST = RestartPolicy(failures=3, window=30.0, first_delay=0.01)

Start = Callable[..., Supervisor]


def child(name: str, code: str, grace: float = 10.0) -> Child:
    return Child(name, (sys.executable, "-S", "-c", code), {"GIVEN": "yes"}, grace=grace)


@pytest.fixture(name="events")
def collected_events() -> list[str]:
    return []


@pytest.fixture(name="supervise")
def supervisors(tmp_path: Path, events: list[str]) -> Iterator[Start]:
    guard = Guard()
    made: list[Supervisor] = []

    def start(*groups: tuple[Child, ...], policy: RestartPolicy = FAST) -> Supervisor:
        made.append(Supervisor(tmp_path, guard, events.append, policy))
        for group in groups:
            made[-1].start(*group)
        return made[-1]

    yield start
    for supervisor in made:
        supervisor.stop(lambda: True)
    guard.close()


def poll_until(supervisor: Supervisor, holds: Callable[[], bool], within: float = 20.0) -> None:
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, "It did not come true in time."
        supervisor.poll()
        time.sleep(0.01)


def output(supervisor: Supervisor, name: str) -> str:
    return supervisor.log_path(name).read_text()


def test_a_child_gets_its_environment_alone_and_its_output_a_private_file(supervise: Start) -> None:
    supervisor = supervise(
        (child("one", f"import os; print(dict(os.environ).get('HOME'), os.environ['GIVEN'], flush=True); {SLEEP}"),)
    )
    poll_until(supervisor, lambda: output(supervisor, "one") == "None yes\n")
    assert supervisor.log_path("one").stat().st_mode & 0o077 == 0


def test_a_child_that_dies_is_started_again(supervise: Start, events: list[str]) -> None:
    supervisor = supervise((child("one", SLEEP), child("two", SLEEP)))
    before = supervisor.pids
    os.kill(before["one"], signal.SIGKILL)
    poll_until(supervisor, lambda: supervisor.pids.get("one", before["one"]) != before["one"])
    assert supervisor.pids["two"] == before["two"]
    assert events == ["one ended (killed by SIGKILL); it is started again in 0.0 s."]


def test_a_child_that_ends_well_is_started_again_too(supervise: Start) -> None:
    supervisor = supervise((child("one", "print('run', flush=True)"),), policy=RestartPolicy(100, 30.0, 0.01, 0.01))
    poll_until(supervisor, lambda: output(supervisor, "one").count("run") >= 3)


def test_what_a_dead_child_started_does_not_live_on(supervise: Start) -> None:
    forking = f"import os\nif os.fork() == 0:\n    {SLEEP}\nprint('forked', flush=True)\n{SLEEP}"
    supervisor = supervise((child("one", forking),))
    poll_until(supervisor, lambda: "forked" in output(supervisor, "one"))
    group = supervisor.pids["one"]
    os.kill(group, signal.SIGKILL)
    poll_until(supervisor, lambda: supervisor.pids.get("one", group) != group)
    assert not group_exists(group)


def test_a_child_that_fails_again_and_again_ends_it_with_its_last_words(supervise: Start, events: list[str]) -> None:
    supervisor = supervise((child("good", SLEEP), child("bad", "raise SystemExit('out of cheese')")))
    with pytest.raises(Unavailable, match=r"^bad failed 3 times within 30 s \(last: exit status 1\)\.$") as raised:
        poll_until(supervisor, lambda: False)
    assert raised.value.remedy == f"See {supervisor.log_path('bad')}."
    assert events[-1] == "bad: out of cheese"
    assert "good" in supervisor.pids


def test_failures_that_lie_far_apart_are_forgotten(supervise: Start, events: list[str]) -> None:
    supervisor = supervise((child("one", "import time; time.sleep(0.1)"),), policy=RestartPolicy(2, 0.05, 0.01))
    poll_until(supervisor, lambda: len(events) >= 4)


def test_delays_double_up_to_a_limit() -> None:
    policy = RestartPolicy(first_delay=0.5, longest_delay=3.0)
    assert [policy.delay(failures) for failures in range(1, 6)] == [0.5, 1.0, 2.0, 3.0, 3.0]


def test_children_stop_in_reverse_order_of_their_groups(supervise: Start, tmp_path: Path) -> None:
    told = tmp_path / "told"
    told.touch()
    code = (
        "import pathlib, signal, sys, time\n"
        f"def end(*_):\n    pathlib.Path({str(told)!r}).open('a').write('NAME '); sys.exit()\n"
        f"signal.signal(signal.SIGTERM, end)\nprint('set', flush=True)\n{SLEEP}"
    )
    groups = [(child(name, code.replace("NAME", name)),) for name in ("server", "part")]
    supervisor = supervise(*groups)
    poll_until(supervisor, lambda: all("set" in output(supervisor, name) for name in ("server", "part")))
    pids = supervisor.pids
    supervisor.stop(lambda: False)
    assert told.read_text() == "part server "
    assert not any(map(group_exists, pids.values()))


def test_a_child_that_does_not_stop_is_killed_after_its_grace(supervise: Start) -> None:
    supervisor = supervise((child("one", STUBBORN, grace=0.3),))
    poll_until(supervisor, lambda: "set" in output(supervisor, "one"))
    group, started = supervisor.pids["one"], time.monotonic()
    supervisor.stop(lambda: False)
    assert 0.3 <= time.monotonic() - started < 5
    assert not group_exists(group)


def test_in_a_hurry_it_is_killed_at_once(supervise: Start) -> None:
    supervisor = supervise((child("one", STUBBORN),))
    poll_until(supervisor, lambda: "set" in output(supervisor, "one"))
    started = time.monotonic()
    supervisor.stop(lambda: True)
    assert time.monotonic() - started < 5


def test_a_guard_whose_pipe_ends_ends_what_it_watches(supervise: Start) -> None:
    supervisor = supervise((child("one", SLEEP),))
    group = supervisor.pids["one"]
    guard = Guard(grace=0.2)
    guard.watch(group)
    guard.close()
    assert supervisor.poll() == ["one"]
    assert not group_exists(group)


def test_a_guard_that_was_killed_is_replaced_with_all_that_it_watched(supervise: Start) -> None:
    supervisor = supervise((child("one", SLEEP), child("two", SLEEP)))
    guard = Guard(grace=0.2)
    guard.watch(supervisor.pids["one"])
    guard._process.kill()  # noqa: SLF001 # nobody but a stranger ends a guard
    guard._process.wait()  # noqa: SLF001 # as above
    guard.watch(supervisor.pids["two"])
    guard.close()
    assert sorted(supervisor.poll()) == ["one", "two"]


def test_a_guard_leaves_alone_what_it_was_told_to_forget(supervise: Start) -> None:
    supervisor = supervise((child("one", SLEEP),))
    guard = Guard(grace=0.2)
    guard.watch(supervisor.pids["one"])
    guard.release(supervisor.pids["one"])
    guard.close()
    assert supervisor.poll() == []


def test_a_long_log_is_moved_aside_and_its_writer_goes_on(tmp_path: Path) -> None:
    log = Log(tmp_path / "one.log", limit=100)
    with log.open() as file:
        file.write(b"a" * 101)
        log.trim()
        file.write(b"next\n")
    assert log.path.read_bytes() == b"next\n"
    assert (tmp_path / "one.log.1").read_bytes() == b"a" * 101
    assert (tmp_path / "one.log.1").stat().st_mode & 0o077 == 0


def test_the_tail_of_a_log_is_its_last_lines_whatever_they_hold(tmp_path: Path) -> None:
    log = Log(tmp_path / "one.log")
    assert log.tail() == []
    log.path.write_bytes(b"x" * 40_000 + b"\nfirst\n\n\xff second\nthird\n")
    assert log.tail(2) == ["\N{REPLACEMENT CHARACTER} second", "third"]
