"""How the keys of two datasets differ that stand for the same thing. Pure.

A pattern is a way of writing a key under which what is missing and what does not belong are the
same; the one under which most of them are is told, of several the plainest.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from itertools import groupby
from typing import NamedTuple

from checkpoints.rules.evidence import Keys

Key = tuple[str, ...]
Pairs = tuple[tuple[Key, Key], ...]

WORD = re.compile(r"[^\W_]+")
PADDING = re.compile(r"(?<![0-9])0+(?=[0-9])")
MIDNIGHT = re.compile(r"[ T]00:00(:00(\.0+)?)?(Z|[+-]00(:?00)?)?$")
DATED = re.compile(r"(\d{4})[-/.]?(\d{2})[-/.]?(\d{2})")
LEAST_HALF = 4
"""Letters that are two names without a sign between them are an even number, of at least these."""


class Pattern(StrEnum):
    """What tells the keys of two datasets apart."""

    BLANK = "blank keys"
    TYPE = "types"
    WHITESPACE = "whitespace"
    CASE = "case"
    ZERO_PADDING = "zero-padding"
    SEPARATOR = "separators"
    PREFIX = "prefix"
    SUFFIX = "suffix"
    SWAPPED = "sides swapped"
    SEVERAL = "several differences"


class Mismatch(NamedTuple):
    """A pattern, and the missing keys with the orphan that each of them is written as."""

    pattern: Pattern
    pairs: Pairs = ()

    @property
    def example(self) -> str:
        """``BOSLAL for LALBOS``."""
        missing, orphan = (" · ".join(key) for key in self.pairs[0]) if self.pairs else ("", "")
        return f"{orphan!r} for {missing!r}" if self.pairs else ""


def recognised(missing: Keys, orphans: Keys) -> Mismatch | None:
    """The pattern by which keys that are missing and orphans are the same; None: there is none."""
    found = [Mismatch(name, _paired(missing, orphans, same)) for name, same in SAME.items()]
    found += _affixed(missing, orphans)
    best = max(found, key=lambda one: (len(one.pairs), -ORDER.index(one.pattern)))
    if best.pairs:
        return best
    blank = [key for key in orphans if not all(part.strip() for part in key)]
    return Mismatch(Pattern.BLANK, ((missing[0], blank[0]),)) if blank and missing else None


def _paired(missing: Keys, orphans: Keys, same: Callable[[Key], Key]) -> Pairs:
    """The missing keys with the orphan that is the same, where just one of each is."""
    ours, theirs = _by(missing, same), _by(orphans, same)
    both = (form for form in ours if form in theirs)
    return tuple(
        (ours[form][0], theirs[form][0]) for form in both if len(ours[form] + theirs[form]) == 2
    )


def _by(keys: Keys, same: Callable[[Key], Key]) -> Mapping[Key, list[Key]]:
    found: dict[Key, list[Key]] = {}
    for key in keys:
        found.setdefault(same(key), []).append(key)
    return found


def _parts(write: Callable[[str], str]) -> Callable[[Key], Key]:
    return lambda key: tuple(map(write, key))


def _unspaced(part: str) -> str:
    """Without blanks, and without what is invisible."""
    plain = unicodedata.normalize("NFKC", part)
    return "".join(c for c in plain if not c.isspace() and unicodedata.category(c) != "Cf")


def _of_any_type(part: str) -> str:
    """A number or a date as it is written shortest."""
    try:
        if (number := Decimal(part.strip())).is_finite():
            return f"{number.normalize():f}"
    except InvalidOperation:
        pass
    text = MIDNIGHT.sub("", part.strip())
    if found := DATED.fullmatch(text):
        return "".join(found.groups())
    return text.strip("{}").replace("-", "").lower() if len(text) >= 32 else text


def _unswapped(key: Key) -> Key:
    """With the words of all its columns in order; letters without a sign between are two words."""
    words = [word for part in key for word in WORD.findall(part)]
    return tuple(sorted(text for word in words for text in _halves(word)))


def _plain(part: str) -> str:
    return PADDING.sub("", _unspaced(part).casefold())


def _halves(word: str) -> Iterable[str]:
    for alpha, run in groupby(word, str.isalpha):
        text = "".join(run)
        middle = len(text) // 2
        if alpha and len(text) >= LEAST_HALF and len(text) % 2 == 0:
            yield from (text[:middle], text[middle:])
        else:
            yield text


SAME: dict[Pattern, Callable[[Key], Key]] = {
    Pattern.WHITESPACE: _parts(_unspaced),
    Pattern.CASE: _parts(str.casefold),
    Pattern.ZERO_PADDING: _parts(lambda part: PADDING.sub("", part)),
    Pattern.TYPE: _parts(_of_any_type),
    Pattern.SEPARATOR: _parts(lambda part: "".join(WORD.findall(part))),
    Pattern.SWAPPED: _unswapped,
    Pattern.SEVERAL: lambda key: _unswapped(tuple(map(_plain, key))),
}
ORDER = (*list(SAME)[:-1], Pattern.PREFIX, Pattern.SUFFIX, Pattern.SEVERAL)
"""The plainest first."""


def _affixed(missing: Keys, orphans: Keys) -> list[Mismatch]:
    """What most keys of one side have before, or behind, those of the other."""
    found: dict[tuple[Pattern, str], list[tuple[Key, Key]]] = {}
    for key in missing:
        for other in orphans:
            for affix in _affixes(key, other):
                found.setdefault(affix, []).append((key, other))
    fit = [(name, pairs) for (name, _), pairs in found.items() if _is_one_to_one(pairs)]
    most = max(fit, key=lambda one: len(one[1]), default=None)
    return [Mismatch(most[0], tuple(most[1]))] if most else []


def _affixes(key: Key, other: Key) -> Iterable[tuple[Pattern, str]]:
    """What one has more than the other; in a number a digit more is another number."""
    differing = [(a, b) for a, b in zip(key, other, strict=False) if a != b]
    if len(key) != len(other) or len(differing) != 1:
        return
    short, long = sorted(differing[0], key=len)
    way = "+" if short == differing[0][0] else "-"
    if not short or len(short) == len(long):
        return
    before, behind = long[: -len(short)], long[len(short) :]
    if long.endswith(short) and not (before[-1].isdigit() and short[0].isdigit()):
        yield Pattern.PREFIX, way + before
    if long.startswith(short) and not (behind[0].isdigit() and short[-1].isdigit()):
        yield Pattern.SUFFIX, way + behind


def _is_one_to_one(pairs: list[tuple[Key, Key]]) -> bool:
    sides = (Counter(side) for side in zip(*pairs, strict=True))
    return all(max(side.values()) == 1 for side in sides)
