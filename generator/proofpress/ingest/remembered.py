"""What was made of a file, by the file's sha256: releases repeat files of the release before."""

from collections.abc import Callable
from typing import Generic, TypeVar

V = TypeVar("V")


class Remembered(Generic[V]):
    """The results used last, at most so many. A result must follow from the bytes alone, and nobody changes it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: dict[str, V] = {}

    def get(self, digest: str, make: Callable[[], V]) -> V:
        """The result for a digest, made when it is not known. What `make` raises is not remembered."""
        found = self._known.pop(digest) if digest in self._known else make()
        self.put(digest, found)
        return found

    def put(self, digest: str, result: V) -> None:
        """Remember a result as the newest."""
        self._known[digest] = result
        while len(self._known) > self._most:
            del self._known[next(iter(self._known))]
