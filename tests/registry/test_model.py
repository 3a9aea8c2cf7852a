"""The lifecycle against a model that is a page long: after any moves they say the same."""

from collections import defaultdict
from contextlib import suppress
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from proofpress.registry import fold, resolve
from proofpress.registry.messages import RegistryError
from proofpress.registry.state import scope_key
from registry.logs import LIVE, ONE, RECORDS, STAGING, TWO, Line, clock

NAMES = st.sampled_from([ONE, TWO, "digits-v0.3.0-cnn-r1"])
SCOPES = st.sampled_from([LIVE, STAGING])
PATH = {"candidate": ("REGISTERED", "CANDIDATE"), "approved": ("CANDIDATE", "APPROVED")}


class Model:
    """What a bundle is, and the bundles of each scope one after the other; None: nothing is active."""

    def __init__(self) -> None:
        self.status: dict[str, str] = {}
        self.held: dict[str, list[str | None]] = defaultdict(list)

    def active(self, where: str) -> str | None:
        return self.held[where][-1] if self.held[where] else None

    def scopes(self, name: str) -> list[str]:
        return [where for where in self.held if self.active(where) == name]

    def usable(self, name: str) -> bool:
        return self.status.get(name) not in {None, "YANKED", "REJECTED"}

    def settle(self, name: str) -> None:
        if self.status[name] != "YANKED":
            self.status[name] = "ACTIVE" if self.scopes(name) else "RETIRED"

    def move(self, kind: str, name: str, where: str, other: str | None) -> bool:  # noqa: C901 - the model in one piece
        """Make a move, and say whether it may be."""
        status, active = self.status.get(name), self.active(where)
        if kind == "registered":
            if status is None:
                self.status[name] = "REGISTERED"
            return status is None
        if kind in PATH:
            if status == PATH[kind][0]:
                self.status[name] = PATH[kind][1]
                return True
            return False
        if kind == "rejected":
            if status in {"REGISTERED", "CANDIDATE", "APPROVED"}:
                self.status[name] = "REJECTED"
                return True
            return False
        if kind == "yanked":
            if not self.usable(name) or (other is not None and (other == name or not self.usable(other))):
                return False
            for each in self.scopes(name):
                self.held[each].append(None)
            self.status[name] = "YANKED"
            return True
        if kind == "retired":
            if status != "ACTIVE" or active != name:
                return False
            self.held[where].append(None)
            self.settle(name)
            return True
        tenants = [each for each in self.held[where] if each]
        if kind == "activated":
            may = status in {"APPROVED", "ACTIVE", "RETIRED"} and name not in tenants and other == active
            if may:
                self.held[where].append(name)
                self.settle(name)
                if active:
                    self.settle(active)
            return may
        if not tenants or tenants[-1] != name or other in {None, name} or other not in tenants:
            return False
        if not self.usable(str(other)) or status not in {"ACTIVE", "RETIRED", "YANKED"}:
            return False
        self.held[where].append(other)
        self.settle(name)
        self.settle(str(other))
        return True


class Lives(RuleBasedStateMachine):
    """Random moves, signed and appended, beside the model."""

    def __init__(self) -> None:
        super().__init__()
        self.line, self.model, self.minute = Line(), Model(), 0
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    @rule(
        kind=st.sampled_from(["registered", "candidate", "approved", "rejected", "retired", "yanked", "rolled_back"]),
        name=NAMES,
        scope=SCOPES,
        other=st.none() | NAMES,
    )
    def move(self, kind: str, name: str, scope: dict[str, str], other: str | None) -> None:
        """Any move, sensible or not."""
        self.step(kind, name, scope, other)

    @rule(name=NAMES, scope=SCOPES, right=st.booleans(), other=st.none() | NAMES)
    def activate(self, name: str, scope: dict[str, str], right: bool, other: str | None) -> None:
        """An activation, most often over what is active."""
        self.step("activated", name, scope, self.model.active(scope["environment"]) if right else other)

    @rule(name=NAMES)
    def approve(self, name: str) -> None:
        """All the way to APPROVED."""
        for kind in ("registered", "candidate", "approved"):
            self.step(kind, name, LIVE, None)

    def step(self, kind: str, name: str, scope: dict[str, str], other: str | None) -> None:
        self.minute += 1
        more: dict[str, Any] = {}
        if kind in {"activated", "retired", "rolled_back"}:
            more["scope"] = scope
        if kind in {"rejected", "yanked", "rolled_back"}:
            more["reason"] = f"Because {self.minute}."
        wanted = {"activated": "supersedes", "yanked": "upgrade_path", "rolled_back": "restores"}.get(kind)
        if wanted == "restores":
            other = other or name
        if wanted:
            more[wanted] = other
        before = len(self.line.fold.findings)
        self.line.add(kind, name, self.minute, **more)
        accepted = len(self.line.fold.findings) == before
        assert accepted == self.model.move(kind, name, scope["environment"], other)
        held = {where: self.model.active(where) for where in ("production", "staging")}
        self.seen.append((clock(self.minute), held))

    @invariant()
    def agree(self) -> None:
        """Statuses, what is active, and everything that was ever active."""
        state = self.line.fold.lifecycle
        assert {name: bundle.status for name, bundle in state.bundles.items()} == self.model.status
        for scope in (LIVE, STAGING):
            held = [tenure.bundle_id for tenure in state.tenures.get(scope_key(scope), ())]
            assert held == self.model.held[scope["environment"]]

    def teardown(self) -> None:
        """Every past moment is answered as it was then, by a log that was read anew."""
        accepted = [each for each in self.line.log if str(each.seq - 1) not in self.refused()]
        assert len(accepted) + len(self.line.fold.findings) == len(self.line.log)
        again = fold(self.line.log, records=RECORDS)
        assert again == self.line.registry()
        for at, held in self.seen:
            for scope in (LIVE, STAGING):
                assert again.active_at(scope, at) == held[scope["environment"]]
        if again.intact:
            for at, held in self.seen:
                answer: str | None = None
                with suppress(RegistryError):
                    answer = resolve(again, LIVE, at=at).active.bundle_id
                assert answer == held["production"]

    def refused(self) -> set[str]:
        return {finding.pointer.removeprefix("/") for finding in self.line.fold.findings}


def test_the_lifecycle_is_that_of_the_model() -> None:
    run_state_machine_as_test(Lives, settings=settings(max_examples=40, stateful_step_count=25, deadline=None))
