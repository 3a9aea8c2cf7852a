"""Fields of documents that will go: they warn for at least one MINOR of their schema before a MAJOR drops them."""

from dataclasses import dataclass

from proofpress.evidence.pack import KINDS, DocumentKind


@dataclass(frozen=True, slots=True, kw_only=True)
class DeprecatedField:
    """A field by its kind of document and its pointer, `*` standing for every item or name.

    It warns from schema `since` on, a MINOR that still has it, and is gone in schema `removal`, a later MAJOR.
    """

    kind: str
    pointer: str
    since: str
    removal: str
    instead: str

    def trouble(self) -> str:
        """What breaks the law in this entry, or ''."""
        kind: DocumentKind | None = next((kind for kind in KINDS if kind.name == self.kind), None)
        if kind is None:
            return f"there is no kind of document '{self.kind}'"
        since, removal, now = (_numbers(text) for text in (self.since, self.removal, kind.schema_version))
        if since[2] or not since[1]:
            return f"{self.since} is no MINOR: a field starts to warn in one"
        if removal[1:] != (0, 0) or removal[0] <= since[0]:
            return f"{self.removal} is no later MAJOR than {self.since}: nothing goes in a MINOR"
        if not since <= now < removal:
            return f"schema {kind.schema_version} of '{self.kind}' is not between {self.since} and {self.removal}"
        if not self.pointer.startswith("/") or not self.instead.strip():
            return "it needs a pointer, and words on what to use instead"
        return ""


DEPRECATED_FIELDS: tuple[DeprecatedField, ...] = ()


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
