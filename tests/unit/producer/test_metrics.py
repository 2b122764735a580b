from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from producer.contract.errors import InvalidRecord, NotCompleted
from producer.metrics import Metrics


def samples(metrics: Metrics) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(metrics.exposition().decode())
        for sample in family.samples
    }


def labelled(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return name, frozenset(labels.items())


def test_two_gateways_in_one_process_count_apart() -> None:
    one, other = Metrics(), Metrics()

    one.received(7)

    assert samples(one)[labelled("runfolio_http_received_bytes_total")] == 7
    assert samples(other)[labelled("runfolio_http_received_bytes_total")] == 0


def test_a_refused_event_is_counted_by_the_name_of_its_problem() -> None:
    metrics = Metrics()

    metrics.accepted("batch", [])
    metrics.refused("batch", InvalidRecord("wrong"))
    metrics.refused("batch", NotCompleted("early"))

    counted = samples(metrics)
    for outcome in ("accepted", "invalid-record", "not-completed"):
        assert counted[labelled("runfolio_events_total", via="batch", outcome=outcome)] == 1


def test_durations_are_kept_by_method_route_and_status() -> None:
    metrics = Metrics()

    metrics.request("GET", "/v1/exports", 200, 0.02)
    metrics.request("BREW", "none", 404, 70)

    counted = samples(metrics)
    name = "runfolio_http_request_duration_seconds"
    fast = {"method": "GET", "route": "/v1/exports", "status": "200"}
    assert counted[labelled(f"{name}_sum", **fast)] == 0.02
    assert counted[labelled(f"{name}_bucket", le="0.01", **fast)] == 0
    assert counted[labelled(f"{name}_bucket", le="0.025", **fast)] == 1
    assert counted[labelled(f"{name}_count", method="other", route="none", status="404")] == 1
