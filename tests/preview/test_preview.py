"""The preview: what is told of builds, what is served, what is watched."""

import http.client
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from proofpress.errors import IngestError
from proofpress.evidence.finding import Finding
from proofpress.preview.server import OWN, PreviewServer, with_reload
from proofpress.preview.state import Board, Built, rebuild
from proofpress.preview.watch import is_input, on_change

PAGE = b"<!doctype html><html><head><title>Here</title></head><body>text</body></html>"
PATIENCE = 30.0
"""Seconds after which a test that waits for another thread fails."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PreviewServer]:
    site = tmp_path / "site"
    (site / "releases").mkdir(parents=True)
    (site / "index.html").write_bytes(PAGE)
    (site / "releases" / "index.html").write_bytes(PAGE)
    (site / "data.json").write_bytes(b"{}")
    (tmp_path / "secret.txt").write_bytes(b"secret")
    (site / "out.txt").symlink_to(tmp_path / "secret.txt")
    served = PreviewServer(site, Board(), 0)
    served.start()
    yield served
    served.stop()


def get(server: PreviewServer, path: str, *, host: str = "", method: str = "GET") -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=PATIENCE)
    connection.request(method, path, headers={"Host": host} if host else {})
    answer = connection.getresponse()
    found = answer.status, dict(answer.getheaders()), answer.read()
    connection.close()
    return found


def test_pages_listen_and_other_files_are_as_they_are(server: PreviewServer) -> None:
    status, headers, body = get(server, "/")
    assert (status, headers["Content-Type"], headers["Cache-Control"]) == (200, "text/html; charset=utf-8", "no-store")
    assert body == with_reload(PAGE)
    assert body.index(b"preview.js") < body.index(b"</head>")
    assert get(server, "/releases/")[2] == body
    assert get(server, "/data.json")[2] == b"{}"
    assert get(server, "/", method="HEAD")[2] == b""
    status, headers, _ = get(server, "/releases")
    assert (status, headers["Location"]) == (301, "/releases/")
    for name, kind in (("preview.js", "javascript"), ("preview.css", "text/css")):
        status, headers, body = get(server, OWN + name)
        assert status == 200
        assert kind in headers["Content-Type"]
        assert b"proofpress" in body


@pytest.mark.parametrize(
    "path", ["/../secret.txt", "/%2e%2e/secret.txt", "/out.txt", "/none", "/a%00b", "//etc/passwd"]
)
def test_nothing_outside_the_site_is_served(server: PreviewServer, path: str) -> None:
    status, _, body = get(server, path)
    assert status == 404
    assert b"secret" not in body
    assert b"preview.js" in body


def test_only_this_machine_is_answered(server: PreviewServer) -> None:
    assert server.server_address[0] == "127.0.0.1"
    assert get(server, "/", host="example.org:80")[0] == 403
    assert get(server, "/", host=f"localhost:{server.server_port}")[0] == 200


def test_a_stream_tells_every_build(server: PreviewServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=PATIENCE)
    connection.request("GET", f"{OWN}events")
    stream = connection.getresponse()

    def said() -> dict[str, object]:
        line = stream.readline()
        assert stream.readline() == b"\n"
        found: dict[str, object] = json.loads(line.removeprefix(b"data: "))
        return found

    assert said()["number"] == 0
    finding = Finding(rule="MET001", message="no", pack="digits/one")
    rebuild(server.board, lambda: Built(changed=True, refused=False, sentence="built"))
    assert said() == {"number": 1, "site": 1, "refused": False, "sentence": "built", "findings": [], "more": 0}
    rebuild(server.board, lambda: Built(changed=False, refused=True, sentence="not built", findings=(finding,) * 60))
    told = said()
    assert (told["number"], told["site"], told["refused"], told["more"]) == (2, 1, True, 10)
    server.board.close()
    assert stream.read() == b""
    connection.close()


def test_what_could_not_be_done_is_told_too() -> None:
    def build() -> Built:
        raise IngestError("packs/policy.yaml can't be read", hint="make it readable")

    told = rebuild(Board(), build)
    assert told.refused
    assert [(item.message, item.hint) for item in told.findings] == [
        ("packs/policy.yaml can't be read", "make it readable")
    ]


def test_errors_come_before_warnings() -> None:
    warning = Finding(rule="AAA001", message="perhaps", severity="warning")
    error = Finding(rule="ZZZ001", message="no")
    told = rebuild(Board(), lambda: Built(changed=False, refused=True, sentence="", findings=(warning, error)))
    assert [item.rule for item in told.findings] == ["ZZZ001", "AAA001"]


def test_each_burst_of_saves_leads_to_a_build(tmp_path: Path) -> None:
    """Files below the folders, and one that an editor replaces; a lock is nobody's save."""
    (tmp_path / "packs").mkdir()
    (tmp_path / "mkdocs.yml").write_text("site_name: a\n")
    calls = threading.Semaphore(0)
    stop = threading.Event()
    watcher = threading.Thread(target=on_change, args=(tmp_path, calls.release, stop), daemon=True)
    watcher.start()
    numbers = iter(range(1_000_000))

    def until_called(save: object) -> None:
        """Save until it is seen: the watch may begin after the first saves."""
        assert callable(save)
        for _ in range(int(PATIENCE / 0.5)):
            save(next(numbers))
            if calls.acquire(timeout=0.5):
                return
        pytest.fail("no build after a save")

    until_called(lambda number: (tmp_path / "packs" / "policy.yaml").write_text(f"# {number}\n"))

    def replaced(number: int) -> None:
        new = tmp_path / "packs" / ".new"
        new.write_text(f"site_name: {number}\n")
        new.rename(tmp_path / "mkdocs.yml")

    until_called(replaced)
    stop.set()
    watcher.join(PATIENCE)
    assert not watcher.is_alive()


def test_scratch_files_are_nobodys_save() -> None:
    assert is_input("packs/digits/release.json")
    for name in ("events.lock", ".hidden", "policy.yaml~", ".policy.yaml.swp", "#policy.yaml#", "x.tmp"):
        assert not is_input(f"packs/{name}")
