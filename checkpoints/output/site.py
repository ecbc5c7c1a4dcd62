"""The pages of runs and the list of them, in the Data Docs site.

A page is written when something it shows has changed, and only then. A signed page stays as it
was signed.
"""

from __future__ import annotations

import filecmp
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from glob import escape
from hashlib import sha256
from itertools import accumulate, groupby
from pathlib import Path
from urllib.parse import quote

from checkpoints.archive.history import StoredRun, stored_runs
from checkpoints.archive.repairs import StoredRepair, repairs_of, stored_repairs
from checkpoints.archive.report import RUN_ID, Report, read_report
from checkpoints.archive.runs import (
    keep_head,
    keys_path,
    pages_folder,
    plans_folder,
    report_path,
    site_folder,
)
from checkpoints.archive.signoff import SignOff, read_signoff, signed_page_path, signoff_path
from checkpoints.errors import ContractError
from checkpoints.files import replacing, sha256_of, write_text
from checkpoints.output.page import DESIGN_SHA256, Archived, Links, environment, render_page
from checkpoints.output.trend import layer_trends

SOURCES_WITHIN = 2_000
"""Bytes of a page that hold the hash of its sources."""

GROUPS_SHOWN = 6
OPEN_ROWS = 40
"""The newest month stands open, and more of them while they have no more rows than that."""

OTHERS_SHOWN = 20
"""Results of checkpoints made by hand, the latest."""

Link = tuple[str, str]
"""A text, and an address relative to the page."""


def write_run_page(project: Path, report: Report) -> Path:
    """Write the page of a stored run, and the list of all runs; returns the page's path.

    The pages of the runs that its repairs answer are brought up to date as well.
    """
    repairs, runs = stored_repairs(project), stored_runs(project)
    own = repairs_of(repairs, runs, report.run_id)
    page = _write_page(project, report, own, links_of(project, report.run_id, own))
    answered = {stored.path.parent.name for stored in own} - {report.run_id}
    _refresh_all(project, runs, repairs, answered)
    write_index(project, runs)
    return page


def refresh_pages(project: Path, run_ids: Iterable[str]) -> list[str]:
    """Bring the pages of some runs up to date, as far as they have one; returns what is damaged.

    After a backfill the page of the run that it repairs shows it; and no page leads to one that
    was removed.
    """
    some = {run for run in run_ids if (pages_folder(project) / f"{run}.html").exists()}
    if not some:
        return []
    return _refresh_all(project, stored_runs(project), stored_repairs(project), some)


def show_plan(project: Path, run_id: str, plan: Path) -> list[str]:
    """Lead from the page of a run to a copy of a plan of it; returns what is damaged."""
    if (pages_folder(project) / f"{run_id}.html").exists():
        _copied(plan, pages_folder(project), run_id, f"plan-{plan.name}")
    return refresh_pages(project, [run_id])


def _refresh_all(
    project: Path, runs: Sequence[StoredRun], repairs: Sequence[StoredRepair], some: Set[str]
) -> list[str]:
    chosen = [run for run in runs if run.run_id in some]
    return [
        problem
        for run in chosen
        for problem in _refresh(project, run, repairs_of(repairs, runs, run.run_id))
    ]


def rebuild_pages(project: Path) -> list[str]:
    """Write the pages whose sources have changed, and the list; returns what is damaged.

    Runs that were stored without a head get one.
    """
    problems: list[str] = []
    repairs, runs = stored_repairs(project), stored_runs(project)
    for run in runs:
        problems.extend([run.problem] if run.problem else [])
        if run.head:
            keep_head(project, run.run_id, run.head)
        own = repairs_of(repairs, runs, run.run_id) if repairs else []
        problems.extend(_refresh(project, run, own))
    write_index(project, runs)
    return [*problems, *(stored.problem for stored in repairs if stored.problem)]


def publish(project: Path, run_id: str, page: str) -> Path:
    """Put a page among the others, and beside it the sign-off, if there is one."""
    path = pages_folder(project) / f"{run_id}.html"
    write_text(path, page)
    copy, record = path.with_suffix(".json"), signoff_path(project, run_id)
    if record.exists():
        write_text(copy, record.read_text(encoding="utf-8"))
    else:
        copy.unlink(missing_ok=True)
    return path


def links_of(project: Path, run_id: str, repairs: Sequence[StoredRepair]) -> Links:
    """Where the other pages of a run are, beside whose page its plans and repairs are copied."""
    site, copies = site_folder(project), pages_folder(project)
    found = sorted(site.glob(f"validations/*/{escape(run_id)}/*/*.html"))
    results = [(page.relative_to(site).parts[1], page) for page in found]
    judged = {name for name, _ in results}
    suites = [(page.stem, page) for page in sorted(site.glob("expectations/*.html"))]
    plans, records, keys = {}, {}, keys_path(project, run_id)
    for stored, repair in ((s, s.repair) for s in repairs if s.repair):
        records[repair.plan_id] = _copied(stored.path, copies, repair.run_id, stored.path.name)
        plan = plans_folder(project) / Path(repair.plan_file).name
        if plan.is_file():
            plans[plan.stem] = _copied(plan, copies, repair.run_id, f"plan-{plan.name}")
    for copy in sorted(copies.glob(f"{escape(run_id)}.plan-*.json")):
        plans[copy.stem.partition(".plan-")[2]] = quote(copy.name)
    return Links(
        suites=_by_suite(site, [(n, page) for n, page in suites if n in judged or "@" not in n]),
        results=_by_suite(site, results),
        plans=plans,
        records=records,
        keys=_copied(keys, copies, run_id, keys.name) if keys.is_file() else "",
    )


def _by_suite(site: Path, pages: Iterable[tuple[str, Path]]) -> dict[str, list[Link]]:
    """The window that a suite is judged over, where it has several, and the page's address."""
    found: dict[str, list[Link]] = {}
    for name, page in pages:
        suite, _, window = name.partition("@")
        found.setdefault(suite, []).append((window, f"../{_address(site, page)}"))
    return found


def _copied(path: Path, folder: Path, run_id: str, name: str) -> str:
    """Copy a file of the archive to where the pages of runs are; its address there."""
    copy = folder / f"{run_id}.{name}"
    if not (copy.exists() and filecmp.cmp(path, copy, shallow=False)):
        with replacing(copy) as unfinished:
            shutil.copyfile(path, unfinished)
    return quote(copy.name)


def _refresh(project: Path, run: StoredRun, own: Sequence[StoredRepair]) -> list[str]:
    """Write a run's page if something it shows has changed; returns what is damaged."""
    if run.head is None:
        return []
    links = links_of(project, run.run_id, own)
    sources = _sources(project, run.run_id, run.head.report_sha256, own, links)
    try:
        if not _is_current(project, run, sources):
            _write_page(project, read_report(report_path(project, run.run_id)), own, links)
    except ContractError as error:
        return list(error.problems)
    return []


def _write_page(project: Path, report: Report, own: Sequence[StoredRepair], links: Links) -> Path:
    """The page as it was signed, or else one that says what is no longer so."""
    digest = sha256_of(report_path(project, report.run_id))
    signed, problem = _signed(project, report.run_id)
    page = _page_as_signed(project, signed, digest)
    if page is None:
        archived = Archived(
            report_sha256=digest,
            problems=(problem,) if problem else tuple(_broken(signed, digest)),
            signed=signed,
            repairs=own,
            links=links,
            sources=_sources(project, report.run_id, digest, own, links),
        )
        page = render_page(report, archived)
    return publish(project, report.run_id, page)


def _signed(project: Path, run_id: str) -> tuple[SignOff | None, str]:
    """The sign-off of a run, if there is one; or why it cannot be read."""
    try:
        return read_signoff(project, run_id), ""
    except ContractError as error:
        return None, str(error)


def _page_as_signed(project: Path, signed: SignOff | None, digest: str) -> str | None:
    """The page that was signed, as long as it and the report are still the same."""
    if signed is None or signed.report_sha256 != digest:
        return None
    try:
        content = signed_page_path(project, signed.run_id).read_bytes()
    except OSError:
        return None
    return content.decode() if sha256(content).hexdigest() == signed.page_sha256 else None


def _broken(signed: SignOff | None, digest: str) -> Iterable[str]:
    if signed and signed.report_sha256 != digest:
        yield "SIGNATURE DOES NOT MATCH: report.json was changed after the sign-off"
    elif signed:
        yield "SIGNATURE DOES NOT MATCH: the page that was signed is lost; this is another one"


def _sources(
    project: Path, run_id: str, digest: str, repairs: Sequence[StoredRepair], links: Links
) -> str:
    """A hash of everything a page is made of."""
    record = signoff_path(project, run_id)
    parts = [
        DESIGN_SHA256,
        digest,
        sha256_of(record) if record.exists() else "unsigned",
        repr(links),
    ]
    return sha256(" ".join([*parts, *(r.sha256 for r in repairs)]).encode()).hexdigest()


def _is_current(project: Path, run: StoredRun, sources: str) -> bool:
    page = pages_folder(project) / f"{run.run_id}.html"
    record = signoff_path(project, run.run_id)
    try:
        if record.exists() and page.with_suffix(".json").read_bytes() != record.read_bytes():
            return False
        content = page.read_bytes()
    except OSError:
        return False
    signed, _ = _signed(project, run.run_id)
    if signed and not run.altered and sha256(content).hexdigest() == signed.page_sha256:
        return True
    return f'content="{sources}"'.encode() in content[:SOURCES_WITHIN]


# ------------------------------------------------------------ the list of runs


def write_index(project: Path, runs: Sequence[StoredRun] | None = None) -> Path:
    """Write the list of all runs, the first page of the site; returns its path."""
    runs = stored_runs(project) if runs is None else runs
    folder = site_folder(project)
    suites = sorted(folder.glob("expectations/*.html"), key=lambda page: _rank(runs, page.stem))
    links = [(page.stem, _address(folder, page)) for page in suites]
    results = _results(folder, [name for name, _ in links])
    write_text(folder / "index.html", render_list(runs, suites=links, results=results))
    return folder / "index.html"


def _rank(runs: Sequence[StoredRun], suite: str) -> tuple[int, str]:
    """Layers as the latest run has them, upstream first; then the others."""
    head = next((run.head for run in runs if run.head), None)
    layers = list(dict.fromkeys(share.layer for share in head.shares)) if head else []
    return (layers.index(suite) if suite in layers else len(layers)), suite


def _results(folder: Path, suites: Sequence[str]) -> dict[str, list[Link]]:
    """The pages of validation results that are there, by run."""
    found: dict[str, list[Link]] = {}
    for suite in suites:
        for page in folder.glob(f"validations/{escape(suite)}/*/*/*.html"):
            run = page.relative_to(folder).parts[2]
            found.setdefault(run, []).append((suite, _address(folder, page)))
    return found


def _address(folder: Path, page: Path) -> str:
    return quote(page.relative_to(folder).as_posix())


def render_list(
    runs: Sequence[StoredRun],
    *,
    suites: Sequence[Link] = (),
    results: Mapping[str, Sequence[Link]] | None = None,
) -> str:
    """The list of ``runs``, which are newest first: trends, then every run, a fold per month.

    ``suites`` are the pages of what is expected, ``results`` those of validation results by run.
    """
    months = [(month, list(found)) for month, found in groupby(runs, key=_month)]
    template = environment().get_template("runs.html")
    return template.render(
        runs=runs,
        months=months,
        open_months=max(1, sum(n <= OPEN_ROWS for n in accumulate(len(m[1]) for m in months))),
        trends=layer_trends(runs)[:GROUPS_SHOWN],
        unsigned=sum(1 for run in runs if run.head and not run.signed_by),
        suites=suites,
        results=results or {},
        others=sorted(_others(runs, results or {}), reverse=True)[:OTHERS_SHOWN],
    )


def _others(
    runs: Sequence[StoredRun], results: Mapping[str, Sequence[Link]]
) -> Iterator[tuple[str, str, str]]:
    """When, suite and address of the results of checkpoints that were made by hand."""
    for run in results.keys() - {run.run_id for run in runs}:
        for suite, address in [] if RUN_ID.match(run) else results[run]:
            yield address.split("/")[-2], suite, address


def _month(run: StoredRun) -> str:
    return f"{run.head.started_at:%B %Y}" if run.head else "Unreadable"
