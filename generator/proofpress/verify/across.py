"""Agreement between packs: what shares an identity shares its evidence, and predecessors are who they are."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from proofpress.evidence.finding import Finding
from proofpress.verify.facts import RELEASED, VALUE, Identity, PackFacts
from proofpress.verify.lineage import broken_promises, entries_left_behind
from proofpress.verify.records import records_between


def across(packs: Iterable[PackFacts]) -> tuple[Finding, ...]:
    """Findings between packs, sorted."""
    found: list[Finding] = []
    by_bundle: dict[str, PackFacts] = {}
    by_identity: dict[tuple[str, str], list[tuple[PackFacts, Identity]]] = defaultdict(list)
    for pack in packs:
        if pack.bundle_id in by_bundle:
            other = by_bundle[pack.bundle_id].label
            found.append(_folder(pack, f"the bundle {pack.bundle_id} stands at {other} already", other))
        by_bundle.setdefault(pack.bundle_id, pack)
        if pack.label.partition("/")[0] != pack.family:
            found.append(_folder(pack, f"the pack belongs to family '{pack.family}'", f"packs/{pack.family}/"))
        for identity in pack.identities:
            by_identity[identity.kind, identity.name].append((pack, identity))
    newest = _newest(by_bundle)
    for (kind, name), holders in by_identity.items():
        current = [item for item in holders if item[0].bundle_id in newest or _stays(kind, name, item[0])]
        for pack, identity in current[1:]:
            first, said = current[0]
            if identity.digest != said.digest:
                found.append(
                    Finding(
                        rule="XPK001",
                        pack=pack.label,
                        file=identity.file,
                        message=f"{kind} {name} is described differently here and in {first.label}",
                        expected=f"what {first.label} says of it: {said.digest[:24]}",
                        found=identity.digest[:24],
                        hint="an identity that stands for something else needs a name of its own",
                    )
                )
    for pack in by_bundle.values():
        found.extend(_predecessor(pack, by_bundle))
        found.extend(_order(pack, by_bundle.get(pack.predecessor)))
    found.extend(broken_promises(by_bundle))
    found.extend(entries_left_behind(by_bundle.values()))
    found.extend(records_between(by_bundle))
    return tuple(sorted(found, key=lambda finding: finding.sort_key))


def _newest(bundles: Iterable[str]) -> frozenset[str]:
    """The last bundle of each release: what it corrects in an earlier one is no contradiction."""
    last: dict[str, tuple[int, str]] = {}
    for bundle_id in bundles:
        release_id, _, number = bundle_id.partition(".b")
        last[release_id] = max(last.get(release_id, (0, "")), (int(number or 1), bundle_id))
    return frozenset(bundle_id for _number, bundle_id in last.values())


def _stays(kind: str, name: str, pack: PackFacts) -> bool:
    """Whether what a bundle says holds even after a later one: the model it is about, and values quoted as its own."""
    return kind == RELEASED or (kind == VALUE and f" of {pack.bundle_id} on the keys " in name)


def _folder(pack: PackFacts, message: str, expected: str) -> Finding:
    return Finding(
        rule="XPK003",
        pack=pack.label,
        file="manifest.json",
        pointer="/family",
        message=message,
        expected=expected,
        found=f"packs/{pack.label}",
        hint="keep each bundle once, below its family",
    )


def _predecessor(pack: PackFacts, by_bundle: dict[str, PackFacts]) -> Iterator[Finding]:
    if not pack.predecessor:
        return
    known = by_bundle.get(pack.predecessor)
    if known is None or known.pack_id != pack.predecessor_pack_id or known.bundle_id == pack.bundle_id:
        yield Finding(
            rule="XPK002",
            pack=pack.label,
            file="release.json",
            pointer="/predecessor" if known is None else "/predecessor/pack_id",
            message=f"the predecessor {pack.predecessor} is "
            + ("not in this instance" if known is None else "another pack than the one that is named"),
            expected=pack.predecessor_pack_id,
            found="no such pack" if known is None else known.pack_id,
            hint="add the predecessor's pack unchanged, or name the predecessor that was compared",
        )


def _order(pack: PackFacts, before: PackFacts | None) -> Iterator[Finding]:
    if before is not None and pack.released_at < before.released_at:
        yield Finding(
            rule="XPK007",
            severity="error" if pack.rule_book >= 2 else "warning",
            pack=pack.label,
            file="release.json",
            pointer="/released_at",
            message=f"the release is older than its predecessor {before.label}",
            expected=f"not before {before.released_at}",
            found=pack.released_at,
            hint="name the predecessor that was there when the release was made",
        )
