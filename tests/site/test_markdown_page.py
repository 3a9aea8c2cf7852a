"""Documents as page bodies: the quick way equals markdown-it, ids are stable, and nothing foreign comes through."""

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from proofpress.render.sourced import code, escape_markdown, fence
from proofpress.site import markdown_pieces
from proofpress.site.markdown_page import Heading, metric_id, render_page, slice_id, slug

ROBUSTNESS = Path(__file__).parents[3] / "shared/data/robustness/blns/blns.json"

DOCUMENT = """\
# Evaluation report: Digits

> **Rehearsal.** Part of this pack is marked as a fixture.

| Field | Value |
| --- | --- |
| Release | `digits-v0.2.0-mlp64-r1` |
| Odd \\| cell \\<b\\> | `a\\|b` & "c" |

## Conclusions

- accuracy on test is 0.9722, cal_err 0.01.
- **Keys**: none are shared \\[sic\\].

## Metrics

| Metric | Split | Value | Interval | n | Unit | Direction |
| --- | --- | ---: | ---: | ---: | --- | --- |
| accuracy | test | 0.9722 | 0.95 to 0.98 | 360 | fraction | higher is better |
| ROC AUC (macro) | test | 0.99 | none | 360 | fraction | higher is better |
| accuracy | test | 0.5 | none | 360 | fraction | higher is better |

## Slices

### digit on test

The slices are a partition of the split.

| Slice | Metric | Value | Interval | n | Unit | Direction |
| --- | --- | ---: | ---: | ---: | --- | --- |
| 8 | accuracy | 0.91 | none | 35 | fraction | higher is better |

## Metrics

```sh
python train.py | tee "log"

# done & <over>
```

Trainable parameters: 4810.
"""


class Events(HTMLParser):
    """Tags, attributes and text in order, without what `render_page` adds."""

    VOID = frozenset({"br", "hr", "img"})

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.events: list[tuple[object, ...]] = []
        self.pre = 0
        self.body = False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "div":
            assert found["class"] == "pp-scroll"
            return
        if tag == "img":
            self.handle_data(found["alt"] or "")
            return
        self.pre += tag == "pre"
        self.body = (self.body or tag == "tbody") and tag != "thead"
        if tag == "th" and found.get("scope") == "row":
            tag = "td"
        for name in ("id", "scope"):
            found.pop(name, None)
        kind = found.get("class")
        if tag == "table" and kind == "pp-table":
            del found["class"]
        if tag in {"th", "td"} and kind:
            found = {"style": {"pp-num": "text-align:right"}.get(kind, f"text-align:{kind.removeprefix('pp-align-')}")}
        self.events.append(("open", "h2" if tag == "h1" else tag, sorted(found.items())))

    def handle_endtag(self, tag: str) -> None:
        if tag in self.VOID or tag == "div":
            return
        self.pre -= tag == "pre"
        self.body = self.body and tag != "tbody"
        # A row's first cell may be a th in the page where markdown-it has a td.
        self.events.append(("close", {"h1": "h2", "th": "td" if self.body else "th"}.get(tag, tag)))

    def handle_data(self, data: str) -> None:
        if self.pre == 0 and "\n" in data and not data.strip():
            return
        if self.pre == 0:
            data = data.strip("\n")
        if self.events and self.events[-1][0] == "text":
            data = str(self.events.pop()[1]) + data
        if data:
            self.events.append(("text", data))

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment came out: {data!r}")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(f"a declaration came out: {decl!r}")

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(f"a declaration came out: {data!r}")

    def handle_pi(self, data: str) -> None:
        raise AssertionError(f"an instruction came out: {data!r}")


def reference(text: str) -> str:
    plain = MarkdownIt("commonmark", {"html": False}).enable("table")
    plain.validateLink = markdown_pieces._is_link  # type: ignore[method-assign]
    return str(plain.render(text))


def assert_equals_markdown_it(text: str) -> None:
    ours = Events(render_page(text, keep_title=True).html).events
    assert ours == Events(reference(text)).events


# One page ------------------------------------------------------------------------------------------------------------


def test_page_of_a_document() -> None:
    page = render_page(DOCUMENT)
    assert page.title == "Evaluation report: Digits"
    assert "<h1" not in page.html
    assert page.headings == (
        Heading(level=2, id="conclusions", title="Conclusions"),
        Heading(level=2, id="metrics", title="Metrics"),
        Heading(level=2, id="slices", title="Slices"),
        Heading(level=3, id="digit-on-test", title="digit on test"),
        Heading(level=2, id="metrics-2", title="Metrics"),
    )
    assert page.rows == (
        "metric-accuracy-test",
        "metric-roc-auc-macro-test",
        "metric-accuracy-test-2",
        "slice-digit-8-accuracy-test",
    )
    assert (
        '<div class="pp-scroll" tabindex="0" role="region" aria-label="Table: Metrics"><table class="pp-table">\n'
        '<thead>\n<tr><th scope="col">Metric</th><th scope="col">Split</th><th scope="col" class="pp-num">Value</th>'
    ) in page.html
    assert (
        '<tr id="metric-accuracy-test"><th scope="row">accuracy</th><td>test</td><td class="pp-num">0.9722</td>'
        '<td class="pp-num">0.95 to 0.98</td>'
    ) in page.html
    assert "<td>Odd | cell &lt;b&gt;</td><td><code>a|b</code> &amp; &quot;c&quot;</td>" in page.html
    assert (
        '<pre><code class="language-sh">python train.py | tee &quot;log&quot;\n\n# done &amp; &lt;over&gt;\n'
        in page.html
    )
    assert " style=" not in page.html


def test_document_equals_markdown_it() -> None:
    assert_equals_markdown_it(DOCUMENT)


def test_document_takes_the_quick_way_all_through(monkeypatch: pytest.MonkeyPatch) -> None:
    prose = DOCUMENT.replace("> **Rehearsal.** Part of", "Part of")

    def refuse(text: str) -> tuple[str, ...]:
        raise AssertionError(f"went through markdown-it: {text!r}")

    monkeypatch.setattr(markdown_pieces, "_remembered", refuse)
    monkeypatch.setattr(markdown_pieces, "_remembered_inline", refuse)
    render_page(prose)


def test_title_is_kept_on_demand_and_a_second_one_becomes_level_2() -> None:
    page = render_page("# One\n\n# Two\n", keep_title=True)
    assert [(heading.level, heading.id) for heading in page.headings] == [(1, "one"), (2, "two")]
    assert render_page("# One\n\n# Two\n").html == '<h2 id="two">Two</h2>\n'


def test_ids_differ_from_reserved_ones_and_from_each_other() -> None:
    page = render_page("## A\n\n## A 2\n\n## A\n\n## 精度\n\n## \u00c9t\u00e9\n", reserved=("a",))
    ids = [heading.id for heading in page.headings]
    assert ids == ["a-2", "a-2-2", "a-3", slug("精度"), "ete"]
    assert re.fullmatch(r"x[0-9a-f]{8}", slug("精度"))


def test_row_ids_can_be_made_from_evidence() -> None:
    assert metric_id("ROC AUC (macro)", "test") == "metric-roc-auc-macro-test"
    assert slice_id("digit", "8", "accuracy", "test") == "slice-digit-8-accuracy-test"


def test_own_row_ids_are_made_harmless() -> None:
    table = "| A | B |\n| --- | --- |\n| x | y |\n"
    page = render_page(table, anchors=lambda *_: lambda cells: f'"><script>{cells[0]}')
    assert page.rows == ("script-x",)
    assert '<tr id="script-x"><th scope="row">x</th><td>y</td></tr>' in page.html


def test_regions_have_different_names() -> None:
    table = "| A |\n| --- |\n| x |\n"
    html = render_page(f"## T & <co>\n\n{table}\n{table}").html
    names = re.findall('aria-label="([^"]*)"', html)
    assert names == ["Table: T &amp; &lt;co&gt;", "Table: T &amp; &lt;co&gt; (2)"]


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("[a](other/page.md#x)", '<p><a href="other/page.md#x">a</a></p>\n'),
        ("[a](https://example.org/?q=1)", '<p><a href="https://example.org/?q=1">a</a></p>\n'),
        ("[a](#metrics)", '<p><a href="#metrics">a</a></p>\n'),
        ("![chart of *all*](https://example.org/x.png)", "<p>chart of all</p>\n"),
        ("[a](javascript:alert(1))", "<p>[a](javascript:alert(1))</p>\n"),
        ("[a](//example.org/x)", "<p>[a](//example.org/x)</p>\n"),
        ("[a](data:text/html,x)", "<p>[a](data:text/html,x)</p>\n"),
        ("[a](mailto:x)", "<p>[a](mailto:x)</p>\n"),
        ("<b onclick=x>a</b>", "<p>&lt;b onclick=x&gt;a&lt;/b&gt;</p>\n"),
        ("- | a |\n  | ---: |\n  | 1 |\n", None),
    ],
)
def test_links_pictures_and_markup(text: str, html: str | None) -> None:
    made = render_page(text).html
    if html is None:
        assert '<td class="pp-num">1</td>' in made
        assert "style" not in made
    else:
        assert made == html


# The quick way equals markdown-it ------------------------------------------------------------------------------------

TRICKY = [
    "- a\n\n- b\n\nc",
    "- a\n\n  b\n\nc",
    "1. a\n\n2. b\n\n- c\n\n    code",
    "```text\na\n\n```  \nb\n\n```\n",
    "```text\nopen\n\n## no heading",
    "~~~\na\n\n~~~\n\nb",
    "- ```\n  a\n\n  b\n  ```\n\n# c",
    "a\n\n[x]: https://example.org\n\n[x]",
    "a\n\n> [x]: https://example.org\n\nb [x]",
    "    code\n\n\n    more\n\nx",
    "| a |\n| --- |\n| b |\nlazy\n\nx",
    "| a | b |\n| --- | --- |\n| one |\n| 1 | 2 | 3 |",
    "| a |\n| :---: |\n| `x\\|y` |",
    "| a |\n|---|\n||\n",
    "# #\n\n## a ##\n\n### a #b\n\n#c",
    "a\n===\n\nb\n---\n\n---\n\n***",
    "- **a**: b\n- **c.** d\n- ***e***\n- **f**g **h",
    "a_b _c_ __d__ e__f",
    "`a` ``b`` ` c ` `d\\` \\`e`",
    "\\*a\\* \\\\ & &amp; &x; &#35; \"q\" 'q'",
    "12. a\n\n13) b\n\n12.5 c\n\n12 d",
    "\n\n```sh\n\n```\n\n```\n```\n",
    "a\u00a0\n\n\u00a0b\n\n| \u00a0 |\n| --- |\n| \u2003x\u2003 |",
    "a  \nb\\\nc",
    "a\r\nb\r\n\r\nc\x00d",
    "```\n    a\n\tb\n```\n\n- x",
    "- a\n-\n- b",
    "-\n\n\n- 1\n\n",
    "**a** **b** **c:** d",
    "- \\- a\n- \\# b\n- 1\\. c",
]


@pytest.mark.parametrize("text", TRICKY)
def test_tricky_texts_equal_markdown_it(text: str) -> None:
    assert_equals_markdown_it(text)


LINES = st.text(alphabet=st.sampled_from("ab1 \\`*_[]<>&|~#-+.:()!\"'=\té"), max_size=14)
EVIDENCE = st.one_of(LINES, st.text(max_size=30)).filter(lambda text: bool(text.strip()))
ESCAPED = EVIDENCE.map(escape_markdown)
CELL = st.one_of(ESCAPED, EVIDENCE.map(code), st.sampled_from(["0.97", "–", "cal_err", "**a**: b"]))
FREE = st.lists(
    st.one_of(
        LINES,
        st.sampled_from(["- a", "  b", "    c", "1. d", "> e", "```", "~~~", "| a | b |", "| --- | ---: |", "", "# h"]),
    ),
    max_size=6,
).map("\n".join)


@st.composite
def own_table(draw: st.DrawFn) -> str:
    width = draw(st.integers(1, 4))
    rows = [[draw(CELL) for _ in range(width)] for _ in range(draw(st.integers(1, 4)))]
    marks = [draw(st.sampled_from(["---", "---:", ":---:"])) for _ in range(width)]
    return "\n".join(f"| {' | '.join(row)} |" for row in [rows[0], marks, *rows[1:]])


@st.composite
def own_list(draw: st.DrawFn) -> str:
    return "\n".join(f"- {draw(CELL)}" for _ in range(draw(st.integers(1, 3))))


BLOCK = st.one_of(
    own_table(),
    own_list(),
    ESCAPED,
    st.tuples(st.sampled_from(["#", "##", "###"]), CELL).map(" ".join),
    EVIDENCE.map(fence),
    FREE,
)
DOCUMENTS = st.lists(st.tuples(BLOCK, st.sampled_from(["\n\n", "\n\n", "\n", "\n\n\n", "\n \n"])), max_size=6).map(
    lambda parts: "".join(block + gap for block, gap in parts)
)


@settings(max_examples=400, deadline=None)
@given(DOCUMENTS)
def test_any_document_equals_markdown_it(text: str) -> None:
    assert_equals_markdown_it(text)


# Hostile evidence ----------------------------------------------------------------------------------------------------

ALLOWED = {
    "div": {"class", "tabindex", "role", "aria-label"},
    "table": {"class"},
    "tr": {"id"},
    "th": {"scope", "class"},
    "td": {"class"},
    "a": {"href", "title"},
    "code": {"class"},
    "ol": {"start"},
    **{f"h{level}": {"id"} for level in range(1, 7)},
    **{tag: set() for tag in ("p", "ul", "li", "pre", "em", "strong", "hr", "br", "blockquote", "thead", "tbody")},
}


class Judge(HTMLParser):
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ALLOWED, tag
        for name, value in attrs:
            assert name in ALLOWED[tag], (tag, name, value)
            if name == "href":
                before_path = re.split(r"[/?#]", (value or "").strip())[0].lower()
                assert ":" not in before_path or before_path in {"http:", "https:"}, value

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(decl)

    def handle_pi(self, data: str) -> None:
        raise AssertionError(data)


def judge(text: str) -> None:
    html = render_page(text).html
    Judge().feed(html)
    assert not re.search(r"<(?![/a-z])", html)


def shapes(text: str) -> Iterator[str]:
    """A hostile text as escaped evidence in each place of a document, and raw, as a careless template prints it."""
    escaped = escape_markdown(text)
    table = "## {0}\n\n| Metric | Split | Value | Interval |\n| --- | --- | ---: | --- |\n| {0} | {0} | 1 | {1} |\n"
    yield f"# {escaped}\n\n{escaped}\n\n- {escaped}\n\n" + table.format(escaped, code(text))
    yield fence(text)
    yield text
    yield f"# {text}\n\n- {text}\n\n{table.format(text, text)}\n[{text}]({text})\n\n![{text}]({text})\n\n<{text}>"


@pytest.mark.skipif(not ROBUSTNESS.is_file(), reason="the collection of hostile strings is not here")
def test_no_foreign_markup_comes_out_of_hostile_strings() -> None:
    hostile = [text for text in json.loads(ROBUSTNESS.read_text(encoding="utf-8")) if text.strip()]
    assert len(hostile) > 400
    for text in hostile:
        for document in shapes(text):
            judge(document)


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "[a](javascript:alert(1))",
        "[a](JaVaScRiPt:alert(1) 'x\" onclick=\"y')",
        "[a](&#106;avascript:alert(1))",
        "[a](java\\\tscript:x)",
        "<javascript:alert(1)>",
        '<https://example.org/"onmouseover=alert(1)>',
        "[x]\n\n[x]: javascript:alert(1)",
        "<!-- a --> <?php ?> <![CDATA[x]]> <!DOCTYPE html>",
    ],
)
def test_no_foreign_markup_comes_out(text: str) -> None:
    for document in shapes(text):
        judge(document)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "<script>",
                "</",
                "<a ",
                "href=",
                "javascript:",
                "](",
                "[",
                ")",
                '"',
                "'",
                ">",
                "|",
                "\n",
                "`",
                "\\",
                "&lt;",
                "&#x3c;",
                "onerror=",
                "<!--",
                "-->",
                " ",
            ]
        ),
        max_size=14,
    ).map("".join)
)
def test_no_foreign_markup_comes_out_of_any_mixture(text: str) -> None:
    judge(text)


# Cost ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "\\" * 20_000,
        "`" * 20_000,
        "**a" * 5_000,
        "|" * 20_000,
        "| a " * 5_000 + "|\n| --- |",
        "- a\n\n" * 3_000,
        "[" * 5_000,
        "## a\n\n" * 3_000,
    ],
)
def test_no_text_is_out_of_proportion(text: str) -> None:
    assert render_page(text).html  # a parser that tries every way would not come to an end
