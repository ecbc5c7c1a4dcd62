"""``python -m checkpoints``."""

from __future__ import annotations

if __name__ == "__main__":
    from checkpoints.process import end_on_interrupt

    end_on_interrupt()  # first of all: Ctrl-C while the rest is imported ends without a traceback

    from checkpoints.cli.commands import start

    start()
