"""A full rehearsal on this machine, then with faults: never announced, always resumable, each told for what it is."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from example_site import ROOT, tree
from proofpress.cli import main
from proofpress.evidence.publication import Identified, PublicationPlan
from proofpress.ingest.strict import parse_json
from proofpress.publication.targets import FolderTarget, TargetError
from proofpress.publication.upload import TRIES, publish
from proofpress.signing.dsse import open_statement, signed_by
from proofpress.signoff.published import PUBLICATION_FILE, PUBLICATION_PREDICATE
from publication.rehearsal import AT, KEY, RELEASE, Rehearsal, rehearsal

MANIFEST = "manifest.json"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Rehearsal]:
    with rehearsal(tmp_path) as made:
        yield made


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    def both() -> str:
        captured = capsys.readouterr()
        return captured.out + captured.err

    return both


def attested(stage: Rehearsal) -> Path:
    pack_id = stage.report("plan")["pack_id"].removeprefix("sha256:")
    return stage.root / "packs" / "attestations" / pack_id / PUBLICATION_FILE


def test_from_an_empty_folder_to_bound_evidence(stage: Rehearsal) -> None:
    stage.up_to("evidence")
    assert tree(stage.public) == tree(stage.root / "packs" / "digits" / RELEASE)
    for name, schema in (
        ("plan", "publication-plan"),
        ("publish", "publish"),
        ("candidate", "release-candidate"),
        ("replay", "replay"),
    ):
        found = json.loads((ROOT / "docs" / "schemas" / f"{schema}.schema.json").read_bytes())
        Draft202012Validator(found).validate(stage.report(name))
        assert str(stage.root) not in stage.file(name).read_text("utf-8")
    assert stage.report("candidate")["ready"]
    assert (stage.report("replay")["demo"], stage.report("replay")["ok"]) == ("same", True)
    statement, opened = open_statement(attested(stage).read_bytes())
    assert signed_by(opened, {"publisher": KEY.public}) == {"publisher"}
    assert statement.predicate_type == PUBLICATION_PREDICATE
    assert [item.name for item in statement.subject] == [RELEASE]
    assert f"sha256:{statement.subject[0].digest.sha256}" == stage.report("plan")["pack_id"]
    assert statement.predicate["result"] == "PASSED"


def test_the_plan_names_files_commands_and_unique_assets(stage: Rehearsal) -> None:
    stage.configure(
        stage.folder(),
        {"name": "hub", "target": "huggingface", "parts": ["model"], "to": "team/digits"},
        {"name": "data", "target": "huggingface", "parts": ["dataset"], "to": "team/digits-data", "kind": "dataset"},
        {"name": "assets", "target": "github", "parts": ["demo", "paper"], "to": "team/digits"},
        stage.folder(
            name="bucket", target="store", to="s3://team/{family}/{bundle_id}", public="https://cdn.example/x"
        ),
    )
    assert stage.run("plan") == 0
    files = stage.report("plan")["files"]
    chosen = {"model/weights.json", "demo/inputs.jsonl"}
    by_place = {item["destination"]: item for item in files if item["path"] in chosen}
    assert by_place["hub"]["public_url"] == f"https://huggingface.co/team/digits/resolve/{RELEASE}/weights.json"
    assert by_place["hub"]["command"][:4] == ["hf", "upload", "team/digits", "model/weights.json"]
    assert by_place["assets"]["name"] == "demo.inputs.jsonl"
    assert by_place["assets"]["public_url"].endswith(f"/team/digits/releases/download/{RELEASE}/demo.inputs.jsonl")
    data = [item["public_url"] for item in files if item["destination"] == "data"]
    assert data[0].startswith("https://huggingface.co/datasets/team/digits-data/resolve/")
    bucket = next(item for item in files if item["destination"] == "bucket" and item["path"] == MANIFEST)
    assert bucket["command"] == ["aws", "s3", "cp", MANIFEST, f"s3://team/digits/{RELEASE}/{MANIFEST}"]
    assert [item["path"] for item in files if item["destination"] == "archive"][-1] == MANIFEST
    assert not (stage.root / "public" / RELEASE).exists()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"to": "/home/someone/public"}, "private path"),
        ({"public": None}, "says no public address"),
        ({"to": "{nobody}"}, "not known"),
        ({"parts": ["cellar"]}, "publication.yaml"),
        ({"surplus": 1}, "publication.yaml"),
    ],
)
def test_a_plan_is_refused_with_its_reason(
    stage: Rehearsal, said: Callable[[], str], change: dict[str, Any], why: str
) -> None:
    stage.configure(stage.folder(**change))
    assert stage.run("plan") in {1, 4}
    assert why in said()
    assert not stage.file("plan").exists()


def test_what_clashes_or_is_absent_is_no_plan(stage: Rehearsal, said: Callable[[], str]) -> None:
    stage.configure(stage.folder(), stage.folder())
    assert stage.run("plan") == 1
    assert "two destinations" in said()
    stage.configure(stage.folder(), stage.folder(name="twin"))
    assert stage.run("plan") == 1
    assert "would both become" in said()
    (stage.root / "packs" / "publication.yaml").unlink()
    assert stage.run("plan") == 2
    assert "publication.yaml" in said()


def test_a_second_run_finds_everything_there(stage: Rehearsal, said: Callable[[], str]) -> None:
    stage.up_to("run")
    assert stage.run("run") == 0
    assert "0 files uploaded" in said()
    assert {item["state"] for item in stage.report("publish")["files"]} == {"present"}


@pytest.mark.parametrize("how", ["altered", "truncated", "missing", "extra", "link"])
def test_public_bytes_that_differ_are_never_ready(stage: Rehearsal, said: Callable[[], str], how: str) -> None:
    stage.up_to("run")
    path = stage.public / "model" / "weights.json"
    if how == "altered":
        path.write_bytes(path.read_bytes().replace(b"0", b"1", 1))
    elif how == "truncated":
        path.write_bytes(path.read_bytes()[:-1])
    elif how == "missing":
        path.unlink()
    elif how == "extra":
        (stage.public / "more.txt").write_text("more", "utf-8")
    else:
        (stage.public / "more").symlink_to(path)
    assert stage.run("candidate") == 1
    report = stage.report("candidate")
    assert not report["ready"]
    where = "more" if how in {"extra", "link"} else "weights.json"
    assert any(where in blocker for blocker in report["blockers"])
    said()
    assert stage.run("replay") == 1
    assert "it has blockers" in said()
    assert stage.run("run") == 0  # the planned files are put right again
    assert stage.run("candidate") == (1 if how in {"extra", "link"} else 0)


def test_a_rehearsal_is_never_ready(stage: Rehearsal, said: Callable[[], str]) -> None:
    stage.up_to("run")
    assert stage.run("candidate", "--rehearsal") == 1
    report = stage.report("candidate")
    assert (report["rehearsal"], report["ready"], report["public_files"]) == (True, False, [])
    assert stage.run("replay") == 1
    assert "rehearsal" in said()


def test_blockers_name_their_issues(stage: Rehearsal) -> None:
    stage.configure(stage.folder(), issues={"gate": "https://issues.example/12"})
    shutil.rmtree(stage.root / "packs" / "attestations")
    stage.up_to("run")
    assert stage.run("candidate") == 1
    assert stage.report("candidate")["blockers"] == [
        "gate: no receipt: proofpress gate --receipt (https://issues.example/12)"
    ]


def _ready(report: dict[str, Any]) -> None:
    report["ready"] = False


def _by_hand(report: dict[str, Any]) -> None:
    report["generated_by"] = "by hand"


def _plan_by_hand(report: dict[str, Any]) -> None:
    report["plan"]["generated_by"] = "by hand"


def _row(report: dict[str, Any]) -> None:
    report["readiness"] = [line for line in report["readiness"] if line["row"] != "demo"]


def _failed_row(report: dict[str, Any]) -> None:
    report["readiness"][0]["ok"] = False


def _blocked(report: dict[str, Any]) -> None:
    report["blockers"] = ["something"]


def _unchecked(report: dict[str, Any]) -> None:
    del report["public_files"][3]


def _failed_file(report: dict[str, Any]) -> None:
    report["public_files"][3]["ok"] = False


def _other_release(report: dict[str, Any]) -> None:
    report["plan"]["release_id"] = "digits-v0.2.0-mlp64-r1"


def _elsewhere(report: dict[str, Any]) -> None:
    for item in (report["plan"]["files"][0], report["public_files"][0]):
        item["public_url" if "public_url" in item else "url"] = "http://127.0.0.1:9/elsewhere"


def _escapes(report: dict[str, Any]) -> None:
    report["plan"]["files"][0]["path"] = "../../outside"


def _bad_digest(report: dict[str, Any]) -> None:
    report["plan"]["files"][0]["sha256"] = "no"


ALTERED = (
    *(_ready, _by_hand, _plan_by_hand, _row, _failed_row, _blocked, _unchecked, _failed_file, _other_release),
    *(_elsewhere, _escapes, _bad_digest),
)


@pytest.mark.parametrize(
    "alter",
    ALTERED,
    ids=lambda alter: alter.__name__.strip("_"),
)
def test_a_report_that_was_altered_is_not_replayed(
    stage: Rehearsal, said: Callable[[], str], alter: Callable[[dict[str, Any]], None]
) -> None:
    stage.up_to("candidate")
    report = stage.report("candidate")
    alter(report)
    stage.write("candidate", report)
    said()
    assert stage.run("replay") in {1, 4}
    assert "proofpress: " in said()
    assert not (stage.root / "build" / "replay").exists()


def test_a_replay_needs_an_empty_folder(stage: Rehearsal, said: Callable[[], str]) -> None:
    stage.up_to("replay")
    assert stage.run("replay") == 2
    assert "not empty" in said()


def test_a_replay_notices_bytes_that_changed_since(stage: Rehearsal) -> None:
    stage.up_to("candidate")
    path = stage.public / "demo" / "inputs.jsonl"
    path.write_bytes(path.read_bytes().replace(b"0", b"1", 1))
    assert stage.run("replay") == 1
    report = stage.report("replay")
    assert (report["ok"], report["verified"], report["demo"]) == (False, False, "none")
    assert any("demo/inputs.jsonl" in item for item in report["findings"])
    assert stage.run("evidence") == 1


def test_the_evidence_is_checked_and_shown(stage: Rehearsal, said: Callable[[], str]) -> None:
    stage.up_to("evidence")
    release = stage.root / "site" / "releases" / RELEASE
    page = release / "evidence" / "index.html"
    said()
    assert main(["-C", str(stage.root), "check"]) == 1
    assert "PUB003" in said()  # the key is nobody's
    assert main(["-C", str(stage.root), "build"]) == 1
    attested(stage).unlink()
    assert main(["-C", str(stage.root), "build"]) == 0
    assert "Not publicly verified" in page.read_text("utf-8")
    stage.key = stage.publisher()
    assert stage.run("evidence") == 0
    assert main(["-C", str(stage.root), "build"]) == 0
    assert "fetched, compared and replayed on a clean machine" in page.read_text("utf-8")
    assert (release / "attestations" / PUBLICATION_FILE).read_bytes() == attested(stage).read_bytes()
    pack_id = next(
        folder.name for folder in attested(stage).parent.parent.iterdir() if folder != attested(stage).parent
    )
    other = attested(stage).parent.with_name(pack_id) / PUBLICATION_FILE
    other.write_bytes(attested(stage).read_bytes())
    said()
    assert main(["-C", str(stage.root), "check"]) == 1
    assert "PUB002" in said()
    other.write_bytes(b"{}")
    assert main(["-C", str(stage.root), "check"]) == 1
    assert "PUB001" in said()


@pytest.mark.parametrize("name", ["plan", "candidate", "publish", "replay"])
def test_reports_that_disagree_bind_nothing(stage: Rehearsal, said: Callable[[], str], name: str) -> None:
    stage.up_to("replay")
    report = stage.report(name)
    if name == "plan":
        report["files"] = report["files"][1:]
    elif name == "candidate":
        report["checked_at"] = "2026-11-25T13:00:00Z"
    elif name == "publish":
        report["files"][0]["state"] = "present"
        report["pack_id"] = "sha256:" + "0" * 64
    else:
        report["model_id"] = "sha256:" + "0" * 64
    stage.write(name, report)
    assert stage.run("evidence") == 1
    assert "do not agree" in said()
    assert not attested(stage).exists()


class Unsteady(FolderTarget):
    """A folder that fails at chosen calls of `put`."""

    def __init__(self, folder: Path, fails: set[int], *, passing: bool = True, damage: bool = False) -> None:
        super().__init__(folder)
        self.calls = 0
        self.finished = 0
        self._fails, self._passing, self._damage = fails, passing, damage
        self._folder_path = folder

    def put(self, name: str, source: Path) -> None:
        self.calls += 1
        if self.calls in self._fails:
            if not self._damage:
                raise TargetError("cut off", passing=self._passing)
            target = self._folder_path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes()[:-1])
            return
        super().put(name, source)

    def finish(self) -> None:
        self.finished += 1


@pytest.fixture
def planned(stage: Rehearsal) -> tuple[PublicationPlan, Path, Identified]:
    assert stage.run("plan") == 0
    plan = PublicationPlan.model_validate(parse_json(stage.file("plan").read_bytes()))
    return plan, stage.root / "packs" / "digits" / RELEASE, Identified(name="plan.json", sha256="0" * 64, size=1)


def test_a_cut_at_every_upload_is_resumed(planned: tuple[PublicationPlan, Path, Identified], tmp_path: Path) -> None:
    """Each run brings one file and is cut off at the next: never announced, and the next run goes on from there."""
    plan, folder, identity = planned
    for number in range(1, len(plan.files)):
        target = Unsteady(tmp_path / "place", {2}, passing=False)
        with pytest.raises(TargetError, match="cut off"):
            publish(plan, folder, {"archive": target}, identity=identity, at=AT)
        assert target.finished == 0
        assert target.names() == {item.name for item in plan.files[:number]}
        assert MANIFEST not in target.names()
    target = Unsteady(tmp_path / "place", set())
    report = publish(plan, folder, {"archive": target}, identity=identity, at=AT)
    assert [item.state for item in report.files].count("uploaded") == 1
    assert target.finished == 1


@pytest.mark.parametrize("damage", [False, True])
def test_what_may_pass_is_tried_again(
    planned: tuple[PublicationPlan, Path, Identified], tmp_path: Path, damage: bool
) -> None:
    plan, folder, identity = planned
    waits: list[float] = []
    target = Unsteady(tmp_path / "place", {1, 2, 7}, damage=damage)
    publish(plan, folder, {"archive": target}, identity=identity, at=AT, wait=waits.append)
    assert waits == [0.5, 1.0, 0.5]
    again = Unsteady(tmp_path / "other", set(range(1, TRIES + 1)), damage=damage)
    with pytest.raises(TargetError):
        publish(plan, folder, {"archive": again}, identity=identity, at=AT, wait=lambda _seconds: None)
    assert again.finished == 0


def test_a_pack_that_changed_since_the_plan_is_not_uploaded(stage: Rehearsal, said: Callable[[], str]) -> None:
    assert stage.run("plan") == 0
    path = stage.root / "packs" / "digits" / RELEASE / "release.json"
    path.write_bytes(path.read_bytes() + b"\n")
    assert stage.run("run") == 1
    assert "not the file that was planned" in said()
    assert not stage.public.exists()


def test_credentials_are_no_options(stage: Rehearsal, said: Callable[[], str]) -> None:
    stage.up_to("plan")
    for option in ("secret=1", "aws_access_key_id=1", "nothing"):
        assert stage.run("run", "--store-option", option) == 2
        assert "credentials come from the environment" in said()


def test_the_index_says_where_releases_lie_and_what_became_of_them(
    stage: Rehearsal, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(["-C", str(stage.root), "index"]) == 0
    index = json.loads(capsys.readouterr().out)
    schema = json.loads((ROOT / "docs" / "schemas" / "release-index.schema.json").read_bytes())
    Draft202012Validator(schema).validate(index)
    rows = {row["bundle_id"]: row for row in index["releases"]}
    first = rows[RELEASE]
    assert first["manifest_url"] == f"{stage.address}/{RELEASE}/manifest.json"
    assert first["artifact_base_url"] == f"{stage.address}/{RELEASE}/"
    assert first["model_version"] == "0.1.0"
    yanked = rows["digits-v0.2.0-mlp64-r1"]
    assert yanked["status"] == "YANKED"
    assert yanked["yanked"]["upgrade_path"] in rows
    assert "clinical-v0.2.0-gbt-r1" not in rows  # rejected: it was never offered
    active = [row for row in index["releases"] if row["status"] == "ACTIVE"]
    assert all(row["scopes"] and row["yanked"] is None for row in active)
    stage.configure(stage.folder(parts=["model"]))
    assert main(["-C", str(stage.root), "index"]) == 1
    assert "no destination publishes whole packs" in capsys.readouterr().err
