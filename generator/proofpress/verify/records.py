"""Agreement between packs on derivations: records are never deleted or edited, and goals are not moved afterwards."""

from collections.abc import Iterator, Mapping

from proofpress.evidence.derivation import CHARTER, Target
from proofpress.evidence.finding import Finding
from proofpress.evidence.values import Number
from proofpress.verify.facts import PackFacts


def records_between(packs: Mapping[str, PackFacts]) -> Iterator[Finding]:
    """Records that a pack lacks (DRV022) or edits (DRV023), targets that it weakens (DRV024); packs by bundle id."""
    first: dict[tuple[str, str], PackFacts] = {}
    for pack in packs.values():
        for path, digest in pack.derived.files.items() if pack.derived else ():
            other = first.setdefault((pack.family, path), pack)
            known = other.derived.files[path] if other.derived else digest
            if known != digest:
                yield Finding(
                    rule="DRV023",
                    pack=pack.label,
                    file=path,
                    message=f"{path} is not the record that {other.label} holds under this id",
                    expected=known,
                    found=digest,
                    hint="restore it, and write a new record that supersedes it",
                )
        for before in _before(pack, packs):
            if before.derived is not None:
                yield from _left_out(pack, before)
                yield from _weakened(pack, before)


def _before(pack: PackFacts, packs: Mapping[str, PackFacts]) -> Iterator[PackFacts]:
    """The predecessor that is named, and the bundle before of the same release."""
    if pack.predecessor in packs and pack.predecessor != pack.bundle_id:
        yield packs[pack.predecessor]
    release, _, number = pack.bundle_id.partition(".b")
    if number:
        earlier = release if number == "2" else f"{release}.b{int(number) - 1}"
        if earlier in packs:
            yield packs[earlier]


def _left_out(pack: PackFacts, before: PackFacts) -> Iterator[Finding]:
    mine = pack.derived.files if pack.derived else {}
    for path in before.derived.files if before.derived else ():
        if path not in mine:
            yield Finding(
                rule="DRV022",
                pack=pack.label,
                file=path,
                message=f"{path}, which {before.label} holds, is not in this pack",
                expected=path,
                found="no such record",
                hint="take all records over; one that no longer holds is superseded or rolled back",
            )


def _weakened(pack: PackFacts, before: PackFacts) -> Iterator[Finding]:
    if before.derived is None or not before.derived.infeasible:
        return
    mine = pack.derived.targets if pack.derived else {}
    for id_, told in before.derived.targets.items():
        was, now = _target(id_, told), _target(id_, mine[id_]) if id_ in mine else None
        if now is None or now.weakened_from(was):
            yield Finding(
                rule="DRV024",
                pack=pack.label,
                file=CHARTER,
                pointer="/targets",
                message=f"the target '{id_}' is weaker than that of {before.label}, whose charter holds an INFEASIBLE",
                expected=" ".join(told),
                found=" ".join(mine[id_]) if id_ in mine else "no such target",
                hint="keep the target; an INFEASIBLE is an honest end",
            )


def _target(id_: str, told: tuple[str, str, str, str]) -> Target:
    metric, op, value, unit = told
    return Target.model_validate({"id": id_, "metric": metric, "op": op, "value": Number(value), "unit": unit})
