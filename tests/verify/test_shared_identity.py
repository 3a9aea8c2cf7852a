"""Findings that the review of a pack without its source documents must give, and files that would run."""

import pytest

from pack_builder import EVAL, PackBuilder
from proofpress.evidence.policy import Policy


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("training_run_id", "train-of-somebody-else", "IDN005"),
        ("commit", "1" * 40, "IDN006"),
        ("dataset_snapshot_id", "digits-other", "IDN004"),
    ],
)
def test_documents_agree_without_the_one_that_they_come_from(
    field: str, value: str, rule: str, pack: PackBuilder
) -> None:
    for path in ("training/training_run.json", "dataset/dataset_package.json", "dataset/split_integrity.json"):
        pack.remove(path)
    pack.remove("dataset/dataset_manifest.json")
    pack.corrupt(EVAL, f"/{field}", value).reseal()
    found = {(item.rule, item.file) for item in pack.verify(policy=Policy(schema_version="1.0.0")).findings}
    assert (rule, EVAL) in found


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("attachments/page.html", "words\n"),
        ("attachments/PAGE.HTM", "words\n"),
        ("attachments/drawing.svg", "words\n"),
        ("attachments/notes", " \n<!-- a --><HTML>\n"),
        ("attachments/data.bin", "<?xml version='1.0'?>\n"),
        ("attachments/code.js", "1\n"),
    ],
)
def test_a_file_that_a_browser_would_run_is_refused(path: str, text: str, pack: PackBuilder) -> None:
    pack.write(path, text).reseal()
    assert [(item.rule, item.file) for item in pack.verify().findings] == [("ACT001", path)]


def test_markup_in_a_plain_text_is_only_text(pack: PackBuilder) -> None:
    pack.write("attachments/notes.txt", "<html><script>1</script>\n").reseal()
    assert pack.verify().findings == ()


def test_rows_that_share_an_address_are_refused(pack: PackBuilder) -> None:
    row = pack.value(EVAL, "/rows/0")
    rows = pack.value(EVAL, "/rows")
    pack.corrupt(EVAL, "/rows", [*rows, {**row, "name": row["name"].upper()}]).reseal()
    assert "MET008" in {item.rule for item in pack.verify().findings}


def test_a_text_in_another_encoding_is_refused(pack: PackBuilder) -> None:
    pack.write("attachments/notes.txt", "see ghp_abcdefghijklmnopqrstuvwxyz0123456789".encode("utf-16")).reseal()
    assert [(item.rule, item.file) for item in pack.verify().findings] == [("ING007", "attachments/notes.txt")]


def test_a_release_is_not_older_than_its_evidence(pack: PackBuilder) -> None:
    pack.corrupt("release.json", "/released_at", "2020-01-01T00:00:00Z").reseal()
    assert {item.rule for item in pack.verify().findings} == {"IDN007"}
