from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from producer.contract.errors import Conflict, InvalidSetting, Unavailable
from runfolio.embedded import plan, ports, read_stack
from runfolio.embedded.datadir import DataDir
from runfolio.embedded.ports import PortPair
from runfolio.embedded.supervisor import RestartPolicy
from tests.integration.embedded_stack import COMMANDS, alive, eventually, members, s3_client, sockets_in_tmp, start

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="looks at processes through /proc"),
]


@pytest.fixture(name="broker")
def broker_client() -> Iterator[Any]:
    clients: list[redis.Redis] = []

    def connect(url: str) -> redis.Redis:
        clients.append(redis.Redis.from_url(url))
        return clients[-1]

    yield connect
    for client in clients:
        client.close()


def test_a_stack_is_ready_in_under_five_seconds(tmp_path: Path) -> None:
    took = []
    for number in range(3):  # The quickest counts: what else the machine does can only add to it.
        started = time.monotonic()
        with start(tmp_path / str(number)):
            took.append(time.monotonic() - started)
        if took[-1] < 5:
            return
    raise AssertionError(f"It took {took} seconds.")


def test_a_stack_leaves_nothing_behind(tmp_path: Path) -> None:
    with start(tmp_path / "data") as stack:
        info = stack.info
        ports = stack._addresses.seaweed.numbers()  # noqa: SLF001 # which ports are inside is nobody else's business
        assert set(info.pids) == {"valkey", "seaweedfs", "gateway", "worker", "sweep"}
        assert sorted(alive(info.pids)) == sorted(info.pids)
        assert read_stack(tmp_path / "data") == info
    assert alive(info.pids) == []
    assert sockets_in_tmp(ports) == []
    with pytest.raises(Unavailable, match="No stack runs"):
        read_stack(tmp_path / "data")


def test_everything_in_the_data_folder_is_closed_to_other_users(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with start(folder) as stack:
        modes = {path: stat.S_IMODE(path.lstat().st_mode) for path in [folder, *folder.iterdir()]}
        stated = {path.name: mode for path, mode in modes.items() if not path.is_dir()}
        assert all(mode & 0o077 == 0 for mode in modes.values()), modes
        assert stated.keys() >= {"secrets.json", "tokens.json", "admin-token", "stack.json", "lock"}
        assert {stat.S_IMODE((folder / "logs" / f"{name}.log").stat().st_mode) for name in stack.info.pids} == {0o600}
        assert stat.S_IMODE((folder / "valkey" / "valkey.conf").stat().st_mode) == 0o600
        assert stat.S_IMODE((folder / "s3" / "security.toml").stat().st_mode) == 0o600


def test_data_and_admin_token_survive_a_restart_on_other_ports(tmp_path: Path, broker: Any) -> None:
    with start(tmp_path / "data") as stack:
        first, token = stack.info, stack.admin_token
        s3_client(stack).put_object(Bucket="runfolio", Key="kept", Body=b"content")
        broker(first.broker_url).set("kept", "value")
    with start(tmp_path / "data") as stack:
        assert stack.info.s3_endpoint_url != first.s3_endpoint_url
        assert stack.admin_token == token
        assert s3_client(stack).get_object(Bucket="runfolio", Key="kept")["Body"].read() == b"content"
        assert broker(stack.info.broker_url).get("kept") == b"value"
        s3_client(stack).put_object(Bucket="runfolio", Key="new", Body=b"more")
        assert s3_client(stack).get_object(Bucket="runfolio", Key="kept")["Body"].read() == b"content"


@pytest.mark.parametrize("server", ["valkey", "seaweedfs"])
def test_a_killed_server_comes_back_on_its_port_with_its_data(tmp_path: Path, broker: Any, server: str) -> None:
    events: list[str] = []
    with start(tmp_path / "data", on_event=events.append) as stack:
        before = stack.info
        s3_client(stack).put_object(Bucket="runfolio", Key="kept", Body=b"content" * 100_000)
        broker(before.broker_url).set("kept", "value")
        os.kill(before.pids[server], signal.SIGKILL)

        def back() -> bool:
            stack.watch()
            return stack.info.pids.get(server, before.pids[server]) != before.pids[server] and _answers(stack)

        eventually(back)
        after = stack.info
        assert after.s3_endpoint_url == before.s3_endpoint_url
        assert after.broker_url == before.broker_url
        assert {name for name in after.pids if after.pids[name] != before.pids[name]} == {server}
        assert s3_client(stack).get_object(Bucket="runfolio", Key="kept")["Body"].read() == b"content" * 100_000
        assert broker(after.broker_url).get("kept") == b"value"
        assert read_stack(tmp_path / "data").pids == after.pids
    assert any(event.startswith(f"{server} ended (killed by SIGKILL)") for event in events)


def _answers(stack: Any) -> bool:
    return all(answers() for answers in plan.checks(stack._addresses, ()).values())  # noqa: SLF001 # the stack's own checks


def test_two_stacks_run_beside_each_other_but_not_on_one_folder(tmp_path: Path) -> None:
    with start(tmp_path / "one") as one:
        with start(tmp_path / "two") as two:
            assert {one.info.gateway_url, one.info.s3_endpoint_url}.isdisjoint(
                {two.info.gateway_url, two.info.s3_endpoint_url}
            )
            with pytest.raises(Conflict, match="Another 'runfolio up' runs"):
                start(tmp_path / "one")
        assert len(alive(one.info.pids)) == 5


def test_a_part_that_fails_again_and_again_ends_the_whole_with_its_reason(tmp_path: Path) -> None:
    events: list[str] = []
    broken = COMMANDS | {"worker": (sys.executable, "-c", "raise SystemExit('the queue is on fire')")}
    with pytest.raises(Unavailable, match=r"worker failed 3 times within 30 s \(last: exit status 1\)") as raised:
        start(
            tmp_path / "data",
            on_event=events.append,
            commands=broken,
            policy=RestartPolicy(failures=3, first_delay=0.01),
            ready_checks=[lambda _: False],
        )
    assert "worker: the queue is on fire" in events
    assert raised.value.remedy is not None
    assert "worker.log" in raised.value.remedy
    assert not DataDir(tmp_path / "data").in_use()


def test_a_stack_that_is_not_ready_in_time_says_what_it_waits_for(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"Not ready within 3 s: check 1\."):
        start(tmp_path / "data", ready_checks=[lambda _: False], ready_within=3.0)
    assert not DataDir(tmp_path / "data").in_use()


def test_a_port_of_the_gateway_that_is_in_use_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        with pytest.raises(InvalidSetting, match=f"Port {port} on 127.0.0.1 is in use") as raised:
            start(tmp_path / "data", port=port)
    assert raised.value.remedy == "Choose another one with --port."


@pytest.mark.parametrize("position", [0, 4], ids=["valkey", "s3"])
def test_a_port_that_is_taken_meanwhile_makes_it_choose_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, position: int
) -> None:
    events: list[str] = []
    real = ports.pick_pairs
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def taken_once(count: int, *, avoid: int | None = None) -> tuple[PortPair, ...]:
            monkeypatch.setattr(plan, "pick_pairs", real)
            pairs = list(real(count, avoid=avoid))
            pairs[position] = PortPair(listening.getsockname()[1], pairs[position].grpc)
            return tuple(pairs)

        monkeypatch.setattr(plan, "pick_pairs", taken_once)
        with start(tmp_path / "data", on_event=events.append) as stack:
            assert len(alive(stack.info.pids)) == 5
    assert "A port was taken in the meantime; other ports are chosen." in events


SCRIPT = textwrap.dedent("""
    import json, sys
    from pathlib import Path
    from tests.integration.embedded_stack import start
    stack = start(Path(sys.argv[1]))
    print(json.dumps(stack.info.pids), flush=True)
    stack.run()
""")


@pytest.fixture(name="up")
def up_process(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, int]]]:
    with subprocess.Popen(  # noqa: S603 # this very interpreter
        [sys.executable, "-c", SCRIPT, str(tmp_path / "data")], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        pids: dict[str, int] = json.loads(process.stdout.readline())
        yield process, pids
        process.kill()
    eventually(lambda: alive(pids) == [])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything_with_status_0(
    up: tuple[subprocess.Popen[str], dict[str, int]], number: signal.Signals
) -> None:
    process, pids = up
    assert len(members(pids["worker"])) == 2
    process.send_signal(number)
    assert process.wait(20) == 0
    assert alive(pids) == []


def test_a_second_ctrl_c_kills_at_once(up: tuple[subprocess.Popen[str], dict[str, int]]) -> None:
    process, pids = up
    os.kill(pids["seaweedfs"], signal.SIGSTOP)  # it cannot answer a SIGTERM now
    process.send_signal(signal.SIGINT)
    eventually(lambda: alive({"gateway": pids["gateway"]}) == [])
    process.send_signal(signal.SIGINT)
    assert process.wait(5) == 0
    assert alive(pids) == []


def test_nothing_survives_a_killed_supervisor_and_the_folder_is_held_until_then(
    up: tuple[subprocess.Popen[str], dict[str, int]], tmp_path: Path
) -> None:
    process, pids = up
    process.kill()
    process.wait()
    assert DataDir(tmp_path / "data").in_use()
    eventually(lambda: not DataDir(tmp_path / "data").in_use())
    assert alive(pids) == []
    with pytest.raises(Unavailable, match="No stack runs"):
        read_stack(tmp_path / "data")
    with start(tmp_path / "data") as stack:
        assert len(alive(stack.info.pids)) == 5
