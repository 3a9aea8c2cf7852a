"""GAT012 to GAT015: a version is a promise to those who use the release."""

from collections.abc import Iterator
from typing import Final, Literal

from proofpress.diff import Change
from proofpress.diff.metrics import obstacles_between
from proofpress.evidence.attestation import GateDecision
from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.values import ReleaseParts
from proofpress.gate.gate import EVALUATION, RELEASE, GateCase, decision, gate
from proofpress.verify.verdict import VerifiedPack

Step = Literal["MAJOR", "MINOR", "PATCH", "pre-release", "revision", "bundle", "backwards", "other line"]
BREAKING: Final = frozenset(
    {
        *(f"IFC-INPUT-{end}" for end in ("CHANGED", "ADDED", "REMOVED")),
        *(f"IFC-{what}-{end}" for what in ("OUTPUT", "PROMISE") for end in ("CHANGED", "REMOVED")),
        *(f"REL-{what}-ADDED" for what in ("FEATURE", "SCHEMA", "RUNTIME")),
        "REL-RUNTIME-CHANGED",
        "MTR-REMOVED",
    }
)
"""Changes that may stop what worked with the release before: less is offered, or more is asked of a platform."""
REMOVING: Final = frozenset({"IFC-INPUT-REMOVED", "IFC-OUTPUT-REMOVED", "IFC-PROMISE-REMOVED", "MTR-REMOVED"})
_SURFACE: Final = ("IFC-", "REL-FEATURE-", "REL-SCHEMA-", "REL-RUNTIME-")
_INTERFACE: Final = "interface.json"
_GUIDE: Final = "migration.md"


def step(old: ReleaseParts, new: ReleaseParts) -> Step:
    """Which part of the version moved from one release to the next."""
    if old.name != new.name:
        return "other line"
    (was, was_pre, *_), (now, now_pre, *_) = old.sort_key, new.sort_key
    if (now, now_pre) < (was, was_pre):
        return "backwards"
    if now != was:
        return "MAJOR" if now[0] != was[0] else "MINOR" if now[1] != was[1] else "PATCH"
    if now_pre != was_pre:
        return "pre-release"
    if old.variant != new.variant:
        return "other line"
    if new.revision == old.revision:
        return "bundle"
    return "revision" if new.revision > old.revision else "backwards"


def _step(case: GateCase) -> Step | None:
    return step(case.old.evidence.parts, case.new.evidence.parts) if case.old else None


@gate("GAT012", "Versions go forward, and a new training is a new revision", compares=True)
def forward(case: GateCase) -> Iterator[GateDecision]:
    """The release has a lower version than its baseline, or its model was trained again under the same version, variant
    and revision: a name then stands for two models. A bundle corrects evidence about an unchanged model, and a revision
    is raised only when the same version and variant are trained again. Neither takes anything back: a stable name, an
    input or output that is gone or another, or a new demand on the platform, is refused under the same version.

    Mend it by raising the revision for a new training, and the version for anything else.
    """
    if case.old is None:
        return
    old, new = case.old.evidence, case.new.evidence
    moved = step(old.parts, new.parts)
    models = [item.model.model_id if item.model else None for item in (old, new)]
    runs = [item.training.run_id if item.training else None for item in (old, new)]
    expected, found = f"after {old.bundle_id}", new.bundle_id
    verdict: Literal["pass", "deny", "not decided", "warn"] = "pass"
    why = f"the {moved} moved" if moved not in {"bundle", "other line"} else "it is another variant of the version"
    if moved == "backwards":
        verdict, why = "deny", f"{new.parts.version} r{new.parts.revision} is before its baseline"
    elif moved == "bundle":
        why = "the evidence was corrected; model and training are the same"
        if None in (*models, *runs):
            verdict, why = "not decided", "a pack does not say which model and run it holds"
        elif models[0] != models[1] or runs[0] != runs[1]:
            verdict, why = "deny", "the model was trained again under the same version, variant and revision"
    elif moved == "revision":
        if None in models:
            verdict, why = "not decided", "a pack does not say which model it holds"
        elif models[0] == models[1]:
            verdict, why = "warn", "the revision was raised and the model is the same; a correction is a bundle"
    yield decision(verdict, "version", expected=expected, found=found, why=why, file=RELEASE)
    if moved in {"revision", "bundle"}:
        yield from _broken(moved, [item for item in case.changes if item.code in BREAKING and item.kind != "metric"])


@gate("GAT013", "A PATCH changes neither scores nor the interface", compares=True)
def patch(case: GateCase) -> Iterator[GateDecision]:
    """Between two releases that differ in PATCH only, a value moved on the same evaluated examples, an answer for a
    fixed input is another, or the interface or a demand on the platform changed. Whoever takes a PATCH over expects
    the same answers.

    Rows on other examples can't show that nothing moved: that is not decided. Without `interface.json` in both packs
    there are no scores on fixed inputs that could be shown to be the same, and a PATCH is refused.

    Mend it by releasing a MINOR, when it only adds, or a MAJOR.
    """
    if _step(case) != "PATCH":
        return
    same = 0
    for key in case.old_rows.keys() & case.rows.keys():
        was, now = case.old_rows[key][0], case.rows[key][0]
        found = f"{was.value} → {now.value}"
        if was.value is None and now.value is None and was.absent == now.absent:
            continue
        if reasons := obstacles_between(was, now):
            why = f"nobody can tell whether the scores are the same, because {'; '.join(reasons)}"
            yield decision("not decided", key, expected="the same score", found=found, why=why)
        elif was.value != now.value:
            why = f"the score moved on the same {now.n} examples"
            yield decision("deny", key, expected=str(was.value), found=str(now.value), why=why)
        else:
            same += 1
    same += len(_answered(case.old) & _answered(case.new))
    touched = [item for item in case.changes if item.code.startswith(_SURFACE) or item.code == "MTR-REMOVED"]
    yield from _interface(case, "PATCH", touched)
    why = (
        "they are equal on the same examples and fixed inputs" if same else "nothing was scored twice on the same input"
    )
    yield decision("pass" if same else "not decided", "scores", expected="equal scores", found=f"{same} equal", why=why)


def _answered(pack: VerifiedPack | None) -> frozenset[tuple[str, str]]:
    """The fixed inputs of a pack, each with all its answers."""
    interface = pack.evidence.interface if pack else None
    return frozenset(
        (item.input_sha256, dump_json(sorted(item.scores, key=lambda score: (score.key, score.output))))
        for item in (interface.fixed_input_scores if interface else ())
    )


def _interface(case: GateCase, level: str, found: list[Change]) -> Iterator[GateDecision]:
    """Refuse changes of the interface; without `interface.json` on both sides there is nothing to tell it from."""
    if case.old is None or case.old.evidence.interface is None or case.new.evidence.interface is None:
        why = "a pack has no interface.json, so nobody knows what its users rely on"
        absent: Literal["deny", "not decided"] = "deny" if level == "PATCH" else "not decided"
        yield decision(absent, "interface", expected="both", found="not both", why=why, file=_INTERFACE)
        return
    yield from _broken(level, found)
    if not found:
        why = f"nothing changed that a {level} may not change"
        yield decision("pass", "interface", expected="kept", found="kept", why=why, file=_INTERFACE)


def _broken(level: str, found: list[Change]) -> Iterator[GateDecision]:
    for change in found:
        old, new = (text if text is not None else "none" for text in (change.old, change.new))
        why = f"a {level} may not do that: {change.explanation}"
        yield decision(
            "deny",
            change.subject,
            expected=old,
            found=new,
            why=why,
            file=EVALUATION if change.kind == "metric" else RELEASE if change.code.startswith("REL-") else _INTERFACE,
            code=change.code,
        )


@gate("GAT014", "A MINOR only adds", compares=True)
def minor(case: GateCase) -> Iterator[GateDecision]:
    """Between two releases that differ in MINOR, a stable name of the interface, an input, output or metric is gone or
    another, or more is asked of the platform. A MINOR may deprecate a name; only a MAJOR removes it. Without
    `interface.json` in both packs that is not decided.

    Mend it by keeping the name beside the new one, or by releasing a MAJOR.
    """
    if _step(case) == "MINOR":
        yield from _interface(case, "MINOR", [item for item in case.changes if item.code in BREAKING])


@gate("GAT015", "A MAJOR removes what was deprecated, and tells how to migrate", compares=True)
def major(case: GateCase) -> Iterator[GateDecision]:
    """A MAJOR removes a stable name, an input, output or metric that the release before did not deprecate, or whose
    removal the changelog does not tell together with the release that deprecated it; or it breaks something and has no
    migration note: a file `migration.md` in the pack, or a changelog entry that begins with `Migration:`.

    Mend it by deprecating the name in a MINOR first, and by writing the entry and the note.
    """
    if _step(case) != "MAJOR" or case.old is None:
        return
    broken = [item for item in case.changes if item.code in BREAKING]
    deprecated = {item.name: item.since for item in case.old.evidence.release.deprecations}
    log = case.new.evidence.release.changelog
    for change in broken:
        if change.code not in REMOVING:
            continue
        name = change.subject.rpartition(": ")[2].partition("@")[0]
        since = deprecated.get(name, "")
        named = bool(since) and any(name in entry and since in entry for entry in log.removed)
        why = "it was deprecated before, and the changelog names the release that did"
        if not since:
            why = f"{case.old.evidence.bundle_id} does not deprecate it"
        elif not named:
            why = f"no entry under 'removed' names it together with {since}, which deprecated it"
        found = since or "no deprecation"
        verdict: Literal["pass", "deny"] = "pass" if named else "deny"
        yield decision(
            verdict, change.subject, expected="a deprecation", found=found, why=why, file=RELEASE, code=change.code
        )
    if not broken:
        why = "it breaks nothing, so nobody has to migrate"
        yield decision("pass", "migration", expected="none needed", found="none needed", why=why, file=RELEASE)
        return
    guide = any(path.rpartition("/")[2].lower() == _GUIDE for path in case.new.raw.files)
    note = guide or any(entry.startswith("Migration:") for entry in (*log.changed, *log.removed))
    why = "the release tells how to migrate" if note else f"it breaks {len(broken)} things and says nothing about them"
    yield decision(
        "pass" if note else "deny",
        "migration",
        expected=f"{_GUIDE} or an entry 'Migration:'",
        found="there" if note else "neither",
        why=why,
        file=RELEASE,
    )


GATES = (forward, patch, minor, major)
