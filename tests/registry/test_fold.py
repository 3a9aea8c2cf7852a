"""What a log amounts to, and which events have no effect."""

import hashlib
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofpress.errors import UsageError
from proofpress.registry import REGISTRY_RULES, Registry, append, fold, parse_log, scope_key
from proofpress.registry.events import GENESIS
from registry.logs import LIVE, ONE, STAGING, THREE, TWO, approved, chained, fields, grown, pack_id, raw_line, read


def folded(data: bytes) -> Registry:
    return fold(read(data))


def history(registry: Registry, bundle_id: str) -> list[tuple[str, str | None, str]]:
    return [(step.kind, step.before, step.after) for step in registry.history(bundle_id)]


def two_releases() -> bytes:
    """ONE was active in LIVE, TWO superseded it."""
    return grown(
        b"",
        *approved(ONE, 1),
        fields("activated", ONE, 2, scope=LIVE),
        *approved(TWO, 3),
        fields("activated", TWO, 4, scope=LIVE, supersedes=ONE),
    )


def test_an_empty_log_knows_nothing() -> None:
    registry = folded(b"")
    assert (registry.size, registry.head, registry.intact) == (0, GENESIS, True)
    assert (registry.status(ONE), registry.standing(ONE), registry.active(LIVE)) == (None, None, None)
    assert (registry.registered_at(pack_id(ONE)), registry.superseded_by(ONE)) == (None, None)


def test_the_lifecycle_of_two_releases() -> None:
    registry = folded(two_releases())
    assert registry.intact
    assert (registry.status(ONE), registry.status(TWO)) == ("RETIRED", "ACTIVE")
    assert registry.active(LIVE) == TWO
    assert registry.active(STAGING) is None
    assert registry.registered_at(pack_id(TWO)) == "2026-03-01T09:03:00Z"
    assert history(registry, ONE) == [
        ("registered", None, "REGISTERED"),
        ("candidate", "REGISTERED", "CANDIDATE"),
        ("approved", "CANDIDATE", "APPROVED"),
        ("activated", "APPROVED", "ACTIVE"),
        ("superseded", "ACTIVE", "RETIRED"),
    ]
    last = registry.history(ONE)[-1]
    assert (last.other, last.scope, last.seq, last.by) == (TWO, scope_key(LIVE), 8, "reviewer")


def test_what_was_active_at_a_time() -> None:
    registry = folded(two_releases())
    times = {"09:01:59": None, "09:02:00": ONE, "09:03:59": ONE, "09:04:00": TWO, "23:00:00": TWO}
    assert {time: registry.active_at(LIVE, f"2026-03-01T{time}Z") for time in times} == times
    assert registry.active_at(STAGING, "2026-03-01T23:00:00Z") is None


def test_the_order_of_a_scopes_keys_does_not_matter() -> None:
    assert folded(two_releases()).active(dict(reversed(LIVE.items()))) == TWO


def test_a_rollback_restores_a_retired_bundle() -> None:
    data = grown(two_releases(), fields("rolled_back", TWO, 5, scope=LIVE, restores=ONE, reason="Eights fell."))
    registry = folded(data)
    assert (registry.status(ONE), registry.status(TWO), registry.active(LIVE)) == ("ACTIVE", "RETIRED", ONE)
    assert history(registry, TWO)[-1] == ("rolled_back", "ACTIVE", "RETIRED")
    assert history(registry, ONE)[-1] == ("restored", "RETIRED", "ACTIVE")
    again = folded(grown(data, fields("rolled_back", ONE, 6, scope=LIVE, restores=TWO, reason="Mended.")))
    assert again.active(LIVE) == TWO


def test_a_rollback_from_a_yanked_bundle_leaves_it_yanked() -> None:
    registry = folded(
        grown(
            two_releases(),
            fields("yanked", TWO, 5, reason="Leak.", upgrade_path=ONE),
            fields("rolled_back", TWO, 6, scope=LIVE, restores=ONE, reason="Leak."),
        )
    )
    assert (registry.status(TWO), registry.active(LIVE)) == ("YANKED", ONE)
    assert registry.active_at(LIVE, "2026-03-01T09:05:30Z") is None
    standing = registry.standing(TWO)
    assert standing is not None
    assert standing.status == "YANKED"
    assert (standing.yank_reason, standing.upgrade_path) == ("Leak.", ONE)


def test_a_bundle_is_active_in_several_scopes_and_leaves_them_one_by_one() -> None:
    data = grown(two_releases(), fields("activated", TWO, 5, scope=STAGING))
    assert folded(data).bundles[TWO].scopes == (scope_key(LIVE), scope_key(STAGING))
    partly = folded(grown(data, fields("retired", TWO, 6, scope=LIVE)))
    assert (partly.status(TWO), partly.active(LIVE), partly.active(STAGING)) == ("ACTIVE", None, TWO)
    wholly = folded(grown(data, fields("retired", TWO, 6)))
    assert (wholly.status(TWO), wholly.active(LIVE), wholly.active(STAGING)) == ("RETIRED", None, None)


def test_a_retired_bundle_may_be_activated_in_a_scope_that_is_new_to_it() -> None:
    registry = folded(grown(two_releases(), fields("activated", ONE, 5, scope=STAGING)))
    assert (registry.active(LIVE), registry.active(STAGING)) == (TWO, ONE)


def test_a_corrected_bundle_supersedes_the_first_until_it_is_yanked() -> None:
    data = grown(two_releases(), fields("registered", ONE, 5, bundle=2))
    registry = folded(data)
    standing = registry.standing(ONE)
    assert standing is not None
    assert standing.superseded_by == f"{ONE}.b2"
    assert registry.superseded_by(f"{ONE}.b2") is None
    yanked = folded(grown(data, fields("yanked", ONE, 6, bundle=2, reason="Worse.")))
    assert yanked.superseded_by(ONE) is None


def test_a_standing_is_hashable_and_moves_only_with_its_own_bundle() -> None:
    data = two_releases()
    before = folded(data).standing(ONE)
    after = folded(grown(data, *approved(THREE, 7), fields("activated", THREE, 8, scope=STAGING))).standing(ONE)
    touched = folded(grown(data, fields("yanked", ONE, 9, reason="Leak."))).standing(ONE)
    assert before is not None
    assert hash(before) == hash(after)
    assert before == after != touched
    assert asdict(before)["status"] == "RETIRED"


START = (*approved(ONE), fields("activated", ONE, scope=LIVE))
ILLEGAL: list[tuple[str, tuple[dict[str, Any], ...], str]] = [
    ("REG005", (fields("registered", ONE, 5), fields("candidate", ONE, 4)), "time goes backwards"),
    ("REG006", (fields("candidate"),), "the bundle is not registered"),
    ("REG006", (fields("registered", bundle=2),), "the bundle before it is not registered"),
    ("REG007", (fields("registered"), fields("registered", pack_id=pack_id(TWO))), "the bundle has another pack"),
    ("REG007", (fields("registered"), fields("candidate", pack_id=pack_id(TWO))), "the event names another pack"),
    ("REG007", (fields("registered"), fields("registered", TWO, pack_id=pack_id(ONE))), "under another name"),
    ("REG008", (fields("registered"), fields("registered")), "that is REGISTERED can't be registered"),
    ("REG008", (fields("registered"), fields("approved")), "that is REGISTERED can't be approved"),
    ("REG008", (*approved(ONE), fields("retired")), "that is APPROVED can't be retired"),
    ("REG008", (*START, fields("rejected", reason="Late.")), "that is ACTIVE can't be rejected"),
    ("REG008", (*START, fields("activated", scope=LIVE, supersedes=ONE)), "already active in environment=production"),
    ("REG008", (*START, fields("retired"), fields("activated", scope=LIVE)), "was active in environment=production"),
    ("REG008", (*START, fields("retired", scope=STAGING)), "not active in environment=staging"),
    (
        "REG008",
        (*START, fields("yanked", reason="Leak."), fields("yanked", reason="Leak.")),
        "that is YANKED can't be yanked",
    ),
    ("REG009", (*START, *approved(TWO), fields("activated", TWO, scope=LIVE)), f"{ONE} is active in"),
    ("REG009", (*START, *approved(TWO), fields("activated", TWO, scope=LIVE, supersedes=THREE)), f"{ONE} is active"),
    ("REG009", (*approved(TWO), fields("activated", TWO, scope=LIVE, supersedes=ONE)), "nothing is active in"),
    ("REG010", (*START, fields("rolled_back", scope=LIVE, restores=TWO, reason="Bad.")), f"can't return to {TWO}"),
    ("REG010", (*START, fields("rolled_back", scope=LIVE, restores=ONE, reason="Bad.")), f"can't return to {ONE}"),
    (
        "REG010",
        (*START, fields("rolled_back", scope=STAGING, restores=TWO, reason="Bad.")),
        "not the last one that was active in environment=staging",
    ),
    (
        "REG010",
        (
            *START,
            *approved(TWO),
            fields("activated", TWO, scope=LIVE, supersedes=ONE),
            fields("yanked", ONE, reason="Leak."),
            fields("rolled_back", TWO, scope=LIVE, restores=ONE, reason="Bad."),
        ),
        f"can't return to {ONE}",
    ),
    ("REG011", (fields("registered", fixture=True), fields("candidate"), fields("approved")), "a rehearsal"),
    ("REG012", (*START, fields("yanked", reason="Leak.", upgrade_path=TWO)), f"upgrade path {TWO}"),
    ("REG012", (*START, fields("yanked", reason="Leak.", upgrade_path=ONE)), f"upgrade path {ONE}"),
]


@pytest.mark.parametrize(("rule", "events", "message"), ILLEGAL)
def test_an_event_that_may_not_be_has_no_effect(rule: str, events: tuple[dict[str, Any], ...], message: str) -> None:
    *legal, _last = events
    before, registry = folded(chained(*legal)), folded(chained(*events))
    assert before.intact
    assert [finding.rule for finding in registry.findings] == [rule]
    finding = registry.findings[0]
    assert message in finding.message
    assert finding.pointer == f"/{len(legal)}"
    assert finding.expected
    assert finding.found
    assert finding.hint
    assert (registry.bundles, registry.tenures, registry.steps) == (before.bundles, before.tenures, before.steps)
    assert registry.size == len(events)


REPEATS = [events for _rule, events, _message in ILLEGAL if events[-1:] == events[-2:-1]]
REFUSED = [(rule, events) for rule, events, _message in ILLEGAL if events not in REPEATS]


@pytest.mark.parametrize(("rule", "events"), REFUSED)
def test_append_never_writes_what_the_fold_refuses(rule: str, events: tuple[dict[str, Any], ...]) -> None:
    with pytest.raises(UsageError, match=rule) as raised:
        append(read(chained(*events[:-1])), events[-1])
    assert raised.value.hint


@pytest.mark.parametrize("events", REPEATS)
def test_append_writes_no_repeat(events: tuple[dict[str, Any], ...]) -> None:
    assert append(read(chained(*events[:-1])), events[-1]) == b""


def test_an_illegal_move_tells_the_legal_ones() -> None:
    finding = folded(chained(fields("registered"), fields("approved"))).findings[0]
    assert finding.hint == "legal from REGISTERED: candidate, rejected, yanked"
    final = folded(chained(fields("registered"), fields("rejected", reason="No."), fields("candidate"))).findings[0]
    assert final.hint == "REJECTED is final"


def test_nothing_is_believed_after_a_broken_chain_or_numbering() -> None:
    first = chained(fields("registered"))
    digest = hashlib.sha256(first).hexdigest()
    for line, rule in (
        (raw_line(2, GENESIS, fields("candidate")), "REG003"),
        (raw_line(3, digest, fields("candidate")), "REG004"),
        (raw_line(1, digest, fields("candidate")), "REG004"),
    ):
        after = raw_line(3, hashlib.sha256(line).hexdigest(), fields("yanked", reason="Leak."))
        registry = folded(first + line + after)
        assert [finding.rule for finding in registry.findings] == [rule]
        assert (registry.size, registry.head, registry.status(ONE)) == (1, digest, "REGISTERED")


@pytest.mark.parametrize("position", range(8))
def test_an_edited_line_breaks_the_chain_of_the_next(position: int) -> None:
    lines = two_releases().splitlines(keepends=True)
    lines[position] = lines[position].replace(b'"reviewer"', b'"somebody"')
    rules = [finding.rule for finding in folded(b"".join(lines)).findings]
    assert rules == (["REG003"] if position < 7 else [])


@pytest.mark.parametrize("position", range(7))
def test_a_removed_or_swapped_line_breaks_the_chain(position: int) -> None:
    lines = two_releases().splitlines(keepends=True)
    swapped = lines.copy()
    swapped[position], swapped[position + 1] = swapped[position + 1], swapped[position]
    for edited in (lines[:position] + lines[position + 1 :], swapped):
        assert [finding.rule for finding in folded(b"".join(edited)).findings] == ["REG003"]


def test_every_rule_is_described_once() -> None:
    ids = [rule for rule, _title, _severity, _text in REGISTRY_RULES]
    assert ids == [f"REG{number:03d}" for number in range(1, 14)]
    assert all("Mend it" in text for _id, _title, _severity, text in REGISTRY_RULES)
    assert {rule for rule, _events, _message in ILLEGAL} <= set(ids)


SCOPES = st.sampled_from([LIVE, STAGING])
NAMES = st.sampled_from([ONE, TWO, f"{ONE}.b2"])


@st.composite
def moves(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(
        st.sampled_from(
            ["registered", "candidate", "approved", "activated", "retired", "rejected", "yanked", "rolled_back"]
        )
    )
    name = draw(NAMES)
    said = fields(kind, name.removesuffix(".b2"), draw(st.integers(0, 3)), bundle=2 if name.endswith(".b2") else 1)
    if kind in {"activated", "rolled_back"} or (kind == "retired" and draw(st.booleans())):
        said["scope"] = draw(SCOPES)
    if kind in {"rejected", "yanked", "rolled_back"}:
        said["reason"] = "Because."
    if kind == "rolled_back":
        said["restores"] = draw(NAMES)
    if kind == "activated" and (other := draw(st.none() | NAMES)):
        said["supersedes"] = other
    if kind == "yanked" and (other := draw(st.none() | NAMES)):
        said["upgrade_path"] = other
    return said


@settings(max_examples=100, deadline=None)
@given(st.lists(moves(), max_size=14))
def test_the_fold_of_a_prefix_is_a_prefix(events: list[dict[str, Any]]) -> None:
    events = [*approved(ONE), fields("activated", ONE, scope=LIVE), *events]
    log = read(chained(*events))
    whole = fold(log)
    for length in range(len(log) + 1):
        part = fold(log[:length])
        assert part.size == length
        assert part.steps == whole.steps[: len(part.steps)]
        assert part.findings == whole.findings[: len(part.findings)]
        for scope, tenures in part.tenures.items():
            assert whole.tenures[scope][: len(tenures)] == tenures


@settings(max_examples=100, deadline=None)
@given(st.lists(moves(), max_size=14))
def test_the_states_agree_with_each_other_after_any_events(events: list[dict[str, Any]]) -> None:
    registry = folded(chained(*approved(ONE), fields("activated", ONE, scope=LIVE), *events))
    for scope, tenures in registry.tenures.items():
        inside = [name for name, state in registry.bundles.items() if scope in state.scopes]
        assert inside == ([tenures[-1].bundle_id] if tenures[-1].bundle_id else [])
        assert [tenure.at for tenure in tenures] == sorted(tenure.at for tenure in tenures)
    for name, state in registry.bundles.items():
        assert (state.status == "ACTIVE") == bool(state.scopes)
        steps = registry.history(name)
        assert [step.after for step in steps[:-1]] == [step.before for step in steps[1:]]
        assert steps[-1].after == state.status
        standing = registry.standing(name)
        assert standing is not None
        assert (standing.yank_reason is not None) == (state.status == "YANKED")


@settings(max_examples=100, deadline=None)
@given(st.lists(moves(), max_size=14))
def test_whatever_append_accepts_folds_without_findings_and_repeats_are_no_ops(events: list[dict[str, Any]]) -> None:
    data = grown(b"", *approved(ONE), fields("activated", ONE, scope=LIVE))
    for said in events:
        try:
            line = append(read(data), said)
        except UsageError:
            continue
        data += line
        assert append(read(data), said) == b""
    assert folded(data).intact
    assert parse_log(data)[1] == ()
