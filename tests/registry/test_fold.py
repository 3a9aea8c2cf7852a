"""What a log amounts to, and which events have no effect."""

from dataclasses import asdict
from typing import Any

import pytest

from proofpress.registry import REGISTRY_RULES, Registry, fold, scope_key
from proofpress.registry.fold import EMPTY_HEAD
from registering import key_of
from registry.logs import (
    BEGIN,
    LIVE,
    ONE,
    POLICY,
    RECORDS,
    STAGING,
    THREE,
    TWO,
    Kept,
    Line,
    adoption,
    clock,
    pack_id,
    policy_text,
    two_releases,
)


def history(registry: Registry, bundle_id: str) -> list[tuple[str, str | None, str]]:
    return [(step.kind, step.before, step.after) for step in registry.history(bundle_id)]


def test_an_empty_log_knows_nothing() -> None:
    registry = fold((), records=RECORDS)
    assert (registry.size, registry.head, registry.intact, registry.in_force) == (0, EMPTY_HEAD, True, None)
    assert (registry.status(ONE), registry.standing(ONE), registry.active(LIVE)) == (None, None, None)
    assert (registry.registered_at(pack_id(ONE)), registry.superseded_by(ONE)) == (None, None)


def test_the_lifecycle_of_two_releases() -> None:
    registry = two_releases().registry()
    assert registry.intact
    assert (registry.status(ONE), registry.status(TWO)) == ("RETIRED", "ACTIVE")
    assert (registry.active(LIVE), registry.active(STAGING)) == (TWO, None)
    assert registry.registered_at(pack_id(TWO)) == clock(3)
    assert history(registry, ONE) == [
        ("registered", None, "REGISTERED"),
        ("candidate", "REGISTERED", "CANDIDATE"),
        ("approved", "CANDIDATE", "APPROVED"),
        ("activated", "APPROVED", "ACTIVE"),
        ("superseded", "ACTIVE", "RETIRED"),
    ]
    last = registry.history(ONE)[-1]
    assert (last.other, last.scope, last.seq, last.by, last.signers) == (
        TWO,
        scope_key(LIVE),
        9,
        "operator",
        ("operator",),
    )


def test_what_was_active_at_a_time() -> None:
    registry = two_releases().registry()
    times = {"09:01:59": None, "09:02:00": ONE, "09:03:59": ONE, "09:04:00": TWO, "23:00:00": TWO}
    assert {time: registry.active_at(LIVE, f"2026-03-01T{time}Z") for time in times} == times
    assert registry.active(dict(reversed(LIVE.items()))) == TWO
    statuses = {"09:00:00": None, "09:01:00": "APPROVED", "09:02:00": "ACTIVE", "09:04:00": "RETIRED"}
    assert {time: registry.status_at(ONE, f"2026-03-01T{time}Z") for time in statuses} == statuses


def test_a_rollback_restores_a_retired_bundle() -> None:
    line = two_releases().add("rolled_back", TWO, 5, scope=LIVE, restores=ONE, reason="Eights fell.")
    registry = line.registry()
    assert (registry.status(ONE), registry.status(TWO), registry.active(LIVE)) == ("ACTIVE", "RETIRED", ONE)
    assert history(registry, TWO)[-1] == ("rolled_back", "ACTIVE", "RETIRED")
    assert history(registry, ONE)[-1] == ("restored", "RETIRED", "ACTIVE")
    again = line.add("rolled_back", ONE, 6, scope=LIVE, restores=TWO, reason="Mended.").registry()
    assert (again.active(LIVE), again.intact) == (TWO, True)


def test_a_signal_of_an_incident_changes_nothing() -> None:
    line = two_releases()
    before = line.registry()
    signal = {"source": "monitor", "observed_at": clock(4), "reason": "Eights fall."}
    after = line.add("rollback_requested", TWO, 5, scope=LIVE, **signal).registry()
    assert after.intact
    assert (after.bundles, after.tenures) == (before.bundles, before.tenures)
    assert history(after, TWO)[-1] == ("rollback_requested", "ACTIVE", "ACTIVE")


def test_a_rollback_from_a_yanked_bundle_leaves_it_yanked() -> None:
    line = two_releases().add("yanked", TWO, 5, reason="Leak.", upgrade_path=ONE)
    assert line.registry().tenures[scope_key(LIVE)][-1].yanked == TWO
    registry = line.add("rolled_back", TWO, 6, scope=LIVE, restores=ONE, reason="It was active.").registry()
    assert (registry.status(TWO), registry.active(LIVE)) == ("YANKED", ONE)
    assert registry.active_at(LIVE, "2026-03-01T09:05:30Z") is None
    standing = registry.standing(TWO)
    assert standing is not None
    assert (standing.status, standing.yank_reason, standing.upgrade_path) == ("YANKED", "Leak.", ONE)


def test_a_bundle_is_active_in_several_scopes_and_leaves_them_one_by_one() -> None:
    def line() -> Line:
        return two_releases().add("activated", TWO, 5, scope=STAGING)

    assert line().registry().bundles[TWO].scopes == (scope_key(LIVE), scope_key(STAGING))
    partly = line().add("retired", TWO, 6, scope=LIVE).registry()
    assert (partly.status(TWO), partly.active(LIVE), partly.active(STAGING)) == ("ACTIVE", None, TWO)
    wholly = line().add("retired", TWO, 6).registry()
    assert (wholly.status(TWO), wholly.active(LIVE), wholly.active(STAGING)) == ("RETIRED", None, None)


def test_a_retired_bundle_may_be_activated_in_a_scope_that_is_new_to_it() -> None:
    registry = two_releases().add("activated", ONE, 5, scope=STAGING).registry()
    assert (registry.active(LIVE), registry.active(STAGING)) == (TWO, ONE)


def test_a_corrected_bundle_supersedes_the_first_until_it_is_yanked() -> None:
    line = two_releases().add("registered", ONE, 5, bundle=2)
    standing = line.registry().standing(ONE)
    assert standing is not None
    assert standing.superseded_by == f"{ONE}.b2"
    yanked = line.add("yanked", ONE, 6, bundle=2, reason="Worse.").registry()
    assert yanked.superseded_by(ONE) is None
    assert (yanked.superseded_by(ONE, clock(5)), yanked.superseded_by(ONE, clock(4))) == (f"{ONE}.b2", None)


def test_a_standing_is_hashable_and_moves_only_with_its_own_bundle() -> None:
    before = two_releases().registry().standing(ONE)
    after = two_releases().approved(THREE, 7).add("activated", THREE, 8, scope=STAGING).registry().standing(ONE)
    touched = two_releases().add("yanked", ONE, 9, reason="Leak.").registry().standing(ONE)
    assert before is not None
    assert hash(before) == hash(after)
    assert before == after != touched
    assert asdict(before)["status"] == "RETIRED"


def test_a_pack_that_its_gates_refuse_is_recorded_as_rejected() -> None:
    gate = {"receipt": "a" * 64, "verdict": "FAIL", "policy": "b" * 64, "evaluated_at": BEGIN}
    line = Line().add("refused", ONE, 1, gate=gate, reason="Below its target.")
    assert (line.registry().intact, line.registry().status(ONE)) == (True, "REJECTED")
    assert line.add("candidate", ONE, 2).registry().findings[0].hint == "REJECTED is final"


def test_what_is_filled_in_is_marked_and_counts_from_when_it_was_placed() -> None:
    backfill = {"occurred_at": "2025-05-01T00:00:00Z", "source": "the old wiki"}
    registry = Line().add("registered", ONE, 1, backfill=backfill).registry()
    assert registry.history(ONE)[0].occurred_at == "2025-05-01T00:00:00Z"
    assert registry.registered_at(pack_id(ONE)) == clock(1)


Event = tuple[str, str, dict[str, Any]]


def event(kind: str, release_id: str = ONE, **more: Any) -> Event:
    return kind, release_id, more


def approved(release_id: str = ONE) -> tuple[Event, ...]:
    return tuple(event(kind, release_id) for kind in ("registered", "candidate", "approved"))


FAIL = {"receipt": "a" * 64, "verdict": "FAIL", "policy": "b" * 64, "evaluated_at": BEGIN}
START = (*approved(), event("activated", scope=LIVE))
LEFT = (*START, *approved(TWO), event("activated", TWO, scope=LIVE, supersedes=ONE))
SEEN = {"status": "CANDIDATE"}
ILLEGAL: list[tuple[str, tuple[Event, ...], str]] = [
    ("REG005", (event("registered", minute=5), event("candidate", minute=4)), "time goes backwards"),
    ("REG005", (event("registered", signed_at=clock(1)),), "signed after it was placed"),
    (
        "REG005",
        (event("registered", backfill={"occurred_at": clock(9), "source": "x"}),),
        "filled in happened after it was signed",
    ),
    ("REG006", (event("candidate"),), "the bundle is not registered"),
    ("REG006", (event("registered", bundle=2),), "the bundle before it is not registered"),
    ("REG007", (event("registered"), event("registered", pack_id=pack_id(TWO))), "the bundle has another pack"),
    ("REG007", (event("registered"), event("candidate", pack_id=pack_id(TWO))), "the event names another pack"),
    ("REG007", (event("registered"), event("registered", TWO, pack_id=pack_id(ONE))), "under another name"),
    ("REG008", (event("registered"), event("registered", reason="x")), "that is REGISTERED can't be registered"),
    ("REG008", (event("registered"), event("approved")), "that is REGISTERED can't be approved"),
    ("REG008", (*approved(), event("retired")), "that is APPROVED can't be retired"),
    ("REG008", (*START, event("rejected", reason="Late.")), "that is ACTIVE can't be rejected"),
    ("REG008", (*START, event("activated", scope=LIVE, supersedes=ONE)), "already active in environment=production"),
    ("REG008", (*START, event("retired"), event("activated", scope=LIVE)), "was active in environment=production"),
    ("REG008", (*START, event("retired", scope=STAGING)), "not active in environment=staging"),
    (
        "REG008",
        (*START, event("yanked", reason="Leak."), event("yanked", reason="Leak again.")),
        "that is YANKED can't be yanked",
    ),
    ("REG009", (*START, *approved(TWO), event("activated", TWO, scope=LIVE)), f"{ONE} is active in"),
    ("REG009", (*START, *approved(TWO), event("activated", TWO, scope=LIVE, supersedes=THREE)), f"{ONE} is active"),
    ("REG009", (*approved(TWO), event("activated", TWO, scope=LIVE, supersedes=ONE)), "nothing is active in"),
    ("REG010", (*START, event("rolled_back", scope=LIVE, restores=TWO, reason="Bad.")), f"can't return to {TWO}"),
    ("REG010", (*START, event("rolled_back", scope=LIVE, restores=ONE, reason="Bad.")), f"can't return to {ONE}"),
    (
        "REG010",
        (*START, event("rolled_back", scope=STAGING, restores=TWO, reason="Bad.")),
        "not the last one that was active in environment=staging",
    ),
    (
        "REG010",
        (*LEFT, event("yanked", reason="Leak."), event("rolled_back", TWO, scope=LIVE, restores=ONE, reason="Bad.")),
        f"can't return to {ONE}",
    ),
    ("REG011", (event("registered", fixture=True),), "a rehearsal"),
    ("REG012", (*START, event("yanked", reason="Leak.", upgrade_path=TWO)), f"upgrade path {TWO}"),
    ("REG012", (*START, event("yanked", reason="Leak.", upgrade_path=ONE)), f"upgrade path {ONE}"),
    ("REG014", (event("registered", keys=("outsider",)),), "too few keys of the role 'engineer'"),
    ("REG014", (event("registered", keys=("late",)),), "too few keys"),
    ("REG014", (event("registered", minute=1, keys=("gone",)),), "too few keys"),
    ("REG014", (event("registered", by="owner", keys=("owner",)),), "the role 'owner' may not"),
    ("REG014", (event("registered", by="nobody"),), "the role 'nobody' may not"),
    ("REG014", (*START, event("yanked", reason="Leak.", keys=("owner",))), "too few keys"),
    ("REG014", (*START, event("yanked", reason="Leak.", keys=("owner", "owner"))), "too few keys"),
    ("REG014", (*START, event("yanked", reason="Leak.", keys=("owner", "outsider"))), "too few keys"),
    ("REG015", (event("registered"), event("candidate", expects={"status": "CANDIDATE"})), "in another state"),
    ("REG015", (event("registered", expects={"status": "REGISTERED"}),), "in another state"),
    (
        "REG015",
        (*LEFT, event("retired", TWO, scope=LIVE, expects={"status": "ACTIVE", "active": ONE})),
        "another bundle active in its scope",
    ),
    ("REG017", (event("registered", gate=FAIL),), "the gates' verdict"),
    ("REG017", (event("refused", reason="Bad."),), "the gates' verdict"),
    ("REG018", (*approved(), event("activated", scope=LIVE, platform="c" * 64)), "another platform record"),
    (
        "REG018",
        (
            event("registered", compatibility={"features": ("two",)}),
            *approved()[1:],
            event("activated", scope=LIVE),
        ),
        "lacks what the release needs",
    ),
    ("REG019", (event("registered", readiness="not ready"), *approved()[1:]), "not ready can't be approved"),
    ("REG020", (event("registered", log="another.example/log"),), "for another log"),
    ("REG023", (*approved(), event("activated", scope={"environment": "production"})), "other keys"),
    ("REG023", (*approved(), event("activated", scope={**LIVE, "tenant": "x"})), "other keys"),
    ("REG023", (*approved(), event("activated", scope={**LIVE, "family": "clinical"})), "another family's"),
]


def line_of(events: tuple[Event, ...]) -> Line:
    line = Line()
    for kind, release_id, more in events:
        said = dict(more)
        line.add(kind, release_id, said.pop("minute", 0), **said)
    return line


@pytest.mark.parametrize(("rule", "events", "message"), ILLEGAL)
def test_an_event_that_may_not_be_has_no_effect(rule: str, events: tuple[Event, ...], message: str) -> None:
    before, registry = line_of(events[:-1]).registry(), line_of(events).registry()
    assert before.intact
    assert [finding.rule for finding in registry.findings] == [rule]
    finding = registry.findings[0]
    assert message in finding.message
    assert finding.pointer == f"/{len(events)}"
    assert finding.expected
    assert finding.found
    assert finding.hint
    assert (registry.bundles, registry.tenures, registry.steps) == (before.bundles, before.tenures, before.steps)
    assert registry.size == len(events) + 1


def test_a_replayed_request_has_no_effect() -> None:
    line = two_releases().add("rolled_back", TWO, 5, scope=LIVE, restores=ONE, reason="Bad.")
    line.add("rolled_back", ONE, 6, scope=LIVE, restores=TWO, reason="Good again.")
    replayed = line.log[9].signed
    before = line.registry()
    line.put(replayed, clock(7))
    assert [finding.rule for finding in line.registry().findings] == ["REG020"]
    assert line.registry().tenures == before.tenures


def test_nothing_is_believed_after_a_broken_numbering() -> None:
    line = two_releases()
    line.put(line.request("yanked", TWO, 5, reason="Leak."), clock(5), seq=12)
    line.add("retired", TWO, 6)
    registry = line.registry()
    assert [finding.rule for finding in registry.findings] == ["REG004"]
    assert registry.status(TWO) == "ACTIVE"


def test_where_the_policy_only_warns_a_misfit_is_a_warning() -> None:
    scope = {"environment": "lax", "family": "digits"}
    registry = Line().approved(ONE, 1).add("activated", ONE, 2, scope=scope).registry()
    assert (registry.intact, registry.active(scope)) == (True, ONE)
    finding = registry.findings[0]
    assert (finding.rule, finding.severity) == ("REG018", "warning")
    assert finding.expected == "the feature one; runtime.python >=3.11; runtime.packages numpy>=2"


def test_a_role_counts_as_the_policy_then_had_it() -> None:
    later = policy_text(registered="owner")
    line = Line(Kept(later)).add("registered", ONE, 1)
    line.put(adoption(later, POLICY, clock(2)), clock(2))
    line.add("registered", TWO, 3)
    assert [finding.rule for finding in line.registry().findings] == ["REG014"]
    assert line.registry().status(ONE) == "REGISTERED"
    line.add("registered", TWO, 4, by="owner", keys=("owner",))
    assert line.registry().status(TWO) == "REGISTERED"
    assert [each.at for each in line.registry().policies] == [BEGIN, clock(2)]


OTHER = policy_text(approved="engineer")
BAD_POLICIES = [
    (OTHER, POLICY, "operator", "REG014", "may not make the move"),
    (OTHER, OTHER, "owner", "REG015", "another policy in force"),
    (OTHER, None, "owner", "REG015", "another policy in force"),
    (b'schema_version: "1.2.0"\n', POLICY, "owner", "REG016", "no registry"),
    (POLICY.replace(b"proofpress.example/tests", b"proofpress.example/other"), POLICY, "owner", "REG016", "name never"),
    (policy_text(scopes="[environment]"), POLICY, "owner", "REG016", "the keys of scopes change"),
    (policy_text(policy_adopted="nobody"), POLICY, "owner", "REG016", "nobody could ever adopt"),
    (
        POLICY.replace(key_of("outsider").public.encode(), key_of("log").public.encode()),
        POLICY,
        "owner",
        "REG016",
        "the log's key is a role's key too",
    ),
]


@pytest.mark.parametrize(("policy", "replaces", "by", "rule", "message"), BAD_POLICIES)
def test_a_policy_that_may_not_be_in_force(
    policy: bytes, replaces: bytes | None, by: str, rule: str, message: str
) -> None:
    line = Line(Kept(policy)).approved(ONE, 1).add("activated", ONE, 2, scope=LIVE)
    line.put(adoption(policy, replaces, clock(3), by), clock(3))
    findings = line.registry().findings
    assert [finding.rule for finding in findings] == [rule]
    assert message in findings[0].message
    assert len(line.registry().policies) == 1


def test_a_log_begins_with_a_policy_that_is_kept() -> None:
    line = Line(policy=OTHER)
    assert [finding.rule for finding in line.registry().findings] == ["REG016"]
    line.add("registered", ONE, 1)
    assert [finding.rule for finding in line.registry().findings] == ["REG016", "REG016"]
    assert line.registry().bundles == {}


def test_an_illegal_move_tells_the_legal_ones() -> None:
    finding = Line().add("registered").add("approved").registry().findings[0]
    assert finding.hint == "legal from REGISTERED: candidate, rejected, yanked"


def test_the_fold_of_a_prefix_is_a_prefix() -> None:
    line = line_of(ILLEGAL[22][1])
    whole = fold(line.log, records=RECORDS)
    for length in range(len(line.log) + 1):
        part = fold(line.log[:length], records=RECORDS)
        assert part.size == length
        assert part.steps == whole.steps[: len(part.steps)]
        assert part.findings == whole.findings[: len(part.findings)]
        for scope, tenures in part.tenures.items():
            assert whole.tenures[scope][: len(tenures)] == tenures


def test_every_rule_is_described_once() -> None:
    ids = [rule for rule, _title, _severity, _text in REGISTRY_RULES]
    assert ids == [f"REG{number:03d}" for number in range(1, 24)]
    assert all("Mend it" in text for _id, _title, _severity, text in REGISTRY_RULES)
    assert {rule for rule, _events, _message in ILLEGAL} <= set(ids)
