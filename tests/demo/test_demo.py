import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from demo.errors import InputError, StoryFailed
from demo.incident import FILLED, HALF_FILLED, ORPHAN, SWAPPED
from demo.schedule import TEAMS, demo_schedule
from demo.story import Stage, _type, tell
from demo.tables import COLUMNS
from demo.warehouse import build, file_of, fill_demo
from tests.support.commands import ROOT, command, environment
from tests.support.forks import fork

DUE = """
    game_date BETWEEN DATE '2024-11-05' AND DATE '2026-01-02'
    AND game_date NOT BETWEEN DATE '2025-10-21' AND DATE '2025-11-03'
"""
SUMMARY = "nba_analytics.player_game_summary"
FACTORS = "nba_precompute.player_composite_factors"
ZONES = "nba_precompute.team_defense_zone_analysis"
CACHE = "nba_precompute.player_daily_cache"
PREDICTIONS = "nba_predictions.prediction_accuracy"


def run_demo(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return command("demo", *arguments, cwd=cwd or ROOT)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("demo") / "warehouse.duckdb"
    build(path, fill_demo)
    return path


@pytest.fixture(scope="module")
def db(built: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(built, read_only=True) as connection:
        yield connection


def one(db: duckdb.DuckDBPyConnection, query: str, *values: Any) -> Any:
    row = db.execute(query, list(values)).fetchone()
    assert row is not None
    return row if len(row) > 1 else row[0]


def dates(db: duckdb.DuckDBPyConnection, query: str) -> list[date]:
    return [row[0] for row in db.execute(query).fetchall()]


def games(db: duckdb.DuckDBPyConnection, table: str, day: date) -> set[str]:
    found = db.execute(f"SELECT DISTINCT game_id FROM {table} WHERE game_date = ?", [day])
    return {row[0] for row in found.fetchall()}


def test_l4_holds_close_to_13_6_percent_of_the_games_that_are_due(
    db: duckdb.DuckDBPyConnection,
) -> None:
    expected = one(db, f"SELECT count(DISTINCT (game_date, game_id)) FROM {SUMMARY} WHERE {DUE}")
    matched = one(
        db,
        f"SELECT count(DISTINCT (game_date, game_id)) FROM {SUMMARY} "
        f"SEMI JOIN {FACTORS} USING (game_date, game_id) WHERE {DUE}",
    )
    assert (matched, expected) == (224, 1646)
    assert round(100 * matched / expected, 1) == 13.6


def test_l4_misses_220_of_255_due_dates_in_three_ranges(db: duckdb.DuckDBPyConnection) -> None:
    due = dates(db, f"SELECT DISTINCT game_date FROM {SUMMARY} WHERE {DUE} ORDER BY 1")
    held = set(dates(db, f"SELECT DISTINCT game_date FROM {FACTORS}"))
    missing = [day for day in due if day not in held]
    assert (len(due), len(missing)) == (255, 220)
    starts = [day for day in missing if day == due[0] or due[due.index(day) - 1] in held]
    assert starts == [date(2024, 11, 6), date(2024, 12, 29), date(2025, 12, 29)]


def test_l4_holds_two_stretches_and_nothing_else(db: duckdb.DuckDBPyConnection) -> None:
    assert (FILLED[0].first, FILLED[0].last) == (date(2024, 12, 3), date(2024, 12, 28))
    assert FILLED[1].last == date(2025, 12, 28)
    held = dates(db, f"SELECT DISTINCT game_date FROM {FACTORS} ORDER BY 1")
    played = dates(db, f"SELECT DISTINCT game_date FROM {SUMMARY} ORDER BY 1")
    assert held == [d for d in played if any(d in filled for filled in FILLED)]


def test_the_other_l4_tables_have_the_same_holes(db: duckdb.DuckDBPyConnection) -> None:
    held = dates(db, f"SELECT DISTINCT game_date FROM {FACTORS} ORDER BY 1")
    assert dates(db, f"SELECT DISTINCT analysis_date FROM {ZONES} ORDER BY 1") == held
    assert dates(db, f"SELECT DISTINCT cache_date FROM {CACHE} ORDER BY 1") == held


def test_l5_has_what_l4_has_and_nothing_else(db: duckdb.DuckDBPyConnection) -> None:
    keys = "SELECT DISTINCT game_date, game_id, player_id FROM"
    assert one(db, f"SELECT count(*) FROM ({keys} {FACTORS} EXCEPT {keys} {PREDICTIONS})") == 0
    assert one(db, f"SELECT count(*) FROM ({keys} {PREDICTIONS} EXCEPT {keys} {FACTORS})") == 0


def test_l5_cannot_grade_what_was_not_played(db: duckdb.DuckDBPyConnection) -> None:
    ungraded = dates(
        db, f"SELECT DISTINCT game_date FROM {PREDICTIONS} WHERE actual_points IS NULL ORDER BY 1"
    )
    assert ungraded == [ORPHAN, SWAPPED]


def test_one_date_is_half_filled(db: duckdb.DuckDBPyConnection) -> None:
    there, scheduled = games(db, FACTORS, HALF_FILLED), games(db, SUMMARY, HALF_FILLED)
    assert there < scheduled
    assert (len(there), len(scheduled)) == (5, 9)
    assert one(db, f"SELECT count(*) FROM {ZONES} WHERE analysis_date = ?", HALF_FILLED) == 15


def test_one_date_has_an_orphan_game(db: duckdb.DuckDBPyConnection) -> None:
    orphans = games(db, FACTORS, ORPHAN) - games(db, SUMMARY, ORPHAN)
    assert orphans == {"20241214_DEN_POR"}
    assert games(db, SUMMARY, ORPHAN) <= games(db, FACTORS, ORPHAN)


def test_one_date_has_home_and_away_swapped(db: duckdb.DuckDBPyConnection) -> None:
    swapped, true = games(db, FACTORS, SWAPPED), games(db, SUMMARY, SWAPPED)
    assert not swapped & true
    assert {tuple(sorted(key.split("_"))) for key in swapped} == {
        tuple(sorted(key.split("_"))) for key in true
    }


@pytest.mark.parametrize(
    "table",
    [t for t in COLUMNS if t.startswith(("nba_raw", "nba_analytics")) and "nbac_s" not in t],
)
def test_l1_and_l3_are_complete(db: duckdb.DuckDBPyConnection, table: str) -> None:
    lacking = one(
        db,
        f"SELECT count(*) FROM nba_raw.nbac_schedule s WHERE game_id NOT LIKE '003%' AND NOT "
        f"EXISTS (SELECT 1 FROM {table} t WHERE t.game_date = s.game_date "
        "AND t.game_id = s.game_code)",
    )
    assert lacking == 0
    assert one(db, f"SELECT count(DISTINCT game_id) FROM {table}") == 1856


def test_l3_is_what_l1_says(db: duckdb.DuckDBPyConnection) -> None:
    different = one(
        db,
        f"SELECT count(*) FROM {SUMMARY} s FULL JOIN nba_raw.bdl_player_boxscores b "
        "USING (game_date, game_id, player_id) WHERE s.points IS DISTINCT FROM b.points",
    )
    assert different == 0
    allowed, scored = one(
        db,
        "SELECT (SELECT sum(points_allowed) FROM nba_analytics.team_defense_game_summary), "
        "(SELECT sum(points) FROM nba_raw.bdl_player_boxscores)",
    )
    assert allowed == scored


def test_all_star_events_are_scheduled_and_never_processed(db: duckdb.DuckDBPyConnection) -> None:
    events = db.execute(
        "SELECT game_date, count(*) FROM nba_raw.nbac_schedule WHERE game_id LIKE '003%' "
        "GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    assert events == [(date(2025, 2, 14), 3), (date(2025, 2, 16), 3)]
    for table in ("nba_raw.bdl_player_boxscores", SUMMARY):
        assert one(db, f"SELECT count(*) FROM {table} WHERE game_date = '2025-02-16'") == 0


def test_the_league_looks_like_the_real_one() -> None:
    schedule = [game for game in demo_schedule() if not game.id.startswith("003")]
    first = [game for game in schedule if game.date < date(2025, 7, 1)]
    assert (first[0].date, first[-1].date) == (date(2024, 10, 22), date(2025, 6, 22))
    assert 1230 <= len(first) <= 1330
    assert 205 <= len({game.date for game in first}) <= 216
    assert len({game.id for game in schedule}) == len({game.code for game in schedule})
    assert set(TEAMS) == {game.home for game in first}
    assert len(TEAMS) == 30
    regular = Counter(t for g in first if g.id.startswith("002") for t in (g.away, g.home))
    assert max(regular.values()) - min(regular.values()) <= 4
    busiest = Counter((g.date, team) for g in schedule for team in (g.away, g.home))
    assert max(busiest.values()) == 1


def test_a_second_build_has_the_same_content(built: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.duckdb"
    build(again, fill_demo)
    with duckdb.connect(":memory:") as db:
        db.execute(f"ATTACH '{built}' AS a (READ_ONLY)")
        db.execute(f"ATTACH '{again}' AS b (READ_ONLY)")
        for table in COLUMNS:
            assert one(db, f"SELECT count(*) FROM a.{table}") > 0
            assert db.execute(f"FROM a.{table} EXCEPT ALL FROM b.{table}").fetchall() == []
            assert db.execute(f"FROM b.{table} EXCEPT ALL FROM a.{table}").fetchall() == []


def test_build_replaces_its_own_file_and_says_what_it_built(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    for _ in range(2):
        done = run_demo("build", "--warehouse", f"duckdb:///{path}")
        assert done.returncode == 0, done.stderr
        assert "1,856 games" in done.stdout.replace("\n", " ")
    assert [p.name for p in tmp_path.iterdir()] == ["warehouse.duckdb"]


def test_build_refuses_to_replace_a_duckdb_file_of_someone_else(tmp_path: Path) -> None:
    path = tmp_path / "theirs.duckdb"
    with duckdb.connect(path) as db:
        db.execute("CREATE TABLE precious AS SELECT 42 AS answer")
    done = run_demo("build", "--warehouse", f"duckdb:///{path}")
    assert done.returncode == 2
    assert "was not built by this command" in done.stderr
    assert "Traceback" not in done.stderr
    with duckdb.connect(path, read_only=True) as db:
        assert one(db, "SELECT answer FROM precious") == 42


def test_build_refuses_to_replace_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database")
    assert run_demo("build", "--warehouse", f"duckdb:///{path}").returncode == 2
    assert path.read_text() == "not a database"


def test_build_says_when_another_program_has_the_file_open(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    build(path, fill_demo)
    with duckdb.connect(path):
        done = run_demo("build", "--warehouse", f"duckdb:///{path}")
    assert done.returncode == 3
    assert "another program has it open" in done.stderr


@pytest.mark.parametrize(
    "url", ["bigquery://project", "duckdb:///:memory:", "duckdb://", "nonsense"]
)
def test_only_duckdb_files_can_be_built(url: str) -> None:
    with pytest.raises(InputError):
        file_of(url)


def test_a_build_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    build(path, fill_demo)
    before = path.read_bytes()

    def fail(connection: duckdb.DuckDBPyConnection) -> None:
        raise InputError("no")

    with pytest.raises(InputError):
        build(path, fail)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["warehouse.duckdb"]


SCHEDULE = (
    "game_id,game_date\n0022400061,2024-10-22\n0032400001,2024-10-22\n0022400062,2024-11-20\n"
)
COUNTS_HEAD = (
    "game_date,scheduled_games,bdl_games,gamebook_games,player_game_summary_rows,"
    "team_defense_game_summary_rows,player_daily_cache_rows,player_composite_factors_rows,"
    "team_defense_zone_analysis_rows,prediction_rows,graded_rows\n"
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: column 'game_id', 'game_date' is missing"),
        ("game_id,day\n1,2024-10-22\n", "line 1: column 'game_date' is missing"),
        ("game_id,game_date\n", "no lines below the first"),
        ("game_id,game_date\n1,22.10.2024\n", "line 2: game_date '22.10.2024' is not a date"),
        ("game_id,game_date\n1,2024-10-22\n1,2024-10-23\n", "line 3: game_id '1' appears twice"),
        ("game_id,game_date\n,2024-10-22\n", "line 2: game_id is empty"),
        ("game_id,game_date\n1\n", "line 2: has not as many fields"),
        ('game_id,game_date\n"1,2024-10-22\n', "is not a CSV file"),
        ("game_id,game_date\n\xff\xfe,2024-10-22\n", "is not a CSV file"),
    ],
)
def test_a_malformed_schedule_is_refused_with_its_line(
    tmp_path: Path, text: str, message: str
) -> None:
    schedule = tmp_path / "schedule.csv"
    schedule.write_bytes(text.encode("latin-1"))
    path = tmp_path / "w.duckdb"
    done = run_demo("build", "--schedule", str(schedule), "--warehouse", f"duckdb:///{path}")
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not path.exists()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("2024-10-22,1,1,1,20,2,0,x,0,0,0", "line 2: player_composite_factors_rows 'x'"),
        ("2024-10-22,1,1,1,20,-2,0,0,0,0,0", "line 2: team_defense_game_summary_rows '-2'"),
        ("2024-10-23,1,1,1,20,2,0,0,0,0,0", "has rows and no game in the schedule"),
        ("2024-10-22,1,1,1,20,2,0,0,0,0,0\n2024-10-22,1,1,1,20,2,0,0,0,0,0", "appears twice"),
    ],
)
def test_malformed_counts_are_refused_with_their_line(
    tmp_path: Path, line: str, message: str
) -> None:
    (tmp_path / "s.csv").write_text(SCHEDULE)
    (tmp_path / "c.csv").write_text(COUNTS_HEAD + line + "\n")
    done = run_demo(
        *("build", "--schedule", str(tmp_path / "s.csv"), "--counts", str(tmp_path / "c.csv")),
        *("--warehouse", f"duckdb:///{tmp_path / 'w.duckdb'}"),
    )
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_counts_without_a_schedule_are_refused(tmp_path: Path) -> None:
    done = run_demo("build", "--counts", "c.csv", "--warehouse", f"duckdb:///{tmp_path / 'w'}")
    assert done.returncode == 2
    assert "--counts needs --schedule" in done.stderr


def test_counts_become_rows_and_games(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text(SCHEDULE + "0022400063,2024-11-20\n0022400064,2024-11-21\n")
    # Two games: 29 rows of players are one game's, 30 are two's, 6 rows of teams are three's.
    (tmp_path / "c.csv").write_text(COUNTS_HEAD + "2024-11-20,2,2,1,30,6,31,29,7,3,0\n")
    path = tmp_path / "w.duckdb"
    done = run_demo(
        *("build", "--schedule", str(tmp_path / "s.csv"), "--counts", str(tmp_path / "c.csv")),
        *("--warehouse", f"duckdb:///{path}"),
    )
    assert done.returncode == 0, done.stderr
    for table in ("nbac_player_boxscores", "play_by_play"):
        assert f"{table}: the counts have no column for it" in done.stderr
    day = date(2024, 11, 20)
    with duckdb.connect(path, read_only=True) as db:
        assert games(db, "nba_raw.bdl_player_boxscores", day) == {"0022400062", "0022400063"}
        assert games(db, "nba_raw.nbac_gamebook_player_stats", day) == {"0022400062"}
        assert games(db, SUMMARY, day) == {"0022400062", "0022400063"}
        assert games(db, FACTORS, day) == {"0022400062"}
        assert games(db, PREDICTIONS, day) == {"0022400062"}
        assert games(db, "nba_analytics.team_defense_game_summary", day) == {
            "0022400062",
            "0022400063",
            "20241120_unscheduled_2",
        }
        written = one(db, f"SELECT min(processed_at), max(processed_at) FROM {PREDICTIONS}")
        assert written == (datetime(2024, 11, 21, 15),) * 2
        made_up = one(db, f"SELECT count(usage_rate), max(usage_rate) FROM {SUMMARY}")
        assert made_up == (30, 0.2)
        assert one(db, f"SELECT count(*), min(cache_date) FROM {CACHE}") == (31, day)
        assert one(db, f"SELECT count(*), min(analysis_date) FROM {ZONES}") == (7, day)
        assert one(db, "SELECT count(*) FROM nba_raw.nbac_player_boxscores") == 0
        assert one(db, "SELECT count(*) FROM nba_raw.nbac_schedule") == 5
        assert one(db, f"SELECT count(*) FROM {FACTORS}") == 29
        elsewhere = one(db, "SELECT max(game_date) FROM nba_raw.bdl_player_boxscores")
        assert elsewhere == day  # 21 November is in the schedule and not in the counts


def stage(out: Any, python: str = sys.executable) -> Stage:
    return Stage(python=python, environment=dict(os.environ), clock=lambda: 0.0, out=out)


def test_the_story_stops_at_an_unexpected_exit_code_and_names_the_command(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w") as out, pytest.raises(StoryFailed) as stopped:
        _type(stage(out), "demo build --warehouse bigquery://project")
    assert "`python -m demo build --warehouse bigquery://project`" in str(stopped.value)
    assert "exit code 2, not 0" in str(stopped.value)
    assert "$ python -m demo build" in (tmp_path / "out").read_text()


def test_the_story_stops_when_a_step_that_should_fail_passes(tmp_path: Path) -> None:
    from checkpoints.errors import ExitCode

    with (tmp_path / "out").open("w") as out, pytest.raises(StoryFailed):
        _type(stage(out), "demo --help", ExitCode.INCOMPLETE)


def test_the_story_does_not_begin_when_nothing_works(tmp_path: Path) -> None:
    with (
        (tmp_path / "out").open("w") as out,
        pytest.raises(StoryFailed, match="remediation status"),
    ):
        tell(stage(out, python="/bin/false"))


def test_the_story_does_not_begin_while_calls_may_be_in_flight(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(
        "#!/bin/sh\n"
        """echo '{"plans": [{"open": [{"in_flight": true}, {"in_flight": false}]}]}'\n"""
    )
    python.chmod(0o755)
    with (tmp_path / "out").open("w") as out, pytest.raises(StoryFailed, match=r"^1 calls of an"):
        tell(stage(out, python=str(python)))
    assert (tmp_path / "out").read_text() == ""


def test_interrupting_the_server_is_a_clean_stop(built: Path) -> None:
    where = ("--port", "0", "--warehouse", f"duckdb:///{built}")
    server = fork("demo", "serve", *where, env=environment())
    assert server.stdout is not None
    assert server.stdout.readline().startswith("ready on port ")
    server.send_signal(signal.SIGINT)
    _, errors = server.communicate(timeout=10)
    assert server.returncode == 0
    assert "Traceback" not in errors
