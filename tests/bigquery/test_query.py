"""A dataset that is a query, not a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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

QUERY = """
SELECT game_date AS day, game_id AS game, player_id, points, usage_rate, processed_at
FROM nba_analytics.player_game_summary
WHERE game_id <> ':x @y %z' -- a comment
"""


def with_query(folder: Path, **changes: Any) -> tuple[str, str]:
    """``--contract`` of the shipped one, of which a dataset is a query."""
    datasets = shipped_datasets()
    summary = datasets["player_game_summary"]
    del summary["table"]
    summary.update(changes)
    return pipeline_with(folder, datasets=datasets)


@pytest.mark.parametrize("changes", [{}, {"date_type": "date"}])
def test_a_query_is_judged_as_on_duckdb(
    proxy: Proxy, demo_loaded: Path, tmp_path: Path, changes: dict[str, str]
) -> None:
    contract = with_query(tmp_path, query=QUERY, date="day", key="game", **changes)
    done = checkpoints(proxy, "check", *WINDOW, *contract, "--json", "-")
    assert answer(done)["unreadable"] == {}
    assert verdict(done) == on_duckdb(demo_loaded, "check", *WINDOW, *contract)


def test_a_query_that_does_not_parse_is_named(
    proxy: Proxy, demo_loaded: Path, tmp_path: Path
) -> None:
    contract = with_query(tmp_path, query="SELECT nothing FROM nowhere.at_all")
    done = checkpoints(proxy, "check", *WINDOW, *contract, "--json", "-")
    assert done.returncode == 3
    assert "dataset 'player_game_summary': " in answer(done)["unreadable"]["player_game_summary"]


@pytest.mark.parametrize("declared", [{}, {"date_type": "date"}])
@pytest.mark.parametrize(
    "query",
    [
        "SELECT game_date AS day, game_id AS game FROM nba_raw.nbac_schedule; SELECT 1",
        "DELETE FROM nba_raw.nbac_schedule WHERE TRUE",
        "CREATE TABLE nba_raw.copy AS SELECT game_date AS day FROM nba_raw.nbac_schedule",
        "SELECT 1) AS probe; DELETE FROM nba_raw.nbac_schedule WHERE TRUE; SELECT * FROM (SELECT 1",
    ],
)
def test_a_query_that_is_not_one_select_is_refused_and_never_run(
    proxy: Proxy, demo_loaded: Path, tmp_path: Path, query: str, declared: dict[str, str]
) -> None:
    """By itself: the last one would be several statements within parentheses."""
    contract = with_query(tmp_path, query=query, date="day", key="game", **declared)
    done = checkpoints(proxy, "check", *WINDOW, *contract, "--json", "-")
    assert done.returncode == 3
    said = answer(done)["unreadable"]["player_game_summary"]
    assert "its query is not one SELECT statement" in said or "Syntax error" in said
    assert {q.sql for q in proxy.reads() if "nba_raw.copy" in q.sql or "DELETE" in q.sql} == set()


def test_the_day_on_which_rows_were_ingested_is_read_by_a_query(
    proxy: Proxy, demo_loaded: Path, tmp_path: Path
) -> None:
    datasets = shipped_datasets()
    datasets["player_game_summary"]["date"] = "_PARTITIONTIME"
    contract = pipeline_with(tmp_path, datasets=datasets)
    done = checkpoints(proxy, "check", *WINDOW, *contract, "--json", "-")
    assert "write query: SELECT _PARTITIONDATE AS day, * FROM" in str(answer(done)["unreadable"])
