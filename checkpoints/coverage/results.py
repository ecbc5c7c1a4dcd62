"""What was found: datasets by date, checks one by one, and the verdict they add up to. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date

from pydantic import Field

from checkpoints.contract.checks import Check, upstream_pair
from checkpoints.contract.model import Contract
from checkpoints.contract.upstreams import Retirement
from checkpoints.contract.window import Window
from checkpoints.coverage.frame import CoverageFrame
from checkpoints.coverage.late import Late, late_in_words
from checkpoints.errors import ExitCode
from checkpoints.records import Record
from checkpoints.rules.evidence import Cell, Keys, Match, Pair, Status, Tally
from checkpoints.rules.registry import RULES
from checkpoints.rules.rule import Evaluation, Outcome, Rule, Severity, name_of
from checkpoints.rules.stock import STOCK, StockKind
from checkpoints.text import counted, dates

WEIGHT: dict[Severity, int] = {"info": 0, "warning": 1, "critical": 2}


class CheckRecord(Record):
    """One check and what it found; ``observed`` and ``threshold`` are ratios, days or counts.

    ``window`` is the label of its window in a run that judges several. ``stock`` says what an
    expectation of Great Expectations' own judges, whose type is then the ``kind``; ``about`` are
    its columns and other arguments.
    """

    id: str
    suite: str
    dataset: str
    of: str | None
    match: Match
    by: tuple[str, ...] = ()
    kind: str
    identity: tuple[str, ...] = ()
    severity: Severity
    threshold: float
    outcome: Outcome
    observed: float | None
    matched: int | None
    expected: int | None
    unexpected_dates: tuple[date, ...]
    message: str
    window: str = ""
    stock: StockKind | None = None
    about: str = ""

    @property
    def over(self) -> str:
        """In a run that judges several windows, over which: ``over the last 7 days``."""
        return self.window and f"over the {self.window}"

    @property
    def rule(self) -> type[Rule]:
        """The rule that was applied."""
        return STOCK[self.stock] if self.stock else RULES[self.kind]

    @property
    def name(self) -> str:
        """The rule's name, with what tells it from others of its kind."""
        return name_of(self.kind, self.identity, self.by)

    @property
    def title(self) -> str:
        """``name`` on a page: only the rule's own words are parted."""
        return name_of(self.kind.replace("_", " "), self.identity, self.by)

    @property
    def pair(self) -> Pair:
        """What was compared, and how."""
        return Pair(self.dataset, self.of, self.match, self.by)

    @property
    def figure(self) -> str:
        """What was observed, in the rule's unit."""
        return "–" if self.observed is None else self.rule.quantity(self.observed)

    @property
    def limit(self) -> str:
        """What was required of it."""
        return self.rule.limit(self.threshold)

    @property
    def requirement(self) -> str:
        """The same after the figure, in a sentence."""
        return self.rule.requirement(self.threshold)

    @property
    def compared_with(self) -> str:
        """The dataset it was compared with; empty where the rule compares nothing."""
        return self.of if self.of and self.rule.compares else ""


class DatasetRecord(Record):
    """A dataset against another, date by date; dates that are off and hold nothing are left out.

    ``by_date``: the dataset has no key, but one batch per date.
    """

    name: str
    layer: str
    of: str | None
    match: Match
    by: tuple[str, ...] = ()
    by_date: bool
    days: tuple[Cell, ...]


class KeySample(Record):
    """Keys behind a date of a pair, at most 20 of each kind.

    ``missing`` and ``orphans`` tell its datasets apart; ``broken`` are those that break the check
    whose id is ``check``.
    """

    dataset: str
    of: str
    by: tuple[str, ...] = ()
    check: str = ""
    date: date
    missing: Keys = ()
    orphans: Keys = ()
    broken: Keys = ()

    @property
    def pair_key(self) -> tuple[str, str, tuple[str, ...]]:
        """The datasets, and the columns that they are compared by."""
        return self.dataset, self.of, self.by


class Verdict(Record):
    """What the checks add up to; ``exit_code`` is the command's.

    ``tolerated`` are dates that lack keys although no check failed for them, by dataset.
    """

    exit_code: ExitCode
    passed: bool
    summary: str
    declared: int
    counts: dict[Outcome, int]
    fail_on: Severity
    tolerated: dict[str, tuple[date, ...]] = Field(default_factory=dict)


def dataset_records(
    contract: Contract, frame: CoverageFrame, pair_of: Callable[[Contract, str], Pair]
) -> Iterator[DatasetRecord]:
    """Every readable dataset, compared as ``pair_of`` says (``contract.checks`` has two)."""
    for name in contract.names:
        pair = pair_of(contract, name)
        if name in frame.unreadable or pair in frame.incomparable:
            continue
        yield DatasetRecord(
            name=name,
            layer=contract.datasets[name].layer,
            of=pair.of,
            match=pair.match,
            by=pair.by,
            by_date=contract.is_date_grain(name),
            days=tuple(
                cell for cell in frame.cells[pair] if cell.status is not Status.OFF or any(cell[2:])
            ),
        )


def retirements(contract: Contract, frame: CoverageFrame) -> Iterator[Retirement]:
    """What is retired by the end of the window: a dataset, its upstream, or another ``of``."""
    ends = {p: end for p, end in frame.retired.items() if end.first <= frame.window.range.last}
    for name in contract.names:
        whole = ends.get(upstream_pair(contract, name))
        parts = dict.fromkeys(end for pair, end in ends.items() if pair.dataset == name)
        yield from [whole] if whole else parts


def judged(check: Check, frame: CoverageFrame) -> CheckRecord:
    """Judge one check on a frame that holds its pair."""
    if problem := frame.obstacle(check.pair, alone=check.rule.stands_alone()):
        evaluation = Evaluation(outcome=Outcome.ERRORED, message=problem)
    else:
        evaluation = check.rule.judge(frame.evidence(check.pair, part=check.window))
    return check_record(check, evaluation, frame.window)


def check_record(check: Check, evaluation: Evaluation, window: Window | None = None) -> CheckRecord:
    """A check with its evaluation, as the report stores it; ``window`` is that of the run."""
    several = window is not None and window.parts
    return CheckRecord(
        id=check.id,
        suite=check.suite,
        dataset=check.dataset,
        of=check.of,
        match=check.pair.match,
        by=check.pair.by,
        kind=check.kind,
        identity=check.rule.identity(),
        severity=check.severity,
        threshold=check.rule.threshold,
        outcome=evaluation.outcome,
        observed=evaluation.observed,
        matched=evaluation.matched,
        expected=evaluation.expected,
        unexpected_dates=evaluation.unexpected_dates,
        message=evaluation.message,
        window=several[check.window].label if several else "",
    )


def decide(
    checks: Sequence[CheckRecord],
    declared: int,
    fail_on: Severity,
    records: Iterable[DatasetRecord],
    late: Sequence[Late] = (),
) -> Verdict:
    """Gate on the checks of a run; ``records`` are what they were judged on.

    ``declared`` is how many checks the contract has for it: fewer results are never green.
    Failures lighter than ``fail_on`` are reported and do not gate. What is ``late`` is told.
    """
    counts = Counter(check.outcome for check in checks)
    tolerated = _tolerated(checks, records)
    if tolerated and not any(check.rule.tells_missing for check in checks):
        # Nobody has said how many dates may be lost.
        code = ExitCode.COULD_NOT_TELL
        summary = (
            f"no rule says how much may be missing, and {_lack(tolerated)}: give their datasets "
            "rules about due dates"
        )
    else:
        code = _exit_code(checks, declared, fail_on)
        summary = _summary(checks, counts, declared, fail_on, code)
        summary += f"; {_lack(tolerated)} within tolerance" if tolerated else ""
    summary += f"; {late_in_words(late)}" if late else ""
    return Verdict(
        exit_code=code,
        passed=code is ExitCode.COMPLETE,
        summary=summary,
        declared=declared,
        counts={outcome: counts[outcome] for outcome in Outcome},
        fail_on=fail_on,
        tolerated=tolerated,
    )


def with_unjudged(verdict: Verdict, expectations: int) -> Verdict:
    """A verdict of rules alone, which says how many expectations it leaves out."""
    if not expectations:
        return verdict
    verb = "is" if expectations == 1 else "are"
    left = f"{counted(expectations, 'expectation')} {verb} judged by run only"
    return verdict.model_copy(update={"summary": f"{verdict.summary}; {left}"})


def _tolerated(
    checks: Sequence[CheckRecord], records: Iterable[DatasetRecord]
) -> dict[str, tuple[date, ...]]:
    """What lacks keys in the suites that were run, and is named by no failed check."""
    suites, datasets = {check.suite for check in checks}, {check.dataset for check in checks}
    named = {
        (c.dataset, d) for c in checks if c.outcome is Outcome.FAILED for d in c.unexpected_dates
    }
    unknown = {check.dataset for check in checks if check.outcome is Outcome.ERRORED}
    found: dict[str, set[date]] = {}
    for record in records:
        judged_here = record.layer in suites or record.name in datasets
        if record.name in unknown or not judged_here:
            continue
        found.setdefault(record.name, set()).update(Tally.of(record.days).lacking)
    for check in checks:
        if check.outcome is Outcome.PASSED:
            found.setdefault(check.dataset, set()).update(check.unexpected_dates)
    left = {name: {day for day in days if (name, day) not in named} for name, days in found.items()}
    return {name: tuple(sorted(days)) for name, days in left.items() if days}


def _lack(tolerated: Mapping[str, Iterable[date]]) -> str:
    number = len({day for days in tolerated.values() for day in days})
    return f"{dates(number)} {'lacks' if number == 1 else 'lack'} keys"


def gates(check: CheckRecord, fail_on: Severity) -> bool:
    """True for a failure that weighs enough to fail the run."""
    return check.outcome is Outcome.FAILED and WEIGHT[check.severity] >= WEIGHT[fail_on]


def _exit_code(checks: Sequence[CheckRecord], declared: int, fail_on: Severity) -> ExitCode:
    if len(checks) != declared or any(c.outcome is Outcome.ERRORED for c in checks):
        return ExitCode.COULD_NOT_TELL
    if any(gates(check, fail_on) for check in checks):
        return ExitCode.INCOMPLETE
    # A clean or a filled column says nothing about coverage: it is not green alone.
    decisive = [c for c in checks if c.rule.tells_missing] or checks
    if all(c.outcome is Outcome.NOT_EVALUATED for c in decisive):
        return ExitCode.NOTHING_DUE
    return ExitCode.COMPLETE


def _summary(
    checks: Sequence[CheckRecord],
    counts: Counter[Outcome],
    declared: int,
    fail_on: Severity,
    code: ExitCode,
) -> str:
    match code:
        case ExitCode.COULD_NOT_TELL:
            lost = declared - len(checks)
            return f"{counts[Outcome.ERRORED] + lost} of {declared} checks could not be evaluated"
        case ExitCode.NOTHING_DUE:
            return "nothing was due in the window"
    failed, gating = counts[Outcome.FAILED], sum(gates(c, fail_on) for c in checks)
    evaluated = counts[Outcome.PASSED] + failed
    lighter = f" ({failed - gating} below {fail_on})" if failed > gating else ""
    if gating:
        return f"{failed} of {evaluated} evaluated checks failed{lighter}"
    failures = f", {failed} failed{lighter}" if failed else ""
    return f"{counts[Outcome.PASSED]} of {evaluated} evaluated checks passed{failures}"
