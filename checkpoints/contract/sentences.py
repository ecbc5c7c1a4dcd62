"""To be described."""

from __future__ import annotations

from string import Template

from checkpoints.contract.checks import Check

SENTENCES = {
    "conversion_ratio": "$dataset holds at least $limit of the $unit of $of",
    "daily_conversion_ratio": (
        "on every due date, $dataset holds at least $limit of the $unit of $of"
    ),
    "recent_coverage": (
        "over the last $last_days days, $dataset holds at least $limit of the $unit of $of"
    ),
    "date_gap": "$dataset has no gap longer than $limit against $of",
    "no_orphan_keys": "every key of $dataset is in $of on that date",
    "no_null_keys": "no row of $dataset has NULL in its date or in a key column",
}


def template(check: Check) -> str:
    """The sentence with ``$dataset``, ``$of``, ``$limit`` … still to be filled in."""
    by_count = (
        " (compared by count)" if check.pair.match == "count" and "$of" in _raw(check) else ""
    )
    return _raw(check) + by_count


def values(check: Check, *, by_date: bool) -> dict[str, str]:
    """What fills a template; ``by_date`` when one of the two has one batch per date."""
    return {
        "dataset": check.dataset,
        "of": check.of or "",
        "limit": _limit(check),
        "last_days": str(getattr(check.rule, "last_days", "")),
        "unit": "dates" if by_date else "keys",
    }


def sentence(check: Check, *, by_date: bool) -> str:
    """``player_composite_factors holds at least 80 % of the keys of bdl_player_boxscores``."""
    return Template(template(check)).substitute(values(check, by_date=by_date))


def _raw(check: Check) -> str:
    return SENTENCES[check.kind]


def _limit(check: Check) -> str:
    if check.kind == "date_gap":
        return f"{check.threshold:.0f} day{'' if check.threshold == 1 else 's'}"
    return f"{check.threshold * 100:.6g} %"
