"""Entries → registry: a pure fold. An event that may not be has no effect and leaves a finding."""

from collections.abc import Iterable
from typing import Any, Final

from proofpress.evidence.finding import Finding
from proofpress.evidence.registration import RegistryPolicy
from proofpress.registry.authority import EVERYONE, Records, Refused, place_trouble, registry_of, signers_of
from proofpress.registry.events import LOG, BundleRequest, PolicyAdopted, Published
from proofpress.registry.lifecycle import Lifecycle, Placed
from proofpress.registry.log import Logged, Signed
from proofpress.registry.state import Adoption, Registry, Step
from proofpress.registry.tree import EMPTY_ROOT

EMPTY_HEAD: Final = EMPTY_ROOT.hex()
_HINT: Final = "write the log with 'proofpress registry sequence', which refuses what may not be"


def fold(
    log: Iterable[Logged],
    findings: Iterable[Finding] = (),
    *,
    records: Records,
    head: str = EMPTY_HEAD,
) -> Registry:
    """Apply all entries in order; `findings` are those of reading the log, `head` the root of its tree in hex.

    The fold of a prefix of the log is a prefix of the fold: of its steps, its findings and its tenures.
    """
    state = Fold(records, findings=findings)
    for logged in log:
        state.apply(logged)
    return state.registry(head)


class Fold:
    """A registry in the making. Stops for good where the numbering breaks."""

    def __init__(self, records: Records, *, findings: Iterable[Finding] = ()) -> None:
        self.findings = list(findings)
        self.lifecycle = Lifecycle(records)
        self.policies: list[Adoption] = []
        self.size, self.at = 0, ""
        self._records = records
        self._digests: set[str] = set()
        self._stopped = False

    def registry(self, head: str = EMPTY_HEAD) -> Registry:
        """The state so far."""
        histories: dict[str, list[Step]] = {}
        for step in self.lifecycle.steps:
            histories.setdefault(step.bundle_id, []).append(step)
        return Registry(
            bundles=dict(self.lifecycle.bundles),
            tenures={scope: tuple(tenures) for scope, tenures in self.lifecycle.tenures.items()},
            steps=tuple(self.lifecycle.steps),
            histories={name: tuple(steps) for name, steps in histories.items()},
            findings=tuple(self.findings),
            policies=tuple(self.policies),
            size=self.size,
            head=head,
        )

    def apply(self, logged: Logged) -> None:
        """Let an entry of the log have its effect, or tell why it has none."""
        if self._stopped:
            return
        try:
            self.accept(logged)
        except Refused as refused:
            self.findings.append(_finding(logged, refused))
            self._stopped = refused.rule == "REG004"
            self._digests.add(logged.signed.digest)
            self.size, self.at = self.size + 1, max(self.at, logged.at)

    def accept(self, logged: Logged) -> None:
        """Let an entry have its effect. Raises `Refused`, and then nothing has changed."""
        # (1) its place in the log
        if logged.seq != self.size + 1:
            hint = "restore the log from its last commit; nothing from here on is believed"
            raise Refused("REG004", "the numbering is broken", str(self.size + 1), str(logged.seq), hint)
        if logged.at < self.at:
            raise Refused("REG005", "time goes backwards", f"{self.at} or later", logged.at)
        if logged.signed.digest in self._digests:
            message = "the same request stands in the log already"
            raise Refused("REG020", message, "a request of its own", logged.signed.digest, "sign a new request")
        # (2) who signed it, and its effect
        if isinstance(logged.event, PolicyAdopted):
            adopted = self._adopted(logged, logged.event)
            self.policies.append(adopted)
        else:
            placed = self._placed(logged)
            warnings = self.lifecycle.accept(placed)
            self.findings += [_finding(logged, warning, "warning") for warning in warnings]
        # (3) it is part of the log
        self._digests.add(logged.signed.digest)
        self.size, self.at = logged.seq, logged.at

    def repeats(self, signed: Signed) -> bool:
        """Whether the log already says what a request asks for, whoever said so and when."""
        event = signed.event
        if isinstance(event, PolicyAdopted):
            return bool(self.policies) and self.policies[-1].sha256 == event.policy
        return isinstance(event, BundleRequest) and self.lifecycle.repeats(event)

    def _placed(self, logged: Logged) -> Placed:
        event = logged.event
        if not self.policies:
            hint = "begin with 'proofpress registry adopt'"
            raise Refused("REG016", "no policy is in force yet", "policy_adopted as the first event", event.kind, hint)
        force = self.policies[-1]
        part = force.policy.registry or registry_of(force.policy)
        if trouble := place_trouble(event, logged.at, part.log.name):
            raise trouble
        if not isinstance(event, BundleRequest):  # pragma: no cover - all other kinds are
            raise TypeError(event.kind)
        family = event.family if isinstance(event, Published) else self.lifecycle.known(event).family
        signers = signers_of(logged.signed, force.policy, part, family, logged.at)
        return Placed(seq=logged.seq, at=logged.at, event=event, signers=signers, policy=part)

    def _adopted(self, logged: Logged, event: PolicyAdopted) -> Adoption:
        before = self.policies[-1] if self.policies else None
        policy = self._records.policy(event.policy)
        if policy is None:
            hint = "restore packs/registry/policies/ from its last commit"
            raise Refused("REG016", "the adopted policy is not kept, or not as it was", event.policy, "no policy", hint)
        part = registry_of(policy)
        if before is not None and before.policy.registry is not None:
            self._same_log(before.policy.registry, part)
        if trouble := place_trouble(event, logged.at, part.log.name):
            raise trouble
        if event.replaces != (before.sha256 if before else None):
            raise Refused(
                "REG015",
                "the request has seen another policy in force",
                before.sha256 if before else "none",
                event.replaces or "none",
                "sign a request that replaces the policy in force",
            )
        judge = before.policy if before else policy  # the first policy is adopted by those whom it names itself
        signers = signers_of(logged.signed, judge, registry_of(judge), EVERYONE, logged.at)
        return Adoption(
            seq=logged.seq,
            at=logged.at,
            sha256=event.policy,
            policy=policy,
            by=event.by,
            signers=signers,
            reason=event.reason,
        )

    def _same_log(self, old: RegistryPolicy, new: RegistryPolicy) -> None:
        """What a policy can't change: the log's name ever, the scopes' keys while something is active."""
        if old.log.name != new.log.name:
            raise Refused(
                "REG016", "the log's name never changes", old.log.name, new.log.name, "begin a log of its own"
            )
        active = sorted({tenures[-1].bundle_id or "" for tenures in self.lifecycle.tenures.values()} - {""})
        if set(old.scopes) != set(new.scopes) and active:
            raise Refused(
                "REG016",
                "the keys of scopes change while bundles are active in the old ones",
                ", ".join(old.scopes),
                ", ".join(new.scopes),
                f"retire first: {', '.join(active)}",
            )


def _finding(logged: Logged, refused: Refused, severity: Any = "error") -> Finding:
    name = getattr(logged.event, "bundle_id", "")
    about = f"{logged.event.kind} {name}".strip()
    return Finding(
        rule=refused.rule,
        file=LOG,
        pointer=f"/{logged.seq - 1}",
        message=f"event {logged.seq} ({about}): {refused}",
        expected=refused.expected,
        found=refused.found,
        hint=refused.hint or _HINT,
        severity=severity,
    )
