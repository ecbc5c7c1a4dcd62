"""How figures and the text of others are said."""

from __future__ import annotations

import pytest

from checkpoints.text import duration, keys_shown, one_line, printable


def test_text_of_others_is_made_one_clean_line() -> None:
    assert one_line("a\x00b\r\n\x1b]0;title\x07 c\u200bd\u202e") == (
        r"a\u0000b \u001b]0;title\u0007 c d\u202e"
    )
    assert len(one_line("x" * 5000, 300)) == 300
    assert one_line("y" * 300, 300) == "y" * 300
    assert one_line("z" + " " * 5000, 300) == "z…"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (0.4, "0 s"),
        (95, "95 s"),
        (119.4, "119 s"),
        (119.6, "2 min"),
        (720, "12 min"),
        (3569, "59 min"),
        (3571, "1 h 00 min"),
        (11_100, "3 h 05 min"),
    ],
)
def test_a_duration_is_said_the_same_everywhere(seconds: float, said: str) -> None:
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("missing", "orphan", "shown"),
    [
        ("LAL", "LAL ", ['"LAL"', '"LAL "']),
        ("LAL", "\u00a0LAL", ['"LAL"', r'"\u00a0LAL"']),
        ("A B", "A  B", ['"A B"', r'"A \u0020B"']),
        ("Dončić", "Donc\u030cic\u0301", ['"Dončić"', r'"Donc\u030cic\u0301"']),
        ("LAL", "L\u200bAL", ['"LAL"', r'"L\u200bAL"']),
        ("LAL", "LAL\r", ['"LAL"', r'"LAL\u000d"']),
        ("LAL", "\u202eLAL", ['"LAL"', r'"\u202eLAL"']),
        ("LAL", "LAL\ufe0f", ['"LAL"', r'"LAL\ufe0f"']),
        ("K", "\u212a", ['"K"', r'"\u212a"']),
        ('a"\\', 'a"\\\t', [r'"a\"\\"', r'"a\"\\\u0009"']),
        ("", "\u2800", ['""', r'"\u2800"']),
        ("LAL", "lal", ["LAL", "lal"]),
        ("LAL ", "BOS", ['"LAL "', "BOS"]),
        ("Donc\u030cic\u0301", "BOS", ["Donc\u030cic\u0301", "BOS"]),
    ],
)
def test_keys_that_look_alike_are_quoted_and_told_apart(
    missing: str, orphan: str, shown: list[str]
) -> None:
    keys = [("2025", missing), ("2025", orphan), ("2024", missing)]
    found = keys_shown(keys[:2], among=keys)
    assert [key.removeprefix('"2025"').removeprefix("2025") for key in found] == [
        f" · {key}" for key in shown
    ]


def test_controls_are_seen_and_lines_stay_lines() -> None:
    assert printable("a\u202eb\u2066\u200e\x85\x1b[31m\x00\r\nc\td") == (
        "a\\u202eb\\u2066\\u200e\\u0085\\u001b[31m\\u0000\nc\td"
    )
