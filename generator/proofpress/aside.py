"""Looking at the disk in a process of its own, while this one imports and reads what it needs next."""

import multiprocessing
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Generic, TypeVar

from proofpress.errors import ProofpressError

R = TypeVar("R")


class Aside(Generic[R]):
    """A process, forked from this one, that calls a function for its result."""

    def __init__(self, function: Callable[[], R]) -> None:
        context = multiprocessing.get_context("fork")
        self._end, other = context.Pipe(duplex=False)
        self._process = context.Process(target=_run, args=(function, other), daemon=True)
        self._process.start()
        other.close()

    def result(self) -> R | None:
        """What the function returned, once. None: it failed, and whoever calls it again will see why."""
        try:
            found: R = self._end.recv()
        except EOFError:
            return None
        self._process.join()  # whatever it held is free again
        return found

    def close(self) -> None:
        """End the process, wherever it is."""
        self._end.close()
        self._process.terminate()
        self._process.join()


def _run(function: Callable[[], R], end: "Connection[R, R]") -> None:
    with suppress(ProofpressError, OSError, sqlite3.Error):
        end.send(function())
