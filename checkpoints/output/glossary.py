"""The words of the pages, each said once: the fold at the end of every page shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

GLOSSARY: Final[Mapping[str, str]] = {
    "due": "a date on which a dataset has to be complete: its upstream or calendar expects "
    "something, the days of grace are over, and it is neither warm-up nor a known gap",
    "upstream": "the dataset that another is made from, and compared with",
    "key": "what names one thing on a date, such as a game or an order; without a key a dataset "
    "has one batch per date",
    "conversion": "the share of the upstream's keys on due dates that the dataset has too",
    "coverage": "the same, as a layer's or dataset's figure in a run",
    "complete": "a due date with every key of the upstream",
    "partial": "a due date with some keys, but not all",
    "missing": "a due date without any key of the upstream",
    "gap": "due dates one after another on which everything is missing; its length is in "
    "calendar days",
    "known gap": "dates that the contract accepts as missing, with a reason, an owner and an end",
    "orphan": "a key of a dataset that its upstream does not have on that date",
    "NULL key": "a row without a key, or with a date that cannot be read",
    "within tolerance": "dates that lack keys while every threshold is met",
    "warm-up": "the first days of a season, in which a dataset is not expected yet",
    "not due": "a date whose days of grace are not over",
    "off": "a date on which nothing is expected",
    "retired": "a dataset, or its upstream, that is not filled any more from some date on",
    "warning": "a failure that is shown and does not fail the run",
    "not evaluated": "a check for which nothing was due",
    "backfill": "calls of the services that build the datasets, for dates that are missing",
    "landed": "a date of a backfill on which a fresh read of the tables shows what was asked for",
    "sign-off": "a person accepts a run; its page, report and results are bound by their SHA-256",
}
