"""Changelogs in the form of Keep a Changelog: a draft from Git's log, and a family's whole history."""

import re
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proofpress.errors import IngestError, UsageError
from proofpress.evidence.release import CHANGELOG_SECTIONS, Release
from proofpress.evidence.values import ReleaseParts
from proofpress.render.sourced import escape_markdown

_LIMIT_SECONDS: Final = 60
_FIELD, _RECORD = "\x1f", "\x1e"
_CONVENTIONAL: Final = re.compile(r"(?P<type>[A-Za-z]+)(?:\((?P<scope>[^()]*)\))?(?P<breaking>!)?:\s*(?P<text>\S.*)")
_BREAKING: Final = re.compile(r"^BREAKING[ -]CHANGE:", re.MULTILINE)
_BY_TYPE: Final[Mapping[str, str]] = {
    **dict.fromkeys(("feat", "feature", "add"), "added"),
    **dict.fromkeys(("change", "perf", "refactor", "revert", "update", "improve"), "changed"),
    **dict.fromkeys(("deprecate", "deprecated"), "deprecated"),
    **dict.fromkeys(("remove", "removed", "drop"), "removed"),
    **dict.fromkeys(("fix", "bugfix", "hotfix"), "fixed"),
    **dict.fromkeys(("security", "sec"), "security"),
}
_INTERNAL: Final = frozenset({"build", "chore", "ci", "doc", "docs", "release", "style", "test", "tests", "wip"})
_BY_VERB: Final[Mapping[str, str]] = {
    **dict.fromkeys(("add", "adds", "added", "introduce", "support", "allow", "new"), "added"),
    **dict.fromkeys(("deprecate", "deprecates", "deprecated"), "deprecated"),
    **dict.fromkeys(("remove", "removes", "removed", "drop", "drops", "delete"), "removed"),
    **dict.fromkeys(("fix", "fixes", "fixed", "repair", "correct", "mend"), "fixed"),
    **dict.fromkeys(("security", "harden", "hardens"), "security"),
}
_PRE_RELEASE: Final = re.compile(r"(?:a|b|rc)\d+$")
_INTRODUCTION: Final = (
    "All notable changes to the releases of this family stand here. The form is\n"
    "[Keep a Changelog](https://keepachangelog.com/en/1.1.0/); versions follow\n"
    "[Semantic Versioning](https://semver.org/spec/v2.0.0.html).\n"
)

Sections = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What the commits of a range say by section, and the subjects that no reader of a changelog needs."""

    first: str
    last: str
    sections: Sections
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A release as its family's changelog tells it; `yanked` holds the day, reason and upgrade path of a yank."""

    release: Release
    yanked: tuple[str, str, str] | None = None


# ── a draft from the commits ─────────────────────────────────────────────────────────────────────────


def draft(repository: Path, *, first: str | None = None, last: str = "HEAD") -> Draft:
    """Sort the commits after `first` (by default the last tag before `last`) up to `last` into the six sections.

    Merges are left aside. Raises `UsageError` for an unknown revision, `IngestError` when Git can't be run.
    """
    for name in (first, last):
        if name is not None and (name.startswith("-") or not name.isprintable() or not name):
            raise UsageError(f"'{name}' is no revision", hint="name a tag, a branch or a commit")
    if first is None:
        first = _git(repository, "describe", "--tags", "--abbrev=0", f"{last}^", quiet=True).strip()
    span = f"{first}..{last}" if first else last
    log = _git(repository, "log", "--no-merges", f"--format=%s{_FIELD}%b{_RECORD}", "--end-of-options", span, "--")
    commits = [tuple(record.strip("\n").partition(_FIELD)[::2]) for record in log.split(_RECORD) if record.strip()]
    sections: dict[str, list[str]] = {name: [] for name in CHANGELOG_SECTIONS}
    left_out: list[str] = []
    for subject, body in reversed(commits):
        section, text = sort_subject(subject, breaking=bool(_BREAKING.search(body)))
        target = sections[section] if section else left_out
        if text not in target:
            target.append(text)
    return Draft(first=first, last=last, sections=sections, left_out=tuple(left_out))


def _git(repository: Path, *arguments: str, quiet: bool = False) -> str:
    """What Git prints; with `quiet`, nothing where it has nothing to say."""
    try:
        done = subprocess.run(  # noqa: S603 - no shell, revisions can't be options
            ["git", "-C", str(repository), *arguments],  # noqa: S607 - the user's own Git
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=_LIMIT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise IngestError(f"git could not be run: {type(exc).__name__}", hint="install Git") from exc
    if done.returncode and not quiet:
        said = (done.stderr.strip().splitlines() or ["no reason given"])[0]
        raise UsageError(f"git {arguments[0]}: {said}", hint="name revisions of the repository that you are in")
    return "" if done.returncode else done.stdout


def sort_subject(subject: str, *, breaking: bool = False) -> tuple[str, str]:
    """Section and text of a commit's subject; the section is empty for what only developers notice.

    `feat(cli)!: text` is sorted by its type (Conventional Commits), any other subject by its first word.
    """
    match = _CONVENTIONAL.fullmatch(subject)
    kind = match["type"].lower() if match else ""
    if match is None or (kind not in _BY_TYPE and kind not in _INTERNAL):
        section, text = _BY_VERB.get(subject.split(" ", maxsplit=1)[0].lower().rstrip(":"), "changed"), subject
    else:
        section = _BY_TYPE.get(kind, "")
        text = (f"{match['scope']}: " if match["scope"] else "") + match["text"]
        breaking = breaking or match["breaking"] is not None
    if breaking:
        section, text = section or "changed", f"Breaking: {text}"
    return section, _sentence(text)


def _sentence(text: str) -> str:
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def draft_markdown(found: Draft) -> str:
    """A draft as the section of a release that is not there yet."""
    return "".join(f"{line}\n" for line in ("## [Unreleased]", "", *_entries(found.sections))).rstrip("\n") + "\n"


# ── a family's history ───────────────────────────────────────────────────────────────────────────────


def render_changelog(family: str, told: Iterable[Told]) -> str:
    """The changelog of a family, newest version first.

    Entries of a pre-release stand in the section of its final release once there is one. A yanked release is marked,
    with its reason and upgrade path. Of several bundles of a release, give the newest. Versions that several releases
    share are told apart by their variant and revision as build metadata: `0.3.0+mlp64.r2`.
    """
    releases = sorted(told, key=lambda item: ReleaseParts(item.release.release_id).sort_key, reverse=True)
    versions = Counter(item.release.version for item in releases)
    finals: dict[tuple[str, ...], Told] = {}
    for item in releases:  # the first revision of a version is the last one here
        if not ReleaseParts(item.release.release_id).is_pre_release:
            finals[_line(item.release)] = item
    early: dict[str, list[Told]] = {}
    for item in reversed(releases):
        final = finals.get(_line(item.release))
        if final is not None and final is not item and ReleaseParts(item.release.release_id).is_pre_release:
            early.setdefault(final.release.release_id, []).append(item)
    rolled_up = {item.release.release_id for items in early.values() for item in items}
    lines = [f"# Changelog: {escape_markdown(family)}", "", _INTRODUCTION.rstrip("\n")]
    for item in releases:
        release = item.release
        if release.release_id in rolled_up and item.yanked is None:
            continue
        entries = {} if release.release_id in rolled_up else _sections(release, early.get(release.release_id, ()))
        lines += ["", *_section(item, entries, alone=versions[release.version] == 1)]
    return "\n".join(lines) + "\n"


def _line(release: Release) -> tuple[str, ...]:
    parts = ReleaseParts(release.release_id)
    return parts.name, parts.variant, _PRE_RELEASE.sub("", parts.version)


def _sections(release: Release, early: Iterable[Told]) -> dict[str, list[str]]:
    """The entries of a release after those of its pre-releases, each once."""
    said = [*(item.release.changelog for item in early), release.changelog]
    return {
        section: list(dict.fromkeys(text for changelog in said for text in getattr(changelog, section)))
        for section in CHANGELOG_SECTIONS
    }


def _section(item: Told, entries: Sections, *, alone: bool) -> Iterator[str]:
    release = item.release
    parts = ReleaseParts(release.release_id)
    build = ".".join(part for part in (parts.variant.replace("-", "."), f"r{parts.revision}") if part)
    version = release.version if alone else f"{release.version}+{build}"
    yield f"## [{version}] - {release.released_at[:10]}" + (" [YANKED]" if item.yanked else "")
    yield ""
    yield f"Release `{release.release_id}`."
    if item.yanked is not None:
        day, reason, path = item.yanked
        yield ""
        yield f"Yanked on {day}: {escape_markdown(reason)}" + (
            f" Use `{path}` instead." if path else " There is no release to use instead."
        )
    if any(entries.values()):
        yield ""
        yield from _entries(entries)


def _entries(sections: Sections) -> Iterator[str]:
    filled = [(name, sections[name]) for name in CHANGELOG_SECTIONS if sections.get(name)]
    for index, (name, texts) in enumerate(filled):
        yield from ([""] if index else [])
        yield f"### {name.capitalize()}"
        yield ""
        yield from (f"- {escape_markdown(text)}" for text in texts)
