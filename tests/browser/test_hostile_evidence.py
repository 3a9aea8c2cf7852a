"""Packs that say hostile things in every text field that may say them: pages show the words, and nothing runs."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final

import pytest

from browser.judges import SETTLED, Browser, served
from conftest import ROBUSTNESS
from example_site import BELOW, build, copy_instance, tree
from pack_builder import PackBuilder
from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.pack import KIND_BY_PATH, MANIFEST
from proofpress.ingest.schema import read_document
from proofpress.ingest.strict import parse_json, pointer_of

HOSTILE: Final = (
    "<script>window.ran = true</script>",
    "<img src=x onerror='window.ran = true'>",
    '"><svg onload=window.ran=true> is what stood there',
    "' onmouseover='window.ran = true",
    '" autofocus onfocus="window.ran = true',
    "</title><script>window.ran = true</script>",
    "</script><script>window.ran = true</script>",
    "--><script>window.ran = true</script><!--",
    "]]></desc></svg><script>window.ran = true</script>",
    "</code></pre><script>window.ran = true</script>",
    "</td></tr></table><script>window.ran = true</script>",
    "<iframe srcdoc='<script>parent.ran = true</script>'></iframe>",
    "<a href='javascript:window.ran = true'>read</a>",
    "[read what else was found](javascript:window.ran=true)",
    "![what the camera saw that day](https://elsewhere.example/x.png)",
    "<https://elsewhere.example/> holds what was found",
    "<link rel=stylesheet href=https://elsewhere.example/x.css>",
    "<meta http-equiv=refresh content='x; url=https://elsewhere.example/'>",
    "<base href=https://elsewhere.example/> is what stood there",
    "<form action=https://elsewhere.example/><button autofocus>go</button></form>",
    "<style>body { display: none }</style>",
    "&lt;script&gt;window.ran = true&lt;/script&gt;",
    "{{ config }}{% raw %}{# x #}",
    "@@proofpress:body@@ and @@proofpress:head@@",
    "\u202e<b onclick=window.ran=true>x</b> is what stood there\u202c",
    "<math><mtext><style><img onerror=window.ran=true src=x></style></mtext></math>",
)
OLD, NEW = "digits-v0.1.0-tiny-r1", "digits-v0.2.0-tiny-r1"
Leaf = tuple[str, str]


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str, str]]:
    """Pointers and values of all texts of a document."""
    if isinstance(value, str):
        yield pointer_of(path), value
    items: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in items:
        yield from leaves(item, (*path, name))


def accepted(pack: PackBuilder, chosen: Sequence[Leaf], text: str) -> bool:
    """Put a text into places of a pack if it then still verifies; else the pack stays as it was."""
    before = tree(pack.folder)
    for path, pointer in chosen:
        pack.corrupt(path, pointer, text)
    if all(obeys_schema(pack, path) for path, _ in chosen) and not pack.reseal().verify().errors:
        return True
    for name, data in before.items():
        if (pack / name).read_bytes() != data:
            pack.write(name, data)
    return False


def obeys_schema(pack: PackBuilder, path: str) -> bool:
    """Whether a document can be read at all."""
    return read_document(KIND_BY_PATH[path], parse_json((pack / path).read_bytes()))[0] is not None


def poison(pack: PackBuilder) -> list[list[Leaf]]:
    """Put hostile texts wherever the pack then still verifies, equal texts together since names stand in several
    places. Returns the places that took one.
    """
    groups: dict[str, list[Leaf]] = defaultdict(list)
    for kind in KIND_BY_PATH.values():
        if kind.path == MANIFEST or not (pack / kind.path).exists():
            continue
        for pointer, text in leaves(pack.json(kind.path)):
            if pointer not in {"/generated_by", "/schema_version", "/release_id"}:
                groups[text].append((kind.path, pointer))
    taken: list[list[Leaf]] = []
    for places in groups.values():
        for chosen in (places, *([place] for place in places if len(places) > 1)):
            if accepted(pack, chosen, HOSTILE[len(taken) % len(HOSTILE)]):
                taken.append(chosen)
                if chosen is places:
                    break
    return taken


def poison_again(pack: PackBuilder, taken: Sequence[Sequence[Leaf]], shift: int) -> None:
    """Other hostile texts in the same places of a pack like the first; names take visible characters only."""
    visible = [text for text in HOSTILE if text.isprintable()]
    for number, places in enumerate(taken):
        for path, pointer in places:
            pack.corrupt(path, pointer, visible[(number + shift) % len(visible)])
    assert not pack.reseal().verify().errors


def naughty() -> list[str]:
    """Public naughty strings, when they are on this machine."""
    file = ROBUSTNESS / "blns/blns.json"
    return [text for text in json.loads(file.read_text("utf-8")) if text.strip()] if file.is_file() else []


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site of two hostile releases, one after the other."""
    top = tmp_path_factory.mktemp("hostile")
    instance = copy_instance(top / "instance", packs=False)
    old = PackBuilder(instance / "packs")
    taken = poison(old)
    assert sum(map(len, taken)) >= 50
    new = follower(instance, old)
    poison_again(new, taken, 7)
    fill_with_naughty(new)
    done = build(instance)
    assert done.returncode == 0, done.stdout + done.stderr
    site = top / "served" / BELOW
    site.parent.mkdir(parents=True)
    site.symlink_to(instance / "site")
    return site


def follower(instance: Path, old: PackBuilder) -> PackBuilder:
    """A second release in the same family, made beside the first."""
    new = PackBuilder(instance / "made")
    new.with_release(NEW, predecessor=old)
    new.corrupt("model/manifest.json", "/format", "another parity table").with_model_id().reseal()
    target = instance / "packs" / new.family / NEW
    new.folder.rename(target)
    new.root = instance / "packs"
    return new


def harmless(pack: PackBuilder, texts: Sequence[str]) -> list[str]:
    """The texts that may be intended uses: what a rule refuses is found by halving."""
    if not texts:
        return []
    before = pack.json("release.json")
    pack.corrupt("release.json", "/intended_use", list(texts))
    if obeys_schema(pack, "release.json") and not pack.reseal().verify().errors:
        return list(texts)
    pack.write("release.json", dump_json(before))
    half = len(texts) // 2
    return [*harmless(pack, texts[:half]), *harmless(pack, texts[half:])] if half else []


def fill_with_naughty(pack: PackBuilder) -> None:
    """The public strings as intended uses, without those that a rule refuses."""
    texts = naughty()
    kept = harmless(pack, texts)
    pack.corrupt("release.json", "/intended_use", [HOSTILE[0], *kept]).reseal()
    assert not pack.verify().errors
    assert len(kept) > len(texts) * 0.65 or not texts  # decimals that were not measured are refused


class _Tags(HTMLParser):
    """Elements and attributes of a page, and its text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.scripts = 0
        self.seen: set[tuple[str, str]] = set()
        self.links: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        self.seen |= {(tag, name) for name, _ in attrs} | {(tag, "")}
        self.links += [value or "" for name, value in attrs if name in {"href", "src", "action", "xlink:href"}]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read(path: Path) -> _Tags:
    tags = _Tags()
    tags.feed(path.read_text(encoding="utf-8"))
    tags.close()
    return tags


def test_hostile_words_make_no_element_and_no_link(hostile: Path, example: Path) -> None:
    usual = {
        place: read(example / f"releases/digits-v0.3.0-mlp64-r1/{place}index.html")
        for place in (
            "",
            "model-card/",
            "eval-report/",
            "data-card/",
            "training/",
            "demo/",
            "paper/",
            "changes/",
            "evidence/",
            "cite/",
        )
    }
    known = set().union(*(tags.seen for tags in usual.values()))
    shown = ""
    for release in (OLD, NEW):
        for place, wanted in usual.items():
            tags = read(hostile / f"releases/{release}/{place}index.html")
            assert tags.scripts == wanted.scripts, place
            assert tags.seen - known == set(), place
            assert not [
                link for link in tags.links if link.lstrip().lower().startswith(("javascript:", "data:", "vbscript:"))
            ]
            assert not [link for link in tags.links if "elsewhere.example" in link], place
            shown += " ".join("".join(tags.text).split())
    for text in HOSTILE:
        if text.isascii():
            assert " ".join(text.split()) in shown, text


def test_nothing_runs_and_nothing_is_fetched(browser: Browser, hostile: Path) -> None:
    with served(hostile.parents[len(BELOW.strip("/").split("/")) - 1]) as url:
        base = url + BELOW
        pages = [
            path.relative_to(hostile).as_posix().removesuffix("index.html")
            for path in sorted(hostile.rglob("*.html"))
            if b'http-equiv="refresh"' not in path.read_bytes()  # an alias leads elsewhere
        ]
        assert len(pages) > 20
        for page in (*pages, f"compare/?old={OLD}&new={NEW}"):
            browser.open(base + page)
            if page.startswith("compare/?"):
                assert browser.driver.execute_async_script(SETTLED)
                assert "window.ran" in browser.run("return document.getElementById('pp-compare-result').textContent")
            assert browser.run("return typeof window.ran") == "undefined", page
            assert browser.run("return getComputedStyle(document.body).display") != "none", page
            assert browser.driver.current_url.partition("?")[0] == base + page.partition("?")[0]
            assert browser.console() == (), page
            assert browser.foreign(base) == (), page
        browser.open(base)
        field = browser.driver.find_element("css selector", ".md-search__input")
        field.click()
        field.send_keys("digits")
        found = """const done = arguments[0], until = Date.now() + 10000;
        (function look() {
          const found = document.querySelectorAll('.md-search-result__link').length;
          found || Date.now() > until ? setTimeout(() => done(found), 300) : setTimeout(look, 50);
        })();"""
        assert browser.driver.execute_async_script(found)
        assert browser.run("return typeof window.ran") == "undefined"
        assert browser.foreign(base) == ()
