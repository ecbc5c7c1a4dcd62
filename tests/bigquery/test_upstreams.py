"""Several upstreams, and a retired one, are judged as on DuckDB."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bigquery.commands import (
    WINDOW,
    answer,
    checkpoints,
    on_duckdb,
    pipeline_with,
    shipped_datasets,
    verdict,
)
from tests.bigquery.recording import Proxy
from tests.support.warehouses import D


@pytest.mark.parametrize("operator", ["any_of", "all_of"])
def test_several_upstreams_are_judged_as_on_duckdb(
    proxy: Proxy, demo_loaded: Path, tmp_path: Path, operator: str
) -> None:
    datasets = shipped_datasets()
    several = {operator: ["nbac_gamebook_player_stats", "player_game_summary"]}
    datasets["player_composite_factors"]["upstream"] = several
    datasets["nbac_gamebook_player_stats"]["retired"] = D("2025-02-01")
    contract = pipeline_with(tmp_path, datasets=datasets)
    done = checkpoints(proxy, "check", *WINDOW, *contract, "--json", "-")
    assert answer(done)["unreadable"] == {}
    assert any(" or " in k["of"] or " and " in k["of"] for k in answer(done)["keys"])
    assert verdict(done) == on_duckdb(demo_loaded, "check", *WINDOW, *contract)
