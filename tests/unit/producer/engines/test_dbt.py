from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producer.contract.errors import InvalidRecord, NotCompleted, RunfolioError
from producer.engines import convert
from tests.unit.producer.engines.payloads import assert_valid, converted, load, mutated, outline

BUILD = load("dbt/run_results_build.json")
LARGE = load("dbt/run_results_large.json")
MANIFEST: dict[str, Any] = {
    "metadata": {"project_name": "jaffle_shop", "adapter_type": "bigquery"},
    "nodes": {
        "model.jaffle_shop.stg_orders": {
            "name": "stg_orders",
            "resource_type": "model",
            "description": "One row per **order**.",
            "raw_code": "select * from {{ ref('raw_orders') }}",
            "config": {"materialized": "view"},
            "original_file_path": "models/staging/stg_orders.sql",
        },
        "model.jaffle_shop.orders": {
            "name": "orders",
            "depends_on": {"nodes": ["model.jaffle_shop.stg_orders", "seed.jaffle_shop.x"]},
            "compiled_code": "select 1",
        },
        "model.jaffle_shop.customers": {
            "name": "customers",
            "version": 2,
            "language": "python",
            "raw_code": "def model",
        },
    },
}
SOURCES = {
    "metadata": {"dbt_version": "1.9.0", "invocation_id": "i-1", "generated_at": "2026-09-12T00:00:10Z"},
    "elapsed_time": 2.5,
    "results": [
        {
            "unique_id": "source.shop.raw.orders",
            "max_loaded_at": "2026-09-11T00:00:00Z",
            "snapshotted_at": "2026-09-12T00:00:09Z",
            "status": "warn",
            "criteria": {"warn_after": {"count": 12, "period": "hour"}},
            "timing": [],
        },
        {"unique_id": "source.shop.raw.users", "error": "relation does not exist", "status": "runtime error"},
    ],
}
WEBHOOK = {
    "accountId": 1,
    "eventType": "job.run.completed",
    "timestamp": "2026-01-31T19:29:35.789265936Z",
    "data": {
        "jobId": "123",
        "jobName": "Daily Job (dbt build)",
        "runId": "12345",
        "runStatus": "Success",
        "runReason": "Kicked off from the UI by test@example.com",
        "runStartedAt": "2026-01-31T19:28:07Z",
        "runFinishedAt": "2026-01-31T19:29:32Z",
    },
}


def test_a_build() -> None:
    record = converted("dbt", BUILD)
    assert record["workflow"] == {"id": "dbt:dbt_bigquery_test", "name": "dbt_bigquery_test"}
    execution = record["execution"]
    assert (execution["id"], execution["status"]) == ("b1d24c06-5f63-40e4-a0a2-b0a8d46fb18f", "succeeded")
    assert execution["started_at"] == "2021-11-09T14:20:00.083180Z"
    assert execution["finished_at"] == "2021-11-09T14:20:08.032240Z"
    assert execution["input"]["which"] == "build"
    test = "dbt_expectations_expect_column"
    assert [step["name"] for step in record["steps"]] == [
        "test_first_dbt_model",
        f"{test}_median_to_be_between_test_first_dbt_model_id__21__1",
        f"{test}_quantile_values_to_be_between_test_first_dbt_model_id__2__0__0_95",
        "unique_test_first_dbt_model_id",
        "orders_snapshot",
    ]
    assert {(step["status"], step.get("iteration")) for step in record["steps"]} == {("succeeded", None)}
    first = record["steps"][0]
    assert first["output"] == "CREATE TABLE (2.0 rows, 0.0 Bytes processed)"
    assert (first["started_at"], first["finished_at"]) == ("2021-11-09T14:20:01.025669Z", "2021-11-09T14:20:04.470460Z")
    assert first["details"]["unique_id"] == "model.dbt_bigquery_test.test_first_dbt_model"
    assert record["steps"][1]["details"]["failures"] == 0


def test_a_run_with_its_manifest() -> None:
    record = converted("auto", {"run_results": LARGE, "manifest": MANIFEST})
    assert [step["name"] for step in record["steps"]] == [
        "stg_orders",
        "stg_payments",
        "stg_customers",
        "orders",
        "customers.v2",
    ]
    first = record["steps"][0]
    assert first["description"] == "One row per **order**."
    assert first["input"].startswith("select * from {{")
    assert first["input_media_type"] == "application/sql"
    assert first["details"]["node"]["original_file_path"] == "models/staging/stg_orders.sql"
    assert record["steps"][3]["input"] == "select 1"
    assert record["steps"][4]["input_media_type"] == "application/x-python"
    assert "input" not in record["steps"][1]
    assert len(record["execution"]["notes"]) == 1


def test_without_the_manifest_the_record_says_so() -> None:
    record = converted("auto", LARGE)
    assert outline(record)[-1] == ("customers", None, "succeeded")
    assert record["steps"][-1]["output"] == "SUCCESS 1"
    assert "no manifest" in record["execution"]["notes"][1]
    assert converted("dbt", {"run_results": LARGE}) == record


def test_a_failure_and_what_was_skipped_for_it() -> None:
    results = deepcopy(LARGE)
    results["results"][0].update(status="error", message="Database Error\n  syntax error", compiled_code="selec 1")
    results["results"][3].update(status="skipped", message=None, timing=[])
    record = converted("dbt", {"run_results": results, "manifest": MANIFEST})
    assert record["execution"]["status"] == "failed"
    failed, skipped = record["steps"][0], record["steps"][-1]
    assert (failed["error"], failed["input"]) == ("Database Error\n  syntax error", "selec 1")
    assert "output" not in failed
    assert (skipped["name"], skipped["status"]) == ("orders", "skipped")
    assert "It depends on: model.jaffle_shop.stg_orders (error)." in skipped["notes"]


@pytest.mark.parametrize(
    ("word", "status", "whole"),
    [
        ("pass", "succeeded", "succeeded"),
        ("warn", "succeeded", "succeeded"),
        ("reused", "succeeded", "succeeded"),
        ("fail", "failed", "failed"),
        ("runtime error", "failed", "failed"),
        ("partial success", "failed", "failed"),
        ("skipped", "skipped", "succeeded"),
        ("no-op", "skipped", "succeeded"),
    ],
)
def test_statuses(word: str, status: str, whole: str) -> None:
    results = deepcopy(LARGE)
    results["results"][1]["status"] = word
    record = converted("dbt", results)
    assert (record["steps"][1]["status"], record["execution"]["status"]) == (status, whole)


def test_an_unknown_status_is_named() -> None:
    results = deepcopy(LARGE)
    results["results"][2]["status"] = "fine"
    with pytest.raises(InvalidRecord, match="'fine'") as error:
        convert("dbt", {"run_results": results})
    assert error.value.field == "run_results.results[2].status"


def test_nodes_of_one_short_name_are_called_by_their_whole_ids() -> None:
    results = deepcopy(LARGE)
    results["results"][1]["unique_id"] = "seed.jaffle_shop.stg_orders"
    names = [step["name"] for step in converted("dbt", results)["steps"]]
    assert names[:2] == ["model.jaffle_shop.stg_orders", "seed.jaffle_shop.stg_orders"]


def test_a_node_that_results_name_again_and_again_is_not_multiplied() -> None:
    results, manifest = deepcopy(LARGE), deepcopy(MANIFEST)
    results["results"] = [results["results"][0]] * 50
    node = manifest["nodes"]["model.jaffle_shop.stg_orders"]
    node["description"] = "x" * (2 * 1024 * 1024)
    steps = converted("dbt", {"run_results": results, "manifest": manifest})["steps"]
    assert sum("description" in step for step in steps) == 1
    assert [step["iteration"] for step in steps] == list(range(1, 51))
    node["name"] = "x" * 1001
    with pytest.raises(InvalidRecord, match="1,000 characters"):
        convert("dbt", {"run_results": results, "manifest": manifest})


def test_the_freshness_of_sources() -> None:
    record = converted("auto", SOURCES)
    assert (record["workflow"]["name"], record["execution"]["status"]) == ("shop", "failed")
    assert outline(record) == [("raw.orders", None, "succeeded"), ("raw.users", None, "failed")]
    assert record["steps"][0]["output"]["max_loaded_at"] == "2026-09-11T00:00:00Z"
    assert record["steps"][1]["error"] == "relation does not exist"


def test_where_nothing_ran_the_projects_folder_names_it() -> None:
    results = {**LARGE, "results": [], "args": {"project_dir": "/srv/jaffle_shop/"}}
    assert converted("dbt", results)["workflow"]["id"] == "dbt:jaffle_shop"
    with pytest.raises(InvalidRecord) as error:
        convert("dbt", {**results, "args": {}})
    assert error.value.field == "manifest.metadata.project_name"


def test_results_may_be_missing() -> None:
    results = {name: value for name, value in LARGE.items() if name != "results"}
    record = converted("dbt", {"run_results": results, "manifest": MANIFEST})
    assert record["steps"] == []
    assert any("no results" in note for note in record["execution"]["notes"])


def test_the_platforms_webhook() -> None:
    record = converted("auto", WEBHOOK)
    assert (record["workflow"]["id"], record["workflow"]["name"]) == ("dbt:123", "Daily Job (dbt build)")
    assert (record["execution"]["id"], record["execution"]["status"]) == ("12345", "succeeded")
    assert record["execution"]["triggered_by"].startswith("Kicked off")
    with pytest.raises(NotCompleted):
        convert("dbt", {**WEBHOOK, "eventType": "job.run.started", "data": {"runStatus": "Running"}})


@pytest.mark.parametrize("payload", [None, [], {}, {"run_results": {}}, {"run_results": 1}, {"metadata": {}}])
def test_what_is_no_result_is_refused(payload: Any) -> None:
    with pytest.raises(RunfolioError):
        convert("dbt", payload)


def test_the_same_payload_gives_the_same_record() -> None:
    payload = {"run_results": deepcopy(LARGE), "manifest": deepcopy(MANIFEST)}
    assert convert("dbt", payload) == convert("dbt", payload)
    assert payload == {"run_results": LARGE, "manifest": MANIFEST}


@settings(max_examples=200, deadline=None)
@given(st.data(), st.sampled_from([BUILD, {"run_results": LARGE, "manifest": MANIFEST}, SOURCES, WEBHOOK]))
def test_a_mutated_payload_gives_a_problem_or_a_valid_record(data: st.DataObject, payload: Any) -> None:
    try:
        record = convert("dbt", data.draw(mutated(payload)))
    except RunfolioError:
        return
    assert_valid(record)
