"""How figures and the text of others are said."""

from __future__ import annotations

import pytest

from checkpoints.text import duration, one_line


def test_text_of_others_is_made_one_clean_line() -> None:
    assert one_line("a\x00b\r\n\x1b]0;title\x07 c\u202e") == "a b ]0;title c"
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
