"""The command line: what a user breaks by hand is refused with the right code and words, never a traceback."""

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from pack_builder import EVAL, PackBuilder
from proofpress import __version__
from proofpress.cli import cli, main
from proofpress.errors import ExitCode
from proofpress.evidence.values import Number
from proofpress.verify.book import PACK_RULES
from registering import register

Run = Callable[..., tuple[int, str, str]]
CARD = "model/model_card.md"


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in the instance; gives exit code, output and messages, and never a traceback."""

    def call(*argv: str) -> tuple[int, str, str]:
        code = main(["-C", str(tmp_path), *argv])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        assert code != ExitCode.INTERNAL, err
        assert "\x1b" not in out + err
        return code, out, err

    return call


def second(pack: PackBuilder) -> PackBuilder:
    return PackBuilder(pack.root, release_id="digits-v0.2.0-tiny-r1")


# ── what a user breaks by hand ───────────────────────────────────────────────────────────────────────


def edit_metric(pack: PackBuilder) -> None:
    pack.corrupt(EVAL, "/rows/0/value", Number("0.990000"))


def edit_card(pack: PackBuilder) -> None:
    pack.replace(CARD, "0.750000", "0.990000")


def swap_file(pack: PackBuilder) -> None:
    other = second(pack).corrupt(EVAL, "/rows/0/notes", "x")
    pack.write(EVAL, (other / EVAL).read_bytes()).reseal()


def drop_file(pack: PackBuilder) -> None:
    pack.remove("dataset/dataset_package.json")


def add_file(pack: PackBuilder) -> None:
    pack.write("model/extra.bin", b"x")


def wrong_threshold(pack: PackBuilder) -> None:
    pack.replace("training/params.yaml", "0.50", "0.65").reseal()


def not_a_number(pack: PackBuilder) -> None:
    pack.replace(EVAL, "0.750000,", "NaN,").reseal()


def repeated_key(pack: PackBuilder) -> None:
    pack.replace(EVAL, '"run_id": "eval-1",', '"run_id": "eval-1", "run_id": "eval-2",').reseal()


def climbing_path(pack: PackBuilder) -> None:
    pack.corrupt("manifest.json", "/files/0/path", "../outside.txt")


def symlink(pack: PackBuilder) -> None:
    (pack / CARD).unlink()
    (pack / CARD).symlink_to("/etc/hostname")


def huge_file(pack: PackBuilder) -> None:
    with (pack / "huge.json").open("wb") as stream:
        stream.truncate(1 << 40)


def other_major(pack: PackBuilder) -> None:
    pack.corrupt(EVAL, "/schema_version", "2.0.0").reseal()


def upper_digest(pack: PackBuilder) -> None:
    digest = pack.value("manifest.json", "/files/0/sha256")
    pack.corrupt("manifest.json", "/files/0/sha256", digest.upper())


def edited_sums(pack: PackBuilder) -> None:
    pack.write("SHA256SUMS", "0" * 64 + (pack / "SHA256SUMS").read_text()[64:])


def wrong_writer(pack: PackBuilder) -> None:
    pack.corrupt(EVAL, "/generated_by", "spreadsheet").reseal()


def placeholder(pack: PackBuilder) -> None:
    pack.corrupt("release.json", "/summary", "TODO describe the release").reseal()


def home_path(pack: PackBuilder) -> None:
    pack.corrupt("training/training_run.json", "/notes/-", "Weights from /home/someone/weights.").reseal()


def token(pack: PackBuilder) -> None:
    pack.corrupt("training/training_run.json", "/environment/token", "ghp_" + "a1" * 18).reseal()


def address(pack: PackBuilder) -> None:
    pack.corrupt("release.json", "/authors/0/affiliation", "someone@example.org").reseal()


def leak(pack: PackBuilder) -> None:
    pack.write("dataset/keys/record/train.txt", "r10\nr11\nr12\nt20\n").reseal()


def other_folder(pack: PackBuilder) -> None:
    pack.folder.rename(pack.folder.with_name("digits-v0.9.0-tiny-r1"))


def edited_text(pack: PackBuilder) -> None:
    pack.write(CARD, (pack / CARD).read_bytes() + b"\nReviewed and approved.\n")


def windows_lines(pack: PackBuilder) -> None:
    pack.write(CARD, (pack / CARD).read_bytes().replace(b"\n", b"\r\n"))


BREAKAGES: tuple[tuple[Callable[[PackBuilder], object], int, tuple[str, ...]], ...] = (
    (edit_metric, 1, ("INT001", EVAL, "changed after the pack was assembled", "MET001", "0.990000")),
    (edit_card, 3, ("FRS001", CARD, "stale in 'Headline results'", f"{EVAL}#/rows/0/value", "proofpress render")),
    (swap_file, 1, ("IDN001", "different runs or releases", "digits-v0.2.0-tiny-r1")),
    (drop_file, 1, ("INT002", "dataset/dataset_package.json", "not there")),
    (add_file, 1, ("INT003", "model/extra.bin", "not listed")),
    (wrong_threshold, 1, ("PAR001", "metrics came from a run with threshold 0.50", "say 0.65")),
    (not_a_number, 1, ("ING009", EVAL, "NaN", "absent")),
    (repeated_key, 1, ("ING008", "/run_id", "stands twice")),
    (climbing_path, 1, ("SCH001", "/files/0/path", "..")),
    (symlink, 1, ("ING002", CARD, "symbolic link")),
    (huge_file, 1, ("ING005", "huge.json", "16 MiB", "not read")),
    (other_major, 1, ("SCH002", EVAL, "newer MAJOR")),
    (upper_digest, 1, ("SCH001", "/files/0/sha256", "lowercase hex")),
    (edited_sums, 1, ("INT005", "SHA256SUMS", "disagree")),
    (wrong_writer, 1, ("GEN001", "spreadsheet", "not accepted")),
    (placeholder, 1, ("TXT001", "release.json", "/summary", "TODO")),
    (home_path, 1, ("PRV001", "/home/someone/weights", "relative to the pack")),
    (token, 1, ("PRV002", "ghp_a1…", "revoke")),
    (address, 1, ("PRV003", "someone@example.org", "policy.yaml")),
    (leak, 1, ("LEA001", "dataset/split_integrity.json", "train.txt")),
    (other_folder, 1, ("IDN002", "folder is not named after the release")),
    (edited_text, 3, ("FRS001", CARD, "Reviewed and approved", "adds or changes words")),
    (windows_lines, 3, ("FRS001", CARD, "line ends")),
)


@pytest.mark.parametrize(("damage", "code", "words"), BREAKAGES, ids=lambda value: getattr(value, "__name__", ""))
def test_breakage_is_refused(
    damage: Callable[[PackBuilder], object], code: int, words: tuple[str, ...], pack: PackBuilder, run: Run
) -> None:
    damage(pack)
    for folder in sorted(pack.root.glob("digits/*")):
        if "v0.2.0" in folder.name:
            continue
        found, out, _err = run("verify", str(folder.relative_to(pack.root.parent)))
        assert found == code, out
        for word in words:
            assert word in out, out
        assert "0 of 1 packs verified, 1 refused" in out
    assert run("check")[0] == (code if damage is not swap_file else 1)


# ── exit codes ───────────────────────────────────────────────────────────────────────────────────────


def test_fine(pack: PackBuilder, run: Run, tmp_path: Path) -> None:
    assert run("verify", str(pack.folder))[:2] == (0, "1 of 1 packs verified\n")
    assert run("verify", str(pack.write_zip(tmp_path / f"{pack.release_id}.zip")))[0] == 0
    assert run("check")[:2] == (0, "1 of 1 packs verified\n")
    pack.with_everything()
    concerned = [rule for rule in PACK_RULES if not {"suite", "readiness", "charter"} & set(rule.needs)]
    assert f"{len(concerned)} rules passed" in run("verify", "-v", str(pack.folder))[1]


@pytest.mark.parametrize(
    "argv", [("verify",), ("nonsense",), ("check", "--format", "pdf"), ("rules", "--explain", "X"), ("diff", "a", "b")]
)
def test_usage(argv: tuple[str, ...], pack: PackBuilder, run: Run) -> None:
    code, _out, err = run(*argv)
    assert code == 2
    assert err.strip()


def test_no_instance(run: Run) -> None:
    code, _out, err = run("check")
    assert code == 2
    assert "no folder 'packs'" in err
    assert "hint: " in err


def test_no_folder(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-C", "nowhere", "check"]) == 2
    assert "nowhere" in capsys.readouterr().err


def test_unreadable(pack: PackBuilder, run: Run, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(pack.folder)
    (tmp_path / "text").write_text("text")
    for name in ("missing", "link", "text"):
        code, _out, err = run("verify", name)
        assert code == 4
        assert name in err


def test_nothing_checked(tmp_path: Path, run: Run) -> None:
    (tmp_path / "packs").mkdir()
    code, _out, err = run("check")
    assert code == 6
    assert "nothing was checked" in err


def test_stale_is_told_apart_from_other_findings(pack: PackBuilder, run: Run) -> None:
    pack.replace(CARD, "Tells", "told").reseal(documents=False)
    assert run("check")[0] == 3
    assert run("render", "--check")[0] == 3
    add_file(pack)
    assert run("check")[0] == 1


def test_bug_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def broken() -> None:
        raise RuntimeError("out of tea")

    monkeypatch.setattr("proofpress.pipeline.all_rules", broken)
    assert main(["rules"]) == ExitCode.INTERNAL
    err = capsys.readouterr().err
    assert "out of tea" in err
    assert "Traceback" not in err
    monkeypatch.setenv("PROOFPRESS_TRACEBACK", "1")
    assert main(["rules"]) == ExitCode.INTERNAL
    assert "Traceback" in capsys.readouterr().err


# ── render ───────────────────────────────────────────────────────────────────────────────────────────


def test_render_mends_a_stale_document_and_only_that(pack: PackBuilder, run: Run) -> None:
    before = {path: path.read_bytes() for path in pack.folder.rglob("*") if path.is_file()}
    edit_card(pack)
    assert run("render", "--check")[1] == f"digits/{pack.release_id}: stale {CARD}\n"
    assert run("render")[0] == 0
    assert {path: path.read_bytes() for path in pack.folder.rglob("*") if path.is_file()} == before
    assert run("render")[1] == f"digits/{pack.release_id}: fresh\n"
    rows = json.loads(run("render", "--format", "json")[1])["packs"]
    assert rows == [{"pack": f"digits/{pack.release_id}", "pack_id": pack.pack_id, "written": []}]


def test_render_never_hides_changed_evidence(pack: PackBuilder, run: Run) -> None:
    edit_metric(pack)
    code, _out, err = run("render")
    assert code == 2
    assert EVAL in err


def test_render_never_touches_a_registered_pack(pack: PackBuilder, run: Run) -> None:
    register(pack.root.parent, pack.release_id)
    edit_card(pack)
    stale = (pack / CARD).read_bytes()
    code, _out, err = run("render")
    assert code == 2
    assert "never changes" in err
    assert (pack / CARD).read_bytes() == stale


# ── forms of output ──────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def hostile(pack: PackBuilder) -> PackBuilder:
    """A refused pack whose findings quote control characters, line feeds and markup."""
    pack.corrupt("release.json", "/extensions", {"a\n::error::b": 'TODO \x1b[31m\n::warning::<&"]]>\uffff\u202e'})
    (pack / "x\n::error::y").write_text("x")
    (pack / "a b%,:.txt").write_text("x")
    return pack.corrupt(EVAL, "/rows/0/value", Number("0.99"))


@pytest.mark.parametrize("command", ["verify", "check"])
@pytest.mark.parametrize("broken", [False, True])
def test_every_format_parses(command: str, broken: bool, pack: PackBuilder, run: Run, request: Any) -> None:
    if broken:
        request.getfixturevalue("hostile")
    where = (str(pack.folder),) if command == "verify" else ()
    shown = {form: run(command, *where, "--format", form) for form in ("text", "json", "sarif", "junit", "github")}
    assert {code for code, _out, _err in shown.values()} == {int(broken)}
    report = json.loads(shown["json"][1])
    assert report["schema"] == "proofpress.findings/1"
    (one,) = report["packs"]
    assert one["verdict"] == ("refused" if broken else "verified")
    count = len(one["findings"])
    assert bool(count) is broken
    assert set(one["passed"]).isdisjoint(finding["rule"] for finding in one["findings"])

    sarif = json.loads(shown["sarif"][1])
    assert sarif["version"] == "2.1.0"
    (sarif_run,) = sarif["runs"]
    rules = sarif_run["tool"]["driver"]["rules"]
    assert len(sarif_run["results"]) == count
    for result in sarif_run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in {"error", "warning", "note"}
        assert result["message"]["text"]
        (location,) = result["locations"]
        place = location["physicalLocation"]
        assert re.fullmatch(r"packs/digits/[A-Za-z0-9._~/%-]*", place["artifactLocation"]["uri"])
        assert place["region"]["startLine"] >= 1
    assert all(rule["shortDescription"]["text"] and rule["fullDescription"]["text"] for rule in rules)

    suites = ET.fromstring(shown["junit"][1])  # noqa: S314 - our own output
    suite = suites.find("testsuite")
    assert suite is not None
    assert suite.get("name") == f"digits/{pack.release_id}"
    assert int(suite.get("tests", "")) == len(suite.findall("testcase"))
    assert int(suite.get("failures", "")) == len(suite.findall("testcase/failure"))
    assert int(suite.get("skipped", "")) == len(suite.findall("testcase/skipped")) == len(one["skipped"])

    lines = shown["github"][1].splitlines()
    assert len(lines) == max(1, count)
    assert all(re.match(r"::(error|warning|notice)( file=[^,:]+,line=\d+,title=[^:,]+)?::.", line) for line in lines)
    text = shown["text"][1]
    assert not any(line.startswith("::") for line in text.splitlines())
    assert all(char == "\n" or char.isprintable() for char in text)


def test_rules_are_listed_and_explained(run: Run) -> None:
    listed = json.loads(run("rules", "--format", "json")[1])["rules"]
    assert len({rule["id"] for rule in listed}) == len(listed) > 60
    for rule in listed:
        assert re.fullmatch(r"[A-Z]{3}\d{3}", rule["id"])
        assert rule["explanation"].strip()
    code, out, _err = run("rules", "--explain", "met001")
    assert code == 0
    assert "half a unit of its last digit" in out


def _commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from _commands(command, (*path, name))
        else:
            yield (*path, name), command


@pytest.mark.parametrize("path", [path for path, _command in _commands(cli)], ids=" ".join)
def test_help_has_an_example(path: tuple[str, ...], run: Run) -> None:
    code, out, _err = run(*path, "--help")
    assert code == 0
    example = re.search(r"^ *Example: +proofpress (.+)$", out, re.MULTILINE)
    assert example is not None
    assert example[1].startswith(" ".join(path))


def test_version_and_help(run: Run) -> None:
    assert __version__ in run("--version")[1]
    code, out, _err = run("--help")
    assert code == 0
    assert "6 nothing was checked" in " ".join(out.split())


# ── as a program ─────────────────────────────────────────────────────────────────────────────────────


def _program(argv: list[str], stdout: int, **environment: str) -> subprocess.Popen[bytes]:
    package = Path(__file__).resolve().parents[1] / "generator"
    env = {"PATH": os.defpath, "PYTHONPATH": str(package), "PYTHONWARNINGS": "error", **environment}
    return subprocess.Popen([sys.executable, "-m", "proofpress", *argv], stdout=stdout, stderr=stdout, env=env)


def test_pipe_has_no_escape_codes(pack: PackBuilder) -> None:
    edit_metric(pack)
    program = _program(["verify", str(pack.folder)], subprocess.PIPE, LC_ALL="C")
    out, _none = program.communicate(timeout=60)
    assert program.returncode == 1
    assert b"INT001" in out
    assert b"\x1b" not in out


@pytest.mark.parametrize("no_color", [False, True])
def test_terminal_has_colour_unless_it_is_unwanted(no_color: bool, pack: PackBuilder) -> None:
    edit_metric(pack)
    own, theirs = os.openpty()
    variables = {"TERM": "xterm", "LC_ALL": "C.UTF-8"} | ({"NO_COLOR": "1"} if no_color else {})
    program = _program(["verify", str(pack.folder)], theirs, **variables)
    os.close(theirs)
    out = b""
    try:
        while part := os.read(own, 65536):
            out += part
    except OSError:
        pass  # the other end was closed
    os.close(own)
    assert program.wait(60) == 1
    assert b"INT001" in out
    assert (b"\x1b[" in out) is not no_color
