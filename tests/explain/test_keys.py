from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from checkpoints.explain.keys import Key, Pattern, recognised
from checkpoints.rules.evidence import Keys

TEAMS = ("ATL", "BOS", "CHI", "DEN", "GSW", "LAL", "MIA", "NYK", "PHX", "SAC")
games = st.permutations(TEAMS).flatmap(
    lambda teams: st.integers(1, len(teams) // 2).map(
        lambda n: tuple(
            (f"20250108_{a}_{b}",) for a, b in zip(teams[::2], teams[1::2], strict=True)
        )[:n]
    )
)
numbers = st.lists(st.integers(1, 99_999_999), min_size=1, max_size=20, unique=True)


def parts(change: Callable[[str], str]) -> Callable[[Key], Key]:
    return lambda key: tuple(map(change, key))


def swapped(text: str) -> str:
    day, home, away = text.split("_")
    return f"{day}_{away}_{home}"


def glued(text: str) -> str:
    return text[8:].replace("_", "")


def halves(text: str) -> str:
    return text[3:] + text[:3]


CHANGES = {
    Pattern.SWAPPED: swapped,
    Pattern.CASE: str.lower,
    Pattern.SEPARATOR: lambda text: text.replace("_", "/"),
    Pattern.PREFIX: lambda text: f"nba-{text}",
    Pattern.SUFFIX: lambda text: f"{text}#1",
    Pattern.WHITESPACE: lambda text: f"\u200b{text}\t",
}


def is_found(pattern: Pattern, missing: Keys, orphans: Keys) -> None:
    found = recognised(missing, orphans)
    assert found is not None
    assert (found.pattern, dict(found.pairs)) == (pattern, dict(zip(missing, orphans, strict=True)))


@given(games, st.sampled_from(list(CHANGES)), st.booleans())
def test_a_pattern_is_recognised_and_every_key_finds_its_own(
    missing: Keys, pattern: Pattern, turned: bool
) -> None:
    orphans = tuple(map(parts(CHANGES[pattern]), missing))
    sides = (orphans, missing) if turned else (missing, orphans)
    is_found(pattern, *sides)


@given(games)
def test_sides_are_swapped_also_where_no_sign_is_between_them(missing: Keys) -> None:
    plain = tuple(map(parts(glued), missing))
    is_found(Pattern.SWAPPED, plain, tuple(map(parts(halves), plain)))


@given(numbers)
def test_numbers_are_padded_or_of_another_type(found: list[int]) -> None:
    plain = tuple((str(number),) for number in found)
    is_found(Pattern.ZERO_PADDING, plain, tuple((f"{number:010}",) for number in found))
    is_found(Pattern.TYPE, plain, tuple((f"{number}.0",) for number in found))


@given(games, st.integers(1, 30))
def test_of_keys_of_several_columns_one_may_be_written_in_another_way(
    missing: Keys, player: int
) -> None:
    several = tuple((*key, str(player)) for key in missing)
    is_found(Pattern.CASE, several, tuple((key[0].lower(), key[1]) for key in several))


@given(
    st.sets(st.text("abcdefgh", min_size=5, max_size=5), min_size=1),
    st.sets(st.text("stuvwxyz", min_size=5, max_size=5), min_size=1),
)
def test_keys_that_have_nothing_in_common_follow_no_pattern(
    ours: set[str], theirs: set[str]
) -> None:
    assert recognised(tuple((k,) for k in ours), tuple((k,) for k in theirs)) is None


def test_several_differences_at_once_are_still_recognised() -> None:
    missing, orphans = (("20250108_BOS_LAL",), ("20250108_NYK_DEN",)), (
        (" 20250108_lal_bos",), ("20250108_den_nyk",),
    )  # fmt: skip
    is_found(Pattern.SEVERAL, missing, orphans)


def test_another_number_is_not_a_prefix() -> None:
    assert recognised((("1",), ("2",)), (("11",), ("12",))) is None
