"""The rule book: every rule, in the order in which they run. Ids are permanent and never used again."""

from collections.abc import Iterable, Mapping

from proofpress.verify.rule import Rule
from proofpress.verify.rules import (
    assurance,
    charter,
    claims,
    dataset,
    demo,
    derivations,
    documents,
    evaluation,
    identity,
    inert,
    integrity,
    intervals,
    leakage,
    metrics,
    pipeline_lock,
    privacy,
    promises,
    readiness,
    rows,
    runs,
    schema_life,
    signatures,
    slices,
    stated,
)


def _elsewhere(id_: str, title: str, explanation: str, *, note: bool = False, book: int = 1) -> Rule:
    return Rule(id=id_, title=title, explanation=explanation, severity="note" if note else "error", book=book)


READING = (
    _elsewhere(
        "ING001",
        "Paths obey the path grammar",
        "A path is absolute, climbs out with `..`, holds a backslash, drive, blank edge or a character outside\n"
        "printable ASCII, or is longer than 200 bytes. Such names mean different files on different systems.",
    ),
    _elsewhere(
        "ING002",
        "Only regular files",
        "The pack holds a symbolic link, FIFO, socket or device, or an encrypted or repeated archive member.\n"
        "Such an entry can show other bytes to each reader, so it is never opened.",
    ),
    _elsewhere(
        "ING003",
        "Each file has one link",
        "A file has further hard links: it can be changed through a name outside of the pack.",
    ),
    _elsewhere(
        "ING004",
        "Paths stay different on every system",
        "Two paths are equal after case folding and Unicode normalisation: some systems would keep only one.",
    ),
    _elsewhere(
        "ING005",
        "Files keep to their size",
        "A structured file is larger than 16 MiB, or a large artifact has another size than the manifest\n"
        "states. It is not read at all, so that a sparse or endless file can't stop the verification.",
    ),
    _elsewhere(
        "ING006",
        "Files can be read and stay still",
        "A file could not be read, or its size changed while it was read.",
    ),
    _elsewhere(
        "ING007",
        "Strict JSON and YAML",
        "A file is not strict JSON, JSON Lines or YAML: UTF-8 without byte order mark, at most 64 levels deep;\n"
        "YAML has no anchors, aliases or tags. Where readers would differ, evidence has no meaning.",
    ),
    _elsewhere(
        "ING008",
        "No key stands twice",
        "An object or mapping holds a key twice. Some readers keep the first, others the last value.",
    ),
    _elsewhere(
        "ING009",
        "Numbers that every reader reads alike",
        "NaN, Infinity, an integer beyond ±2^53 or a number outside the range of doubles. An absent value is\n"
        "`null` with a typed reason in `absent`.",
    ),
    _elsewhere(
        "ING010",
        "Per-example rows are sorted by key",
        "Rows of a per-example file have no rising, unique keys, or their slices are no texts. Sorted keys let\n"
        "the digest of the evaluated keys be recomputed without holding the file.",
    ),
    _elsewhere(
        "SCH001",
        "Documents obey their schema",
        "A field is missing, unknown, or of the wrong type or form. A misspelt field is not evidence; free\n"
        "fields belong below `extensions`.",
    ),
    _elsewhere(
        "SCH002",
        "Schema versions that this reader understands",
        "The document is of another MAJOR schema version, or requires a field of a newer MINOR that this\n"
        "reader does not know. It must be migrated ('proofpress migrate'), or read by a newer Proofpress.",
    ),
    _elsewhere(
        "SCH003",
        "Fields of a newer schema",
        "The document's MINOR version is newer than this reader's: its new optional fields were kept and\n"
        "ignored, and are listed so that nobody takes them for checked.",
        note=True,
    ),
    _elsewhere(
        "SCH005",
        "A pack has a manifest and a release",
        "Without `manifest.json` and `release.json` nothing says what the folder is.",
    ),
    _elsewhere(
        "SYS001",
        "A rule that can't be decided fails",
        "A rule ended with an exception. The pack stays refused, for a check that did not run has not passed.",
    ),
)

PACK_RULES: tuple[Rule, ...] = (
    *integrity.RULES,
    *documents.RULES[:4],
    *identity.RULES,
    *pipeline_lock.RULES,
    *schema_life.RULES,
    *metrics.RULES,
    *rows.RULES,
    *intervals.RULES,
    *evaluation.RULES,
    *leakage.RULES,
    *dataset.RULES,
    *runs.RULES,
    *demo.RULES,
    *claims.RULES,
    *readiness.RULES,
    *promises.RULES,
    *assurance.RULES,
    *slices.RULES,
    *stated.RULES,
    *derivations.RULES[:1],
    *signatures.RULES,
    *derivations.RULES[1:],
    *charter.RULES,
    *privacy.RULES,
    *inert.RULES,
    *documents.RULES[4:],
)

ACROSS = (
    _elsewhere(
        "XPK001",
        "Packs that share an identity share its evidence",
        "Two packs name the same dataset snapshot, training run, evaluation run or model, but state different\n"
        "digests, parameters or `fixture` marks for it; or they quote different values of one release or baseline on\n"
        "the same examples. From rule book 2 on, the whole record of a training run but its notes, and the\n"
        "classes of a snapshot, are the same wherever they are told. Otherwise one of them describes something\n"
        "that never existed. Bundles of a release are about one model, and another revision is another training:\n"
        "its data, seed or parameters differ. Of several bundles of a release only the last is compared, for it\n"
        "may correct what an earlier one says.",
    ),
    _elsewhere(
        "XPK002",
        "The predecessor is the pack that is named",
        "`release.json` names a predecessor that this instance does not hold, or by another `pack_id` than it\n"
        "has. Comparisons would be made with another release than the one that was reviewed.",
    ),
    _elsewhere(
        "XPK003",
        "One folder per bundle",
        "Two folders hold the same bundle, or a pack lies below another family than its own.",
    ),
    _elsewhere(
        "XPK004",
        "A PATCH takes nothing back",
        "A PATCH release, or a new revision of the same version, removes or changes an entry of the interface of\n"
        "the final release before it on its line (same name, same variant), or a PATCH changes a score on a fixed\n"
        "input; or one of the two has no `interface.json`, so that nothing shows that a PATCH scores as the release\n"
        "before did. Whoever takes a PATCH does so without looking. An imported release promised nothing in our form.",
        book=2,
    ),
    _elsewhere(
        "XPK005",
        "A MINOR takes back only what was deprecated",
        "A MINOR release removes or changes a stable entry of the interface of the final release before it on its\n"
        "line, although that release did not deprecate it. Until 1.0 too, MINOR releases only add.",
        book=2,
    ),
    _elsewhere(
        "XPK006",
        "A final release carries the changelog of its pre-releases",
        "The instance holds a pre-release of the same version and variant whose changelog has an entry that the\n"
        "final release leaves out. Readers of the final release would not learn what changed since the last one.",
        book=2,
    ),
    _elsewhere(
        "XPK007",
        "A release is not older than its predecessor",
        "`released_at` lies before that of the predecessor that the release names: it can't have followed it, and\n"
        "lists would show the line in another order than the one in which it was made.",
        book=2,
    ),
    _elsewhere(
        "DRV022",
        "No record of a derivation is deleted",
        "The predecessor, or an earlier bundle of the release, holds a record of a derivation, or its output, that is\n"
        "not in this pack. What no longer holds is superseded or rolled back, and stays to be read.",
        book=2,
    ),
    _elsewhere(
        "DRV023",
        "No record of a derivation is edited",
        "Two packs of a family hold different bytes under the id of one record. A record is never edited: a later\n"
        "one supersedes it.",
        book=2,
    ),
    _elsewhere(
        "DRV024",
        "No target is weakened after an INFEASIBLE of the predecessor",
        "The predecessor's charter holds a value that is infeasible, and here a target of it is gone, asks for less,\n"
        "or is about another metric, although nothing was derived since.",
        book=2,
    ),
    _elsewhere(
        "DRV025",
        "A handoff package is complete",
        "What `proofpress handoff` would hand over lacks something of its checklist: a signed record or typed reason\n"
        "for each value, the risk owner's note of tier C, unresolved threats, reviews, the attestation that no\n"
        "forbidden step ran, a derivation that could be executed again. An incomplete package is not written.",
        book=2,
    ),
    _elsewhere(
        "POL001",
        "The policy can be read",
        "`packs/policy.yaml` or a profile is not strict YAML or breaks its schema. Nothing passes without a\n"
        "policy that was understood; an instance without the file has the default policy.",
    ),
)


def rule_book(further: Iterable[Rule] = ()) -> Mapping[str, Rule]:
    """All rules by id: reading, single packs, across packs, and those of rooms further on."""
    listed = (*READING, *PACK_RULES, *ACROSS, *further)
    book = {item.id: item for item in listed}
    if len(book) != len(listed):
        raise AssertionError("a rule id is used twice")
    return book
