"""Checksum files: one canonical line form, everything else is told by its line."""

import hashlib

import pytest

from pack_builder import PackBuilder
from proofpress.ingest.checksums import parse_checksums, render_checksums

A, B = "a" * 64, "b" * 64
PLAIN = f"{A}  a.txt\n{B}  b/c.txt\n"


def test_canonical_form_round_trips() -> None:
    assert parse_checksums(PLAIN.encode()) == ({"a.txt": A, "b/c.txt": B}, ())
    assert render_checksums([("b/c.txt", B), ("a.txt", A)]) == PLAIN.encode()


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (PLAIN.replace("\n", "\r\n"), 1, "path"),
        (f"{A} *a.txt\n", 1, "form"),
        (f"{A}  *a.txt\n", 1, "path"),
        (f"{A.upper()}  a.txt\n", 1, "form"),
        (f"{A} a.txt\n", 1, "form"),
        (f"{A}\ta.txt\n", 1, "form"),
        (f"{A}   a.txt\n", 1, "path"),
        (f"{A[1:]}  a.txt\n", 1, "form"),
        (f"\\{A}  a.txt\n", 1, "form"),
        (f"{B}  b.txt\n{A}  a.txt\n", 2, "sorted"),
        (f"{A}  a.txt\n{B}  a.txt\n", 2, "twice"),
        (f"{A}  a.txt\n{A}  a.txt\n", 2, "twice"),
        (f"{A}  ./a.txt\n", 1, "'.'"),
        (f"{A}  ../a.txt\n", 1, "'..'"),
        (f"{A}  /etc/hostname\n", 1, "absolute"),
        (f"{A}  caf\u00e9\n", 1, "ASCII"),
        (f"{A}  a.txt", 1, "line feed"),
        (f"{A}  a.txt\n\n", 2, "form"),
        (f"\n{A}  a.txt\n", 1, "form"),
        (f"# comment\n{A}  a.txt\n", 1, "form"),
        (f"\ufeff{A}  a.txt\n", 1, "form"),
    ],
)
def test_other_forms_are_refused(text: str, line: int, words: str, pack: PackBuilder) -> None:
    _digests, trouble = parse_checksums(text.encode())
    assert trouble[0][0] == line
    assert words in trouble[0][1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text.replace("\n", "\r\n"), "CRLF"),
        (lambda text: text.replace("  ", " *"), "form"),
        (lambda text: text.upper(), "form"),
        (lambda text: text.removesuffix("\n"), "line feed"),
        (lambda text: text + text.splitlines()[0] + "\n", "twice"),
        (lambda text: text.split("\n", 1)[1], "disagree"),
        (lambda text: text + f"{A}  zzz.txt\n", "disagree"),
        (lambda text: "\n".join(sorted(text.splitlines())) + "\n", "sorted"),
    ],
)
def test_pack_with_another_form_is_refused(change: object, words: str, pack: PackBuilder) -> None:
    text = (pack / "SHA256SUMS").read_text()
    assert callable(change)
    findings = pack.write("SHA256SUMS", change(text)).verify().findings
    assert {finding.rule for finding in findings} == {"INT005"}
    assert any(words in finding.message for finding in findings)


def test_checksum_file_of_a_section_agrees_with_the_manifest(pack: PackBuilder) -> None:
    path = "model/SHA256SUMS"
    lines = (pack / path).read_text().splitlines(keepends=True)
    pack.write(path, "".join(lines[1:]))
    manifest = pack.json("manifest.json")
    for item in manifest["files"]:
        if item["path"] == path:
            data = (pack / path).read_bytes()
            item |= {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    pack.corrupt("manifest.json", "/files", manifest["files"]).reseal_sums()
    (finding,) = pack.verify().findings
    assert (finding.rule, finding.file) == ("INT005", path)
