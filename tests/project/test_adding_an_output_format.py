"""A new output format is one file and one line: tried on a copy of the project."""

from __future__ import annotations

import csv
from pathlib import Path

from tests.support.commands import command
from tests.support.runs import HOLE, checked
from tests.support.scratch import edit, scratch_copy

CSV = '''"""Findings as CSV, for a spreadsheet."""

import csv
import io
from collections.abc import Sequence

from checkpoints.output.findings import Findings, Section
from checkpoints.output.publisher import Given, Option, Publisher


def _write(found: Findings, _: Sequence[Section], given: Given) -> None:
    if "--csv" in given.options:
        text = io.StringIO()
        rows = csv.writer(text)
        rows.writerow(("suite", "check", "outcome", "found"))
        rows.writerows((f.suite, f.name, f.outcome, f.message) for f in found.findings)
        given.write(given.options["--csv"], text.getvalue())


PUBLISHER = Publisher(
    publish=_write,
    options=(Option(flag="--csv", metavar="PATH", help="Write the checks as CSV.", is_file=True),),
)
'''


def test_a_format_is_one_file_and_one_line(tmp_path: Path) -> None:
    copy = scratch_copy(tmp_path)
    (copy / "checkpoints/output/table_csv.py").write_text(CSV)
    publishers = copy / "checkpoints/output/publisher.py"
    edit(publishers, '    "github",\n', '    "github",\n    "table_csv",\n')
    found = tmp_path / "checks.csv"
    done = checked(tmp_path, "--csv", str(found), factors=HOLE, cwd=copy)

    assert (done.returncode, done.stderr) == (1, "")
    rows = list(csv.DictReader(found.read_text().splitlines()))
    assert len(rows) == 13
    assert {row["check"] for row in rows if row["outcome"] == "FAILED"} == {
        "factors: conversion_ratio of raw",
        "factors: daily_conversion_ratio of summary",
    }
    for verb in (("checkpoints", "run"), ("remediation", "resume")):
        assert "--csv PATH" in command(*verb, "--help", cwd=copy).stdout
    edit(copy / "checkpoints/output/table_csv.py", "csv.writer(text)", "csv.writer(None)")
    broken = checked(tmp_path, "--csv", "x", "--junit", "y", factors=HOLE, cwd=copy)
    assert broken.returncode == 3
    assert "error: cannot publish as table_csv: TypeError" in broken.stderr
    assert (copy / "y").read_text().count("<testcase ") == 13, "another format lost the verdict"
    refused = checked(tmp_path, "--csv", str(tmp_path), cwd=copy)
    assert refused.returncode == 2
    assert "is a directory" in refused.stderr
