"""A finding: trouble in evidence, with everything that a reader needs to mend it."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]
_ORDER = {"error": 0, "warning": 1, "note": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One piece of trouble: which rule, where, what was expected, what was found and what to do."""

    rule: str
    message: str
    file: str = ""
    pointer: str = ""
    expected: str = ""
    found: str = ""
    hint: str = ""
    severity: Severity = "error"
    pack: str = ""
    detail: str = ""

    @property
    def sort_key(self) -> tuple[str, int, str, str, str, str, str]:
        """Order of a report: by pack, severity, file, rule, pointer, message."""
        return (
            self.pack,
            _ORDER[self.severity],
            self.file,
            self.rule,
            self.pointer,
            self.message,
            self.found,
        )
