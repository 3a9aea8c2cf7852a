"""The guarantees in one book, and `check`: a package → a verdict on it."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from proofpress.errors import NothingCheckedError
from proofpress.evidence.finding import Finding
from proofpress.exchange.genolewm.dataset import DATASET
from proofpress.exchange.genolewm.demo import DEMONSTRATION
from proofpress.exchange.genolewm.documents import ModelManifest, Receipt
from proofpress.exchange.genolewm.evaluation import EVALUATION
from proofpress.exchange.genolewm.files import AbsentError, TroubleError
from proofpress.exchange.genolewm.guarantee import Guarantee
from proofpress.exchange.genolewm.model import MODEL
from proofpress.exchange.genolewm.package import Package, Parts, open_package
from proofpress.exchange.genolewm.paper import PAPER
from proofpress.exchange.genolewm.training import TRAINING
from proofpress.verify.rule import Rule, trouble
from proofpress.verify.verdict import Verdict


def _reading(id_: str, title: str, explanation: str, *, warning: bool = False) -> Rule:
    return Rule(id=id_, title=title, explanation=explanation, severity="warning" if warning else "error", book=2)


READING = (
    _reading(
        "GLW001",
        "Files of an imported package can be read",
        "A file is a symbolic link, hard link, FIFO or device, larger than 16 MiB, not UTF-8, or not JSON. Links are\n"
        "never followed: what they lead to is not part of the package.",
    ),
    _reading(
        "GLW002",
        "Paths of an imported package stay inside it",
        "A path is absolute, of a drive, an address, or climbs by `..`, or leads to a file that is not in the parts\n"
        "that were given. It would publish somebody's machine, and nobody else could find the file.",
    ),
    _reading(
        "GLW003",
        "Files of an imported package are there",
        "A document that every such package holds, or a file that a document names, is missing.",
    ),
    _reading(
        "GLW004",
        "Documents of an imported package have their fields",
        "A field is missing, blank, or of another type, form or value than its project's own reader accepts.",
    ),
    _reading(
        "GLW005",
        "Documents of an imported package were generated",
        "`generated_by` is not the label of the project's own tool for this document: it was written by hand or by\n"
        "something else.",
    ),
    _reading(
        "GLW006",
        "No placeholder words in an imported package",
        "A text holds a word such as TODO, TBD, dummy or 'coming soon' that stands for something not yet written.",
    ),
    _reading(
        "GLW007",
        "Documents of an imported package are strict JSON",
        "A document repeats a key, holds NaN or Infinity, or an integer beyond ±2^53. The project's own reader takes\n"
        "it in one way, others in another. It passes a check, but can't become part of a pack.",
        warning=True,
    ),
)
GUARANTEES: tuple[Guarantee, ...] = (*EVALUATION, *MODEL, *TRAINING, *DATASET, *DEMONSTRATION, *PAPER)
RULES: tuple[Rule, ...] = (*READING, *sorted((each.rule for each in GUARANTEES), key=lambda rule: rule.id))
_DOCUMENTS = {
    "model": ("manifest", "model", "metrics", "efficiency", "run", "preflight"),
    "run": ("run", "preflight"),
    "dataset": ("dataset", "snapshot", "input_check"),
    "demo": ("runtime", "demo"),
}
_WHOLE = ("model", "dataset", "demo")
_UNDECIDED = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError)


def check(parts: Parts) -> Verdict:
    """Check a package, or what was given of it. One run reports everything."""
    if not parts.folders and not parts.loose and not parts.papers:
        raise NothingCheckedError("nothing of a GenoLeWM package was given", hint="name a folder or parts of a package")
    with open_package(parts) as package:
        return judge(package)


def judge(package: Package) -> Verdict:
    """Apply every guarantee to an open package."""
    findings = list(_complete(package))
    passed: list[str] = []
    skipped: list[tuple[str, str]] = []
    for each in GUARANTEES:
        found: list[Finding] = []
        try:
            found.extend(each.check(package))
        except TroubleError as exc:
            found.append(exc.finding)
        except AbsentError as exc:
            skipped.append((each.rule.id, str(exc)))
        except _UNDECIDED as exc:
            message = f"{each.rule.id} could not be decided: {type(exc).__name__}: {exc}"
            found.append(Finding(rule="SYS001", message=message, hint="what can't be decided stays refused"))
        findings += [replace(item, rule=item.rule or each.rule.id) for item in found]
        if not found and (not skipped or skipped[-1][0] != each.rule.id):
            passed.append(each.rule.id)
    label = package.parts.label
    unique = {replace(item, pack=label) for item in (*findings, *package.reading)}
    return Verdict(
        label=label,
        pack_id="",
        findings=tuple(sorted(unique, key=lambda item: item.sort_key)),
        passed=tuple(passed),
        skipped=tuple(skipped),
        verified=None,
    )


def _complete(package: Package) -> Iterator[Finding]:
    """Read every document that the given parts must hold; a release has all three parts."""
    for name in _WHOLE if package.parts.release else ():
        if name not in package.folders:
            item = trouble(name, "", "the part is missing", expected="model, dataset and demo", found="no such folder")
            yield replace(item, rule="GLW003")
    for name in chain.from_iterable(items for part, items in _DOCUMENTS.items() if part in package.folders):
        try:
            getattr(package, name)
        except AbsentError:
            continue
    for kind, model in (("manifest", ModelManifest), ("receipt", Receipt)):
        for folder, path in package.loose(kind):
            try:
                package.document(folder, path, model)
            except AbsentError:
                continue
    package.evaluations  # noqa: B018 - reads them
