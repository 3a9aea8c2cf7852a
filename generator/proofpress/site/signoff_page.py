"""Who signed a release off, verified from the bytes of the files beside its pack."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from proofpress.evidence.attestation import GateReceipt
from proofpress.evidence.policy import Policy
from proofpress.signoff.published import PUBLICATION_FILE, read_published
from proofpress.signoff.read import Attested, Signed
from proofpress.signoff.standing import SignoffStanding, State, standing_of
from proofpress.site.decisions import RECEIPT_PLACE
from proofpress.site.layout import cell, column, row
from proofpress.site.markdown_page import Heading
from proofpress.site.publish import OutputFile

SIGNOFF_PAGE: Final = "sign-off/"
_TONES: Final[dict[State, str]] = {
    "signed off": "ok",
    "refused": "bad",
    "incomplete": "warn",
    "not signed off": "warn",
    "not asked for": "muted",
}


@dataclass(frozen=True, kw_only=True)
class ReleaseSignoff:
    """The files beside one pack, the policy that says whose signatures count, and the authors of the release."""

    attested: Attested
    policy: Policy
    policy_sha256: str
    authors: tuple[str, ...]

    @cached_property
    def standing(self) -> SignoffStanding:
        """What the signatures amount to, each as of the time when it was made."""
        return standing_of(self.attested, self.policy, self.authors)

    @cached_property
    def receipt(self) -> GateReceipt | None:
        """The receipt of the gates; one of another pack is none."""
        found = self.attested.gate_receipt()
        return found if found is not None and found.subject == self.attested.pack else None

    @property
    def told(self) -> bool:
        """Whether there is anything to tell: a receipt, a signature, or one that the policy asks for."""
        return bool(self.receipt or self.attested.names or self.standing.required)

    @property
    def by_earlier_policy(self) -> bool:
        """Whether the policy was changed since the gates were run."""
        return self.receipt is not None and self.receipt.policy.sha256 != self.policy_sha256

    def publication(self) -> dict[str, Any] | None:
        """What was publicly verified, for the page of evidence files; None when no evidence of it counts."""
        found = read_published(self.attested, self.policy)
        if found is None or found.evidence is None or not found.counts:
            return None
        said = found.evidence
        return {
            "bound_at": said.bound_at,
            "verifier": said.verifier,
            "key": found.key,
            "places": said.places,
            "checked": said.checked,
            "not_checked": said.not_checked,
            "href": f"../attestations/{PUBLICATION_FILE}",
        }

    def badge(self) -> dict[str, str]:
        """The state for the strip of verdicts, with who or what is missing."""
        standing = self.standing
        state = standing.state
        if state == "not asked for":
            return {"tone": "muted", "text": "Not signed off", "note": "the policy asks nobody"}
        return {"tone": _TONES[state], "text": state.capitalize(), "note": self._note()}

    def _note(self) -> str:
        standing = self.standing
        if standing.vetoes:
            return _by(standing.vetoes)
        if standing.complete:
            earlier = ", by an earlier policy" if self.by_earlier_policy else ""
            return _by(standing.counted) + earlier
        if standing.missing:
            return f"missing: {', '.join(standing.missing)}"
        return standing.alone

    def _sentence(self) -> str:
        standing = self.standing
        if standing.vetoes:
            return f"Refused: {_by(standing.vetoes)}."
        if standing.complete:
            return "All of them approved it."
        if standing.missing:
            return f"Missing: {', '.join(f'{number} of {role}' for role, number in standing.missing.items())}."
        return f"{standing.alone.capitalize()}." if standing.alone else ""

    def files(self, path: str) -> Iterator[OutputFile]:
        """The receipt and what was signed, byte for byte, so that others can verify it."""
        if self.receipt is not None and self.attested.receipt is not None:
            yield OutputFile(path=f"{path}{RECEIPT_PLACE}", data=self.attested.receipt)
        for signed in self._all:
            if signed.signoff is not None:
                yield OutputFile(path=f"{path}attestations/{signed.name}", data=self.attested.files[signed.name])
        if self.publication() is not None:
            data = self.attested.files[PUBLICATION_FILE]
            yield OutputFile(path=f"{path}attestations/{PUBLICATION_FILE}", data=data)

    @property
    def _all(self) -> tuple[Signed, ...]:
        standing = self.standing
        found = {item.name: item for item in (*standing.vetoes, *standing.approvals, *standing.void, *standing.earlier)}
        return tuple(
            sorted(found.values(), key=lambda item: (item.signoff.signed_at if item.signoff else "", item.name))
        )

    def json(self, path: str) -> dict[str, Any]:
        """Gates and signatures for the published interface; `path` is the release's folder from the site's root."""
        return {
            "gate": self.receipt.verdict if self.receipt else None,
            "signoff": {
                "state": self.standing.state,
                "signed": [
                    {
                        "role": item.signoff.role,
                        "key": item.key,
                        "signed_at": item.signoff.signed_at,
                        "decision": item.signoff.decision,
                        "counts": item in (*self.standing.approvals, *self.standing.vetoes),
                        "url": f"{path}attestations/{item.name}",
                    }
                    for item in self._all
                    if item.signoff is not None
                ],
            },
        }

    def view(self) -> dict[str, Any]:
        """The whole for its page."""
        return {
            "badge": self.badge(),
            "gate": self._gates(),
            "required": [f"{number} of {role}" for role, number in self.standing.required.items()],
            "state": self._sentence(),
            "columns": [
                *(column(title, whole=True) for title in ("Role", "Decision", "Key", "When")),
                column("File", whole=False),
            ],
            "rows": [self._signed(item) for item in self._all],
            "answers": [self._answers(item) for item in self._all if item.signoff is not None],
            "earlier": self.receipt.policy.sha256 if self.receipt and self.by_earlier_policy else "",
        }

    def headings(self) -> list[Heading]:
        """The headings of that page."""
        answers = [item for item in self._all if item.signoff is not None]
        return [
            Heading(level=2, id="sign-off", title="Sign-off"),
            *([Heading(level=2, id="answers", title="Answers")] if answers else ()),
        ]

    def _gates(self) -> dict[str, str] | None:
        receipt = self.receipt
        if receipt is None:
            return None
        tone = "ok" if receipt.verdict == "PASS" else "bad"
        return {"tone": tone, "text": f"Gates: {receipt.verdict}", "at": _time(receipt.evaluated_at)}

    def _signed(self, item: Signed) -> dict[str, Any]:
        said = item.signoff
        file = cell(item.name)
        if said:
            file = cell("JSON", href=f"../attestations/{item.name}", label=f"JSON of {item.name}")
        if item in self.standing.void:
            decision = cell("void", badge="warn", note="; ".join(each.message for each in item.findings))
        elif item in self.standing.earlier:
            decision = cell(said.decision if said else "", badge="muted", note="replaced by a later one")
        else:
            tone = "ok" if said and said.decision == "approved" else "bad"
            decision = cell(said.decision if said else "", badge=tone)
        return row(
            cell(said.role if said else "not readable"),
            decision,
            cell(item.key or "unknown", note=(self.policy.keys[item.key].person or "") if item.key else ""),
            cell(_time(said.signed_at) if said else ""),
            file,
        )

    def _answers(self, item: Signed) -> dict[str, Any]:
        said = item.signoff
        return {
            "title": f"{said.role}, {_time(said.signed_at)}" if said else "",
            "questions": [
                {
                    "text": each.question,
                    "badge": {"tone": "ok" if each.answer == "yes" else "bad", "text": each.answer},
                    "note": each.note or "",
                    "evidence": each.evidence,
                }
                for each in (said.checklist if said else ())
            ],
        }


def _when(item: Signed) -> tuple[str, str]:
    return item.signoff.signed_at if item.signoff else "", item.name


def _by(signed: tuple[Signed, ...]) -> str:
    said = [item.signoff for item in signed if item.signoff]
    return f"{', '.join(dict.fromkeys(item.role for item in said))}, {max(item.signed_at for item in said)[:10]}"


def _time(text: str) -> str:
    return text.replace("T", " ").replace("Z", " UTC")
