"""Attempts at the same time: each on a thread of its own, which does nothing but ask the service.

The thread that started them collects the answers one by one, and it alone writes to the ledger.
"""

from __future__ import annotations

from queue import Empty, SimpleQueue

from checkpoints.process import in_background, interruptible
from remediation.plan.groups import CallGroup
from remediation.service.answer import Answer, Kind
from remediation.service.kind import Sender


class Dispatch:
    """Starts attempts at the calls of one service, and hands out their answers as they come.

    A thread that hangs does not keep the process alive.
    """

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._answers: SimpleQueue[tuple[CallGroup, Answer]] = SimpleQueue()

    def start(self, group: CallGroup, *, key: str, renew: bool = False) -> None:
        """Start an attempt at calls that are made together."""

        def tell(answer: Answer) -> None:
            self._answers.put((group, answer))

        def attempt() -> None:
            try:
                answer = self._sender.send(group, key=key, tell=tell, renew=renew)
            except Exception as error:  # noqa: BLE001 (it may have been sent: nothing is known)
                text = f"the attempt ended unexpectedly ({type(error).__name__})"
                answer = Answer(kind=Kind.UNKNOWN, detail=text)
            tell(answer)

        in_background(attempt)

    def answer(self, seconds: float) -> tuple[CallGroup, Answer] | None:
        """The next answer; None when none comes within ``seconds``.

        One that is ``RUNNING`` is followed by another for the same calls.

        Raises:
            KeyboardInterrupt: Ctrl-C was pressed.
        """
        try:
            with interruptible():
                return self._answers.get(timeout=max(0.0, seconds))
        except Empty:
            return None

    def stop(self) -> bool:
        """End what is under way; its answers still come. False where that is not possible."""
        return self._sender.stop()
