"""Compiled templates that are kept between runs."""

import sys
from pathlib import Path

import pytest
from jinja2 import DictLoader

from proofpress import compiled as module
from proofpress.compiled import CompiledTemplates
from proofpress.render.environment import ViewEnvironment


def rendered(text: str, kept: CompiledTemplates) -> str:
    return ViewEnvironment(str, loader=DictLoader({"a.j2": text}), bytecode_cache=kept).get_template("a.j2").render(x=1)


def test_what_was_compiled_is_used_while_text_and_compiler_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "__file__", str(tmp_path / "compiled.py"))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    compiler = tmp_path / "generator.py"
    compiler.write_text("1")
    assert rendered("{{ x }}!", CompiledTemplates("c", compiler)) == "1!"
    (kept,) = (tmp_path / "__pycache__").iterdir()
    first = kept.read_bytes()
    rendered("{{ x }}!", CompiledTemplates("c", compiler))
    assert kept.read_bytes() == first
    assert rendered("{{ x }}?", CompiledTemplates("c", compiler)) == "1?"
    assert kept.read_bytes() != first
    kept.write_bytes(first[:-3])  # cut off, and of another text
    assert rendered("{{ x }}?", CompiledTemplates("c", compiler)) == "1?"
    kept.write_bytes(b"j2 and nothing that Python could read")
    assert rendered("{{ x }}?", CompiledTemplates("c", compiler)) == "1?"
    module._digest_of.cache_clear()
    before = kept.read_bytes()
    other = tmp_path / "other.py"
    other.write_text("2")
    assert rendered("{{ x }}?", CompiledTemplates("c", other)) == "1?"
    assert kept.read_bytes() != before


def test_nothing_is_kept_where_python_keeps_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "__file__", str(tmp_path / "compiled.py"))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert rendered("{{ x }}!", CompiledTemplates("c", Path(__file__))) == "1!"
    assert not (tmp_path / "__pycache__").exists()
