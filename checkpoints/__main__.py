"""``checkpoints``, which is also ``python -m checkpoints``."""

from __future__ import annotations


def main() -> None:
    """Run the command line and end the process with its exit code."""
    from checkpoints.process import end_on_interrupt

    end_on_interrupt()  # first of all: Ctrl-C while the rest is imported ends without a traceback

    from checkpoints.cli.commands import start

    start()


if __name__ == "__main__":
    main()
