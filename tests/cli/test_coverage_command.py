"""``checkpoints coverage``: chosen datasets, and every key as CSV."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from checkpoints.coverage.frame import CoverageFrame
from checkpoints.coverage.presence import Presence
from checkpoints.warehouse.every_key import LostKey, every_key
from checkpoints.warehouse.evidence import gather
from checkpoints.warehouse.reading import Warehouse
from tests.support.commands import command
from tests.support.projects import project_of
from tests.support.runs import FULL, GAP, HOLE, SEASON, checked, request_of, warehouse
from tests.support.warehouses import BASIC, D, contract_of, write_contract

SCATTERED = [row for row in FULL if row[0].day % 2]


def test_coverage_of_chosen_datasets_is_of_them_alone_with_all_ranges(tmp_path: Path) -> None:
    plain = checked(tmp_path, verb="coverage", factors=SCATTERED, COLUMNS="60").stdout
    assert " more" in plain
    one = ("--dataset", "factors")
    done = checked(tmp_path, *one, verb="coverage", factors=SCATTERED, COLUMNS="60")
    assert " more" not in done.stdout
    assert "summary" not in done.stdout
    assert done.stdout.count("2025-0") >= 20
    two = ("--dataset", "summary", *one, "--json", "-")
    found = json.loads(checked(tmp_path, *two, verb="coverage", factors=SCATTERED).stdout)
    assert [each["dataset"] for each in found["coverage"]] == ["summary", "factors"]


def test_a_dataset_that_cannot_be_read_is_no_matter_of_another(tmp_path: Path) -> None:
    others = checked(tmp_path, "--dataset", "summary", verb="coverage", factors=None)
    assert (others.returncode, others.stderr) == (0, "")
    own = checked(tmp_path, "--dataset", "factors", verb="coverage", factors=None)
    assert (own.returncode, own.stderr.startswith("error: dataset 'factors': ")) == (3, True)


def test_a_dataset_that_is_not_in_the_contract_is_refused_with_its_nearest_names(
    tmp_path: Path,
) -> None:
    for name, said in (
        ("factor", "dataset 'factor' is not in the contract: did you mean 'factors'?"),
        ("x", "dataset 'x' is not in the contract: there are raw, summary, factors"),
        ("schedule", "dataset 'schedule' is not compared with another: it is the reference"),
    ):
        done = checked(tmp_path, "--dataset", name, verb="coverage")
        assert (done.returncode, done.stdout) == (2, "")
        assert said in done.stderr


# ------------------------------------------------ --csv


def rows_of(text: str) -> list[list[str]]:
    heading, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    assert heading == ["dataset", "layer", "of", "date", "kind", "key_columns", "key_1"]
    return rows


STRANGE = ('a "b", c', "line\r\nbreak", "  y", "x", "x ", "Ｘ", "=1+1", "007")


def test_csv_has_every_missing_and_orphan_key_as_it_is(tmp_path: Path) -> None:
    day = D("2025-01-10")
    many = [(day, f"key {n:02}") for n in range(50)]
    above = [*FULL, *many, *((day, key) for key in STRANGE)]
    have = [row for row in FULL if row[0] != D("2025-01-20")] + [(day, "stranger")]
    write_contract(tmp_path, BASIC)
    url = warehouse(tmp_path, raw=above, summary=above, factors=have)
    where = ("--contract", str(tmp_path / "pipeline.yml"), "--warehouse", url)
    done = command("checkpoints", "coverage", *SEASON, *where, "--csv", str(tmp_path / "keys.csv"))
    assert (done.returncode, done.stderr) == (0, "")
    rows = rows_of((tmp_path / "keys.csv").read_bytes().decode())
    of_factors = [row for row in rows if row[0] == "factors"]
    assert {tuple(row[:6]) for row in of_factors} == {
        ("factors", "L4", "raw", "2025-01-10", "missing", "k"),
        ("factors", "L4", "raw", "2025-01-10", "orphan", "k"),
        ("factors", "L4", "raw", "2025-01-20", "missing", "k"),
    }
    lost = {row[6] for row in of_factors if row[3:5] == ["2025-01-10", "missing"]}
    assert lost == {*STRANGE, *(key for _, key in many)}
    assert [row[6] for row in of_factors if row[4] == "orphan"] == ["stranger"]
    assert [row[3] for row in rows] == sorted(row[3] for row in rows)
    alone = command("checkpoints", "coverage", *SEASON, *where, "--csv", "-")
    assert rows_of(alone.stdout) == rows_of((tmp_path / "keys.csv").read_text())
    assert alone.stderr.startswith("Coverage ")
    chosen = ("--csv", "-", "--dataset", "summary")
    others = rows_of(command("checkpoints", "coverage", *SEASON, *where, *chosen).stdout)
    assert others == [row for row in rows if row[0] == "summary"]


def test_a_few_dates_at_a_time_are_the_same_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = contract_of(tmp_path, BASIC)
    request = request_of(tmp_path, file, factors=HOLE)
    read: list[list[LostKey]] = []

    def tell(found: Warehouse, presence: Presence, frame: CoverageFrame) -> None:
        read.append(list(every_key(file.contract, found, presence, frame)))
        statements.append(len(found.engine.statements))

    statements: list[int] = []
    for at_once in (100_000, 4):
        monkeypatch.setattr("checkpoints.warehouse.every_key.KEYS_AT_ONCE", at_once)
        where = (file.contract, request.warehouse, request.window, request.as_of)
        gather(*where, with_keys=False, tell=tell)
    assert read[0] == read[1]
    assert [str(key.date) for key in read[0]][::2] == [f"2025-01-{n}" for n in range(20, 30)]
    assert statements == [2, 6]


def test_a_date_that_both_lost_has_no_key_and_a_known_gap_misses_none(tmp_path: Path) -> None:
    write_contract(tmp_path, BASIC, known_gaps=[GAP])
    gone = [row for row in FULL if row[0] != D("2025-02-03")]
    url = warehouse(tmp_path, raw=gone, summary=gone, factors=[r for r in gone if r in HOLE])
    where = ("--contract", str(tmp_path / "pipeline.yml"), "--warehouse", url)
    done = command("checkpoints", "coverage", *SEASON, *where, "--csv", "-")
    rows = [row for row in rows_of(done.stdout) if row[0] == "factors"]
    assert rows == [["factors", "L4", "raw", "2025-02-03", "missing", "k", ""]]


def test_csv_and_json_do_not_share_standard_output(tmp_path: Path) -> None:
    done = checked(tmp_path, "--csv", "-", "--json", "-", verb="coverage")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--json - and --csv - both need standard output" in done.stderr


def test_csv_goes_into_a_pipe_and_into_a_folder_that_is_made(tmp_path: Path) -> None:
    pipe, deep = tmp_path / "pipe", tmp_path / "new" / "folder" / "keys.csv"
    os.mkfifo(pipe)
    with ThreadPoolExecutor() as pool:
        read = pool.submit(pipe.read_text)
        assert checked(tmp_path, "--csv", str(pipe), verb="coverage", factors=HOLE).returncode == 0
        assert read.result(30).startswith('"dataset"')
    assert pipe.is_fifo()
    assert checked(tmp_path, "--csv", str(deep), verb="coverage", factors=HOLE).returncode == 0
    assert [path.name for path in deep.parent.iterdir()] == ["keys.csv"]


# ------------------------------------------------ run --keys


def test_a_run_stores_its_keys_and_its_page_leads_to_them(tmp_path: Path) -> None:
    project = project_of(tmp_path).project
    url = warehouse(tmp_path, factors=HOLE)
    where = ("--contract", str(project / "pipeline.yml"), "--warehouse", url)
    ran = command("checkpoints", "run", *SEASON, *where, "--keys")
    assert ran.returncode == 1
    (stored,) = project.glob("uncommitted/runs/*/keys.csv")
    assert f"keys   {stored}" in ran.stdout
    typed = command("checkpoints", "coverage", *SEASON, *where, "--csv", "-")
    assert stored.read_bytes().decode() == typed.stdout.replace("\n", "\r\n")
    (page,) = project.glob("uncommitted/data_docs/local_site/signoff/*.html")
    (address,) = re.findall(r'href="([^"]+keys\.csv)"', page.read_text(encoding="utf-8"))
    assert (page.parent / address).read_bytes() == stored.read_bytes()
    command("checkpoints", "run", *SEASON, *where)
    assert len([*project.glob("uncommitted/runs/*/keys.csv")]) == 1
