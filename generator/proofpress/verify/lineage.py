"""Agreement along a line of releases: what a version promised stays, and what pre-releases changed is told.

A line is what has one name and one variant: the same pinned base model or architecture.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from proofpress.evidence.finding import Finding
from proofpress.evidence.values import ReleaseParts
from proofpress.verify.facts import SCORES, PackFacts

_INTERFACE = "interface.json"
_SHOWN_SINCE = 2
"""The rule book from which on a PATCH must show that its scores are those of the release before."""


def broken_promises(packs: Mapping[str, PackFacts]) -> Iterator[Finding]:
    """What releases take back of the promises of the final release before them on their line; packs by bundle id.

    A PATCH, or a new revision of the same version, takes nothing back, and a PATCH changes no score on a fixed
    input, which both releases must show (XPK004). A MINOR takes back only what is experimental or was deprecated
    before (XPK005). An imported release promised nothing in our form.
    """
    lines: dict[tuple[str, str], list[tuple[tuple[int, ...], int, PackFacts]]] = defaultdict(list)
    for pack in packs.values():
        parts = ReleaseParts(pack.release_id)
        if not parts.is_pre_release:
            lines[_line(parts)].append((_numbers(parts), parts.revision, pack))
    for line in lines.values():
        line.sort(key=lambda item: (item[0], item[1], _bundle(item[2])))
        for index, (version, revision, pack) in enumerate(line):
            earlier = [other for numbers, number, other in line[:index] if (numbers, number) < (version, revision)]
            before = _predecessor(pack, packs) or (earlier[-1] if earlier else None)
            if before is not None:
                yield from _taken_back(pack, before)


def _taken_back(pack: PackFacts, before: PackFacts) -> Iterator[Finding]:
    own, was = _numbers(ReleaseParts(pack.release_id)), _numbers(ReleaseParts(before.release_id))
    if own[0] != was[0]:
        return
    rule = "XPK005" if own[1] != was[1] else "XPK004"
    level = "MINOR" if rule == "XPK005" else "PATCH" if own != was else "revision"
    if pack.imported:
        return
    if level == "PATCH" and not (pack.promises and before.promises) and pack.rule_book >= _SHOWN_SINCE:
        lacking = before if pack.promises else pack
        message = f"nothing shows that the PATCH scores as {before.label} does: {lacking.label} has no interface"
        yield _broken(rule, pack, "", message, _INTERFACE, f"no such file in {lacking.label}")
        return
    if not before.promises:
        return
    if not pack.promises:
        message = f"the {level} has no interface, {before.label} has one"
        yield _broken(rule, pack, "", message, _INTERFACE, "no such file")
        return
    now = {(item.kind, item.name): item.says for item in pack.promises}
    for item in before.promises:
        if item.kind == SCORES and level != "PATCH":
            continue
        if rule == "XPK005" and (not item.stable or item.name in before.deprecated):
            continue
        says = now.get((item.kind, item.name))
        if says != item.says:
            what = "score" if item.kind == SCORES else f"entry of '{item.kind}'"
            verb = "takes back" if says is None else "changes"
            message = f"the {level} {verb} the {what} {item.name}, on which users of {before.label} rely"
            yield _broken(rule, pack, f"/{item.kind}", message, item.says, says or "no such entry")


def _broken(rule: str, pack: PackFacts, pointer: str, message: str, expected: str, found: str) -> Finding:
    minor = "deprecate it in this MINOR and remove it in a later one, or release a MAJOR"
    return Finding(
        rule=rule,
        pack=pack.label,
        file=_INTERFACE,
        pointer=pointer,
        message=message,
        expected=expected,
        found=found,
        hint=minor if rule == "XPK005" else "restore it, or release a MINOR or MAJOR",
    )


def _predecessor(pack: PackFacts, by_bundle: Mapping[str, PackFacts]) -> PackFacts | None:
    """The nearest final release of the line among the predecessors that are named, no newer than the pack itself."""
    own = ReleaseParts(pack.release_id)
    seen = {pack.bundle_id}
    at = by_bundle.get(pack.predecessor)
    while at is not None and at.bundle_id not in seen:
        parts = ReleaseParts(at.release_id)
        if _line(parts) == _line(own) and not parts.is_pre_release and _numbers(parts) <= _numbers(own):
            return at
        seen.add(at.bundle_id)
        at = by_bundle.get(at.predecessor)
    return None


def entries_left_behind(packs: Iterable[PackFacts]) -> Iterator[Finding]:
    """Changelog entries of pre-releases that their final release does not carry (XPK006)."""
    early: dict[tuple[object, ...], dict[str, PackFacts]] = defaultdict(dict)
    final: dict[tuple[object, ...], list[tuple[int, PackFacts]]] = defaultdict(list)
    for pack in packs:
        parts = ReleaseParts(pack.release_id)
        key: tuple[object, ...] = (*_line(parts), _numbers(parts))
        if parts.is_pre_release:
            early[key][pack.release_id] = max(pack, early[key].get(pack.release_id, pack), key=_bundle)
        else:
            final[key].append((parts.revision, pack))
    for key, before in early.items():
        first = min((revision for revision, _pack in final[key]), default=0)
        for pack in (pack for revision, pack in final[key] if revision == first):
            for pre in sorted(before.values(), key=lambda item: item.bundle_id):
                for entry in pre.changelog:
                    if entry not in pack.changelog:
                        section, _, text = entry.partition(": ")
                        yield Finding(
                            rule="XPK006",
                            pack=pack.label,
                            file="release.json",
                            pointer=f"/changelog/{section}",
                            message=f"the changelog leaves out what the pre-release {pre.label} changed",
                            expected=text,
                            found="no such entry",
                            hint="take the entries of all pre-releases over into the final release",
                        )


def _bundle(pack: PackFacts) -> tuple[int, str]:
    return len(pack.bundle_id), pack.bundle_id


def _line(parts: ReleaseParts) -> tuple[str, str]:
    return parts.name, parts.variant


def _numbers(parts: ReleaseParts) -> tuple[int, ...]:
    return parts.sort_key[0]
