"""Incidents of real pipelines are one incident each, of the dataset that has to be repaired."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from checkpoints.explain.roots import found_in
from demo.warehouse import build, fill_demo
from tests.support.incidents import (
    CACHE,
    DEFENSE,
    FACTORS,
    GRADES,
    LAYERS,
    SHIPPED,
    SUMMARY,
    ZONES,
    after,
    append,
    judged,
    loaded,
    lose,
    swap,
)
from tests.support.warehouses import D

JANUARY = {"first": D("2025-01-01"), "last": D("2025-01-31")}
FEATURES = "player_composite_factors team_defense_zone_analysis player_daily_cache"
"""The precomputed features, which one service makes."""


def wrong(url: str, **window: Any) -> list[tuple[str, str, str]]:
    """Kind, roots and what is below, of each incident."""
    report = judged(SHIPPED, url, **(window or JANUARY))
    return [
        (one.kind, *(" ".join(part.dataset for part in parts) for parts in (one.roots, one.below)))
        for one in found_in(report, loaded(SHIPPED).contract)
    ]


def test_the_precompute_that_was_never_called_is_one_incident_of_the_features(
    tmp_path: Path,
) -> None:
    path = tmp_path / "warehouse.duckdb"
    build(path, fill_demo)
    url = f"duckdb:///{path}"
    ((kind, roots, below),) = wrong(url, season="2024-25")
    assert (kind, sorted(roots.split())) == ("missing", sorted(FEATURES.split()))
    assert (roots.split()[0], below) == ("player_composite_factors", "prediction_accuracy")


@pytest.mark.parametrize(
    ("happens", "roots", "below"),
    [
        pytest.param(lose(SUMMARY), "player_game_summary", "", id="only the summary"),
        pytest.param(lose(GRADES), "prediction_accuracy", "", id="only the grades"),
        pytest.param(
            lose(FACTORS, GRADES), "player_composite_factors", "prediction_accuracy",
            id="factors and grades",
        ),
        pytest.param(
            lose(SUMMARY, DEFENSE, FACTORS, ZONES, CACHE, GRADES),
            "player_game_summary team_defense_game_summary", f"{FEATURES} prediction_accuracy",
            id="the last three layers",
        ),
        pytest.param(
            lose(*LAYERS),
            "bdl_player_boxscores nbac_gamebook_player_stats nbac_player_boxscores",
            f"player_game_summary team_defense_game_summary {FEATURES} prediction_accuracy",
            id="every layer",
        ),
        pytest.param(
            swap(FACTORS), "player_composite_factors", "prediction_accuracy", id="swapped keys"
        ),
    ],
)  # fmt: skip
def test_a_lost_date_is_one_incident_of_the_highest_layer_that_lost_it(
    whole: Path, tmp_path: Path, happens: str, roots: str, below: str
) -> None:
    url = after(whole, tmp_path / "w.duckdb", happens)
    assert wrong(url) == [("missing", roots, below)]


def test_what_is_wrong_with_rows_is_apart_from_what_is_missing(whole: Path, tmp_path: Path) -> None:
    url = after(whole, tmp_path / "w.duckdb", f"{lose(FACTORS)};{append(SUMMARY)}")
    assert wrong(url) == [
        ("missing", "player_composite_factors", ""), ("rows", "player_game_summary", ""),
    ]  # fmt: skip
