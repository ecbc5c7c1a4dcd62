"""Past runs: read once, honest about what changed since, and their trend."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from checkpoints.archive import history
from checkpoints.archive import runs as archive
from checkpoints.archive.history import run_heads
from checkpoints.archive.past_runs import past_runs
from checkpoints.errors import ContractError
from checkpoints.output.signing import sign
from checkpoints.output.trend import Trend, blocks, dataset_trends, layer_trends, sparkline
from tests.support.commands import command
from tests.support.runs import AT, FULL, HOLE, stored
from tests.support.warehouses import contract_of


def test_a_head_has_verdict_window_and_coverage_newest_first(tmp_path: Path) -> None:
    stored(tmp_path, minute=1, factors=HOLE)
    stored(tmp_path, minute=2)
    new, old = run_heads(tmp_path)
    assert new.head is not None
    assert old.head is not None
    assert new.run_id > old.run_id
    assert (new.head.passed, old.head.passed) == (True, False)
    assert (old.head.window_label, old.head.summary) == (
        "season 2025",
        "2 of 12 evaluated checks failed",
    )
    assert old.head.layers == ("L1", "L3", "L4")
    assert old.head.coverage("L3") == 1
    assert old.head.coverage("L4") == old.head.coverage_of("factors") == 56 / 76
    factors = old.head.shares[-1]
    assert (factors.dataset, factors.of, factors.lacking) == ("factors", "raw", 10)


def test_the_coverage_of_a_layer_is_that_of_its_least_complete_dataset(tmp_path: Path) -> None:
    file = contract_of(tmp_path)
    datasets = file.contract.model_dump(mode="json", exclude_none=True)["datasets"]
    second = {**datasets["factors"], "table": "s.summary"}
    both = contract_of(tmp_path, datasets={**datasets, "other": second})
    stored(tmp_path, both, factors=HOLE)
    head = run_heads(tmp_path)[0].head
    assert head is not None
    assert (head.coverage_of("other"), head.coverage("L4")) == (1, 56 / 76)


def test_an_unchanged_run_is_not_read_again_and_a_changed_one_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = contract_of(tmp_path)
    for minute in range(3):
        stored(tmp_path, file, minute=minute)
    first = run_heads(tmp_path)
    read: list[str] = []
    real = history._read
    monkeypatch.setattr(
        history, "_read", lambda p, run, path: read.append(run) or real(p, run, path)
    )
    assert run_heads(tmp_path) == first
    assert read == []

    path = archive.report_path(tmp_path, None)
    times = path.stat()
    path.write_text(path.read_text().replace('"passed":true', '"passed":fals'))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # same size, same time
    assert "is not a run report of version 1" in run_heads(tmp_path)[0].problem
    assert read == [first[0].run_id]
    sign(file, first[1].run_id, by="Ada", note="", at=AT)
    assert run_heads(tmp_path)[1].signed_by == "Ada"
    archive.report_path(tmp_path, first[2].run_id).unlink()
    assert [run.run_id for run in run_heads(tmp_path)] == [run.run_id for run in first[:2]]


def test_a_report_changed_after_its_sign_off_shows_as_altered(tmp_path: Path) -> None:
    file = contract_of(tmp_path)
    report = stored(tmp_path, file)
    sign(file, None, by="Ada", note="", at=AT)
    assert not run_heads(tmp_path)[0].altered
    archive.save_report(tmp_path, report.model_copy(update={"seconds": 9.0}))
    assert run_heads(tmp_path)[0].altered


@pytest.mark.parametrize("content", ["", "{", '{"version": 0, "runs": {}}', '{"version": 1}'])
def test_a_damaged_or_older_cache_is_made_again(tmp_path: Path, content: str) -> None:
    stored(tmp_path)
    first = run_heads(tmp_path)
    cache = archive.runs_folder(tmp_path) / "heads.json"
    whole = cache.read_text()
    cache.write_text(content)
    assert run_heads(tmp_path) == first
    assert cache.read_text() == whole


def test_an_archive_that_cannot_be_written_is_still_listed(tmp_path: Path) -> None:
    stored(tmp_path)
    (archive.runs_folder(tmp_path) / "heads.json").mkdir()
    assert len(run_heads(tmp_path)) == 1


def test_a_thousand_kept_runs_are_listed_without_reading_a_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = stored(tmp_path)
    for n in range(1000):
        path = archive.runs_folder(tmp_path) / f"20240101T000000{n:06}Z-daily" / "report.json"
        path.parent.mkdir()
        path.write_text(report.model_copy(update={"run_id": path.parent.name}).model_dump_json())
    assert len(run_heads(tmp_path)) == 1001
    monkeypatch.setattr(history, "_head", lambda path: pytest.fail(f"{path} was read again"))
    assert len(run_heads(tmp_path)) == 1001


# ------------------------------------------------------------------ trends


def decaying(folder: Path) -> None:
    """Four runs in which L4 loses a date, and then another."""
    for minute, lost in enumerate(((), (), ("2025-01-20",), ("2025-01-20", "2025-01-21"))):
        rows = [r for r in FULL if str(r[0]) not in lost]
        stored(folder, minute=minute, factors=rows)


def test_runs_of_one_checkpoint_and_window_are_on_one_line_oldest_first(tmp_path: Path) -> None:
    decaying(tmp_path)
    (group,) = layer_trends(run_heads(tmp_path))
    assert (group.checkpoint, group.window_label) == ("after_backfill", "season 2025")
    assert [trend.name for trend in group.trends] == ["L1", "L3", "L4"]
    assert group.trends[2].ratios == (1.0, 1.0, 74 / 76, 72 / 76)
    assert group.trends[2].sentence == "L4: 100.0 % to 94.7 % over 4 runs, lowest 94.7 %"
    assert layer_trends(run_heads(tmp_path), last=2)[0].trends[2].ratios == (74 / 76, 72 / 76)
    names = [trend.name for trend in dataset_trends(run_heads(tmp_path))[0].trends]
    assert names == ["raw", "summary", "factors"]


def test_a_single_run_or_another_window_makes_no_line(tmp_path: Path) -> None:
    report = stored(tmp_path)
    other = report.model_copy(update={"run_id": "2026-other", "window_label": "last 7 days"})
    archive.save_report(tmp_path, other)
    assert layer_trends(run_heads(tmp_path)) == []


def test_a_slow_decay_shows_in_blocks() -> None:
    trend = Trend(name="L4", ratios=(1.0, 0.99, None, 0.97, 0.95, 0.93, 0.9))
    assert blocks(trend) == "█▇ ▅▄▃▁"
    assert blocks(Trend(name="L4", ratios=(0.136, 1.0))) == "▁█"
    assert blocks(Trend(name="L4", ratios=(None, None))) == "  "


def test_a_sparkline_breaks_where_nothing_was_due_and_escapes_names() -> None:
    svg = sparkline(Trend(name='<b>"', ratios=(1.0, 0.95, None, 0.9)))
    assert '<polyline points="3.0,3.0 54.3,14.0"' in svg.replace("3,3 ", "3.0,3.0 ")
    assert svg.count("<circle") == 2
    assert "&lt;b&gt;&quot;: 100.0 % to 90.0 % over 4 runs, lowest 90.0 %" in svg
    empty = sparkline(Trend(name="L4", ratios=(None,)))
    assert "<circle" not in empty
    assert "L4: nothing was due in 1 run" in empty


# ------------------------------------------------------------------ the command


def test_past_runs_are_limited_and_narrowed(tmp_path: Path) -> None:
    decaying(tmp_path)
    found = past_runs(tmp_path, last=2, layer="L3")
    assert [[s.dataset for s in run.head.shares] for run in found.runs if run.head] == [
        ["summary"],
        ["summary"],
    ]
    with pytest.raises(ContractError, match="--dataset 'factor' is in none of these runs: did you"):
        past_runs(tmp_path, last=2, dataset="factor")
    with pytest.raises(ContractError, match="--layer 'x' is in none of these runs: they have: ref"):
        past_runs(tmp_path, last=2, layer="x")


def test_the_command_shows_a_line_per_layer_and_a_row_per_run(tmp_path: Path) -> None:
    decaying(tmp_path)
    file = contract_of(tmp_path)
    sign(file, run_heads(tmp_path)[2].run_id, by="Ada [red]", note="", at=AT)
    done = command("checkpoints", "history", "--contract", str(file.path))
    assert (done.returncode, done.stdout) == (0, "")
    lines = [line.rstrip() for line in done.stderr.splitlines()]
    assert lines[0] == "after_backfill · season 2025 · 4 runs"
    assert lines[3] == "L4  ██▆▄   94.7 %  was 100.0 %, lowest 94.7 %"
    assert " ".join(lines[4].split()) == "run checkpoint window verdict L1 L3 L4 signed by"
    assert lines[5].endswith("unsigned")
    assert lines[7].endswith("100.0 %  Ada [red]")
    assert not any("\x1b" in line for line in lines)


def test_the_command_narrowed_to_a_dataset_as_json(tmp_path: Path) -> None:
    decaying(tmp_path)
    options = ("--dataset", "factors", "--last", "3", "--json", "-")
    contract = str(tmp_path / "pipeline.yml")
    done = command("checkpoints", "history", *options, "--contract", contract)
    runs = json.loads(done.stdout)["runs"]
    assert [run["head"]["shares"][0]["matched"] for run in runs] == [72, 74, 76]
    narrow = command("checkpoints", "history", "--contract", contract, COLUMNS="60")
    assert max(map(len, narrow.stderr.splitlines())) <= 60
    ascii_only = command("checkpoints", "history", "--contract", contract, PYTHONIOENCODING="ascii")
    assert "L4  8864" in ascii_only.stderr
    empty = command("checkpoints", "history", "--contract", str(tmp_path / "gone" / "x.yml"))
    assert (empty.returncode, empty.stdout) == (2, "")
    assert "no run is stored" in empty.stderr


def test_a_damaged_run_is_listed_as_damaged(tmp_path: Path) -> None:
    stored(tmp_path)
    archive.report_path(tmp_path, None).write_text("{")
    done = command("checkpoints", "history", "--contract", str(tmp_path / "pipeline.yml"))
    assert done.returncode == 0
    assert "damaged" in done.stderr
    assert "is not a run report of version 1" in " ".join(done.stderr.split())
