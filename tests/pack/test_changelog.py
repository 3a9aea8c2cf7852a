"""Changelogs: drafts from real commits, and the history of a family with pre-releases and yanks."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pack_builder import PackBuilder
from proofpress.cli import main
from proofpress.errors import ExitCode, UsageError
from proofpress.evidence.release import Changelog, Release
from proofpress.pack.changelog import Told, draft, render_changelog, sort_subject
from registering import move, register


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a tag, commits of many kinds after it, and a merge."""
    git(tmp_path, "init", "-q", "-b", "main")
    commit(tmp_path, "feat: the first thing")
    git(tmp_path, "tag", "v0.1.0")
    commit(tmp_path, "feat(cli): a flag for colours")
    commit(tmp_path, "fix: crash on empty input")
    commit(tmp_path, "docs: explain the flag")
    git(tmp_path, "checkout", "-q", "-b", "side")
    commit(tmp_path, "Remove the old reader")
    git(tmp_path, "checkout", "-q", "main")
    commit(tmp_path, "perf!: scores in one pass", "BREAKING CHANGE: the order of rows is free")
    git(tmp_path, "merge", "-q", "--no-ff", "-m", "Merge side", "side")
    commit(tmp_path, "security: refuse links")
    commit(tmp_path, "deprecate: the name old_name")
    return tmp_path


def git(folder: Path, *words: str) -> None:
    who = {f"GIT_{role}_{what}": "Test" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    env = {**os.environ, **who, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", "-C", str(folder), *words], env=env, check=True, capture_output=True)


def commit(folder: Path, subject: str, body: str = "") -> None:
    git(folder, "commit", "-q", "--allow-empty", "-m", subject, *(["-m", body] if body else []))


def test_commits_are_sorted_into_the_six_sections(repository: Path) -> None:
    found = draft(repository)
    assert (found.first, found.last) == ("v0.1.0", "HEAD")
    assert {name: list(texts) for name, texts in found.sections.items()} == {
        "added": ["Cli: a flag for colours."],
        "changed": ["Breaking: scores in one pass."],
        "deprecated": ["The name old_name."],
        "removed": ["Remove the old reader."],
        "fixed": ["Crash on empty input."],
        "security": ["Refuse links."],
    }
    assert found.left_out == ("Explain the flag.",)


@pytest.mark.parametrize(
    ("subject", "section", "text"),
    [
        ("Add a thing", "added", "Add a thing."),
        ("Fixes #3: the crash", "fixed", "Fixes #3: the crash."),
        ("Other: words", "changed", "Other: words."),
        ("Rework everything!", "changed", "Rework everything!"),
        ("chore: tidy up", "", "Tidy up."),
        ("chore!: drop Python 3.10", "changed", "Breaking: drop Python 3.10."),
        ("feat(api)!: two results", "added", "Breaking: api: two results."),
    ],
)
def test_a_subject_has_one_section(subject: str, section: str, text: str) -> None:
    assert sort_subject(subject) == (section, text)


def test_the_command_prints_a_draft(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["-C", str(repository), "changelog", "draft"]
    assert main(words) == ExitCode.OK
    text = capsys.readouterr().out
    assert text.startswith("## [Unreleased]\n\n### Added\n\n- Cli: a flag for colours.\n\n### Changed\n")
    assert text.endswith("### Security\n\n- Refuse links.\n")
    assert main([*words, "--from", "v0.1.0", "--to", "main", "--format", "json"]) == ExitCode.OK
    report = json.loads(capsys.readouterr().out)
    assert Changelog.model_validate({name: tuple(texts) for name, texts in report["changelog"].items()}).fixed
    assert (report["from"], report["to"], report["left_out"]) == ("v0.1.0", "main", ["Explain the flag."])
    assert main([*words, "--from", "HEAD"]) == ExitCode.NOTHING_CHECKED
    capsys.readouterr()
    for name in ("gone", "--output=x", ""):
        assert main([*words, f"--from={name}"]) == ExitCode.USAGE
        assert "git log" in (said := capsys.readouterr().err) or "no revision" in said


def test_a_repository_without_tags_is_told_whole(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    commit(tmp_path, "feat: one")
    assert draft(tmp_path).sections["added"] == ["One."]
    with pytest.raises(UsageError, match="git log"):
        draft(tmp_path / "nowhere")


# ── a family ─────────────────────────────────────────────────────────────────────────────────────────


def told(pack: PackBuilder, release_id: str, day: str, entries: dict[str, Any], **more: Any) -> Told:
    document = pack.json("release.json") | {
        "release_id": release_id,
        "version": release_id.partition("-v")[2].partition("-")[0],
        "released_at": f"{day}T00:00:00Z",
        "changelog": {name: tuple(texts) for name, texts in entries.items()},
    }
    evidence = pack.load().evidence
    assert evidence is not None
    fields = {name: document[name] for name in ("release_id", "version", "released_at")}
    changelog = Changelog.model_validate(document["changelog"])
    release: Release = evidence.release.model_copy(update={**fields, "changelog": changelog})
    return Told(release=release, **more)


def test_pre_releases_roll_up_and_yanks_are_told(pack: PackBuilder) -> None:
    text = render_changelog(
        "digits",
        [
            told(pack, "digits-v0.1.0-tiny-r1", "2026-01-01", {"added": ["The first."]}),
            told(pack, "digits-v0.2.0a1-tiny-r1", "2026-02-01", {"added": ["A class."], "fixed": ["A bug."]}),
            told(
                pack,
                "digits-v0.2.0rc1-tiny-r1",
                "2026-02-08",
                {"added": ["A class.", "A flag."]},
                yanked=("2026-02-09", "It was [wrong].", "digits-v0.2.0-tiny-r1"),
            ),
            told(pack, "digits-v0.2.0-tiny-r1", "2026-03-01", {"changed": ["A default."]}),
            told(pack, "digits-v0.2.0-tiny-r2", "2026-04-01", {"changed": ["Another seed."]}),
            told(
                pack, "digits-v0.3.0b1-tiny-r1", "2026-05-01", {"added": ["More."]}, yanked=("2026-05-02", "Bad.", "")
            ),
        ],
    )
    assert text.partition("\n## ")[2] == (
        "[0.3.0b1] - 2026-05-01 [YANKED]\n\nRelease `digits-v0.3.0b1-tiny-r1`.\n\n"
        "Yanked on 2026-05-02: Bad. There is no release to use instead.\n\n### Added\n\n- More.\n\n"
        "## [0.2.0+tiny.r2] - 2026-04-01\n\nRelease `digits-v0.2.0-tiny-r2`.\n\n### Changed\n\n- Another seed.\n\n"
        "## [0.2.0+tiny.r1] - 2026-03-01\n\nRelease `digits-v0.2.0-tiny-r1`.\n\n"
        "### Added\n\n- A class.\n- A flag.\n\n### Changed\n\n- A default.\n\n### Fixed\n\n- A bug.\n\n"
        "## [0.2.0rc1] - 2026-02-08 [YANKED]\n\nRelease `digits-v0.2.0rc1-tiny-r1`.\n\n"
        "Yanked on 2026-02-09: It was \\[wrong\\]. Use `digits-v0.2.0-tiny-r1` instead.\n\n"
        "## [0.1.0] - 2026-01-01\n\nRelease `digits-v0.1.0-tiny-r1`.\n\n### Added\n\n- The first.\n"
    )


def test_the_command_prints_a_familys_changelog(
    pack: PackBuilder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    second = PackBuilder(pack.root, release_id="digits-v0.2.0-tiny-r1")
    base = ["-C", str(tmp_path)]
    for name in (pack.release_id, second.release_id):
        register(tmp_path, name)
    reason = "Numbers above 50 are told wrongly."
    move(tmp_path, "yanked", pack.release_id, at="2026-03-05T00:00:00Z", reason=reason, upgrade_path=second.release_id)
    capsys.readouterr()
    assert main([*base, "changelog", "render", "digits"]) == ExitCode.OK
    text = capsys.readouterr().out
    assert "## [0.1.0] - 2026-03-02 [YANKED]\n" in text
    assert f"Yanked on 2026-03-05: Numbers above 50 are told wrongly. Use `{second.release_id}` instead." in text
    assert text.index("## [0.2.0]") < text.index("## [0.1.0]")
    assert main([*base, "changelog", "render", "letters"]) == ExitCode.USAGE
    assert "no family 'letters'" in capsys.readouterr().err
    second.write("model/weights.bin", b"x")
    assert main([*base, "changelog", "render", "digits"]) == ExitCode.USAGE
    assert "is refused" in capsys.readouterr().err
