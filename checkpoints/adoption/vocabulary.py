"""Words of which names of tables and columns are made, and what they tell. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping


def _all(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _each(**ranks: str) -> dict[str, int]:
    """Words by the number after the underscore of their list."""
    return {word: int(rank[1:]) for rank, text in ranks.items() for word in text.split()}


WRITTEN = _all(
    "loaded load ingested ingestion ingest inserted updated update modified processed synced sync "
    "extracted emitted written imported refreshed materialized recorded etl dbt airbyte fivetran "
    "sdc batched changed computed calculated aggregated built"
)
"""Of columns that say when a row was written, not what it is about."""

CREATED = _all("created creation inserted")
"""Of columns that may be either: a business date where there is no other."""

OTHER_DATES = _all(
    "due deadline expiry expires expired expiration end ends ended until to valid delivered "
    "delivery shipped cancelled canceled closed deleted last next previous paid signup registered "
    "joined since target planned"
)
"""Of dates that a row has beside the one that it is filed under."""

BIRTH = _all("birth birthday birthdate dob")
DAYS = _all("date day dt ds datum tag dia fecha")
PERIODS = _all("hour week month minute period")
MOMENTS = _all("at ts time timestamp datetime moment on occurred")

IDS = _all(
    "id ids uuid guid key code number no nr num sku isin symbol ticker ean upc ref hash slug serial"
)
PARTS = _all(
    "line position pos seq sequence device sensor store shop branch site station region country "
    "state city channel currency product article item customer account user client vendor supplier "
    "warehouse team player campaign source category segment type class group plan metric kpi hour "
    "minute month week machine meter plant room zone terminal exchange instrument name event page "
    "method status"
)
"""Of columns that tell the rows of a date apart, beside identifiers."""

PROSE = _all(
    "note notes comment comments description text message body url payload json email address "
    "title content remark path"
)

RANKS: Mapping[str, int] = _each(
    _0="raw src source sources landing bronze ingest input inputs seed",
    _10="stg staging stage clean cleaned base ods",
    _20="int intermediate silver core enriched dwh analytics",
    _30="precompute features feature fct fact facts dim",
    _40="mart marts gold predictions prediction scores agg aggregate aggregates",
    _60="rpt report reports reporting kpi kpis dashboard serving export exports",
)
"""How far down a schema or table with such a word in its name stands."""

COARSER: Mapping[str, int] = _each(
    _1="minutely minute",
    _2="hourly hour",
    _3="daily day summary rollup totals stats",
    _4="weekly week",
    _5="monthly month",
    _6="yearly year",
)
"""The same of tables at the same depth: what is summed up stands below."""

SUMS = 35
"""Where a table stands that sums others up and says no more: below facts, above marts."""

NUMBERED = re.compile(r"^(?:l|layer|tier|stage)(\d)$")

CALENDARS = _all("calendar calendars dates holidays")
"""Of tables that list dates, on which nothing arrives."""

DIMENSION = _all("dim date day time d")
"""Of which all words of the name of such a table may be."""


def rank_of_word(word: str) -> int:
    """How far down it stands; -1 where it says nothing."""
    found = NUMBERED.match(word)
    return 10 * int(found[1]) if found else RANKS.get(word, -1)


def words_of(name: str) -> tuple[str, ...]:
    """``orderDate``, ``order_date`` → ``order``, ``date``."""
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return tuple(word for word in re.split(r"[^a-z0-9]+", split.lower()) if word)


def singular(word: str) -> str:
    """``countries`` → ``country``, ``orders`` → ``order``."""
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    if re.search(r"(ss|x|ch|sh)es$", word):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word
