"""What the last build said, for whoever waits for the next one."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from proofpress.errors import ProofpressError
from proofpress.evidence.finding import Finding

_MOST: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The end of a build. `number` grows by one with every build; `site` counts those that changed the site."""

    number: int = 0
    site: int = 0
    refused: bool = False
    sentence: str = "the first build is under way"
    findings: tuple[Finding, ...] = ()
    more: int = 0

    def plain(self) -> dict[str, Any]:
        """What the page is told, as JSON."""
        fields = ("rule", "severity", "pack", "file", "pointer", "message", "expected", "found", "hint")
        return {
            "number": self.number,
            "site": self.site,
            "refused": self.refused,
            "sentence": self.sentence,
            "findings": [{name: getattr(item, name) for name in fields} for item in self.findings],
            "more": self.more,
        }


class Board:
    """The newest `Told`, and a place to wait for the next. Safe for many threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._told = Told()
        self._closed = False

    @property
    def told(self) -> Told:
        """The newest."""
        with self._changed:
            return self._told

    @property
    def closed(self) -> bool:
        """Whether nothing will be told any more."""
        with self._changed:
            return self._closed

    def tell(self, told: Told) -> None:
        """Replace the newest and wake all who wait."""
        with self._changed:
            self._told = told
            self._changed.notify_all()

    def close(self) -> None:
        """Wake all who wait, for the last time."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def after(self, number: int, timeout: float) -> Told | None:
        """The newest once its number is above a number; None when `timeout` seconds passed or the board was closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._told.number > number, timeout)
            return self._told if self._told.number > number and not self._closed else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What a build gave: whether the site changed, why not, and one sentence."""

    changed: bool
    refused: bool
    sentence: str
    findings: tuple[Finding, ...] = ()


def rebuild(board: Board, build: Callable[[], Built]) -> Told:
    """Build once and tell the board. What refuses the evidence, and what could not be done, is told, not raised."""
    last = board.told
    try:
        built = build()
    except ProofpressError as exc:
        finding = Finding(rule="", message=str(exc), hint=exc.hint)
        built = Built(changed=False, refused=True, sentence="the site was not built", findings=(finding,))
    findings = tuple(sorted(built.findings, key=lambda item: (item.severity != "error", item.sort_key)))
    told = Told(
        number=last.number + 1,
        site=last.site + built.changed,
        refused=built.refused,
        sentence=built.sentence,
        findings=findings[:_MOST],
        more=max(0, len(findings) - _MOST),
    )
    board.tell(told)
    return told
