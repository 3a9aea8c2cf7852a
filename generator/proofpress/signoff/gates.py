"""GAT020 to GAT024: whether a release may be deployed, by what people signed. Asked with `--require-signoff`."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from proofpress.evidence.attestation import REFUSING, GateDecision, GateReceipt
from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.policy import Policy
from proofpress.gate.gate import POLICY, RELEASE, decision
from proofpress.gate.judge import WORST_FIRST, read_receipt
from proofpress.signoff.checklist import Question
from proofpress.signoff.read import Attested, Signed
from proofpress.signoff.standing import SignoffStanding, standing_of
from proofpress.verify.rule import Rule


@dataclass(frozen=True, kw_only=True)
class SignoffCase:
    """What is judged: the files beside a pack, the gates' decisions and the checklist now, the policy and the time.

    `status` is what the registry says of the release, empty when it does not know it.
    """

    attested: Attested
    fresh: GateReceipt
    questions: tuple[Question, ...]
    policy: Policy
    authors: tuple[str, ...]
    at: str
    status: str

    @cached_property
    def standing(self) -> SignoffStanding:
        """What the sign-offs amount to at that time."""
        return standing_of(self.attested, self.policy, self.authors, at=self.at)

    @property
    def receipt_path(self) -> str:
        """Where the receipt lies or would lie."""
        return self.attested.path("gate.json")


Check = Callable[[SignoffCase], Iterable[GateDecision]]


def receipt_trouble(stored: GateReceipt | None, fresh: GateReceipt) -> tuple[str, str, str] | None:
    """Why a receipt is not that of the gates as they decide now: (why, expected, found); None when it is."""
    if stored is None:
        return "no receipt of the gates lies beside the pack", "a receipt", "none"
    if stored.subject != fresh.subject:
        return "the receipt is of another pack", fresh.subject.pack_id, stored.subject.pack_id
    if stored.policy.sha256 != fresh.policy.sha256:
        return "the policy was changed since the gates were run", fresh.policy.sha256, stored.policy.sha256
    if stored.against != fresh.against:
        old, new = (item.against.pack_id if item.against else "no baseline" for item in (stored, fresh))
        return "the baseline is another one than the receipt says", new, old
    mine, theirs = (_subjects(item) for item in (stored, fresh))
    if mine != theirs:
        other = min(" ".join(item) for item in mine ^ theirs)
        return "the receipt does not tell what the gates decide", f"{len(theirs)} decisions", f"others, as {other}"
    return None


def _subjects(receipt: GateReceipt) -> frozenset[tuple[str, str, str]]:
    """What was decided on, but for the record of paired tests: it may be written after the gates were run."""
    return frozenset((item.gate, item.subject, item.code) for item in receipt.decisions if item.gate != "GAT002")


def receipt_is_current(case: SignoffCase) -> Iterator[GateDecision]:
    """What was signed is the receipt of the gates. It has to lie beside the pack, to say PASS, and to be of this pack,
    this policy, this baseline and these decisions. One changed byte of the policy voids it: what was approved under
    another policy is asked again. A family for which the policy asks no sign-off is not decided, and so refused.

    Mend it by running the gate with `--receipt`, and by signing off what it says.
    """
    stored = case.attested.gate_receipt()
    trouble = receipt_trouble(stored, case.fresh)
    if not case.standing.required:
        why = f"the policy asks nobody to sign off the family '{case.attested.family}'"
        yield decision("not decided", "sign-off", expected="required roles", found="none", why=why, file=POLICY)
    if trouble is not None:
        why, expected, found = trouble
        yield decision("deny", "receipt", expected=expected, found=found, why=why, file=case.receipt_path)
    elif stored is not None and stored.verdict != "PASS":
        why = "the gates refused the release, and a refused release can't be signed off"
        yield decision("deny", "receipt", expected="PASS", found=stored.verdict, why=why, file=case.receipt_path)
    elif stored is not None:
        late = stored.evaluated_at > case.at
        why = "it is of a time after this deployment" if late else "it is what the gates decide now"
        yield decision(
            "deny" if late else "pass",
            "receipt",
            expected=f"a receipt of {case.at} or before",
            found=stored.evaluated_at,
            why=why,
            file=case.receipt_path,
        )


def roles_have_signed(case: SignoffCase) -> Iterator[GateDecision]:
    """Each role that the policy requires has approved the release, by as many different people as it asks for. A key
    counts once, whatever its names and roles, and so does a person. A sign-off counts when it is of this pack and of
    the receipt beside it, is signed by a key that held the role then and holds it now, and was not signed later than
    the time of the deployment. What does not count is told, with the reason.

    Mend it by the sign-offs that are missing: `proofpress signoff RELEASE --role ROLE --key FILE`.
    """
    standing = case.standing
    for role, number in standing.required.items():
        short = standing.missing.get(role, 0)
        names = [item.key for item in standing.counted if item.signoff and item.signoff.role == role]
        others = [item.key for item in standing.approvals if item.signoff and item.signoff.role == role]
        why = "everybody who has to has approved"
        if short:
            why = f"{short} approval{'s' if short > 1 else ''} of this role missing"
            if doubled := [name for name in others if name not in names]:
                why += f"; {', '.join(doubled)} fills another place already, and counts once"
        yield decision(
            "deny" if short else "pass",
            role,
            expected=f"{number} of the role",
            found=", ".join(names) or "none",
            why=why,
            file=POLICY,
        )
    for item in standing.void:
        yield decision(
            "warn",
            item.name,
            expected="a sign-off that counts",
            found=item.findings[0].found if item.findings else f"the key {item.key}",
            why="; ".join(f"{each.rule}: {each.message}" for each in item.findings) or _late(item, case),
            file=case.attested.path(item.name),
        )


def _late(item: Signed, case: SignoffCase) -> str:
    if item.signoff is not None and item.signoff.signed_at > case.at:
        return "it was signed after the time of this deployment"
    return f"the key '{item.key}' does not hold the role any more"


def nobody_refuses(case: SignoffCase) -> Iterator[GateDecision]:
    """Somebody with a role answered no to a question, and signed that. The refusal stands, whatever the policy or the
    receipt became since, until a later approval of the same role. What the registry says was rejected or yanked is
    refused too, whoever signed it.

    Mend it by mending the release, or by a later sign-off of that role.
    """
    barred = case.status in {"REJECTED", "YANKED"}
    if barred:
        why = "the registry says that nobody is to use it"
        yield decision("deny", "registry", expected="a release for use", found=case.status, why=why, file="")
    for item in case.standing.vetoes:
        said = item.signoff
        if said is None:
            continue
        asked = [each for each in said.checklist if each.answer == "no"]
        noes = [each.id + (f" ({each.note})" if each.note else "") for each in asked]
        yield decision(
            "deny",
            said.role,
            expected="no refusal",
            found=f"{item.key} refused at {said.signed_at}",
            why=f"no to {'; '.join(noes)}",
            file=case.attested.path(item.name),
        )
    if not (case.standing.vetoes or barred):
        yield decision("pass", "refusals", expected="none", found="none", why="nobody refuses", file="")


def author_is_not_alone(case: SignoffCase) -> Iterator[GateDecision]:
    """The authors that `release.json` names may sign off, but not alone: at least one approval that fills a role is by
    a person who is none of them. A key's person is what the policy says; a key without person says nothing.

    Mend it by the sign-off of somebody else.
    """
    standing = case.standing
    people = ", ".join(case.policy.keys[item.key].person or item.key for item in standing.counted) or "nobody"
    if standing.alone:
        why = standing.alone
        yield decision("deny", "authors", expected="somebody else", found=people, why=why, file=RELEASE)
    elif standing.counted and not standing.missing:
        why = "somebody who is no author of the release approved it"
        yield decision("pass", "authors", expected="somebody else", found=people, why=why, file=RELEASE)


def checklist_holds(case: SignoffCase) -> Iterator[GateDecision]:
    """Whoever approves says yes to five questions. What the evidence says to them is computed again: an approval that
    the pack, the changes since its predecessor or the decisions of the gates contradict is refused, whoever signed.

    Mend it in the release: a new risk needs a signal, a slice its value, a run its commit.
    """
    for item in case.questions:
        yield decision(
            "deny" if item.contradiction else "pass",
            item.id,
            expected="evidence that allows a yes",
            found=item.contradiction or item.evidence[-1],
            why=item.text,
            file="",
        )


_GATES: Final[tuple[tuple[str, str, Check], ...]] = (
    ("GAT020", "The receipt that was signed is the current one", receipt_is_current),
    ("GAT021", "Every required role has signed off", roles_have_signed),
    ("GAT022", "Nobody with a role refuses", nobody_refuses),
    ("GAT023", "The author is not the only approver", author_is_not_alone),
    ("GAT024", "The evidence allows the answers", checklist_holds),
)


def _rule(name: str, title: str, check: Check) -> Rule:
    lines = (check.__doc__ or "").strip().split("\n")
    return Rule(id=name, title=title, explanation="\n".join(line.removeprefix("    ") for line in lines), book=2)


RULES: Final = tuple(_rule(*each) for each in _GATES)


def with_signoff(case: SignoffCase) -> GateReceipt:
    """The receipt of the gates with what is said of the sign-offs; anything refused fails it. It is not kept."""
    asked = [item.model_copy(update={"gate": name}) for name, _title, check in _GATES for item in check(case)]
    decisions = sorted(
        (*case.fresh.decisions, *asked),
        key=lambda item: (WORST_FIRST.index(item.verdict), item.gate, item.subject, item.code, item.why),
    )
    refused = any(item.verdict in REFUSING for item in decisions)
    made = case.fresh.model_copy(update={"decisions": tuple(decisions), "verdict": "FAIL" if refused else "PASS"})
    return read_receipt(dump_json(made.model_dump(by_alias=True, exclude_unset=True)).encode())
