"""A guarantee of their packages: a rule of the book, and the function that finds where it does not hold."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from proofpress.evidence.finding import Finding
from proofpress.exchange.genolewm.files import Folder, TroubleError
from proofpress.exchange.genolewm.package import Package
from proofpress.verify.rule import Rule, trouble

Findings = Iterator[Finding]
Check = Callable[[Package], Iterable[Finding]]
_SHOWN: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarantee:
    """What a package promises, and the check of it."""

    rule: Rule
    check: Check


def guarantee(id_: str, title: str) -> Callable[[Check], Guarantee]:
    """Make a guarantee of a function; its docstring is the rule's documentation page."""

    def make(check: Check) -> Guarantee:
        text = "\n".join(line.removeprefix("    ") for line in (check.__doc__ or "").strip().split("\n"))
        return Guarantee(rule=Rule(id=id_, title=title, explanation=text, book=2), check=check)

    return make


def same_bytes(folder: Folder, path: str, sha256: str, size: int | None, source: str) -> Findings:
    """The file is there, with the digest and size that `source` states."""
    try:
        found, length = folder.sha256(path), folder.size(path)
    except TroubleError as exc:
        yield exc.finding
        return
    hint = f"take the file and {source} from one run, and build the package again"
    if found != sha256:
        message = f"its digest is not the one that {source} states"
        yield trouble(folder.place(path), "", message, expected=sha256, found=found, hint=hint)
    if size is not None and length != size:
        message = f"its size is not the one that {source} states"
        yield trouble(folder.place(path), "", message, expected=f"{size} bytes", found=f"{length} bytes", hint=hint)


def same(file: str, pointer: str, what: str, expected: object, found: object, source: str) -> Findings:
    """One value is the same in two places; `source` names where the expected one stands."""
    if expected != found:
        yield trouble(
            file,
            pointer,
            f"{what} is not the one in {source}",
            expected=str(expected)[:_SHOWN],
            found=str(found)[:_SHOWN],
            hint="take both from one run, and build the package again",
        )
