"""The Data Docs pages: from the library's suites and validation results to HTML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from great_expectations.core.expectation_suite import ExpectationSuite
from great_expectations.core.expectation_validation_result import (
    ExpectationSuiteValidationResult,
    ExpectationValidationResult,
)
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from jinja2 import ChoiceLoader, Environment, FileSystemLoader

from checkpoints.coverage.results import CheckRecord, Verdict, check_record, decide
from checkpoints.dates import DateRange, ranges_of
from checkpoints.library.results import NAMELESS, ResultEvidence, evaluation_of, result_evidence
from checkpoints.library.stock import class_of, sentence_of, stock_record
from checkpoints.output.lacking import together
from checkpoints.output.page import environment
from checkpoints.plugin.expectations import CrossLayerExpectation
from checkpoints.rules.rule import Evaluation, Outcome
from checkpoints.text import dates

WORST_FIRST = (Outcome.ERRORED, Outcome.FAILED, Outcome.NOT_EVALUATED, Outcome.PASSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """An expectation in words, what has become of it, and who rebuilds its dataset.

    One that was not ``generated`` from a contract is somebody's own.
    """

    record: CheckRecord
    sentence: str
    service: str | None
    shown: ResultEvidence | None
    generated: bool

    @property
    def dated(self) -> list[tuple[date, str]]:
        """The unexpected dates with what is there, where the result says."""
        if self.shown is None:
            return [(day, "") for day in self.record.unexpected_dates]
        told = self.shown.told or ("",) * len(self.shown.cells)
        return [
            (cell.date, text or self.record.rule.on_date(cell))
            for cell, text in zip(self.shown.cells, told, strict=True)
        ]

    @property
    def ranges(self) -> tuple[DateRange, ...]:
        """The unexpected dates merged, over the dates that count where the result has that."""
        if self.shown:
            return self.shown.ranges
        return tuple(ranges_of(self.record.unexpected_dates))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilding:
    """What a plan may ask of a service (None: nothing rebuilds these datasets)."""

    service: str | None
    datasets: tuple[str, ...]
    dates: tuple[date, ...]
    ranges: tuple[DateRange, ...]


class Gap(NamedTuple):
    """Dates on which the same datasets, and no others, lack keys."""

    datasets: tuple[str, ...]
    dates: tuple[date, ...]
    ranges: tuple[DateRange, ...]


@dataclass(frozen=True, kw_only=True)
class ResultPage:
    """One suite in one run; ``attention`` are the checks that failed or could not be evaluated.

    A run that is not ``ours`` is of a checkpoint that was made by hand.
    """

    template: ClassVar[str] = "result.html"

    suite: str
    ours: bool
    run_id: str
    run_time: datetime
    verdict: Verdict
    evidence: ResultEvidence | None
    attention: tuple[Expected, ...]
    others: tuple[Expected, ...]
    rebuilding: tuple[Rebuilding, ...]

    @property
    def pipeline(self) -> tuple[str, str]:
        """Its name and its environment, where a result says them."""
        return self.evidence.pipeline if self.evidence else NAMELESS

    @cached_property
    def lost(self) -> dict[str, set[date]]:
        """The dates that lack keys by dataset, of the checks that tell what is missing."""
        found: dict[str, set[date]] = {}
        for expected in self.attention:
            cells = expected.shown.cells if expected.shown else ()
            if expected.record.rule.tells_missing and not expected.record.rule.is_about_rows:
                lacking = {cell.date for cell in cells if cell.state.is_lacking}
                found.setdefault(expected.record.dataset, set()).update(lacking)
        return found

    @property
    def gaps(self) -> list[Gap]:
        """Every date that lacks keys once, with the datasets that lack some."""
        whole = _merged(run for expected in self.attention for run in expected.ranges)
        every = sorted({day for dates in self.lost.values() for day in dates})
        return [
            Gap(names, dates, tuple(_within(whole, dates, every)))
            for names, dates in together(self.lost)
        ]

    def of_its_own(self, expected: Expected) -> tuple[DateRange, ...]:
        """The ranges of a check of which ``gaps`` do not say everything."""
        lost = self.lost.get(expected.record.dataset, set())
        told = expected.record.rule.tells_missing and lost.issuperset(
            expected.record.unexpected_dates
        )
        return () if told else expected.ranges

    @property
    def stays(self) -> dict[str, str]:
        """What is wrong that no backfill repairs: what to do about it, by the name of the check."""
        records = [expected.record for expected in self.attention]
        failed = (r for r in records if r.outcome is Outcome.FAILED and not r.rule.repairable)
        return {record.title: record.rule.fix for record in failed}


@dataclass(frozen=True, slots=True, kw_only=True)
class SuitePage:
    """A suite: its expectations by dataset; one that is not ``ours`` was made by hand."""

    template: ClassVar[str] = "suite.html"

    suite: str
    ours: bool
    about: str
    pipeline: tuple[str, str]
    datasets: dict[str, list[Expected]]


class SuiteRenderer:
    """From a suite to its page."""

    def render(self, suite: ExpectationSuite) -> SuitePage:
        """The expectations in words, in the order of the contract."""
        datasets: dict[str, list[Expected]] = {}
        for config in suite.expectation_configurations:
            expected = _expected(config, suite.name)
            datasets.setdefault(expected.record.dataset, []).append(expected)
        about, ours = str(suite.meta.get("about", "")), "generated" in suite.meta
        pipeline = str(suite.meta.get("pipeline", "")), ""
        return SuitePage(
            suite=suite.name, ours=ours, about=about, pipeline=pipeline, datasets=datasets
        )


class ResultRenderer:
    """From a validation result to its page."""

    def render(self, result: ExpectationSuiteValidationResult) -> ResultPage:
        """What was found, failed checks first.

        Raises:
            ValueError: a result holds no evaluation.
        """
        found = [
            _expected(one.expectation_config, result.suite_name, one)
            for one in result.results
            if one.expectation_config is not None
        ]
        found.sort(key=lambda e: WORST_FIRST.index(e.record.outcome))
        attention = [e for e in found if e.record.outcome in WORST_FIRST[:2]]
        shown = next((e.shown for e in found if e.shown), None)
        fail_on = shown.fail_on if shown else "critical"
        run: Any = result.meta["run_id"]
        return ResultPage(
            suite=result.suite_name,
            ours=any(e.generated for e in found),
            run_id=str(run["run_name"] or run["run_time"]),
            run_time=datetime.fromisoformat(run["run_time"]).astimezone(UTC),
            verdict=decide([e.record for e in found], len(found), fail_on, ()),
            evidence=shown,
            attention=tuple(attention),
            others=tuple(found[len(attention) :]),
            rebuilding=tuple(_rebuilding(attention)),
        )


def _expected(
    config: ExpectationConfiguration, suite: str, result: ExpectationValidationResult | None = None
) -> Expected:
    meta = config.meta or {}
    known = class_of(config)
    if known is not None and issubclass(known, CrossLayerExpectation):
        record, sentence = _of_a_rule(config, suite, result)
    else:
        record, sentence = stock_record(config, suite, result), sentence_of(config)
    return Expected(
        record=record,
        sentence=sentence,
        service=meta.get("service"),
        shown=result_evidence(result.result) if result else None,
        generated="service" in meta,
    )


def _of_a_rule(
    config: ExpectationConfiguration, suite: str, result: ExpectationValidationResult | None
) -> tuple[CheckRecord, str]:
    """What has become of an expectation of ours, and its sentence."""
    expectation: Any = config.to_domain_obj()
    check, found = expectation.check(suite), Evaluation(outcome=Outcome.NOT_EVALUATED)
    if result is not None:
        found = evaluation_of(result.success, result.result, result.exception_info)
    return check_record(check, found), check.sentence(
        by_date=bool((config.meta or {}).get("by_date"))
    )


def _rebuilding(attention: Sequence[Expected]) -> Iterable[Rebuilding]:
    """The unexpected dates that a backfill can repair, by the service that builds the dataset."""
    repairable = [e for e in attention if e.record.rule.repairable and e.record.unexpected_dates]
    for service in sorted({e.service for e in repairable}, key=lambda name: (name is None, name)):
        chosen = [e for e in repairable if e.service == service]
        yield Rebuilding(
            service=service,
            datasets=tuple(dict.fromkeys(e.record.dataset for e in chosen)),
            dates=tuple(sorted({day for e in chosen for day in e.record.unexpected_dates})),
            ranges=tuple(_merged(run for e in chosen for run in e.ranges)),
        )


def _within(
    whole: Iterable[DateRange], dates: Iterable[date], every: Sequence[date]
) -> Iterable[DateRange]:
    """Dates merged over ``every`` one that lacks keys, within ranges that are known to be whole."""
    for run in whole:
        yield from ranges_of((d for d in dates if d in run), [d for d in every if d in run])


def _merged(ranges: Iterable[DateRange]) -> list[DateRange]:
    """Ranges that overlap as one."""
    merged: list[DateRange] = []
    for run in sorted(ranges, key=lambda r: (r.first, r.last)):
        if merged and run.first <= merged[-1].last:
            merged[-1] = DateRange(merged[-1].first, max(merged[-1].last, run.last))
        else:
            merged.append(run)
    return merged


class PageView:
    """What the library asks a view for: a rendered document in, HTML out."""

    def render(self, document: ResultPage | SuitePage, **_: Any) -> str:
        """The page as HTML; the project's id and the library's buttons are passed over."""
        return _environment().get_template(document.template).render(page=document)


@cache
def _environment() -> Environment:
    shared = environment()
    loaders = [
        FileSystemLoader(Path(__file__).parent / "templates"),
        *([shared.loader] if shared.loader else []),
    ]
    ours = shared.overlay(loader=ChoiceLoader(loaders))
    ours.globals = {**shared.globals, "dates": dates, "RANGES_SHOWN": 40}
    return ours
