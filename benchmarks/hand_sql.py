"""The SQL that people write by hand for one rule or one pair of tables.

Dates are taken from the upstream table, as people do; that is right while it lacks no date, so the
ratio of a table to one that is itself built from another also looks for dates that both lost.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from checkpoints.contract.checks import Check, by_date_grain
from checkpoints.contract.model import Contract
from checkpoints.contract.upstreams import names_above, names_in
from checkpoints.rules.conversion_ratio import ConversionRatio
from checkpoints.rules.daily_conversion_ratio import DailyConversionRatio
from checkpoints.rules.date_gap import DateGap
from checkpoints.rules.evidence import Pair
from checkpoints.rules.no_null_keys import NoNullKeys
from checkpoints.rules.no_orphan_keys import NoOrphanKeys
from checkpoints.rules.recent_coverage import RecentCoverage
from checkpoints.rules.up_to_date import UpToDate


@dataclass(frozen=True, slots=True, kw_only=True)
class HandWriter:
    """Writes queries for a contract over a window."""

    contract: Contract
    first: date
    last: date

    def table(self, name: str) -> str:
        """The table of a dataset."""
        return ".".join(self.contract.datasets[name].path)

    def where(self, name: str) -> str:
        """The window, and the dataset's own condition."""
        dataset = self.contract.datasets[name]
        extra = [f"{c.column} NOT LIKE '{c.not_like}'" for c in dataset.where]
        window = f"{dataset.date} BETWEEN DATE '{self.first}' AND DATE '{self.last}'"
        return " AND ".join([window, *extra])

    def counts(self, name: str, *, by_date: bool = False) -> str:
        """Keys per date of a dataset."""
        dataset = self.contract.datasets[name]
        key = f"count(DISTINCT {dataset.key[0]})" if dataset.key and not by_date else "1"
        source = f"FROM {self.table(name)} WHERE {self.where(name)}"
        return f"SELECT {dataset.date} AS d, {key} AS n {source} GROUP BY 1"

    def by_date(self, pair: Pair) -> bool:
        """True where one of the two has no key."""
        return by_date_grain(self.contract, pair)

    def above(self, pair: Pair) -> tuple[str, ...]:
        """What the dataset of a pair is compared with, or itself."""
        return names_in(self.contract, pair)[1:] or (pair.dataset,)

    def expected(self, pair: Pair, *, by_date: bool) -> str:
        """Keys per date of what the dataset of a pair is compared with."""
        names = self.above(pair)
        if len(names) == 1:
            return self.counts(names[0], by_date=by_date)
        return f"SELECT d, count(*) AS n FROM ({self._keys_of(pair, by_date)}) several GROUP BY 1"

    def _keys_of(self, pair: Pair, by_date: bool) -> str:
        every = bool(pair.of) and self.contract.sources_of(pair.of or "").every
        several = (self._keys(name, by_date) for name in self.above(pair))
        return (" INTERSECT " if every else " UNION ").join(several)

    def counted(self, pair: Pair) -> str:
        """``d, expected, matched, orphans`` from counts alone: blind to keys that differ."""
        grain = self.by_date(pair)
        up = self.expected(pair, by_date=grain)
        down = self.counts(pair.dataset, by_date=grain)
        return (
            "SELECT d, coalesce(u.n, 0) AS expected, least(coalesce(u.n, 0), coalesce(v.n, 0))"
            " AS matched, greatest(coalesce(v.n, 0) - coalesce(u.n, 0), 0) AS orphans"
            f" FROM ({up}) u FULL JOIN ({down}) v USING (d)"
        )

    def key_sets(self, pair: Pair) -> tuple[str, str]:
        """The distinct keys of the upstream and of the dataset; dates where one has no key."""
        by_date = self.by_date(pair)
        return self._keys_of(pair, by_date), self._keys(pair.dataset, by_date)

    def _keys(self, name: str, by_date: bool) -> str:
        dataset = self.contract.datasets[name]
        key = "'batch'" if by_date else dataset.key[0]
        source = f"FROM {self.table(name)} WHERE {self.where(name)}"
        return f"SELECT DISTINCT {dataset.date} AS d, {key} AS k {source}"

    def matched(self, pair: Pair) -> str:
        """``d, expected, matched, orphans`` (0) from sets of keys, joined once."""
        if pair.match == "count":
            return self.counted(pair)
        up, down = self.key_sets(pair)
        return (
            "SELECT u.d AS d, count(*) AS expected, count(v.k) AS matched, 0 AS orphans"
            f" FROM ({up}) u LEFT JOIN ({down}) v ON u.d = v.d AND u.k = v.k GROUP BY u.d"
        )

    def orphans(self, pair: Pair) -> str:
        """``d, 0, 0, orphans`` of the dates that have any."""
        if pair.match == "count":
            return self.counted(pair)
        up, down = self.key_sets(pair)
        return (
            "SELECT v.d AS d, 0 AS expected, 0 AS matched, count(*) AS orphans"
            f" FROM ({down}) v ANTI JOIN ({up}) u ON u.d = v.d AND u.k = v.k GROUP BY v.d"
        )

    def both(self, pair: Pair) -> str:
        """``d, expected, matched, orphans`` of a pair by one full join."""
        if pair.match == "count":
            return self.counted(pair)
        up, down = self.key_sets(pair)
        return (
            "SELECT coalesce(u.d, v.d) AS d, count(u.k) AS expected,"
            " count(*) FILTER (u.k IS NOT NULL AND v.k IS NOT NULL) AS matched,"
            " count(*) FILTER (u.k IS NULL) AS orphans"
            f" FROM ({up}) u FULL JOIN ({down}) v ON u.d = v.d AND u.k = v.k GROUP BY 1"
        )

    def bare(self, name: str) -> str:
        """Both columns, decompressed and looked at, and nothing else."""
        dataset = self.contract.datasets[name]
        key = f", max(strlen({dataset.key[0]}))" if dataset.key else ""
        source = f"FROM {self.table(name)} WHERE {self.where(name)}"
        return f"SELECT max({dataset.date}){key} {source}"

    def of_rule(self, check: Check) -> str:
        """The exact query of one rule: ``d, expected, matched, orphans``."""
        match check.rule:
            case NoNullKeys():
                return self.nulls(check.dataset)
            case NoOrphanKeys():
                return self.orphans(check.pair)
            case UpToDate():
                return self.counts(check.dataset, by_date=True)
        return self.matched(check.pair)

    def nulls(self, name: str) -> str:
        """Rows without a key, per date, in the place of orphans."""
        dataset = self.contract.datasets[name]
        null = f"{dataset.key[0]} IS NULL" if dataset.key else "false"
        return (
            f"SELECT {dataset.date} AS d, 0 AS expected, 0 AS matched, count(*) AS orphans"
            f" FROM {self.table(name)} WHERE {self.where(name)} AND {null} GROUP BY 1"
        )

    def _late(self, name: str, days: int) -> str:
        """A row when the latest date is too long before the end of the window or its season."""
        season = max(season.last for season in self.contract.seasons if season.first <= self.last)
        end = min(season, self.last) - timedelta(days=days)
        latest = f"SELECT max(d) AS d FROM ({self.counts(name, by_date=True)}) dates"
        return f"SELECT d FROM ({latest}) latest WHERE d IS NULL OR d < DATE '{end}'"

    def failing(self, check: Check, by_pair: Callable[[Pair], str] | None = None) -> str:
        """A query that has rows when, and only when, the rule does not hold.

        ``by_pair`` is another query of the figures of its pair than ``of_rule``.
        """
        if isinstance(check.rule, UpToDate):
            return self._late(check.dataset, check.rule.days or 0)
        if by_pair is None or isinstance(check.rule, NoNullKeys):
            figures = self.of_rule(check)
        else:
            figures = by_pair(check.pair)
        daily = f"SELECT * FROM ({figures}) daily"
        due = f"{daily} WHERE expected > 0{self._warm(check.dataset)}"
        match check.rule:
            case ConversionRatio(at_least=at_least):
                return _below(due, at_least, self._lost_above(check.pair))
            case RecentCoverage(at_least=at_least, last_days=days):
                latest = f"(SELECT max(d) FROM ({due}) latest) - {days - 1}"
                return _below(f"SELECT * FROM ({due}) recent WHERE d >= {latest}", at_least)
            case DailyConversionRatio(at_least=at_least):
                low = f"SELECT d FROM ({due}) due WHERE matched < {at_least} * expected"
                lost = self._lost_above(check.pair)
                return low if lost == "0" else f"{low} UNION ALL SELECT NULL WHERE {lost} > 0"
            case DateGap(at_most_days=at_most):
                return _islands(due, at_most)
        return f"{daily} WHERE orphans > 0"

    def _lost_above(self, pair: Pair) -> str:
        """The share of dates that both lost, where the upstream is itself built from another."""
        higher = {n for name in self.above(pair) for n in names_above(self.contract, name)}
        if higher <= {self.contract.reference}:
            return "0"
        names = (str(self.contract.reference), pair[0])
        reference, own = (self.counts(name, by_date=True) for name in names)
        dates = [f"({sql})" for sql in (reference, self.expected(pair, by_date=True), own)]
        return (
            "(SELECT count(*) FILTER (u.n IS NULL AND v.n IS NULL) / count(*)"
            f" FROM {dates[0]} r LEFT JOIN {dates[1]} u USING (d) LEFT JOIN {dates[2]} v USING (d)"
            f" WHERE true{self._warm(pair.dataset)})"
        )

    def _warm(self, name: str) -> str:
        """A condition that leaves out the warm-up of every season."""
        length = timedelta(days=self.contract.datasets[name].warmup_days - 1)
        return "".join(
            f" AND d NOT BETWEEN DATE '{season.first}' AND DATE '{season.first + length}'"
            for season in self.contract.seasons
            if length.days >= 0
        )


def _below(daily: str, at_least: float, lost: str = "0") -> str:
    return (
        f"SELECT sum(matched) AS matched, sum(expected) AS expected FROM ({daily}) due"
        f" HAVING sum(matched) < {at_least} * sum(expected) OR 1 - {lost} < {at_least}"
    )


def _islands(daily: str, at_most: int) -> str:
    """Runs of dates without a match: each has the same difference of two row numbers."""
    numbered = (
        "SELECT d, matched, row_number() OVER (ORDER BY d) - row_number() OVER"
        f" (PARTITION BY matched = 0 ORDER BY d) AS run FROM ({daily}) due"
    )
    return (
        f"SELECT min(d) AS first, max(d) AS last FROM ({numbered}) numbered WHERE matched = 0"
        f" GROUP BY run HAVING max(d) - min(d) + 1 > {at_most}"
    )
