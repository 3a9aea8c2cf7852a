"""Any single byte that changes is noticed, and the finding names the file."""

import random
from pathlib import Path

import pytest

from pack_builder import PackBuilder
from proofpress.ingest import LoadedPack, interpret
from proofpress.ingest.load import load_pack
from proofpress.ingest.sources import DirectorySource
from proofpress.verify import verify

TURNS = 100


def _reread(pack: PackBuilder) -> LoadedPack:
    return load_pack(DirectorySource(pack.folder, label=f"digits/{pack.release_id}"))


@pytest.mark.parametrize("seed", [1, 2])
def test_every_changed_byte_is_noticed(seed: int, pack: PackBuilder) -> None:
    chance = random.Random(seed)  # noqa: S311 - repeatable damage
    files = sorted(path for path in pack.folder.rglob("*") if path.is_file())
    assert len(files) > 20
    for turn in range(TURNS):
        file = files[turn % len(files)]
        whole = file.read_bytes()
        position = chance.randrange(len(whole))
        other = chance.choice([value for value in range(256) if value != whole[position]])
        file.write_bytes(whole[:position] + bytes([other]) + whole[position + 1 :])
        verdict = verify(_reread(pack))
        file.write_bytes(whole)
        path = file.relative_to(pack.folder).as_posix()
        where = f"{path} byte {position}: {whole[position]} became {other}"
        assert verdict.verified is None, where
        assert any(_names(finding.file, finding.message, path) for finding in verdict.errors), where
        assert not any(finding.rule == "SYS001" for finding in verdict.findings), where


def _names(file: str, message: str, path: str) -> bool:
    """A changed manifest is told by its checksum file, everything else by its own path."""
    return path == file or (path == "manifest.json" and file == "SHA256SUMS" and path in message)


def test_truncated_added_and_swapped_bytes_are_noticed(pack: PackBuilder) -> None:
    for file in sorted(path for path in pack.folder.rglob("*") if path.is_file()):
        whole = file.read_bytes()
        for data in (b"", whole + b"\n"):
            file.write_bytes(data)
            verdict = verify(_reread(pack))
            assert verdict.verified is None, (file.name, len(data))
        file.write_bytes(whole)
    assert verify(_reread(pack)).findings == ()


def test_interpreting_again_gives_the_same(pack: PackBuilder, tmp_path: Path) -> None:
    loaded = _reread(pack)
    again = interpret(loaded.raw)
    assert again.evidence == loaded.evidence
    assert again.findings == loaded.findings
    assert verify(again).pack_id == pack.pack_id
