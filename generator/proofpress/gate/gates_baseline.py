"""GAT001, GAT002: what a release is compared with, and what was recorded of that comparison."""

from collections.abc import Iterator

from proofpress.evidence.attestation import GateDecision
from proofpress.gate.gate import RELEASE, GateCase, decision, gate


@gate("GAT001", "The baseline is there, and it is the right one")
def baseline(case: GateCase) -> Iterator[GateDecision]:
    """A release is judged against the newest usable release before it on its line (same name and variant), which
    `release.json` names as its predecessor. Without it nothing says that the release is no step back.

    It is refused when the predecessor is missing or refused itself, when a usable release of the line lies between the
    two, when no predecessor is named though the line has earlier releases, when the predecessor was rejected though
    another release is usable, and when `--against` names a pack of another family. Where no release of the variant is
    usable, the line is that of the name. Comparing with a pack that is not the declared predecessor, or that was yanked
    since, is told.

    Mend it by naming the newest release before this one, by its `pack_id`, as the predecessor.
    """
    newest = case.newest
    if case.old is None:
        if case.missing or newest:
            why = case.missing or "the line has earlier releases, so this one has to name its predecessor"
            yield decision("deny", "baseline", expected=newest or "a baseline", found="none", why=why, file=RELEASE)
        else:
            why = "the first release of its line has nothing to be compared with"
            yield decision("pass", "baseline", expected="none", found="none", why=why, file=RELEASE)
        return
    old, new = case.old.evidence, case.new.evidence
    found = old.bundle_id
    if old.pack_id == new.pack_id:
        why = "a release compared with itself shows nothing"
        yield decision("deny", "baseline", expected=newest or "an earlier release", found=found, why=why, file=RELEASE)
    elif old.manifest.family != new.manifest.family:
        why = f"the baseline is of the family {old.manifest.family}"
        yield decision("deny", "baseline", expected=new.manifest.family, found=found, why=why, file=RELEASE)
    elif newest and found in case.rejected:
        why = f"the registry says that it was rejected, so nobody uses it; {newest} is what a user would come from"
        yield decision("deny", "baseline", expected=newest, found=found, why=why, file=RELEASE)
    elif newest and newest != found and not _is_after(case, found, newest):
        why = f"{newest} is the newest usable release before this one; a regression against it would stay unseen"
        yield decision("deny", "baseline", expected=newest, found=found, why=why, file=RELEASE)
    elif found in case.yanked | case.rejected:
        why = "the registry says that it was yanked or rejected; a release may do better than it and still be bad"
        yield decision("warn", "baseline", expected=newest or "another", found=found, why=why, file=RELEASE)
    elif case.comparison is None or not case.comparison.declared:
        named = new.release.predecessor.release_id if new.release.predecessor else "none"
        why = "the release does not name this pack, by its pack id, as its predecessor"
        yield decision("warn", "baseline", expected=named, found=found, why=why, file=RELEASE)
    else:
        why = "it is the predecessor that the release names, and the newest before it"
        yield decision("pass", "baseline", expected=found, found=found, why=why, file=RELEASE)


def _is_after(case: GateCase, found: str, newest: str) -> bool:
    """Whether the baseline comes after the newest usable release: then it was yanked since it was compared with."""
    return found in case.earlier and case.earlier.index(found) > case.earlier.index(newest)


@gate("GAT002", "The recorded comparison is the one that the packs give", compares=True)
def recorded(case: GateCase) -> Iterator[GateDecision]:
    """Pages print the paired tests that a command recorded below `packs/attestations/`. The gate computes them again
    from the per-example results of both packs; a record that says something else was edited, or is of other packs.

    Mend it by recording the comparison again: `proofpress compare NEW --record`.
    """
    if case.recorded_trouble:
        why = f"the record can't be used: {case.recorded_trouble}"
        yield decision("not decided", "comparison", expected="a readable record", found="none", why=why, file="")
    elif case.recorded is not None and case.recorded != case.computed:
        why = "the recorded comparison differs from the one that both packs' examples give"
        yield decision("deny", "comparison", expected="the computed one", found="another", why=why, file="")
    elif case.recorded is not None:
        why = "the recorded comparison was computed again from both packs' examples, with the same result"
        rows = f"{len(case.recorded.rows)} tested rows"
        yield decision("pass", "comparison", expected=rows, found=rows, why=why, file="")


GATES = (baseline, recorded)
