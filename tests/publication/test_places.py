"""Real places on this machine: an S3-compatible server, and doubles of two hubs, faults included."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from huggingface_hub import constants
from moto.server import ThreadedMotoServer

from proofpress.publication import upload
from publication.hubs import TOKEN, GitHub, Hub, HuggingFace
from publication.rehearsal import RELEASE, Rehearsal, rehearsal, serving


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rehearsal]:
    monkeypatch.setattr(upload, "_FIRST_WAIT", 0.0)
    with rehearsal(tmp_path) as made:
        yield made


@contextmanager
def double(hub: type[Hub], **state: Any) -> Iterator[tuple[type[Any], str]]:
    """A hub's double with a state of its own, running; yields it and its address."""
    made = type(hub.__name__, (hub,), {"faults": Counter(), "seen": [], **state})
    with serving(made) as address:
        made.address = address  # type: ignore[attr-defined]
        yield made, address


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An S3-compatible server with an empty bucket `team` that everybody may read; yields its address."""
    settings = {"AWS_ACCESS_KEY_ID": "here", "AWS_SECRET_ACCESS_KEY": "here", "AWS_DEFAULT_REGION": "us-east-1"}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    client = boto3.client("s3", endpoint_url=address, config=Config(s3={"addressing_style": "path"}))
    client.create_bucket(Bucket="team", ACL="public-read")
    yield address
    server.stop()


def test_an_s3_compatible_store_from_plan_to_replay(stage: Rehearsal, bucket: str) -> None:
    store = stage.folder(name="bucket", target="store", to="s3://team/evidence/{bundle_id}")
    stage.configure({**store, "public": f"{bucket}/team/evidence/{RELEASE}"})
    stage.options = ["--store-option", f"endpoint_url={bucket}"]
    stage.up_to("evidence")
    assert stage.report("candidate")["public_sets"] == [
        {"destination": "bucket", "listed": True, "missing": [], "unexpected": []}
    ]
    assert stage.run("run") == 0
    assert {item["state"] for item in stage.report("publish")["files"]} == {"present"}


def test_a_store_that_is_not_there_is_said_so(
    stage: Rehearsal, bucket: str, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.configure(stage.folder(name="bucket", target="store", to="s3://nowhere/{bundle_id}"))
    stage.options = ["--store-option", f"endpoint_url={bucket}"]
    assert stage.run("plan") == 0
    assert stage.run("run") == 5
    assert "SHA256SUMS" in capsys.readouterr().err or not stage.file("publish").exists()


@pytest.fixture
def hugging(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[type[Any], str]]:
    with double(HuggingFace, branches={}) as (made, address):
        monkeypatch.setattr(constants, "ENDPOINT", address)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setattr(
            constants, "HUGGINGFACE_CO_URL_TEMPLATE", address + "/{repo_id}/resolve/{revision}/{filename}"
        )
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        monkeypatch.setenv("HF_HUB_DISABLE_TELEMETRY", "1")
        yield made, address


def _hugging(address: str) -> tuple[dict[str, Any], dict[str, Any]]:
    shared = {"target": "huggingface", "public": address}
    return (
        {"name": "model", "parts": ["pack"], "to": "team/digits", **shared},
        {"name": "data", "parts": ["dataset"], "to": "team/digits-data", "kind": "dataset", **shared},
    )


def test_hugging_face_from_plan_to_replay(stage: Rehearsal, hugging: tuple[type[Any], str]) -> None:
    hub, address = hugging
    stage.configure(*_hugging(address))
    stage.up_to("evidence")
    assert set(hub.branches) == {f"models/team/digits@{RELEASE}", f"datasets/team/digits-data@{RELEASE}"}
    assert "manifest.json" in hub.branches[f"models/team/digits@{RELEASE}"]
    assert "data_card.md" in hub.branches[f"datasets/team/digits-data@{RELEASE}"]
    for name in ("plan", "publish", "candidate", "replay"):
        assert TOKEN not in stage.file(name).read_text("utf-8")


def test_wrong_credentials_are_said_once(
    stage: Rehearsal,
    hugging: tuple[type[Any], str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    hub, address = hugging
    monkeypatch.setenv("HF_TOKEN", "another")
    stage.configure(*_hugging(address))
    assert stage.run("plan") == 0
    assert stage.run("run") == 5
    said = capsys.readouterr().err
    assert "401" in said
    assert "another" not in said
    assert hub.branches == {}


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[type[Any], str]]:
    earlier = [{"id": number, "tag_name": f"v{number}", "draft": False, "upload_url": ""} for number in (1, 2, 3)]
    with double(GitHub, releases=earlier, assets={}) as (made, address):
        monkeypatch.setenv("GITHUB_API_URL", address)
        monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
        yield made, address


def _github(address: str) -> dict[str, Any]:
    return {"name": "assets", "target": "github", "parts": ["pack"], "to": "team/digits", "public": address}


def test_a_github_release_is_public_last(stage: Rehearsal, github: tuple[type[Any], str]) -> None:
    hub, address = github
    stage.configure(_github(address))
    stage.up_to("evidence")
    assert hub.releases[-1]["tag_name"] == RELEASE
    assert hub.releases[-1]["draft"] is False
    patched = next(number for number, line in enumerate(hub.seen) if line.startswith("PATCH"))
    assert patched > max(number for number, line in enumerate(hub.seen) if line.startswith("POST /uploads"))
    assert "demo.inputs.jsonl" in {item["name"] for item in hub.assets.values()}


def _uploads(hub: type[Any]) -> None:
    hub.faults["uploaded"] = 3


def _lists(hub: type[Any]) -> None:
    hub.faults["listed"] = 2


def _cuts(hub: type[Any]) -> None:
    hub.faults["cut"] = 2


@pytest.mark.parametrize("fail", [_uploads, _lists, _cuts], ids=lambda fail: fail.__name__.strip("_"))
def test_github_faults_that_pass(
    stage: Rehearsal, github: tuple[type[Any], str], fail: Callable[[type[Any]], None]
) -> None:
    hub, address = github
    stage.configure(_github(address))
    assert stage.run("plan") == 0
    fail(hub)
    assert stage.run("run") == 0
    assert stage.run("candidate") == 0


def test_a_failure_for_good_leaves_a_draft_that_the_next_run_completes(
    stage: Rehearsal, github: tuple[type[Any], str], capsys: pytest.CaptureFixture[str]
) -> None:
    hub, address = github
    stage.configure(_github(address))
    assert stage.run("plan") == 0
    hub.faults["uploaded"] = upload.TRIES
    assert stage.run("run") == 5
    assert "503" in capsys.readouterr().err
    assert hub.releases[-1]["draft"] is True
    assert stage.run("candidate") == 1
    assert stage.run("run") == 0
    assert hub.releases[-1]["draft"] is False
    assert len(hub.releases) == 4


def test_assets_of_a_published_release_are_never_replaced(
    stage: Rehearsal, github: tuple[type[Any], str], capsys: pytest.CaptureFixture[str]
) -> None:
    hub, address = github
    stage.configure(_github(address))
    stage.up_to("run")
    key = next(key for key, item in hub.assets.items() if item["name"] == "release.json")
    hub.assets[key]["data"] = b"{}"
    assert stage.run("run") == 5
    assert "other bytes" in capsys.readouterr().err
    assert hub.assets[key]["data"] == b"{}"


def test_github_needs_a_token(
    stage: Rehearsal, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("GITHUB_TOKEN", "GH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    stage.configure(_github("https://github.example"))
    assert stage.run("plan") == 0
    assert stage.run("run") == 2
    assert "GITHUB_TOKEN" in capsys.readouterr().err
