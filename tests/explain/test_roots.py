from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checkpoints.archive.incidents import Below
from checkpoints.contract.model import Contract
from checkpoints.coverage.results import gates
from checkpoints.explain.roots import found_in
from checkpoints.rules.rule import Outcome
from tests.support.warehouses import D
from tests.support.watching import EVERY, branches, found, report_of

EIGHT, NINE = "2025-01-08", "2025-01-09"


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    return branches(tmp_path_factory.mktemp("branches"))


def lost(names: str, *days: str) -> dict[str, tuple[str, ...]]:
    return dict.fromkeys(names.split(), days)


def test_a_complete_pipeline_has_no_incident(pipeline: Contract) -> None:
    assert found(pipeline) == []


def test_a_date_lost_high_up_is_one_incident_and_what_is_empty_below_is_listed(
    pipeline: Contract,
) -> None:
    gone = lost("summary enriched factors cache scores joined", EIGHT, NINE)
    assert found(pipeline, gone) == [
        "missing of summary 08 09, below: factors 08 09, cache 08 09, scores 08 09, joined 08 09"
    ]


def test_a_date_lost_at_the_bottom_alone_is_an_incident_of_the_bottom(pipeline: Contract) -> None:
    assert found(pipeline, lost("scores", EIGHT)) == ["missing of scores 08"]


def test_different_dates_lost_at_different_levels_are_separate(pipeline: Contract) -> None:
    gone = lost("factors scores joined", EIGHT) | {"cache": ("2025-01-15",)}
    gone["joined"] = (EIGHT, "2025-01-15")
    assert found(pipeline, gone) == [
        "missing of factors 08, below: scores 08, joined 08",
        "missing of cache 15, below: joined 15",
    ]


def test_two_holes_of_a_dataset_in_one_run_are_one_incident(pipeline: Contract) -> None:
    assert found(pipeline, lost("scores", EIGHT, "2025-01-15")) == ["missing of scores 08 15"]


def test_a_view_without_rules_between_hides_nothing(pipeline: Contract) -> None:
    gone = lost("enriched factors scores joined", EIGHT)
    assert found(pipeline, gone) == [
        "missing of enriched 08, below: factors 08, scores 08, joined 08"
    ]


def test_of_any_of_several_all_must_be_lost_to_be_blamed(pipeline: Contract) -> None:
    below = "summary enriched factors cache scores joined"
    one, both = lost(f"raw {below}", EIGHT), lost(f"raw spare {below}", EIGHT)
    listed = "factors 08, cache 08, scores 08, joined 08"
    assert found(pipeline, one) == [
        "missing of raw 08", f"missing of summary 08, below: {listed}",
    ]  # fmt: skip
    assert found(pipeline, both) == [f"missing of raw 08 + spare 08, below: summary 08, {listed}"]


def test_a_retired_source_is_not_waited_for(tmp_path: Path) -> None:
    pipeline = branches(tmp_path)
    spare = pipeline.datasets["spare"].model_copy(update={"retired": D("2025-01-05")})
    retired = pipeline.model_copy(update={"datasets": {**pipeline.datasets, "spare": spare}})
    gone = lost("raw spare summary enriched factors cache scores joined", EIGHT)
    assert [one.split(",")[0] for one in found(retired, gone)] == ["missing of raw 08"]


def test_of_all_of_several_one_is_to_blame(pipeline: Contract) -> None:
    assert found(pipeline, lost("cache joined", EIGHT)) == ["missing of cache 08, below: joined 08"]


def test_datasets_of_a_layer_that_lose_the_same_dates_stand_beside_each_other(
    pipeline: Contract,
) -> None:
    gone = lost("factors scores joined", NINE) | lost("cache", EIGHT, NINE)
    gone["joined"] = (EIGHT, NINE)
    assert found(pipeline, gone) == [
        "missing of cache 08 09 + factors 09, below: scores 09, joined 08 09"
    ]


def test_what_a_threshold_allows_above_is_the_root_of_what_fails_below(tmp_path: Path) -> None:
    pipeline = branches(tmp_path, without_rules="enriched summary")
    gone = lost("summary enriched factors cache scores joined", EIGHT)
    (one,) = found_in(report_of(pipeline, gone), pipeline)
    assert one.roots == (Below(dataset="summary", dates=(D(EIGHT),)),)
    assert [part.dataset for part in one.below] == ["factors", "cache", "scores", "joined"]
    assert one.checks == ()


def test_what_a_dataset_lost_by_itself_is_not_blamed_on_what_is_allowed_above(
    tmp_path: Path,
) -> None:
    pipeline = branches(tmp_path, without_rules="enriched summary")
    half = " ".join(f"{name}/{EIGHT}" for name in ["summary", "enriched", "factors", "scores"])
    assert found(pipeline, lost("cache joined", EIGHT), without=half) == [
        "missing of cache 08, below: joined 08"
    ]


def test_orphans_of_a_lost_date_belong_to_what_lost_it(pipeline: Contract) -> None:
    report = report_of(pipeline, lost("summary", EIGHT))
    assert "no_orphan_keys" in {c.kind for c in report.checks if c.outcome is Outcome.FAILED}
    assert found(pipeline, lost("summary", EIGHT)) == [
        "missing of summary 08, below: enriched 08, cache 08"
    ]


def test_what_has_stopped_lacks_dates_and_is_told_once(pipeline: Contract) -> None:
    days = [f"2025-01-{n}" for n in range(17, 21)]
    assert found(pipeline, lost("scores", *days)) == ["missing of scores 17 18 19 20"]
    days = [f"2025-01-{n:02}" for n in range(10, 21)]
    late = " ".join(day[-2:] for day in days)
    assert found(pipeline, lost(EVERY, *days)) == [f"late of schedule {late}, below: scores {late}"]


def test_what_has_stopped_with_what_it_is_made_from_is_no_incident_of_its_own(
    pipeline: Contract,
) -> None:
    days = [f"2025-01-{n}" for n in range(16, 21)]
    gone = lost("factors scores joined", *days)  # scores lack the 20th too, which is not due yet
    listed = "factors 16 17 18 19, below: scores 16 17 18 19, joined 16 17 18 19"
    assert found(pipeline, gone, today=D("2025-01-20")) == [f"missing of {listed}"]


def test_keys_of_which_none_matches_are_missing_whatever_check_says_so(tmp_path: Path) -> None:
    pipeline = branches(tmp_path, without_rules="enriched joined")
    other = f"joined/{EIGHT} joined/{NINE}"
    assert found(pipeline, lost("joined", EIGHT), besides=other) == [
        "missing of joined 08", "orphans of joined 09",
    ]  # fmt: skip


def test_what_cannot_be_read_is_one_incident_with_what_needs_it_below(pipeline: Contract) -> None:
    report = report_of(pipeline, unreadable={"summary": "table 'summary' is gone"})
    (one,) = found_in(report, pipeline)
    assert (one.kind, one.roots[0].dataset, one.message) == (
        "unreadable", "summary", "table 'summary' is gone",
    )  # fmt: skip
    assert [part.dataset for part in one.below] == ["enriched", "cache"]
    (one,) = found_in(report_of(pipeline, unreadable={"schedule": "gone"}), pipeline)
    assert (one.roots[0].dataset, len(one.below)) == ("schedule", 8)


def test_what_merely_warns_is_no_incident_unless_it_is_asked_for(tmp_path: Path) -> None:
    warns = [{"rule": "no_orphan_keys", "severity": "warning"}]
    pipeline = branches(tmp_path, rules_for_keyed=warns)
    report = report_of(pipeline, lost("raw spare", EIGHT) | {"schedule": (EIGHT,)})
    assert found_in(report, pipeline) == ()
    (one,) = found_in(report, pipeline, "warning")
    assert (one.kind, one.severity, one.roots[0].dataset) == ("orphans", "warning", "summary")


def test_known_gaps_and_warm_up_are_no_incidents(tmp_path: Path) -> None:
    gap = {
        "dataset": "scores", "from": EIGHT, "to": NINE, "reason": "source lost",
        "owner": "data-eng", "until": "2025-12-31",
    }  # fmt: skip
    pipeline = branches(tmp_path, known_gaps=[gap])
    scores = pipeline.datasets["scores"].model_copy(update={"warmup_days": 3})
    pipeline = pipeline.model_copy(update={"datasets": {**pipeline.datasets, "scores": scores}})
    assert found(pipeline, lost("scores", "2025-01-02", EIGHT, NINE)) == []


HOLES = st.dictionaries(
    st.sampled_from(EVERY.split()[1:]),
    st.sets(st.integers(1, 20).map(lambda n: f"2025-01-{n:02}"), max_size=8),
)


@settings(max_examples=30, deadline=None)
@given(HOLES)
def test_every_failing_due_date_is_in_exactly_one_incident(
    pipeline: Contract, holes: dict[str, set[str]]
) -> None:
    report = report_of(pipeline, holes)
    failing = {
        (check.dataset, day)
        for check in report.checks
        if gates(check, "critical")
        for day in check.unexpected_dates
        if day <= D("2025-01-20")
    }
    incidents = found_in(report, pipeline)
    placed = [
        (part.dataset, day)
        for one in incidents
        for part in (*one.roots, *one.below)
        for day in part.dates
    ]
    assert len(placed) == len(set(placed))
    assert failing <= set(placed)
