"""Who may: whether a request carries the signatures that the policy in force asks for."""

from typing import Final, Protocol

from proofpress.evidence.policy import Policy
from proofpress.evidence.registration import Platform, RegistryPolicy
from proofpress.registry.events import Request
from proofpress.registry.log import Signed
from proofpress.signing.dsse import signed_by

EVERYONE: Final = "*"
"""The family of what is about no bundle: a role must be held for all families."""


class Records(Protocol):
    """What events name by digest. None: it is not kept, is other bytes, or can't be understood."""

    def policy(self, sha256: str) -> Policy | None:
        """The policy with this digest."""

    def platform(self, sha256: str) -> Platform | None:
        """The platform's record with this digest."""


class Refused(Exception):  # noqa: N818 - it is a verdict on a request, not an error of the program
    """A request that may not be: which rule, and everything that its finding says."""

    def __init__(self, rule: str, message: str, expected: str, found: str, hint: str = "") -> None:
        super().__init__(message)
        self.rule = rule
        self.expected = expected
        self.found = found
        self.hint = hint


class TooFew(Refused):
    """Signatures that are right, and not enough of them: `missing` more keys must sign."""

    def __init__(self, missing: int, message: str, expected: str, found: str, hint: str) -> None:
        super().__init__("REG014", message, expected, found, hint)
        self.missing = missing


def registry_of(policy: Policy) -> RegistryPolicy:
    """The registry's part of a policy that may be in force. Raises `Refused` when it can't be."""
    part = policy.registry
    hint = "correct packs/policy.yaml, and adopt it anew"
    if part is None:
        raise Refused("REG016", "the policy has no registry", "a section 'registry'", "none", hint)
    if any(each.key == part.log.key for each in policy.keys.values()):
        message = "the log's key is a role's key too"
        raise Refused("REG016", message, "a key that nobody else has", part.log.key, hint)
    adopt = part.may.get("policy_adopted")
    holders = (
        {name for role in adopt.roles if role in policy.roles for name in policy.roles[role].keys} if adopt else ()
    )
    if adopt is None or len(holders) < adopt.threshold:
        message = "nobody could ever adopt another policy"
        raise Refused("REG016", message, "a role that may, with enough keys", f"{len(holders)} keys", hint)
    return part


def signers_of(signed: Signed, policy: Policy, part: RegistryPolicy, family: str, at: str) -> tuple[str, ...]:
    """The names of the keys that signed in the role that the request names. Raises `Refused` when they don't suffice.

    `part` is the registry's part of the policy. A key counts when it holds the role for the family at the time `at` of
    the log, and once under any name.
    """
    event = signed.event
    permission = part.may.get(event.kind)
    hint = f"the policy's registry.may says who may: {event.kind}"
    if permission is None:
        raise Refused("REG014", f"nobody may make the move '{event.kind}'", "a permission in the policy", "none", hint)
    if event.by not in permission.roles:
        roles = " or ".join(permission.roles)
        raise Refused("REG014", f"the role '{event.by}' may not make the move '{event.kind}'", roles, event.by, hint)
    names = tuple(sorted(signed_by(signed.envelope, policy.holders(event.by, family, at))))
    if len(names) < permission.threshold:
        where = "" if family == EVERYONE else f" for the family '{family}'"
        expected = f"{permission.threshold} of the keys that hold the role at {at}"
        found = f"{len(names)} of them" + (f": {', '.join(names)}" if names else "")
        message = f"too few keys of the role '{event.by}'{where} signed it"
        hint = "let holders sign it: proofpress registry cosign"
        raise TooFew(permission.threshold - len(names) if names else 0, message, expected, found, hint)
    return names


def place_trouble(event: Request, at: str, log: str) -> Refused | None:
    """Whether a request belongs to this log and is not from its future."""
    if event.log != log:
        return Refused("REG020", "the request is for another log", log, event.log, "sign a request for this log")
    if event.signed_at > at:
        message = "the request was signed after it was placed"
        return Refused("REG005", message, f"{at} or earlier", event.signed_at, "sign it with a right clock")
    if event.backfill is not None and event.backfill.occurred_at > event.signed_at:
        message = "what is filled in happened after it was signed"
        return Refused("REG005", message, f"{event.signed_at} or earlier", event.backfill.occurred_at)
    return None
