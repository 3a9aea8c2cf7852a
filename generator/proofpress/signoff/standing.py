"""Whether the sign-offs beside a pack are those that the policy asks for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from proofpress.evidence.policy import Policy
from proofpress.signoff.read import Attested, Signed, read_signoffs

State = Literal["signed off", "refused", "incomplete", "not signed off", "not asked for"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignoffStanding:
    """What the sign-offs of a pack amount to.

    `required` are roles and their number by today's policy, `missing` those that are not filled. `approvals` are the
    latest of each role and key that count, `counted` those that fill a role: one for each key and each person.
    `vetoes` are refusals that no later statement of their role replaced. `void` are files that do not count, `earlier`
    those that a later statement replaced.
    `alone` says why the approvals are only the author's, empty when they are not.
    """

    required: Mapping[str, int]
    approvals: tuple[Signed, ...]
    counted: tuple[Signed, ...]
    vetoes: tuple[Signed, ...]
    void: tuple[Signed, ...]
    earlier: tuple[Signed, ...]
    missing: Mapping[str, int]
    alone: str

    @property
    def complete(self) -> bool:
        """Whether every required role has approved, and nothing speaks against it."""
        return bool(self.required) and not (self.missing or self.vetoes or self.alone)

    @property
    def state(self) -> State:
        """The state in words."""
        if self.vetoes:
            return "refused"
        if self.complete:
            return "signed off"
        if self.approvals or self.void:
            return "incomplete"
        return "not signed off" if self.required else "not asked for"


def standing_of(
    attested: Attested, policy: Policy, authors: Sequence[str], *, at: str | None = None
) -> SignoffStanding:
    """What the files beside a pack amount to; `authors` are those of the release.

    With a time `at`, keys must hold their role then too, and nothing that was signed later counts: what a deployment
    asks. Without, approvals stand for what they were when they were signed: what a page shows.
    """
    signed = read_signoffs(attested, policy)
    rule = policy.signoff_of(attested.family)
    required = dict(rule.roles) if rule else {}
    authentic = [item for item in signed if item.authentic]
    latest = _latest(authentic)
    sound = [item for item in latest if item.counts and _decision(item) == "approved"]
    approvals = tuple(item for item in sound if at is None or _in_force(item, policy, attested.family, at))
    people = {item.name: _folded(policy.keys[item.key].person or policy.keys[item.key].key) for item in approvals}
    filled = _assigned(required, approvals, people)
    given = list(filled.values())
    missing = {role: short for role, number in required.items() if (short := number - given.count(role)) > 0}
    counted = tuple(item for item in approvals if item.name in filled)
    vetoes = tuple(item for item in latest if _is_veto(item, authentic))
    void = tuple(
        item for item in signed if item not in vetoes and (item.findings or (item in sound and item not in approvals))
    )
    return SignoffStanding(
        required=required,
        approvals=approvals,
        counted=counted,
        vetoes=vetoes,
        void=void,
        earlier=tuple(item for item in signed if item not in (*approvals, *vetoes, *void)),
        missing=missing,
        alone="" if missing or not required else _alone(counted, policy, authors),
    )


def _decision(item: Signed) -> str:
    return item.signoff.decision if item.signoff else ""


def _said(item: Signed) -> tuple[str, str]:
    """Role and time of a sign-off that can be read."""
    return (item.signoff.role, item.signoff.signed_at) if item.signoff else ("", "")


def _latest(authentic: Iterable[Signed]) -> list[Signed]:
    """The last word of each key in each role; at equal times a refusal is the last."""
    found: dict[tuple[str, str], Signed] = {}
    for item in sorted(authentic, key=_order):
        found[_said(item)[0], item.key] = item
    return list(found.values())


def _order(item: Signed) -> tuple[str, bool, str]:
    return _said(item)[1], _decision(item) == "refused", item.name


def _is_veto(item: Signed, authentic: Sequence[Signed]) -> bool:
    """Whether a refusal is in force: no later approval of the same role, by whatever key, replaced it."""
    if _decision(item) != "refused":
        return False
    role, time = _said(item)
    return not any(
        other.counts and _decision(other) == "approved" and _said(other)[0] == role and _said(other)[1] > time
        for other in authentic
    )


def _in_force(item: Signed, policy: Policy, family: str, at: str) -> bool:
    role, time = _said(item)
    return time <= at and item.key in policy.holders(role, family, at)


def _assigned(required: Mapping[str, int], approvals: Sequence[Signed], people: Mapping[str, str]) -> dict[str, str]:
    """Which approval fills which role (name of the file → role), each person once, as many roles as can be filled."""
    places = [(role, number) for role, count in required.items() for number in range(count)]
    choices = {person: [item for item in approvals if people[item.name] == person] for person in people.values()}
    holder: dict[tuple[str, int], str] = {}

    def settle(person: str, seen: set[tuple[str, int]]) -> bool:
        roles = {_said(item)[0] for item in choices[person]}
        for place in places:
            if place[0] in roles and place not in seen:
                seen.add(place)
                if place not in holder or settle(holder[place], seen):
                    holder[place] = person
                    return True
        return False

    for person in choices:
        settle(person, set())
    return {
        next(item.name for item in choices[person] if _said(item)[0] == role): role
        for (role, _number), person in holder.items()
    }


def _alone(counted: Sequence[Signed], policy: Policy, authors: Sequence[str]) -> str:
    own = {_folded(name) for name in authors}
    people = [policy.keys[item.key].person for item in counted]
    if any(person is not None and _folded(person) not in own for person in people):
        return ""
    named = ", ".join(person or "a key without person" for person in people)
    return f"no approval is by somebody else than the authors of the release ({named})"


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()
