"""The rules of sign-off files, for the rule book."""

from typing import Final

from proofpress.verify.rule import Rule


def _rule(name: str, title: str, explanation: str) -> Rule:
    return Rule(id=name, title=title, explanation=explanation, book=2)


RULES: Final = (
    _rule(
        "SGN001",
        "A sign-off can be read",
        "A file `signoff-*.json` beside a pack is not one DSSE envelope with one signature over an in-toto statement,\n"
        "its payload is of another type, or the statement is no sign-off: a question is missing, the answers do not\n"
        "lead to the decision, or a refused gate is approved. It counts for nothing.\n\n"
        "Mend it by restoring the file from its last commit, or by signing again: `proofpress signoff`.",
    ),
    _rule(
        "SGN002",
        "A sign-off is of the pack beside which it lies",
        "The statement names another pack, by its `pack_id`, name or family. An approval of one pack was copied to\n"
        "another, or the pack was changed since: one changed byte makes another pack.\n\n"
        "Mend it by removing the file, and by signing off the pack that is there.",
    ),
    _rule(
        "SGN003",
        "A sign-off is signed by a key of the policy",
        "No key of `packs/policy.yaml` made the signature: the answers were edited after signing, or the key is a\n"
        "stranger's. The hint `keyid` in the envelope says nothing; only the bytes of the key count.\n\n"
        "Mend it by signing again, or by adding the public key to the reviewed policy.",
    ),
    _rule(
        "SGN004",
        "The key held the role when it signed",
        "The key that signed does not hold the stated role for the family, or signed before its `since`, or at or\n"
        "after its `until`. A key that left a role takes its approvals with it; to keep what it signed, end its\n"
        "time with `until` instead of removing it.\n\n"
        "Mend it by a sign-off of somebody who holds the role.",
    ),
    Rule(
        id="SGN005",
        title="A sign-off is of the receipt beside it",
        explanation="The receipt of the gates that was signed is not the one beside the pack, or that receipt is of\n"
        "another policy or baseline than the sign-off says. The approval is void; a refusal stays in force.\n\n"
        "Mend it by restoring the receipt, or by signing off the new one: `proofpress signoff`.",
        severity="warning",
        book=2,
    ),
    _rule(
        "SGN006",
        "An earlier sign-off is still there",
        "A sign-off says that it replaces an earlier one of the same role and key, and that file is not there. What\n"
        "somebody said before is kept, so that a refusal can't vanish behind an approval. The approval is void.\n\n"
        "Mend it by restoring the earlier file from its commit.",
    ),
)
