"""Folders and archives of strangers: every entry is a regular file of its own, or a finding; nothing hangs."""

import os
import random
import socket
import stat
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

import pytest

from pack_builder import RELEASE, PackBuilder
from proofpress.errors import IngestError
from proofpress.evidence.values import path_trouble
from proofpress.ingest import DirectorySource, LoadedPack, ZipSource, load_pack, source_of
from proofpress.ingest.sources import read_file
from proofpress.ingest.strict import MAX_STRUCTURED_BYTES
from proofpress.verify import verify


def found(loaded: LoadedPack) -> list[tuple[str, str]]:
    return [(finding.rule, finding.file) for finding in loaded.findings]


# ── paths ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("", "empty"),
        ("/etc/hostname", "absolute"),
        ("../x", "'..'"),
        ("a/../b", "'..'"),
        ("./a", "'.'"),
        ("a//b", "''"),
        ("a/", "''"),
        ("a\\b", "refuse"),
        ("C:/x", "refuse"),
        ("C:\\x", "refuse"),
        ("a\x00b", "printable"),
        ("a\nb", "printable"),
        ("caf\u00e9", "printable"),
        ("a\u202eb", "printable"),
        ("\uff0e\uff0e/x", "printable"),
        (" a", "edge"),
        ("a./b", "edge"),
        ("a" * 201, "200"),
    ],
)
def test_path_grammar_refuses(path: str, words: str) -> None:
    assert words in (path_trouble(path) or "")


@pytest.mark.parametrize("path", ["a", "a/b.c", "model/weights-1_2.bin", "a b", ".hidden", "a" * 200, "..a", "a..b"])
def test_path_grammar_accepts(path: str) -> None:
    assert path_trouble(path) is None


# ── folders ──────────────────────────────────────────────────────────────────────────────────────────


def _fifo(pack: PackBuilder) -> None:
    os.mkfifo(pack / "x")


def _socket(pack: PackBuilder) -> None:
    folder = os.open(pack.folder, os.O_RDONLY)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"/proc/self/fd/{folder}/x")
    os.close(folder)


def _outside_link(pack: PackBuilder) -> None:
    (pack / "x").symlink_to("/etc/hostname")


def _inside_link(pack: PackBuilder) -> None:
    (pack / "x").symlink_to("release.json")


def _folder_link(pack: PackBuilder) -> None:
    (pack / "x").symlink_to(pack / "model")


def _dangling_link(pack: PackBuilder) -> None:
    (pack / "x").symlink_to("nowhere")


def _hard_link(pack: PackBuilder) -> None:
    (pack.root / "other").write_text("text")
    os.link(pack.root / "other", pack / "x")


@pytest.mark.parametrize(
    ("make", "rule", "kind"),
    [
        (_fifo, "ING002", "FIFO"),
        (_socket, "ING002", "socket"),
        (_outside_link, "ING002", "symbolic link"),
        (_inside_link, "ING002", "symbolic link"),
        (_folder_link, "ING002", "symbolic link"),
        (_dangling_link, "ING002", "symbolic link"),
        (_hard_link, "ING003", "hard link"),
    ],
)
def test_special_entries_are_told_and_never_opened(
    make: Callable[[PackBuilder], None], rule: str, kind: str, pack: PackBuilder
) -> None:
    make(pack)
    loaded = pack.load()
    (finding,) = loaded.findings
    assert (finding.rule, finding.file, finding.found) == (rule, "x", kind)
    assert not any(path.startswith("x") for path in loaded.raw.files)


def test_listed_file_that_becomes_a_link_is_refused(pack: PackBuilder) -> None:
    """Between listing and opening, the file is replaced by a link to a file with the same bytes."""

    class Swapping(DirectorySource):
        def open(self, path: str) -> BinaryIO:
            if path == "model/weights.bin":
                twin = pack.root / "twin"
                twin.write_bytes((pack / path).read_bytes())
                (pack / path).unlink()
                (pack / path).symlink_to(twin)
            return super().open(path)

    assert found(load_pack(Swapping(pack.folder))) == [("ING006", "model/weights.bin")]


def test_folder_that_becomes_a_link_is_read_as_it_was(pack: PackBuilder) -> None:
    """Folders are held open, so that a swap after the walk changes nothing."""

    class Swapping(DirectorySource):
        def open(self, path: str) -> BinaryIO:
            if path == "model/weights.bin":
                (pack / "model").rename(pack.root / "moved")
                (pack / "model").symlink_to("/etc")
            return super().open(path)

    loaded = load_pack(Swapping(pack.folder, label=RELEASE))
    assert loaded.findings == ()
    assert verify(loaded).findings == ()


def test_sparse_file_is_not_read(pack: PackBuilder) -> None:
    with (pack / "x.bin").open("wb") as stream:
        stream.truncate(1 << 40)
    loaded = pack.load()
    assert found(loaded) == [("ING005", "x.bin")]
    assert "x.bin" not in loaded.raw.files


def test_huge_structured_file_is_not_read(pack: PackBuilder) -> None:
    with (pack / "x.json").open("wb") as stream:
        stream.truncate(MAX_STRUCTURED_BYTES + 1)
    loaded = pack.load()
    assert found(loaded) == [("ING005", "x.json")]
    assert f"{MAX_STRUCTURED_BYTES + 1} bytes" in loaded.findings[0].found


def test_large_artifact_that_is_listed_is_streamed(pack: PackBuilder) -> None:
    pack.write("model/large.bin", os.urandom(3 * 1024 * 1024)).reseal(documents=False)
    listed = next(item for item in pack.json("manifest.json")["files"] if item["path"] == "model/large.bin")
    # The builder hashes the whole file; ingest must come to the same digest in a stream, alone or in a thread.
    with ThreadPoolExecutor(2) as threads:
        for hashing in (None, threads):
            file = load_pack(DirectorySource(pack.folder), hashing=hashing).raw.files["model/large.bin"]
            assert (file.sha256, file.size, file.data) == (listed["sha256"], 3 * 1024 * 1024, None)
    with (pack / "model/large.bin").open("ab") as stream:
        stream.write(b"x")
    assert found(pack.load()) == [("ING005", "model/large.bin")]


def test_large_artifact_that_changes_while_read(pack: PackBuilder) -> None:
    pack.write("model/large.bin", bytes(2 * 1024 * 1024)).reseal(documents=False)

    class Growing(DirectorySource):
        def open(self, path: str) -> BinaryIO:
            stream = super().open(path)
            if path == "model/large.bin":
                with (pack / path).open("ab") as more:
                    more.write(b"x")
            return stream

    with ThreadPoolExecutor(1) as threads:
        for hashing in (None, threads):
            pack.write("model/large.bin", bytes(2 * 1024 * 1024))
            assert found(load_pack(Growing(pack.folder), hashing=hashing)) == [("ING006", "model/large.bin")]


def test_case_collision(pack: PackBuilder) -> None:
    pack.write("training/PARAMS.yaml", (pack / "training/params.yaml").read_bytes())
    assert ("ING004", "training/params.yaml") in found(pack.load())


def test_control_characters_in_names_are_shown(pack: PackBuilder) -> None:
    (pack / "a\x1b[31mb\n::error::c").write_text("x")
    (finding,) = pack.load().findings
    assert finding.rule == "ING001"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_unreadable_file(pack: PackBuilder) -> None:
    (pack / "model/weights.bin").chmod(0)
    assert found(pack.load()) == [("ING006", "model/weights.bin")]


def test_empty_folder_has_no_manifest_and_no_release(tmp_path: Path) -> None:
    assert found(load_pack(DirectorySource(tmp_path))) == [("SCH005", "manifest.json"), ("SCH005", "release.json")]


def test_what_is_no_folder_is_an_error(tmp_path: Path, pack: PackBuilder) -> None:
    link = tmp_path / "link"
    link.symlink_to(pack.folder)
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "missing", link, tmp_path / "fifo"):
        with pytest.raises(IngestError, match="not a folder"):
            load_pack(source_of(path))
    with pytest.raises(IngestError, match="not a zip"):
        load_pack(source_of(pack / "release.json"))


def test_folder_that_cannot_be_listed_is_an_error(pack: PackBuilder, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_folder: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("proofpress.ingest.sources.os.scandir", refuse)
    with pytest.raises(IngestError, match="Permission denied"):
        pack.load()


def test_nothing_stays_open(pack: PackBuilder) -> None:
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    (pack / "x").symlink_to("y")
    pack.load()
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


def test_read_file(tmp_path: Path) -> None:
    plain, link, fifo = tmp_path / "plain", tmp_path / "link", tmp_path / "fifo"
    plain.write_bytes(b"x" * 10)
    link.symlink_to(plain)
    os.mkfifo(fifo)
    assert read_file(plain) == b"x" * 10
    for path, most in ((link, 100), (fifo, 100), (plain, 9), (tmp_path, 100)):
        with pytest.raises(OSError, match=r"."):
            read_file(path, most=most)


# ── archives ─────────────────────────────────────────────────────────────────────────────────────────


def load_zip(path: Path) -> LoadedPack:
    return load_pack(ZipSource(path, label=RELEASE))


@pytest.mark.parametrize("prefix", ["", f"{RELEASE}/"])
def test_archive_is_verified_like_its_folder(prefix: str, pack: PackBuilder, tmp_path: Path) -> None:
    loaded = load_zip(pack.write_zip(tmp_path / "pack.zip", prefix=prefix))
    verdict = verify(loaded)
    assert verdict.findings == ()
    assert verdict.pack_id == pack.pack_id


def with_member(pack: PackBuilder, tmp_path: Path, info: zipfile.ZipInfo, data: bytes) -> Path:
    path = pack.write_zip(tmp_path / "pack.zip")
    with warnings.catch_warnings(), zipfile.ZipFile(path, "a") as archive:
        warnings.simplefilter("ignore")  # zipfile warns of repeated names
        archive.writestr(info, data)
    return path


def _member(name: str, mode: int = 0, method: int = zipfile.ZIP_STORED) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    info.compress_type = method
    return info


@pytest.mark.parametrize(
    ("info", "data", "rule", "file"),
    [
        (_member("release.json"), b"{}", "ING002", "release.json"),
        (_member("x", stat.S_IFLNK | 0o777), b"/etc/hostname", "ING002", "x"),
        (_member("x", stat.S_IFIFO), b"", "ING002", "x"),
        (_member("../x"), b"x", "ING001", "../x"),
        (_member("/x"), b"x", "ING001", "/x"),
        (_member("a\\x"), b"x", "ING001", "a\\x"),
        (_member("Release.json"), b"x", "ING004", "release.json"),
        (_member("x.json", method=zipfile.ZIP_DEFLATED), bytes(MAX_STRUCTURED_BYTES + 1), "ING005", "x.json"),
        (_member("x.bin", method=zipfile.ZIP_DEFLATED), bytes(1024 * 1024 + 1), "ING005", "x.bin"),
        (_member("x.bin", method=zipfile.ZIP_BZIP2), bytes(1000), "ING006", "x.bin"),
        (_member("x.bin", method=zipfile.ZIP_LZMA), bytes(1000), "ING006", "x.bin"),
    ],
    ids=lambda value: value.filename if isinstance(value, zipfile.ZipInfo) else "",
)
def test_hostile_member(
    info: zipfile.ZipInfo, data: bytes, rule: str, file: str, pack: PackBuilder, tmp_path: Path
) -> None:
    assert (rule, file) in found(load_zip(with_member(pack, tmp_path, info, data)))


def _patched(path: Path, name: bytes, change: Callable[[bytearray, int, int], None]) -> Path:
    """Change the local and the central header of one member: (data, local offset, central offset)."""
    data = bytearray(path.read_bytes())
    local = data.index(b"PK\x03\x04", data.index(name) - 30)
    central = data.rindex(b"PK\x01\x02", 0, data.rindex(name))
    change(data, local, central)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(("stated", "words"), [(10, "CRC"), (200, "")])
def test_wrong_declared_size(stated: int, words: str, pack: PackBuilder, tmp_path: Path) -> None:
    path = with_member(pack, tmp_path, _member("x.bin", method=zipfile.ZIP_DEFLATED), bytes(100))

    def change(data: bytearray, local: int, central: int) -> None:
        struct.pack_into("<L", data, local + 22, stated)
        struct.pack_into("<L", data, central + 24, stated)

    loaded = load_zip(_patched(path, b"x.bin", change))
    assert found(loaded) == [("ING006", "x.bin")]
    assert words in loaded.findings[0].message


def test_bomb_behind_a_small_declared_size_stays_small(pack: PackBuilder, tmp_path: Path) -> None:
    bomb = _member("x.bin", method=zipfile.ZIP_DEFLATED)
    path = with_member(pack, tmp_path, bomb, bytes(64 * 1024 * 1024))

    def change(data: bytearray, local: int, central: int) -> None:
        for offset in (local + 22, central + 24):
            struct.pack_into("<L", data, offset, 1000)
        for offset in (local + 14, central + 16):
            struct.pack_into("<L", data, offset, zlib.crc32(bytes(1000)))

    loaded = load_zip(_patched(path, b"x.bin", change))
    file = loaded.raw.files.get("x.bin")
    assert file is None or file.size == 1000
    assert any(finding.file == "x.bin" for finding in verify(loaded).findings)


def test_encrypted_member(pack: PackBuilder, tmp_path: Path) -> None:
    path = with_member(pack, tmp_path, _member("x.bin"), b"secret")

    def change(data: bytearray, local: int, central: int) -> None:
        data[local + 6] |= 1
        data[central + 8] |= 1

    loaded = load_zip(_patched(path, b"x.bin", change))
    assert found(loaded) == [("ING002", "x.bin")]
    assert loaded.findings[0].found == "encrypted"


def test_damaged_archives_never_end_in_another_exception(pack: PackBuilder, tmp_path: Path) -> None:
    for path in ("model", "training", "paper", "demo"):
        for file in (pack / path).rglob("*"):
            if file.is_file():
                file.unlink()
    whole = pack.write_zip(tmp_path / "pack.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "pack.zip") as archive:
        start = archive.start_dir
    chance = random.Random(20261122)  # noqa: S311 - repeatable damage
    damaged = tmp_path / "damaged.zip"
    for turn in range(150):
        data = bytearray(whole)
        position = chance.randrange(start, len(data)) if turn % 2 else chance.randrange(len(data))
        data[position] = chance.randrange(256)
        damaged.write_bytes(data[: chance.randrange(len(data))] if turn % 10 == 0 else data)
        try:
            loaded = load_zip(damaged)
        except IngestError:
            continue
        assert loaded.evidence is None or loaded.raw.files
