"""One plain fact of a release, in the form in which two releases are compared."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from proofpress.diff.change import ChangeKind, Direction


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One fact: the stem of its change code, what it is about, its exact text, and its number if it has one.

    An entry of a list is its own `item`, so that lists are compared as sets. `judged` is the direction of any
    change, `rising` of a growing number, `gained` and `lost` of a fact that comes or goes. Two texts that are
    `equivalent` differ in their spelling only.
    """

    stem: str
    kind: ChangeKind
    subject: str
    text: str
    noun: str
    item: str = ""
    number: Decimal | None = None
    judged: Direction = "neutral"
    rising: Direction | None = None
    gained: Direction | None = None
    lost: Direction | None = None
    equivalent: Callable[[str, str], bool] | None = None


def leaves(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """The leaves of an object of JSON with their paths; a list is a leaf."""
    if isinstance(value, dict) and (value or not path):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    else:
        yield path, value
