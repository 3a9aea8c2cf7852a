"""Work units through the standard executor interface, with a bounded window."""

import gc
import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

A = TypeVar("A")
R = TypeVar("R")


class InlineExecutor(Executor):
    """Runs each unit at once, in this process."""

    def submit(self, fn: Callable[..., R], /, *args: Any, **kwargs: Any) -> Future[R]:
        """Call the function now; its result or exception is in the future."""
        future: Future[R] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as exc:  # noqa: BLE001 - an executor hands every exception to whoever asks for the result
            future.set_exception(exc)
        return future


@contextmanager
def executor(jobs: int, units: int) -> Iterator[Executor]:
    """An executor for so many units: processes when they pay for their start, else this process.

    What exists when it starts (the program, mostly) is left out of garbage collections until it ends: going through
    it again and again takes a tenth of a build, and makes pages that processes share into copies.
    """
    gc.freeze()
    try:
        with _executor(jobs, units) as pool:
            yield pool
    finally:
        gc.unfreeze()


@contextmanager
def _executor(jobs: int, units: int) -> Iterator[Executor]:
    if jobs <= 1 or units < 4 * jobs:
        with InlineExecutor() as inline:
            yield inline
        return
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        yield pool


def run_units(pool: Executor, function: Callable[[A], R], units: Iterable[A], *, window: int) -> Iterator[R]:
    """Results in the order of the units, with at most `window` of them under way."""
    waiting: deque[Future[R]] = deque()
    for unit in units:
        waiting.append(pool.submit(function, unit))
        if len(waiting) >= window:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
