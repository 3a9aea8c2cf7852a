"""Exports of a release: the same payload in every form, the same bytes every time, read by independent tools."""

import hashlib
import json
import shutil
import zipfile
from pathlib import Path

import pytest

from example_site import copy_instance, tree
from proofpress.cli import main
from proofpress.errors import ExitCode

RELEASE = "digits-v0.3.0-mlp64-r1"
BELOW = {"zip": "", "bagit": "data/", "ro-crate": "files/"}


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_instance(tmp_path_factory.mktemp("archives") / "instance")


def exported(instance: Path, form: str, output: Path) -> Path:
    command = ["-C", str(instance), "export", RELEASE, "--format", form, "--output", str(output)]
    assert main(command) == ExitCode.OK
    return output


def unpacked(archive: Path, folder: Path) -> Path:
    with zipfile.ZipFile(archive) as opened:
        assert {(item.compress_type, item.date_time) for item in opened.infolist()} == {(0, (1980, 1, 1, 0, 0, 0))}
        names = opened.namelist()
        assert names == sorted(names)
        opened.extractall(folder)
    return folder / RELEASE


@pytest.mark.parametrize("form", BELOW)
def test_the_payload_is_the_pack_byte_for_byte(instance: Path, tmp_path: Path, form: str) -> None:
    folder = unpacked(exported(instance, form, tmp_path / "a.zip"), tmp_path / "out")
    assert tree(folder / BELOW[form]) == tree(instance / "packs/digits" / RELEASE)
    again = exported(instance, form, tmp_path / "b.zip")
    assert again.read_bytes() == (tmp_path / "a.zip").read_bytes()


def test_the_plain_archive_verifies_as_it_is(instance: Path, tmp_path: Path) -> None:
    archive = exported(instance, "zip", tmp_path / "any name.zip")
    assert main(["-C", str(instance), "verify", str(archive)]) == ExitCode.OK


def test_the_bag_is_valid(instance: Path, tmp_path: Path) -> None:
    """By RFC 8493: every payload and tag file is listed with its digest, and nothing else is there."""
    bag = unpacked(exported(instance, "bagit", tmp_path / "bag.zip"), tmp_path / "out")
    assert (bag / "bagit.txt").read_text() == "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
    listed: dict[str, str] = {}
    for name in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
        for line in (bag / name).read_text("utf-8").splitlines():
            digest, _, path = line.partition("  ")
            listed[path] = digest
    files = {path: hashlib.sha256(data).hexdigest() for path, data in tree(bag).items()}
    assert files.pop("tagmanifest-sha256.txt")
    assert files == listed
    payload = [data for path, data in tree(bag).items() if path.startswith("data/")]
    assert f"Payload-Oxum: {sum(map(len, payload))}.{len(payload)}\n" in (bag / "bag-info.txt").read_text("utf-8")


def test_another_tool_accepts_the_bag(instance: Path, tmp_path: Path) -> None:
    bagit = pytest.importorskip("bagit", reason="the package bagit is not here")
    bag = unpacked(exported(instance, "bagit", tmp_path / "bag.zip"), tmp_path / "out")
    bagit.Bag(str(bag)).validate()
    (bag / "data/release.json").write_text("{}")
    assert not bagit.Bag(str(bag)).is_valid()


def test_the_crate_describes_what_it_holds(instance: Path, tmp_path: Path) -> None:
    crate = unpacked(exported(instance, "ro-crate", tmp_path / "crate.zip"), tmp_path / "out")
    graph = json.loads((crate / "ro-crate-metadata.json").read_bytes())["@graph"]
    files = {item["@id"]: item["sha256"] for item in graph if item["@type"] == "File"}
    there = {path: hashlib.sha256(data).hexdigest() for path, data in tree(crate).items()}
    assert there.pop("ro-crate-metadata.json")
    assert files == there


def test_what_can_not_be_exported_is_said(instance: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["-C", str(instance), "export", "no-such-release", "--output", str(tmp_path / "x.zip")]
    assert main(command) == ExitCode.USAGE
    assert "no pack 'no-such-release'" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_refused_pack_is_not_exported(instance: Path, tmp_path: Path) -> None:
    other = tmp_path / "instance"
    shutil.copytree(instance, other)
    card = other / "packs/digits" / RELEASE / "model/model_card.md"
    card.write_text(card.read_text("utf-8") + "x\n", encoding="utf-8")
    command = ["-C", str(other), "export", RELEASE, "--output", str(tmp_path / "x.zip")]
    assert main(command) != ExitCode.OK
    assert not (tmp_path / "x.zip").exists()
