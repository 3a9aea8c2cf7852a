"""The Jinja environment that documents and pages share: every printed value is escaped, by one function and once.

Jinja would call the finalizer, then `escape`, then make a `Markup` of each value; for a site of 10,000 pages these
calls cost more than the templates. So the code that it generates from a template calls `finalize` alone, which must
escape, and looks into views, which are dictionaries, without a method in between.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from jinja2.compiler import CodeGenerator, Frame
from jinja2.nodes import Getattr

from proofpress.compiled import CompiledTemplates


class _Generator(CodeGenerator):
    """Generates `finalize(x)` for what is printed, and a subscript for what is looked up in a view."""

    def _output_child_pre(self, *_: Any) -> None:
        self.write("environment.finalize(")

    def _output_child_post(self, *_: Any) -> None:
        self.write(")")

    def visit_Getattr(self, node: Getattr, frame: Frame) -> None:  # noqa: N802 - Jinja's visitor calls it by this name
        holder = self.temporary_identifier()
        self.write(f"({holder}[{node.attr!r}] if type({holder} := ")
        self.visit(node.node, frame)
        self.write(f") is dict and {node.attr!r} in {holder} else environment.getattr({holder}, {node.attr!r}))")


class ViewEnvironment(Environment):
    """`row.value` looks into a view first; undefined names are errors; `finalize` escapes what is printed.

    `finalize` returns text that needs no further escaping and lets `Markup` pass, which macros return.
    """

    code_generator_class = _Generator

    def __init__(self, finalize: Callable[[object], str], **options: Any) -> None:
        super().__init__(
            finalize=finalize,
            undefined=StrictUndefined,
            autoescape=True,  # so that macros return `Markup`
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            **options,
        )


def compiled(collection: str) -> CompiledTemplates:
    """What was compiled of shipped templates before, by this module's generator."""
    return CompiledTemplates(collection, Path(__file__))
