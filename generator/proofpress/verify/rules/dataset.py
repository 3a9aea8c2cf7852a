"""DAT: the snapshot is the one that was reviewed, checked and built, and every file of its build is there."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from proofpress.evidence.base import ProducedFile
from proofpress.evidence.dataset import DatasetSpec
from proofpress.evidence.finding import Finding
from proofpress.evidence.pack import CHECKSUMS
from proofpress.render.sets import SHIPPED
from proofpress.verify.rule import Case, bytes_of, rule, trouble

SPEC, CHECK = "dataset/dataset_spec.json", "dataset/dataset_input_check_report.json"
REPORT, PACKAGE = "dataset/dataset_snapshot_report.json", "dataset/dataset_package.json"
FILES, SPLITS = "dataset/dataset_manifest.json", "dataset/split_integrity.json"
_CHAIN = {"dataset_spec": SPEC, "dataset_check": CHECK, "dataset_snapshot": REPORT}
_AGAIN = "build the snapshot again from the reviewed spec: proofpress pack dataset"


def contradictions(spec: DatasetSpec) -> Iterator[tuple[str, str]]:
    """(pointer, problem) of everything in which a spec contradicts itself."""
    lists: Mapping[str, Iterable[str]] = {
        "splits": (item.name for item in spec.splits),
        "keys": (item.kind for item in spec.keys),
        "inputs": (item.name for item in spec.inputs),
        "features": (item.name for item in spec.features),
    }
    for name, values in lists.items():
        for value, count in Counter(values).items():
            if count > 1:
                yield f"/{name}", f"'{value}' stands {count} times"
    values = [item.value or item.name for item in spec.splits]
    if spec.split_column and len(set(values)) < len(values):
        yield "/splits", "two splits are told by one value of the split column"
    known = {item.name for item in spec.splits}
    for index, item in enumerate(spec.inputs):
        if item.split is not None and item.split not in known:
            yield f"/inputs/{index}/split", f"there is no split '{item.split}'"
        if item.split is not None and spec.split_column is not None:
            yield f"/inputs/{index}/split", "a split column and a file of one split can't both assign records"
    if spec.label_edges and spec.label_column is None:
        yield "/label_edges", "there are edges, but no label column"
    if any(left >= right for left, right in pairwise(spec.label_edges)):
        yield "/label_edges", "the edges do not rise"


def missed_limits(spec: DatasetSpec, counts: Mapping[str, Mapping[str, int]]) -> Iterator[tuple[str, str]]:
    """(split, problem) of every limit of the spec that observed class counts by split do not reach."""
    limits = spec.limits
    labels = sorted({label for split in counts.values() for label in split})
    for split in spec.splits:
        seen = counts.get(split.name, {})
        if (records := sum(seen.values())) < limits.least_records_per_split:
            yield split.name, f"split {split.name} has {records} records, at least {limits.least_records_per_split}"
        for label in labels:
            if (found := seen.get(label, 0)) < limits.least_records_per_class:
                least = limits.least_records_per_class
                yield split.name, f"split {split.name} has {found} records of class {label}, at least {least}"


@rule("DAT001", "Spec, input check and snapshot report come together", book=2)
def together(case: Case) -> Iterator[Finding]:
    """The pack holds some of the reviewed spec, the input check and the snapshot report, but not all of them.

    A build without the spec that it was reviewed by, or without the check of its inputs, can't be told from one
    that nobody checked.
    """
    there = [path for name, path in _CHAIN.items() if getattr(case.evidence, name) is not None]
    for name, path in _CHAIN.items():
        if there and getattr(case.evidence, name) is None and path not in case.broken:
            yield trouble(
                path,
                "",
                f"the pack holds {' and '.join(there)}, but no {path}",
                expected=path,
                found="no such file",
                hint=_AGAIN,
            )


@rule("DAT002", "The dataset spec does not contradict itself", needs="dataset_spec", book=2)
def consistent(case: Case) -> Iterator[Finding]:
    """A name stands twice, an input belongs to a split that is not described, or records are assigned to splits in two
    ways at once.
    """
    if case.evidence.dataset_spec is None:
        return
    for pointer, problem in contradictions(case.evidence.dataset_spec):
        yield trouble(
            SPEC,
            pointer,
            f"the spec contradicts itself: {problem}",
            expected="a spec with one meaning",
            found=problem,
            hint="correct the spec, have it reviewed, and build the snapshot again",
        )


@rule("DAT003", "Input check and build carry the digest of the spec", needs="dataset_spec", book=2)
def spec_digest(case: Case) -> Iterator[Finding]:
    """The input check or the snapshot report was made with another spec than the pack holds.

    The spec is what people reviewed. Once it changes, its inputs must be checked and the snapshot built again.
    """
    spec = case.raw.files[SPEC].sha256
    for path, document in ((CHECK, case.evidence.dataset_check), (REPORT, case.evidence.dataset_snapshot)):
        if document is not None and document.spec_sha256 != spec:
            yield trouble(
                path,
                "/spec_sha256",
                f"{path} was made with another spec than {SPEC}",
                expected=spec,
                found=document.spec_sha256,
                hint=_AGAIN,
            )


@rule("DAT004", "The input check passed", needs="dataset_check", book=2)
def passed(case: Case) -> Iterator[Finding]:
    """The input check found a problem, or its verdict contradicts the problems that it lists."""
    check = case.evidence.dataset_check
    if check is None:
        return
    places = [(f"/inputs/{index}/problems", text) for index, item in enumerate(check.inputs) for text in item.problems]
    places += [("/problems", text) for text in check.problems]
    for pointer, text in places:
        yield trouble(
            CHECK,
            pointer,
            f"the inputs did not pass their check: {text}",
            expected="no problem",
            found=text,
            hint="mend the inputs, or have the spec reviewed again, and build anew",
        )
    if not check.ok and not places:
        yield trouble(
            CHECK,
            "/ok",
            "the input check says that it failed, but names no problem",
            expected="true",
            found="false",
            hint=_AGAIN,
        )


@rule("DAT005", "The snapshot was built from the inputs that were checked", needs="dataset_check", book=2)
def inputs(case: Case) -> Iterator[Finding]:
    """An input of the build differs from the one that was checked, from the one that the spec pins, or from the file
    that the dataset manifest lists; or one of them names an input that the others do not.
    """
    evidence = case.evidence
    check, spec = evidence.dataset_check, evidence.dataset_spec
    if check is None:
        return
    seen = {item.name: (item.sha256, item.size, item.records) for item in check.inputs}
    yield from _same(CHECK, "/inputs", [item.name for item in check.inputs], seen, seen, CHECK)
    report, files = evidence.dataset_snapshot, evidence.dataset_manifest
    for path, name, items in (
        (REPORT, "/inputs", report.inputs if report else None),
        (FILES, "/files", files.files if files else None),
    ):
        if items is not None:
            found = {item.name: (item.sha256, item.size, item.records) for item in items}
            yield from _same(path, name, [item.name for item in items], found, seen, CHECK)
    for index, item in enumerate(spec.inputs if spec else ()):
        sha256, size, _records = seen.get(item.name, ("", -1, 0))
        reference = next((other.reference for other in check.inputs if other.name == item.name), None)
        wanted = f"sha256 {item.sha256 or 'of any file'}, {item.size or 'any number of'} bytes"
        pinned = item.sha256 in {None, sha256} and item.size in {None, size}
        if item.reference != reference or not pinned:
            yield trouble(
                SPEC,
                f"/inputs/{index}",
                f"the input '{item.name}' that was checked is not the one of the spec",
                expected=f"{item.reference}: {wanted}",
                found="no such input" if reference is None else f"{reference}: sha256 {sha256}, {size} bytes",
                hint=_AGAIN,
            )
    for name in seen.keys() - {item.name for item in spec.inputs} if spec else ():
        yield trouble(
            CHECK,
            "/inputs",
            f"the spec names no input '{name}'",
            expected=", ".join(item.name for item in spec.inputs) if spec else "",
            found=name,
            hint=_AGAIN,
        )


def _same(
    path: str,
    pointer: str,
    names: list[str],
    found: Mapping[str, tuple[str, int, int]],
    wanted: Mapping[str, tuple[str, int, int]],
    source: str,
) -> Iterator[Finding]:
    repeated = {name for name, count in Counter(names).items() if count > 1}
    for name in sorted(found.keys() | wanted.keys()):
        if found.get(name) != wanted.get(name) or name in repeated:
            yield trouble(
                path,
                f"{pointer}/{names.index(name)}" if name in names else pointer,
                f"the input '{name}' " + ("stands twice" if name in repeated else f"is not the one of {source}"),
                expected=_identity(wanted.get(name)),
                found=_identity(found.get(name)),
                hint=_AGAIN,
            )


def _identity(item: tuple[str, int, int] | None) -> str:
    return "no such input" if item is None else f"sha256 {item[0]}, {item[1]} bytes, {item[2]} records"


@rule("DAT006", "The snapshot report lists every file of the build once, as it is", needs="dataset_snapshot", book=2)
def artifacts(case: Case) -> Iterator[Finding]:
    """A file below `dataset/` is not in the snapshot report, stands in it twice, or with another digest or size than
    the pack's manifest has for it; or the report binds another input check.

    Apart from the report itself, the checksum file and the rendered data card, `dataset/` holds nothing that the build
    did not write.
    """
    report = case.evidence.dataset_snapshot
    if report is None:
        return
    yield from _listed(case, "/input_check", report.input_check, wanted=CHECK)
    seen: set[str] = set()
    for index, item in enumerate(report.artifacts):
        pointer = f"/artifacts/{index}"
        if item.path in seen:
            yield _stray(pointer, f"{item.path} stands twice", "each file once", item.path)
        seen.add(item.path)
        yield from _listed(case, pointer, item)
    apart = {REPORT, CHECK, SPEC, f"dataset/{CHECKSUMS}"}
    apart |= {document.path for documents in SHIPPED.values() for document in documents}
    for path in sorted(entry.path for entry in case.evidence.manifest.files if entry.path.startswith("dataset/")):
        if path not in seen | apart:
            yield _stray("/artifacts", f"{path} is no file of the recorded build", path, "no such entry")


def _listed(case: Case, pointer: str, item: ProducedFile, *, wanted: str = "") -> Iterator[Finding]:
    difference = case.unlike(item)
    if difference or (wanted and item.path != wanted):
        yield _stray(
            pointer,
            f"{item.path} is not the file that the build wrote",
            f"{wanted or item.path}: {bytes_of(item)}",
            difference or item.path,
        )


def _stray(pointer: str, message: str, expected: str, found: str) -> Finding:
    return trouble(REPORT, pointer, message, expected=expected, found=found, hint=_AGAIN)


@rule("DAT007", "The snapshot is the one that the spec describes", needs="dataset_spec dataset", book=2)
def described(case: Case) -> Iterator[Finding]:
    """Name, description, sources, features, target, splits, key kinds, preprocessing or limitations of the built
    snapshot differ from the reviewed spec.
    """
    spec, package, splits = case.evidence.dataset_spec, case.evidence.dataset, case.evidence.splits
    if spec is None or package is None:
        return
    names = ("name", "title", "description", "licence", "sources", "features", "target", "preprocessing", "limitations")
    pairs: list[tuple[str, str, Any, Any]] = [
        (PACKAGE, f"/{name}", getattr(spec, name), getattr(package, name)) for name in names
    ]
    pairs.append((PACKAGE, "/splits", _purposes(spec.splits), _purposes(package.splits)))
    if splits is not None:
        kinds = tuple((item.kind, item.description) for item in splits.keys)
        pairs.append((SPLITS, "/keys", tuple((item.kind, item.description) for item in spec.keys), kinds))
    if case.evidence.dataset_check is not None:
        pairs.append((CHECK, "/name", spec.name, case.evidence.dataset_check.name))
    for path, pointer, wanted, found in pairs:
        if wanted != found:
            yield trouble(
                path,
                pointer,
                f"{path}{pointer} is not what the reviewed spec says",
                expected=str(wanted)[:240],
                found=str(found)[:240],
                hint=_AGAIN,
            )


def _purposes(items: Iterable[Any]) -> tuple[tuple[str, str], ...]:
    return tuple((item.name, item.purpose) for item in items)


@rule("DAT008", "The snapshot keeps to the limits of its spec", needs="dataset_spec splits", after="LEA004", book=2)
def limits(case: Case) -> Iterator[Finding]:
    """A split holds fewer records, or fewer records of a class, than the reviewed spec asks for."""
    spec, splits = case.evidence.dataset_spec, case.evidence.splits
    if spec is None or splits is None:
        return
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for item in splits.class_balance:
        counts[item.split][item.label] += item.n
    for split, problem in missed_limits(spec, counts):
        yield trouble(
            SPLITS,
            "/class_balance",
            f"the snapshot misses a limit of its spec: {problem}",
            expected=f"the limits of {SPEC}#/limits",
            found=", ".join(f"{label}: {count}" for label, count in sorted(counts[split].items())) or "no records",
            hint="gather more records, or have other limits reviewed",
        )


@rule("DAT009", "The spec was reviewed before the release", needs="dataset_spec", book=2)
def reviewed(case: Case) -> Iterator[Finding]:
    """The dataset spec was reviewed after the release that claims to be built from it."""
    spec, released = case.evidence.dataset_spec, case.evidence.release.released_at
    if spec is not None and spec.reviewed_at > released:
        yield trouble(
            SPEC,
            "/reviewed_at",
            "the spec was reviewed after the release (release.json#/released_at)",
            expected=f"not after {released}",
            found=spec.reviewed_at,
            hint="have the spec reviewed first, then build, train and release",
        )


RULES = (together, consistent, spec_digest, passed, inputs, artifacts, described, limits, reviewed)
