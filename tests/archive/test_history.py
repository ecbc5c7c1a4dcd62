"""Past runs: read once, honest about what changed since, and their trend."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from checkpoints.archive import runs as archive
from checkpoints.archive.history import past_runs, stored_runs
from checkpoints.archive.report import Report
from checkpoints.contract.loading import load_contract
from checkpoints.errors import ContractError
from checkpoints.output.page import environment
from checkpoints.output.site import rebuild_pages
from checkpoints.output.trend import Trend, blocks, dataset_trends, layer_trends
from tests.support.commands import command
from tests.support.runs import FULL, HOLE, accept, latest_report, stored
from tests.support.warehouses import contract_of


def test_a_head_has_verdict_window_and_coverage_newest_first(tmp_path: Path) -> None:
    stored(tmp_path, minute=1, factors=HOLE)
    stored(tmp_path, minute=2)
    new, old = stored_runs(tmp_path)
    assert new.run_id > old.run_id
    assert (new.head.passed, old.head.passed) == (True, False)
    assert old.head.window_label == "season 2025"
    assert old.head.summary == "2 of 13 evaluated checks failed"
    assert old.head.by_layer == {"L1": 1, "L3": 1, "L4": 56 / 76}
    assert old.head.by_dataset["factors"] == 56 / 76
    factors = old.head.shares[-1]
    assert (factors.dataset, factors.of, factors.lacking) == ("factors", "raw", 10)


def test_runs_of_two_contracts_of_a_project_are_told_apart_and_not_compared(tmp_path: Path) -> None:
    contract_of(tmp_path)
    other = tmp_path / "pipeline.yaml"
    other.write_text((tmp_path / "pipeline.yml").read_text())
    for minute, file in enumerate([other, tmp_path / "pipeline.yml", other]):
        stored(tmp_path, load_contract(file, {}), minute=minute)
    (group,) = layer_trends(stored_runs(tmp_path))
    assert (group.contract, len(group.heads)) == ("pipeline.yaml", 2)
    shown = command("checkpoints", "history", "--contract", str(other)).stdout
    assert "pipeline.yaml · after_backfill · season 2025 · 2 runs" in shown
    assert "pipeline.yml · after_backfill" in shown
    rebuild_pages(tmp_path)
    index = (tmp_path / "uncommitted/data_docs/local_site/index.html").read_text()
    assert "</a> pipeline.yml, after_backfill</td>" in index


def test_the_coverage_of_a_layer_is_that_of_its_least_complete_dataset(tmp_path: Path) -> None:
    file = contract_of(tmp_path)
    datasets = file.contract.model_dump(mode="json", exclude_none=True)["datasets"]
    second = {**datasets["factors"], "table": "s.summary"}
    both = contract_of(tmp_path, datasets={**datasets, "other": second})
    stored(tmp_path, both, factors=HOLE)
    head = stored_runs(tmp_path)[0].head
    assert head is not None
    assert (head.by_dataset["other"], head.by_layer["L4"]) == (1, 56 / 76)


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The reports that were parsed, in order."""
    found: list[Path] = []
    real = archive.read_report

    def read(path: Path) -> Report:
        found.append(path)
        return real(path)

    monkeypatch.setattr(archive, "read_report", read)
    return found


def test_a_report_is_parsed_for_a_list_only_when_it_was_changed(
    tmp_path: Path, parsed: list[Path]
) -> None:
    for minute in range(3):
        stored(tmp_path, minute=minute)
    first = stored_runs(tmp_path)
    assert parsed == []

    path = latest_report(tmp_path)
    times = path.stat()
    path.write_text(path.read_text().replace('"passed":true', '"passed":fals'))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # same size, same time
    assert "is not a run report of version 1" in stored_runs(tmp_path)[0].problem
    assert parsed == [path]
    accept(tmp_path, first[1].run_id)
    assert stored_runs(tmp_path)[1].signed_by == "Ada"
    archive.report_path(tmp_path, first[2].run_id).unlink()
    assert [run.run_id for run in stored_runs(tmp_path)] == [run.run_id for run in first[:2]]


@pytest.mark.parametrize("content", [None, "", "{", '{"version": 0}', '{"version": 1}'])
def test_a_run_without_a_head_is_listed_from_its_report_and_nothing_is_written(
    tmp_path: Path, content: str | None, parsed: list[Path]
) -> None:
    stored(tmp_path)
    with_head = stored_runs(tmp_path)
    head = latest_report(tmp_path).with_name("head.json")
    head.unlink()
    if content is not None:
        head.write_text(content)
    (archive.runs_folder(tmp_path) / "heads.json").write_text("of an older version")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert stored_runs(tmp_path) == with_head
    assert len(parsed) == 1
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
    assert rebuild_pages(tmp_path) == []
    parsed.clear()
    assert stored_runs(tmp_path) == with_head
    assert parsed == []


def test_a_report_that_was_edited_never_keeps_its_old_head(tmp_path: Path) -> None:
    stored(tmp_path, factors=HOLE)
    path = latest_report(tmp_path)
    path.write_text(path.read_text().replace('"exit_code":1', '"exit_code":0'))
    assert stored_runs(tmp_path)[0].head.exit_code == 0


def test_an_archive_that_was_copied_keeps_its_heads(tmp_path: Path, parsed: list[Path]) -> None:
    (tmp_path / "one").mkdir()
    stored(tmp_path / "one")
    shutil.copytree(tmp_path / "one", tmp_path / "two", copy_function=shutil.copyfile)
    assert stored_runs(tmp_path / "two") == stored_runs(tmp_path / "one")
    assert parsed == []


# ------------------------------------------------------------------ trends


def decaying(folder: Path) -> None:
    """Four runs in which L4 loses a date, and then another."""
    for minute, lost in enumerate(((), (), ("2025-01-20",), ("2025-01-20", "2025-01-21"))):
        rows = [r for r in FULL if str(r[0]) not in lost]
        stored(folder, minute=minute, factors=rows)


def test_runs_of_one_checkpoint_and_window_are_on_one_line_oldest_first(tmp_path: Path) -> None:
    decaying(tmp_path)
    (group,) = layer_trends(stored_runs(tmp_path))
    assert (group.checkpoint, group.window_label) == ("after_backfill", "season 2025")
    assert [trend.name for trend in group.trends] == ["L1", "L3", "L4"]
    assert group.trends[2].ratios == (1.0, 1.0, 74 / 76, 72 / 76)
    assert group.trends[2].sentence == "L4: 100.0 % to 94.7 % over 4 runs, lowest 94.7 %"
    assert layer_trends(stored_runs(tmp_path), last=2)[0].trends[2].ratios == (74 / 76, 72 / 76)
    names = [trend.name for trend in dataset_trends(stored_runs(tmp_path))[0].trends]
    assert names == ["raw", "summary", "factors"]


def test_a_single_run_or_another_window_makes_no_line(tmp_path: Path) -> None:
    report = stored(tmp_path)
    other = report.model_copy(update={"run_id": "2026-other", "window_label": "last 7 days"})
    archive.save_report(tmp_path, other)
    assert layer_trends(stored_runs(tmp_path)) == []


def test_a_slow_decay_shows_in_blocks() -> None:
    trend = Trend(name="L4", ratios=(1.0, 0.99, None, 0.97, 0.95, 0.93, 0.9))
    assert blocks(trend) == "█▇ ▅▄▃▁"
    assert blocks(Trend(name="L4", ratios=(0.136, 1.0))) == "▁█"
    assert blocks(Trend(name="L4", ratios=(None, None))) == "  "


def sparkline(trend: Trend) -> str:
    return str(environment().get_template("sparkline.html").make_module().sparkline(trend))


def test_a_sparkline_breaks_where_nothing_was_due_and_escapes_names() -> None:
    svg = sparkline(Trend(name='<b>"', ratios=(1.0, 0.95, None, 0.9)))
    assert '<polyline points="3.0,3.0 54.3,14.0"' in svg
    assert svg.count("<circle") == 2
    assert "&lt;b&gt;&#34;: 100.0 % to 90.0 % over 4 runs, lowest 90.0 %" in svg
    empty = sparkline(Trend(name="L4", ratios=(None,)))
    assert "<circle" not in empty
    assert "L4: nothing was due in 1 run" in empty


# ------------------------------------------------------------------ the command


def history(folder: Path, *options: str, **variables: str) -> CompletedProcess[str]:
    contract = ("--contract", str(folder / "pipeline.yml"))
    return command("checkpoints", "history", *contract, *options, **variables)


def test_past_runs_are_limited_and_narrowed(tmp_path: Path) -> None:
    decaying(tmp_path)
    found = past_runs(tmp_path, last=2, layer="L3")
    shares = [[s.dataset for s in run.head.shares] for run in found.runs if run.head]
    assert shares == [["summary"]] * 2
    with pytest.raises(ContractError, match="--dataset 'factor' is in none of these runs: did you"):
        past_runs(tmp_path, last=2, dataset="factor")
    with pytest.raises(ContractError, match="--layer 'x' is in none of these runs: they have: ref"):
        past_runs(tmp_path, last=2, layer="x")


def test_the_command_shows_a_line_per_layer_and_a_row_per_run(tmp_path: Path) -> None:
    decaying(tmp_path)
    accept(tmp_path, stored_runs(tmp_path)[2].run_id, by="Ada [red]")
    done = history(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    assert lines[0] == "after_backfill · season 2025 · 4 runs"
    assert lines[3] == "L4  ██▆▄   94.7 %  was 100.0 %, lowest 94.7 %"
    assert " ".join(lines[4].split()) == "run checkpoint window verdict L1 L3 L4 signed by"
    assert lines[5].endswith("unsigned")
    assert lines[7].endswith("100.0 %  Ada [red]")
    assert not any("\x1b" in line for line in lines)


def test_the_command_narrowed_to_a_dataset_as_json(tmp_path: Path) -> None:
    decaying(tmp_path)
    done = history(tmp_path, "--dataset", "factors", "--last", "3", "--json", "-")
    runs = json.loads(done.stdout)["runs"]
    assert [run["head"]["shares"][0]["matched"] for run in runs] == [72, 74, 76]
    narrow = history(tmp_path, COLUMNS="60")
    assert max(map(len, narrow.stdout.splitlines())) <= 60
    assert "L4  8864" in history(tmp_path, PYTHONIOENCODING="ascii").stdout
    empty = history(tmp_path / "gone")
    assert (empty.returncode, empty.stdout) == (2, "")
    assert "there is no contract" in empty.stderr


def test_a_damaged_run_is_listed_as_damaged(tmp_path: Path) -> None:
    stored(tmp_path)
    latest_report(tmp_path).write_text("{")
    done = history(tmp_path)
    assert done.returncode == 0
    assert "damaged" in done.stdout
    assert "is not a run report of version 1" in " ".join(done.stderr.split())
