"""`render_documents`: evidence → Markdown, and what a stale document differs in."""

import difflib
import re
from dataclasses import dataclass
from typing import Any

from jinja2 import TemplateError
from markdown_it import MarkdownIt

from proofpress.evidence.pack import Evidence
from proofpress.render.document import RenderedDocument
from proofpress.render.sets import DocumentSpec, TemplateSet, Trace, template_failure
from proofpress.render.sourced import EMPTY_LINE

_MARK = re.compile(f"{Trace.OPEN}(\\d+){Trace.CLOSE}")
_BLANK_LINES = re.compile(r"\n{3,}")
_MAX_DIFF_LINES = 60
_MAX_COMPARED_LINES = 1000
_MAX_COMPARED_CHARS = 1_000_000


def render_documents(evidence: Evidence, template_set: TemplateSet) -> tuple[RenderedDocument, ...]:
    """Render every document whose evidence is there. No clock, no locale, no disk; the same each time."""
    prepared: dict[Any, Any] = {}
    documents = []
    for spec in template_set.documents:
        if all(getattr(evidence, need) is not None for need in spec.needs):
            if spec.prepare not in prepared:
                prepared[spec.prepare] = spec.prepare(evidence)
            text = _render(spec, prepared[spec.prepare], template_set)
            documents.append(RenderedDocument(name=spec.name, path=spec.path, title=spec.title, text=text))
    return tuple(documents)


def _render(spec: DocumentSpec, prepared: Any, template_set: TemplateSet, trace: Trace | None = None) -> str:
    environment = template_set.environment if trace is None else template_set.new_environment(trace)
    try:
        text = environment.get_template(spec.template).render(spec.view(prepared))
    except (TemplateError, TypeError) as exc:
        raise template_failure(spec.template, exc) from exc
    return _BLANK_LINES.sub("\n\n", text).strip("\n").replace(EMPTY_LINE, "") + "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Staleness:
    """How a committed document differs from a fresh render."""

    sections: tuple[str, ...]
    sources: tuple[str, ...]
    diff: str


def explain_staleness(
    evidence: Evidence, template_set: TemplateSet, document: RenderedDocument, committed: str
) -> Staleness:
    """Name the sections and the JSON fields behind each difference, with a unified diff.

    Of long texts only the part from the first difference on is compared: comparing takes quadratic time.
    """
    spec = next(spec for spec in template_set.documents if spec.name == document.name)
    trace = Trace()
    traced = _render(spec, spec.prepare(evidence), template_set, trace).splitlines()
    fresh = document.text.splitlines()
    old = committed[:_MAX_COMPARED_CHARS].splitlines()
    fresh_sections, old_sections = _sections(document.text), _sections(committed[:_MAX_COMPARED_CHARS])
    same = old == fresh
    start = 0
    if max(len(old), len(fresh)) > _MAX_COMPARED_LINES:
        pairs = enumerate(zip(old, fresh, strict=False))
        first = next((number for number, (left, right) in pairs if left != right), min(len(old), len(fresh)))
        start = max(first - 1, 0)
        old, fresh = (lines[start : start + _MAX_COMPARED_LINES] for lines in (old, fresh))
    sections: dict[str, None] = {}
    sources: dict[str, None] = {}
    for tag, a1, a2, b1, b2 in difflib.SequenceMatcher(None, old, fresh, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        for number in range(start + b1, start + b2):
            sections[_section_at(fresh_sections, number)] = None
            if number < len(traced):
                sources.update((trace.sources[int(mark)], None) for mark in _MARK.findall(traced[number]))
        for number in range(start + a1, start + a2):
            sections[_section_at(old_sections, number)] = None
    diff = list(
        difflib.unified_diff(
            old, fresh, f"{document.path} (committed)", f"{document.path} (rendered)", n=1, lineterm=""
        )
    )
    if len(diff) > _MAX_DIFF_LINES:
        diff = [*diff[:_MAX_DIFF_LINES], f"… {len(diff) - _MAX_DIFF_LINES} more lines"]
    if start:
        diff.insert(2, f"(from line {start + 1} on)")
    if same:
        diff = ["the texts differ only in line ends or in the last line feed"]
    return Staleness(sections=tuple(sections), sources=tuple(sources), diff="\n".join(diff))


def _sections(text: str) -> list[tuple[int, str]]:
    """(first line, title) of every heading of a Markdown text."""
    tokens = MarkdownIt("commonmark", {"html": False}).enable("table").disable("inline").parse(text)
    return [
        (token.map[0], tokens[index + 1].content)
        for index, token in enumerate(tokens)
        if token.type == "heading_open" and token.map
    ]


def _section_at(sections: list[tuple[int, str]], line: int) -> str:
    title = "(before the first heading)"
    for start, name in sections:
        if start > line:
            break
        title = name
    return title
