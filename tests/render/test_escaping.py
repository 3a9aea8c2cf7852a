"""Whatever evidence says, Markdown shows it literally: it never opens a block, a link, a tag or a cell."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from complete_pack import CompletePack
from pack_builder import steps
from proofpress.evidence.pack import MANIFEST, Evidence, documents_among, gathered, kind_at
from proofpress.ingest.schema import read_document
from proofpress.ingest.strict import pointer_of
from proofpress.render.render import render_documents
from proofpress.render.sets import TemplateSets
from proofpress.render.sourced import code, escape_markdown, fence, show_invisible

PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
HOSTILE = (
    "# heading",
    "###### deep",
    "Setext\u2028===",
    "---",
    "***",
    "___",
    "- item",
    "+ item",
    "* item",
    "1. item",
    "1986) item",
    "> quote",
    "```",
    "~~~",
    "``` sh\u2029rm",
    "    indented",
    "\tindented",
    "[link](javascript:alert(1))",
    "![image](https://example.org/x.png)",
    "[ref]: https://example.org",
    "[ref]",
    "<https://example.org>",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<!-- comment",
    "<![CDATA[",
    "a | b | c",
    "| --- | --- |",
    "a \\| b",
    "ends with \\",
    "*em* **strong** _em_ __strong__ ~~gone~~",
    "`code` ``code``",
    "&lt;b&gt; &#60; &amp; &copy",
    "\\*not\\*",
    "{{ 7 * 7 }} {% raw %}",
    "$(touch x) `touch x`",
    "\u202eevil\u202c \u200b \ufeff",
    "=",
    "===",
    "+",
    "-",
    "| a |\u2028| - |",
    "a  ",
    "a\u00a0b",
    "=HYPERLINK(1)",
)


# ── single values ────────────────────────────────────────────────────────────────────────────────────


def folded(text: str) -> str:
    return " ".join(text.split())


def shown(text: str) -> str:
    return folded(show_invisible(re.sub(r"[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]", " ", text)))


def literal(tokens: Sequence[Token]) -> str:
    """The text of inline tokens that hold nothing but text."""
    assert {token.type for token in tokens} <= {"text", "text_special"}, [token.type for token in tokens]
    return "".join(token.content for token in tokens)


_MARKUP = st.text(st.sampled_from("#*_`~[]()<>!|\\&+=-.:;'\"/ 1aé\t\n\r\u2028{}$%^x\x00\x1b\u200b\ue000"), max_size=12)
_TEXTS = (_MARKUP | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)).filter(lambda text: text.strip())
settings.register_profile("escaping", parent=settings.get_profile("repeatable"), max_examples=250)


@given(_TEXTS)
@settings(settings.get_profile("escaping"))
@example("# a")
@example("1. a")
@example("- a")
@example("~~~")
@example("a_b _c_")
@example("&amp;")
def test_text_is_a_paragraph_of_itself(text: str) -> None:
    tokens = PARSER.parse(escape_markdown(text))
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    assert folded(literal(tokens[1].children or [])) == shown(text)


@given(_TEXTS)
@settings(settings.get_profile("escaping"))
def test_text_fills_one_cell_and_one_bullet(text: str) -> None:
    table = PARSER.parse(f"| a | b |\n| --- | --- |\n| {escape_markdown(text)} | end |\n")
    cells = [token for token in table if token.type == "inline"]
    assert len(cells) == 4
    assert folded(literal(cells[2].children or [])) == shown(text)
    assert cells[3].content == "end"
    bullet = PARSER.parse(f"- {escape_markdown(text)}\n- end\n")
    assert [token.type for token in bullet if token.level == 1] == ["list_item_open", "list_item_close"] * 2
    assert [token.type for token in bullet].count("inline") == 2
    assert folded(literal(bullet[3].children or [])) == shown(text)


@given(_TEXTS)
@settings(settings.get_profile("escaping"))
def test_code_shows_the_text_in_a_cell(text: str) -> None:
    tokens = PARSER.parse(f"| a | b |\n| --- | --- |\n| {code(text)} | end |\n")
    cells = [token for token in tokens if token.type == "inline"]
    assert len(cells) == 4
    (span,) = cells[2].children or []
    assert span.type == "code_inline"
    assert folded(span.content) == shown(text)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | _MARKUP | st.just("```\n````\n~~~"))
@settings(settings.get_profile("escaping"))
def test_fence_holds_every_line(text: str) -> None:
    tokens = PARSER.parse(f"{fence(text)}\n\nafter\n")
    assert [token.type for token in tokens] == ["fence", "paragraph_open", "inline", "paragraph_close"]
    lines = text.replace("\r\n", "\n").rstrip("\n").split("\n")
    assert len(tokens[0].content.split("\n")) - 1 == len(lines)
    assert all(char == "\n" or char == "\t" or char.isprintable() or char == "\ue002" for char in tokens[0].content)


@pytest.mark.parametrize("char", [chr(point) for point in (0, 7, 0x1B, 0x7F, 0x9B, 0x200B, 0x202E, 0xE000, 0xFEFF)])
def test_control_and_invisible_characters_are_named(char: str) -> None:
    name = f"⟨U+{ord(char):04X}⟩"
    assert escape_markdown(f"a{char}b") == f"a{name}b"
    assert code(f"a{char}b") == f"`a{name}b`"
    assert name in fence(f"a{char}b")


# ── whole documents ──────────────────────────────────────────────────────────────────────────────────

_GROUPING = re.compile(
    r"/class_balance|/rows/\d+/(slice|split|name|baseline)|/headline|/splits/\d+/name|/slice_dimensions/\d+/name"
)
Leaf = tuple[str, str]
Subject = tuple[Evidence, dict[str, Any], list[Leaf]]
Skeletons = dict[str, list[tuple[str, int]]]


def _leaves(value: Any, path: tuple[str | int, ...] = ()) -> list[str]:
    if isinstance(value, str):
        return [pointer_of(path)]
    items: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, tuple) else ()
    return [leaf for name, item in items for leaf in _leaves(item, (*path, name))]


def _with(value: Any, path: Sequence[str], text: str) -> Any:
    """A parsed document with one value replaced."""
    if not path:
        return text
    if isinstance(value, dict):
        return value | {path[0]: _with(value[path[0]], path[1:], text)}
    place = int(path[0])
    return (*value[:place], _with(value[place], path[1:], text), *value[place + 1 :])


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    """A pack's evidence, its parsed documents, and every place in them that takes a free text."""
    pack = CompletePack(tmp_path_factory.mktemp("hostile"))
    pack.corrupt("model/model_package.json", "/parameters", {"nested": {"a": "x"}})
    pack.corrupt("release.json", "/deprecations", [{"name": "a", "since": "b", "replacement": "c"}])
    pack.corrupt("release.json", "/support", {"until": "2027-01-01", "note": "x"})
    pack.corrupt("model/eval_metrics.json", "/rows/0/notes", "x")
    pack.corrupt("demo/terminal_demo_manifest.json", "/environment_note", "x")
    pack.corrupt("demo/terminal_demo_manifest.json", "/stderr", "x")
    loaded = pack.load()
    assert loaded.evidence is not None
    kinds = [kind for kind in documents_among(loaded.values) if kind.path != MANIFEST]
    leaves = [
        (kind.path, pointer)
        for kind in kinds
        for pointer in _leaves(loaded.values[kind.path])
        if pointer != "/generated_by"
        and read_document(kind, _with(loaded.values[kind.path], steps(pointer), "free text"))[0] is not None
    ]
    assert len(leaves) > 80
    return loaded.evidence, {kind.path: loaded.values[kind.path] for kind in kinds}, leaves


def _read(path: str, value: Any) -> Any:
    kind = kind_at(path)
    assert kind is not None
    return read_document(kind, value)[0]


def filled(subject: Subject, text_of: Callable[[int, Leaf], str | None]) -> Skeletons:
    """The documents' structure when each leaf says `text_of`; None leaves it, an invalid text is made plain.

    Paths stay different, for a document lists each file once.
    """
    evidence, documents, leaves = subject
    values = dict(documents)
    for number, (path, pointer) in enumerate(leaves):
        text = text_of(number, (path, pointer))
        if text is None:
            continue
        end = f"-{number}" if pointer.endswith("path") else ""
        changed = _with(values[path], steps(pointer), text + end)
        valid = _read(path, changed) is not None
        values[path] = changed if valid else _with(values[path], steps(pointer), "plain" + end)
    models = gathered((kind, _read(kind.path, values[kind.path])) for kind in documents_among(values))
    found = {}
    for document in render_documents(replace(evidence, **models), TemplateSets().newest()):
        tokens = PARSER.parse(document.text)
        flat = [inner for token in tokens for inner in (token, *(token.children or ()))]
        found[document.name] = [
            (token.type, token.level) for token in flat if token.type not in {"text", "text_special"}
        ]
    assert len(found) == 7
    return found


@pytest.fixture(scope="module")
def plain(subject: Subject) -> Skeletons:
    """The structure of documents whose every text is plain."""
    return filled(subject, lambda _number, _leaf: "plain")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_in_every_field_changes_no_structure(text: str, subject: Subject, plain: Skeletons) -> None:
    assert filled(subject, lambda _number, _leaf: text) == plain


def test_naughty_strings_change_no_structure(robustness: Path, subject: Subject) -> None:
    texts = [text for text in json.loads((robustness / "blns/blns.json").read_text("utf-8")) if text.strip()]
    assert len(texts) > 400
    wanted = filled(subject, lambda number, leaf: None if _GROUPING.search(leaf[1]) else f"plain {number}")
    for turn in range(-(-len(texts) // 61)):

        def naughty(number: int, leaf: Leaf, start: int = turn * 61) -> str | None:
            return None if _GROUPING.search(leaf[1]) else texts[(number + start) % len(texts)]

        assert filled(subject, naughty) == wanted
