"""The one answer: from the log, and from a signed statement that the host can't change."""

import base64
import functools
import json
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from proofpress.errors import ExitCode, IngestError
from proofpress.evidence.registration import Platform
from proofpress.evidence.release import Compatibility
from proofpress.registry import Registry, RegistryError, resolve
from proofpress.registry.client import ask, revoked_models
from proofpress.registry.compatibility import misfits
from proofpress.registry.messages import LogHead
from proofpress.registry.statements import (
    LastSeen,
    ScopeStatement,
    check_age,
    read_statement,
    read_trust,
    statements,
)
from registering import key_of
from registry.logs import LIVE, ONE, STAGING, THREE, TWO, Line, clock, pack_id, two_releases

PUBLISHER = key_of("publisher")
TRUST = f"# whom this runtime believes\npublisher {PUBLISHER.public}\n"
ISSUED, NOW = "2026-03-05T00:00:00Z", "2026-03-05T01:00:00Z"


def yanked() -> Line:
    return two_releases().add("yanked", TWO, 5, reason="Leak.", upgrade_path=ONE)


def refusal(registry: Registry, **more: Any) -> RegistryError:
    with pytest.raises(RegistryError) as raised:
        resolve(registry, **{"scope": LIVE, "at": clock(30), **more})
    return raised.value


def test_the_active_bundle_of_any_moment() -> None:
    registry = two_releases().registry()
    answer = resolve(registry, LIVE, at=clock(3))
    assert (answer.active.bundle_id, answer.active.pack_id, answer.since, answer.event_id) == (
        ONE,
        pack_id(ONE),
        clock(2),
        5,
    )
    assert resolve(registry, LIVE, at=clock(4)).active.bundle_id == TWO
    assert resolve(registry, dict(reversed(LIVE.items())), at="2099-01-01T00:00:00Z").active.bundle_id == TWO


def test_later_events_never_change_an_answer() -> None:
    line = two_releases()
    before = resolve(line.registry(), LIVE, at=clock(4))
    later = line.add("yanked", TWO, 5, reason="Leak.").registry()
    after = resolve(later, LIVE, at=clock(4))
    assert after.model_copy(update={"log": before.log}) == before


def test_a_yanked_bundle_is_refused_with_the_way_on() -> None:
    registry = yanked().registry()
    refused = refusal(registry)
    assert (refused.category, refused.exit_code) == ("yanked", ExitCode.FINDINGS)
    assert refused.details == {"bundle_id": TWO, "upgrade_path": ONE, "successor": None, "yanked_at": clock(5)}
    assert refused.response()["retryable"] is False
    allowed = resolve(registry, LIVE, at=clock(30), allow_yanked=True)
    assert (allowed.active.bundle_id, allowed.since, allowed.warnings) == (TWO, clock(4), ("model_yanked",))
    assert (allowed.upgrade_path, allowed.yanked_because) == (ONE, "Leak.")
    assert resolve(registry, LIVE, at=clock(4)).warnings == ()


def test_the_successor_is_the_corrected_bundle() -> None:
    line = yanked().add("registered", TWO, 6, bundle=2)
    assert refusal(line.registry()).details["successor"] == f"{TWO}.b2"
    assert refusal(line.registry(), at=clock(5)).details["successor"] is None


@pytest.mark.parametrize(
    ("more", "category"),
    [
        ({"scope": STAGING}, "none_active"),
        ({"at": clock(1)}, "none_active"),
        ({"at": "2020-01-01T00:00:00Z"}, "none_active"),
        ({"scope": {"environment": "production"}}, "invalid_payload"),
        ({"scope": {**LIVE, "tenant": "x"}}, "invalid_payload"),
    ],
)
def test_what_has_no_answer(more: dict[str, Any], category: str) -> None:
    assert refusal(two_releases().registry(), **more).category == category


def test_a_refused_log_answers_nothing() -> None:
    line = two_releases().add("candidate", ONE, 9)
    assert refusal(line.registry()).category == "untrusted"
    retired = two_releases().add("retired", TWO, 9).registry()
    assert refusal(retired).category == "none_active"


@pytest.mark.parametrize(
    ("needs", "lacks"),
    [
        ({}, ()),
        ({"features": ("a",), "schemas": ("s1",)}, ()),
        ({"features": ("b",)}, ("the feature b",)),
        ({"schemas": ("s2",)}, ("the schema s2",)),
        ({"runtime": {"python": ">=3.11"}}, ()),
        ({"runtime": {"python": ">=3.13"}}, ("runtime.python >=3.13 (there is 3.12.1)",)),
        ({"runtime": {"python": ">=nonsense"}}, ("runtime.python >=nonsense (there is 3.12.1)",)),
        ({"runtime": {"cuda": "12"}}, ("runtime.cuda 12",)),
        ({"runtime": {"packages": ("numpy>=2",)}}, ()),
        ({"runtime": {"packages": ("numpy>=3", "x")}}, ("runtime.packages numpy>=3", "runtime.packages x")),
        ({"runtime": {"gpu": {"memory": 8}}}, ("runtime.gpu.memory 8 (there is 4)",)),
    ],
)
def test_what_a_platform_lacks(needs: dict[str, Any], lacks: tuple[str, ...]) -> None:
    offers = Platform(
        schema_version="1.0.0",
        name="test",
        features=("a",),
        schemas=("s1",),
        runtime={"python": "3.12.1", "packages": ("numpy==2.1",), "gpu": {"memory": 4}},
    )
    assert misfits(Compatibility(**needs), offers) == lacks


# ── statements ───────────────────────────────────────────────────────────────────────────────────────


def published(folder: Path, line: Line, *, at: str = ISSUED, days: int = 7, key: Any = PUBLISHER) -> Path:
    for path, data in statements(line.registry(), [key], at=at, days=days):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


def asked(folder: Path | str, **more: Any) -> Any:
    return ask(str(folder), **{"scope": LIVE, "at": NOW, "clock": NOW, "trust": TRUST, **more})


def denied(folder: Path, **more: Any) -> str:
    with pytest.raises(RegistryError) as raised:
        asked(folder, **more)
    return raised.value.category


def test_a_statement_answers_as_the_log_does(tmp_path: Path) -> None:
    for number, line in enumerate((two_releases(), yanked())):
        folder, registry = published(tmp_path / str(number), line), line.registry()
        for at in (clock(2), clock(3), clock(4)):
            assert asked(folder, at=at) == resolve(registry, LIVE, at=at)
    allowed = asked(folder, allow_yanked=True)
    assert allowed == resolve(registry, LIVE, at=NOW, allow_yanked=True)
    assert denied(folder) == "yanked"
    assert denied(folder, at=clock(0)) == "none_active"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """The statements behind a web server on this machine."""
    folder = published(tmp_path / "site", two_releases())
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_over_http(site: str) -> None:
    assert asked(site).active.bundle_id == TWO
    with pytest.raises(IngestError, match="can't be fetched"):
        asked(site + "/nowhere")
    with pytest.raises(IngestError, match="can't be fetched"):
        asked("http://127.0.0.1:1")


def test_no_trust_in_the_host(tmp_path: Path) -> None:
    folder = published(tmp_path, two_releases())
    path = folder / "scopes/environment=production,family=digits.json"
    honest = json.loads(path.read_bytes())
    payload = json.loads(base64.b64decode(honest["payload"]))
    payload["history"] = payload["history"][:1]
    edited = {**honest, "payload": base64.b64encode(json.dumps(payload).encode()).decode()}
    for data, category in (
        (edited, "auth"),
        ({**honest, "payloadType": "x"}, "invalid_payload"),
        ({}, "invalid_payload"),
    ):
        path.write_text(json.dumps(data))
        assert denied(folder) == category
    published(folder, two_releases(), key=key_of("thief"))
    assert denied(folder) == "auth"
    assert denied(published(folder, two_releases()), threshold=2) == "auth"
    other = folder / "scopes/environment=staging,family=digits.json"
    other.write_bytes(path.read_bytes())
    assert denied(folder, scope=STAGING) == "untrusted"


def test_age(tmp_path: Path) -> None:
    folder = published(tmp_path, two_releases())
    assert asked(folder, max_age=3600).active.bundle_id == TWO
    assert denied(folder, max_age=3599) == "stale"
    assert denied(folder, clock="2026-03-12T00:00:00Z") == "stale"
    assert denied(folder, clock="2026-03-04T00:00:00Z") == "untrusted"


def test_an_old_state_is_refused_once_a_newer_was_seen(tmp_path: Path) -> None:
    state = tmp_path / "seen.json"
    old, new = published(tmp_path / "old", two_releases()), published(tmp_path / "new", yanked())
    assert asked(old, state=state).active.bundle_id == TWO
    assert denied(new, state=state) == "yanked"
    assert json.loads(state.read_text())["log"]["size"] == 10
    assert denied(old, state=state) == "untrusted"
    assert denied(published(tmp_path / "c", yanked(), at="2026-03-04T23:00:00Z"), state=state) == "untrusted"
    forked = two_releases().add("activated", TWO, 5, scope=STAGING)
    fork = published(tmp_path / "fork", forked, at=NOW)
    data = json.loads((fork / "scopes/environment=production,family=digits.json").read_bytes())
    assert json.loads(base64.b64decode(data["payload"]))["log"]["size"] == 10
    state.write_text("{}")
    with pytest.raises(IngestError, match="seen last"):
        asked(new, state=state)


def test_two_logs_of_one_size_are_a_fork(tmp_path: Path) -> None:
    folder = published(tmp_path, two_releases())
    data = (folder / "scopes/environment=production,family=digits.json").read_bytes()
    statement = read_statement(data, ScopeStatement, read_trust(TRUST))
    heads = [
        LogHead(origin=statement.log.origin, size=9, root="f" * 64),
        statement.log.model_copy(update={"origin": "x"}),
    ]
    for head in heads:
        seen = LastSeen(schema="proofpress.registry-seen/1", log=head, issued_at=ISSUED)
        with pytest.raises(RegistryError) as raised:
            check_age(statement, at=NOW, most=None, seen=seen)
        assert raised.value.category == "untrusted"


@pytest.mark.parametrize("text", ["", "# nobody\n", "publisher\n", "publisher ed25519:AAAA\n", "a b c\n"])
def test_keys_that_are_none(text: str, tmp_path: Path) -> None:
    assert denied(published(tmp_path, two_releases()), trust=text) == "invalid_payload"


def test_revocations_name_models_that_no_usable_bundle_has(tmp_path: Path) -> None:
    line = yanked()
    folder = published(tmp_path / "a", line)
    source = str(folder / "revocations.json")
    assert set(revoked_models(tmp_path, source, trust=TRUST, clock=NOW)) == {pack_id(TWO)}
    corrected = published(tmp_path / "b", line.add("registered", TWO, 6, bundle=2))
    assert revoked_models(tmp_path, str(corrected / "revocations.json"), trust=TRUST, clock=NOW) == {}
    with pytest.raises(RegistryError):
        revoked_models(tmp_path, source, trust=TRUST, clock="2026-04-01T00:00:00Z")
    assert THREE not in line.registry().bundles
