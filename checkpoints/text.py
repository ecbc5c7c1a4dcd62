"""Words and figures, the same in the terminal, on the pages and in messages. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from enum import IntEnum

from pydantic import ByteSize, TypeAdapter, ValidationError
from rich import filesize

from checkpoints.errors import ContractError, ExitCode


def parse_bytes(text: str) -> int:
    """``2GB`` → 2000000000, ``512 MiB`` → 536870912.

    Raises:
        ContractError: the text is no amount of bytes.
    """
    try:
        return TypeAdapter(ByteSize).validate_python(text)
    except ValidationError as error:
        raise ContractError(
            f"{text!r} is not an amount of bytes: write it like 2GB or 500MB"
        ) from error


def human_bytes(count: int) -> str:
    """``2000000`` → ``2.0 MB`` (powers of 1000)."""
    return filesize.decimal(count)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Ask whether an unknown name is one of the (at most three) known ones that look like it.

    Empty when none does.
    """
    near = get_close_matches(name, list(known))
    return f"did you mean {' or '.join(map(repr, near))}?" if near else ""


class Detail(IntEnum):
    """How much is said: the verdict and errors; what a screen holds; everything."""

    QUIET = 0
    NORMAL = 1
    VERBOSE = 2


WORDS = {
    ExitCode.COMPLETE: "COMPLETE",
    ExitCode.INCOMPLETE: "INCOMPLETE",
    ExitCode.USAGE: "USAGE ERROR",
    ExitCode.COULD_NOT_TELL: "COULD NOT TELL",
    ExitCode.BACKFILL_INCOMPLETE: "STILL INCOMPLETE",
    ExitCode.NOTHING_DUE: "NOTHING DUE",
    ExitCode.INTERRUPTED: "INTERRUPTED",
}
"""A verdict in a word."""

TURNING = "\x80-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
"""Controls that a terminal obeys beside ASCII's, and those that turn the direction of writing."""

UNPRINTABLE = re.compile(rf"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f{TURNING}\ud800-\udfff\ufffe\uffff]")
"""What neither a terminal nor a page nor XML takes, or takes for something else."""

IGNORED = re.compile(
    r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Letters and marks that are not drawn."""


def percent(ratio: float) -> str:
    """``0.1368`` → ``13.6 %``. Rounds down: what fails at 80 % never reads 80.0 %."""
    return f"{int(ratio * 1000 + 1e-9) / 10:.1f} %"


def share(matched: int, expected: int) -> str:
    """``24, 160`` → ``15.0 % (24/160)``."""
    return f"{percent(matched / expected)} ({matched}/{expected})" if expected else "nothing due"


def printable(text: str) -> str:
    """With characters escaped that move a cursor, turn the direction of writing or are no text."""
    return UNPRINTABLE.sub(_code, text.replace("\r\n", "\n").replace("\r", "\n"))


def without_turns(text: str) -> str:
    """``printable`` for a stream that has ASCII's control characters of its own."""
    return re.sub(f"[{TURNING}]", _code, text)


def _code(found: re.Match[str]) -> str:
    """``\u202e``, spelled out."""
    code = ord(found[0])
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def keys_shown(keys: Iterable[Sequence[str]], among: Iterable[Sequence[str]]) -> list[str]:
    """Keys as people read them: ``2025 · LAL``.

    What looks like another one ``among`` them stands in quotes, with everything escaped that is
    invisible or has a double; so does what holds something invisible.
    """
    looks = Counter(tuple(map(_looks, key)) for key in {tuple(key) for key in among})

    def shown(part: str, alike: bool) -> str:
        return _quoted(part) if alike or not part or _drawn(part) != part else part

    return [
        " · ".join(shown(part, looks[tuple(map(_looks, key))] > 1) for part in key) for key in keys
    ]


def _looks(text: str) -> str:
    """The same for all texts that look the same."""
    return unicodedata.normalize("NFKC", _drawn(text))


def _drawn(text: str) -> str:
    """Without invisible characters, blanks at the ends, and blanks after blanks."""
    seen = (c for c in IGNORED.sub("", text) if c.isspace() or not _is_control(c))
    return " ".join("".join(seen).split())


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Cs")


def _quoted(text: str) -> str:
    r"""``"LAL "``, ``"Donc\u030cic\u0301"``."""
    plain = text.replace("\\", r"\\").replace('"', r"\"")
    return '"' + re.sub("(?<= ) |[^ -~]", _seen, plain) + '"'


def _seen(found: re.Match[str]) -> str:
    """A character, or the code of a mark, a blank, or what is drawn like another character."""
    character = found[0]
    alone = unicodedata.normalize("NFKC", character) == character and _drawn(character)
    is_mark = unicodedata.category(character).startswith("M")
    return character if alone and not is_mark else _code(found)


def one_line(text: str, at_most: int = 1000) -> str:
    """One line of at most ``at_most`` characters, none of which moves a cursor or is invisible.

    Controls are escaped; other invisible characters and runs of whitespace become single spaces.
    """
    start = text[: 4 * at_most]  # what others send may be huge
    seen = printable(start)
    line = " ".join("".join(c if c.isprintable() else " " for c in seen).split())
    whole = len(line) <= at_most and len(start) == len(text)
    return line if whole else line[: at_most - 1] + "…"


def duration(seconds: float) -> str:
    """``119`` → ``119 s``, ``700`` → ``12 min``, ``11100`` → ``3 h 05 min``."""
    if round(seconds) < 120:
        return f"{round(seconds)} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min"


def counted(count: int, noun: str) -> str:
    """``1, "check"`` → ``1 check``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def dates(count: int) -> str:
    """``1`` → ``1 date``."""
    return counted(count, "date")
