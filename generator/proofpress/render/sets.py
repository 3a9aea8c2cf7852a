"""Template sets: versioned like schemas, so that improving a template never makes an old pack stale.

A set is a folder of Markdown templates and the views they read. The numbered sets ship with Proofpress for
ever; an instance may keep named sets of its own, which override single templates of a numbered base.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from jinja2 import BytecodeCache, DictLoader, Environment, TemplateError

from proofpress.errors import BuildError, UsageError
from proofpress.evidence.pack import Evidence
from proofpress.evidence.release import TemplateSetRef
from proofpress.render import views_1, views_2
from proofpress.render.environment import ViewEnvironment, compiled
from proofpress.render.sourced import Sourced, code, fence, to_markdown
from proofpress.resources import packaged

DEFAULT_SET = "2"
RELEASED: Mapping[str, str] = {"1": "2026-11-22T00:00:00Z", "2": "2026-11-25T00:00:00Z"}
"""When each shipped set came out: a pack registered before a newer set may keep its older one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentSpec:
    """A document of a set: where it stands, which evidence it needs, which view its template reads.

    `prepare` makes what the views of a set share, once for all documents of a pack; `view` takes that.
    """

    name: str
    path: str
    title: str
    needs: tuple[str, ...]
    prepare: Callable[[Evidence], Any]
    view: Callable[[Any], Mapping[str, Any]]

    @property
    def template(self) -> str:
        """File name of the template."""
        return f"{self.name}.md.j2"


SHIPPED: Mapping[str, tuple[DocumentSpec, ...]] = {
    "1": tuple(DocumentSpec(**spec) for spec in views_1.DOCUMENTS),
    "2": tuple(DocumentSpec(**spec) for spec in views_2.DOCUMENTS),
}
RENDERED: frozenset[str] = frozenset(spec.path for documents in SHIPPED.values() for spec in documents)
"""Paths of all documents that any shipped set renders."""
_BEFORE: Mapping[str, str] = {"2": "1"}
"""A set holds the templates that are new in it; all others are those of the set before, which never change."""


class Trace:
    """Marks each printed value with its source, so that a line of output can be led back to JSON fields."""

    OPEN, CLOSE = "\ue000", "\ue001"

    def __init__(self) -> None:
        self.sources: list[str] = []

    def __call__(self, value: object) -> str:
        """Jinja's `finalize` while tracing."""
        text = to_markdown(value)
        if not isinstance(value, Sourced) or not value.source:
            return text
        self.sources.append(value.source)
        return f"{self.OPEN}{len(self.sources) - 1}{self.CLOSE}{text}"


@dataclass(frozen=True, kw_only=True)
class TemplateSet:
    """A set that is ready to render: its reference for the manifest, its documents, its template texts."""

    ref: TemplateSetRef
    documents: tuple[DocumentSpec, ...]
    templates: Mapping[str, str]

    @cached_property
    def environment(self) -> Environment:
        """The environment that renders documents; every printed value is escaped."""
        shipped = self.ref.base is None
        return self.new_environment(to_markdown, compiled(f"documents-{self.ref.name}") if shipped else None)

    def new_environment(self, finalize: Callable[[object], str], kept: BytecodeCache | None = None) -> Environment:
        """An environment over the set's templates with a finalizer of its own."""
        environment = ViewEnvironment(
            finalize,
            loader=DictLoader(self.templates),
            keep_trailing_newline=True,
            cache_size=-1,
            bytecode_cache=kept,
        )
        environment.globals.update(code=code, fence=fence)
        return environment


class TemplateSets:
    """The sets that documents may be rendered with: the shipped ones and an instance's own."""

    def __init__(self, own: Mapping[str, tuple[str, Path]] | None = None, *, default: str = DEFAULT_SET) -> None:
        """`own` maps a set's name to its numbered base and its folder."""
        self.default = default
        self._own = dict(own or {})
        self._ready: dict[str, TemplateSet] = {}

    def newest(self) -> TemplateSet:
        """The set that new packs are rendered with."""
        return self.named(self.default)

    def named(self, name: str) -> TemplateSet:
        """A set by its name. Raises `UsageError` when there is none."""
        if name not in self._ready:
            self._ready[name] = self._load(name)
        return self._ready[name]

    def find(self, ref: TemplateSetRef) -> TemplateSet | None:
        """The set that a pack was rendered with, or None when it is unknown or has changed since."""
        try:
            found = self.named(ref.name)
        except UsageError:
            return None
        return found if found.ref == ref else None

    def names(self) -> tuple[str, ...]:
        """All names, the shipped sets first."""
        return (*sorted(SHIPPED, key=int), *sorted(self._own))

    def _load(self, name: str) -> TemplateSet:
        if name in SHIPPED:
            return TemplateSet(
                ref=TemplateSetRef(name=name),
                documents=SHIPPED[name],
                templates=_shipped_templates(name),
            )
        if name not in self._own:
            raise UsageError(f"no template set '{name}'", hint=f"sets that are known: {', '.join(self.names())}")
        base, folder = self._own[name]
        beneath = self.named(base)
        own = _read_templates(folder)
        unknown = sorted(set(own) - set(beneath.templates) - {n for n in own if n.startswith("_")})
        if unknown or not own:
            raise UsageError(
                f"template set '{name}' ({folder}): "
                + (f"{', '.join(unknown)} overrides nothing" if unknown else "holds no template"),
                hint=f"templates of set {base}: {', '.join(sorted(beneath.templates))}",
            )
        digest = hashlib.sha256()
        for file, text in sorted(own.items()):
            digest.update(f"{file}\n{len(text.encode())}\n{text}".encode())
        return TemplateSet(
            ref=TemplateSetRef(name=name, base=base, sha256=digest.hexdigest()),
            documents=beneath.documents,
            templates={**beneath.templates, **own},
        )


def _shipped_templates(name: str) -> dict[str, str]:
    before = _shipped_templates(_BEFORE[name]) if name in _BEFORE else {}
    return before | _read_templates(packaged("templates") / "documents" / name)


def _read_templates(folder: Path) -> dict[str, str]:
    try:
        return {
            path.name: path.read_text(encoding="utf-8")
            for path in sorted(folder.iterdir())
            if path.name.endswith(".j2") and not path.is_symlink()
        }
    except OSError as exc:
        raise UsageError(
            f"template folder {folder} can't be read: {exc.strerror}", hint="restore the folder that the policy names"
        ) from exc


def template_failure(name: str, exc: TemplateError | TypeError) -> BuildError:
    """The error for a template that could not be rendered."""
    line = getattr(exc, "lineno", None)
    where = f"{name}, line {line}" if line else name
    return BuildError(f"template {where}: {exc}", hint="correct the template or use the shipped set")
