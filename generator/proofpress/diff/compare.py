"""Two releases → typed changes."""

from proofpress.diff.assurance import compare_assurance
from proofpress.diff.change import Change, Comparison, Side
from proofpress.diff.documents import compare_documents, compare_files
from proofpress.diff.facts import compare_facts
from proofpress.diff.metrics import compare_rows
from proofpress.verify.verdict import VerifiedPack


def diff(old: VerifiedPack, new: VerifiedPack) -> Comparison:
    """Compare two verified packs: every difference, worst first, and the number of equal facts.

    Metric values are subtracted only when unit and direction agree and both rows name the same evaluated
    examples; otherwise the change says why they are not comparable. A pack has no changes against itself.
    """
    before, after = old.evidence, new.evidence
    same_pack = before.pack_id == after.pack_id
    changes: list[Change] = []
    unchanged = 0
    for found, equal in (
        compare_rows(before.evaluation, after.evaluation, same_pack=same_pack),
        compare_assurance(before, after),
        compare_facts(before, after),
        compare_documents(old.documents, new.documents),
        compare_files(old, new),
    ):
        changes += found
        unchanged += equal
    predecessor = after.release.predecessor
    return Comparison(
        old=_side(old),
        new=_side(new),
        declared=predecessor is not None and predecessor.pack_id == before.pack_id,
        changes=tuple(sorted(changes, key=lambda change: change.sort_key)),
        unchanged=unchanged,
    )


def _side(pack: VerifiedPack) -> Side:
    evidence = pack.evidence
    return Side(bundle_id=evidence.bundle_id, release_id=evidence.manifest.release_id, pack_id=evidence.pack_id)
