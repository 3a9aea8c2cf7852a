"""Two releases → typed changes."""

from collections.abc import Mapping

from proofpress.diff.assurance import compare_assurance
from proofpress.diff.change import Change, Comparison, Side
from proofpress.diff.charter import compare_charters
from proofpress.diff.documents import compare_documents, compare_files
from proofpress.diff.efficiency import compare_efficiency
from proofpress.diff.facts import compare_facts
from proofpress.diff.metrics import NO_TESTS, compare_rows
from proofpress.diff.readiness import compare_readiness
from proofpress.evidence.attestation import PairedComparison, RowDifference
from proofpress.verify.verdict import VerifiedPack


def diff(
    old: VerifiedPack, new: VerifiedPack, *, recorded: PairedComparison | None = None, least_slice_n: int = 0
) -> Comparison:
    """Compare two verified packs: every difference, worst first, and the number of equal facts.

    Metric values are subtracted only when unit and direction agree and both rows name the same evaluated
    examples; otherwise the change says why they are not comparable. A pack has no changes against itself.

    `recorded` are the tests that a command computed of these very two packs; tests of others are left alone.
    """
    before, after = old.evidence, new.evidence
    same_pack = before.pack_id == after.pack_id
    tests: Mapping[str, RowDifference] = NO_TESTS
    if recorded is not None and (recorded.old.pack_id, recorded.new.pack_id) == (before.pack_id, after.pack_id):
        tests = {row.key: row for row in recorded.rows}
    changes: list[Change] = []
    unchanged = 0
    for found, equal in (
        compare_rows(
            before.evaluation, after.evaluation, same_pack=same_pack, tests=tests, least_slice_n=least_slice_n
        ),
        compare_assurance(before, after),
        compare_charters(before, after),
        compare_readiness(before, after),
        compare_facts(before, after),
        compare_efficiency(before.efficiency, after.efficiency),
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
