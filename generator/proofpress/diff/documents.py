"""Rendered documents and evidence files: which differ, and where."""

import difflib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from proofpress.diff.change import Change, DocumentDetail, FileDetail, SectionLines
from proofpress.evidence.pack import CHECKSUMS, MANIFEST
from proofpress.ingest.raw import RawFile
from proofpress.render.document import RenderedDocument
from proofpress.verify.verdict import VerifiedPack

MAX_COMPARED_LINES = 2_000
MAX_PATCH_LINES = 200
MAX_PATCH_LINE = 400
_HEADING = re.compile(r"(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_TOP = "(before the first section)"


def compare_documents(
    old: Sequence[RenderedDocument], new: Sequence[RenderedDocument]
) -> tuple[tuple[Change, ...], int]:
    """Compare rendered documents by path. Returns the changes and how many documents are unchanged."""
    before, after = {item.path: item for item in old}, {item.path: item for item in new}
    changes: list[Change] = []
    unchanged = 0
    for path in {**before, **after}:
        was, now = before.get(path), after.get(path)
        if was and now and was.text == now.text:
            unchanged += 1
            continue
        detail = _detail(_lines(was), _lines(now), path)
        end = "CHANGED" if was and now else "ADDED" if now else "REMOVED"
        verb = {"CHANGED": "differs", "ADDED": "is new", "REMOVED": "is gone"}[end]
        added = sum(section.added for section in detail.sections)
        removed = sum(section.removed for section in detail.sections)
        where = "section" if len(detail.sections) == 1 else "sections"
        changes.append(
            Change(
                code=f"DOC-{end}",
                kind="document",
                subject=path,
                old=was.title if was else None,
                new=now.title if now else None,
                explanation=f"{path} {verb}: +{added} and -{removed} lines in {len(detail.sections)} {where}.",
                detail=detail,
            )
        )
    return tuple(changes), unchanged


def _lines(document: RenderedDocument | None) -> tuple[str, ...]:
    if document is None or not document.text:
        return ()
    return tuple(document.text.removesuffix("\n").split("\n"))


@lru_cache(maxsize=32)  # a release's documents are the new ones, and then the old ones
def section_paths(lines: tuple[str, ...]) -> tuple[str, ...]:
    """The heading path of every line, e.g. `Data / Splits`. Headings inside code are text.

    The first heading of level one is the title: it names the release, so it would tell equal sections apart.
    """
    paths: list[str] = []
    above: list[tuple[int, str]] = []
    fence, titled, path = "", False, _TOP
    for line in lines:
        start = line[:1]
        if fence or start in {"`", "~", " "}:
            mark = _FENCE.match(line)
            if fence:
                if mark and mark[1].startswith(fence) and not line.strip().strip(fence[0]):
                    fence = ""
            elif mark:
                fence = mark[1]
        elif start == "#" and (heading := _HEADING.fullmatch(line)):
            level = len(heading[1])
            above = [(depth, name) for depth, name in above if depth < level]
            if level > 1 or titled:
                above.append((level, heading[2]))
            titled = titled or level == 1
            path = " / ".join(name for _, name in above) or _TOP
        paths.append(path)
    return tuple(paths)


def _detail(old: tuple[str, ...], new: tuple[str, ...], path: str) -> DocumentDetail:
    olds, news = section_paths(old), section_paths(new)
    if len(old) > MAX_COMPARED_LINES or len(new) > MAX_COMPARED_LINES:
        added, removed = _counted(olds, old, news, new)
        return DocumentDetail(sections=_sections(olds, news, added, removed), patch="", truncated=True)
    # Blank lines are everywhere: as anchors they only make the search slow.
    matcher = difflib.SequenceMatcher(lambda line: not line, old, new, autojunk=False)
    added, removed = Counter[str](), Counter[str]()
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag != "equal":
            removed.update(olds[i1:i2])
            added.update(news[j1:j2])
    shown: list[str] = []
    truncated = False
    for line in _unified(matcher, old, new, path):
        if len(shown) == MAX_PATCH_LINES:
            truncated = True
            break
        too_long = len(line) > MAX_PATCH_LINE
        truncated = truncated or too_long
        shown.append(line[: MAX_PATCH_LINE - 1] + "…" if too_long else line)
    sections = _sections(olds, news, added, removed)
    return DocumentDetail(sections=sections, patch="\n".join(shown), truncated=truncated)


def _sections(
    olds: Sequence[str], news: Sequence[str], added: Mapping[str, int], removed: Mapping[str, int]
) -> tuple[SectionLines, ...]:
    return tuple(
        SectionLines(path=name, added=added[name], removed=removed[name])
        for name in dict.fromkeys((*news, *olds))
        if added[name] or removed[name]
    )


def _unified(
    matcher: "difflib.SequenceMatcher[str]", old: Sequence[str], new: Sequence[str], path: str
) -> Iterator[str]:
    """The lines of `difflib.unified_diff`, from opcodes that are computed already."""
    for number, group in enumerate(matcher.get_grouped_opcodes(3)):
        if number == 0:
            yield f"--- old/{path}"
            yield f"+++ new/{path}"
        first, last = group[0], group[-1]
        yield f"@@ -{_range(first[1], last[2])} +{_range(first[3], last[4])} @@"
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                yield from (f" {line}" for line in old[i1:i2])
                continue
            yield from (f"-{line}" for line in old[i1:i2])
            yield from (f"+{line}" for line in new[j1:j2])


def _range(start: int, stop: int) -> str:
    length = stop - start
    if length == 1:
        return f"{start + 1}"
    return f"{start + 1 if length else start},{length}"


def _counted(
    olds: Sequence[str], old: Sequence[str], news: Sequence[str], new: Sequence[str]
) -> tuple[Counter[str], Counter[str]]:
    """Lines gained and lost by section of a long document, which is compared as bags of lines, without order."""
    was, now = Counter(zip(olds, old, strict=True)), Counter(zip(news, new, strict=True))
    added, removed = Counter[str](), Counter[str]()
    for (section, _line), count in (now - was).items():
        added[section] += count
    for (section, _line), count in (was - now).items():
        removed[section] += count
    if not added and not removed:  # the same lines in another order
        for section, line, other in zip(news, new, old, strict=True):
            if line != other:
                added[section] += 1
                removed[section] += 1
    return added, removed


def compare_files(old: VerifiedPack, new: VerifiedPack) -> tuple[tuple[Change, ...], int]:
    """Compare evidence files by path and external artifacts by name, as plain facts."""
    before, after = dict(_files(old)), dict(_files(new))
    changes: list[Change] = []
    unchanged = 0
    for subject in {**before, **after}:
        was, now = before.get(subject), after.get(subject)
        if was and now and was[1:] == now[1:]:
            unchanged += 1
            continue
        end, verb = ("CHANGED", "is another") if was and now else ("ADDED", "is new") if now else ("REMOVED", "is gone")
        role = (now or was or ("",))[0]
        changes.append(
            Change(
                code=f"FIL-{end}",
                kind="file",
                subject=subject,
                old=f"sha256:{was[1]}" if was else None,
                new=f"sha256:{now[1]}" if now else None,
                explanation=f"{subject} ({role}) {verb}: {_sizes(was, now)}.",
                detail=FileDetail(
                    old_role=was[0] if was else None,
                    new_role=now[0] if now else None,
                    old_size=was[2] if was else None,
                    new_size=now[2] if now else None,
                ),
            )
        )
    return tuple(changes), unchanged


_File = tuple[str, str, int]
"""Role, sha256 and size."""


def _files(pack: VerifiedPack) -> Iterator[tuple[str, _File]]:
    """Files by path; a colon, which no path holds, marks what lies outside of the pack."""
    manifest = pack.evidence.manifest
    roles: Mapping[str, str] = {entry.path: entry.role for entry in manifest.files}
    for path, file in pack.raw.files.items():
        yield path, (roles.get(path) or _own_role(file), file.sha256, file.size)
    for artifact in manifest.external_artifacts:
        yield f"external: {artifact.name}", (artifact.role, artifact.sha256, artifact.size)


def _own_role(file: RawFile) -> str:
    if file.path == MANIFEST:
        return "pack manifest"
    return "checksums" if file.path.rpartition("/")[2] == CHECKSUMS else "unlisted"


def _sizes(was: _File | None, now: _File | None) -> str:
    if was and now:
        return f"{was[2]} bytes before, {now[2]} bytes now"
    return f"{(was or now or ('', '', 0))[2]} bytes"
