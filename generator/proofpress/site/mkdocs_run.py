"""The one MkDocs run: hand-written pages, theme assets, a frame per depth. Importing this imports MkDocs."""

import logging
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import jinja2
import yaml
from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.config.base import Config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import MkDocsException
from mkdocs.plugins import BasePlugin, event_priority
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.nav import Link, Navigation
from mkdocs.structure.pages import Page

from proofpress.errors import BuildError
from proofpress.site import html_post
from proofpress.site.frame_inputs import SiteConfig, tree_files

TEMPLATE: Final = "frame.html"
_FRAME: Final = "proofpress-frame"
_FRAME_PAGE: Final = """\
---
template: frame.html
title: "@@proofpress:header_title@@"
search:
  exclude: true
---

# Content
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class MkDocsOutput:
    """What the run left: the folder of its files, the HTML of the frames, and two settings."""

    site_dir: Path
    frames: dict[int, str]
    site_name: str
    site_url: str


def run_mkdocs(config: SiteConfig, work_dir: Path, *, depths: Sequence[int], source_date_epoch: int) -> MkDocsOutput:
    """Build the hand-written site into `work_dir/out`. Raises BuildError for any warning of MkDocs."""
    for name in ("docs", "overrides", "out"):
        shutil.rmtree(work_dir / name, ignore_errors=True)
    _copy(config.docs_dir, work_dir / "docs")
    for overrides in config.overrides:
        _copy(overrides, work_dir / "overrides")
    generated = work_dir / "mkdocs.yml"
    generated.write_text(_generated_config(config, work_dir), encoding="utf-8")
    frames = _Frames(depths)
    with _messages() as messages, _environment("SOURCE_DATE_EPOCH", str(source_date_epoch)):
        failure = ""
        try:
            settings = load_config(str(generated), config_file_path=str(config.path.absolute()))
            settings.plugins["proofpress-frame"] = frames
            build(settings)
        except (MkDocsException, jinja2.TemplateError, OSError, ValueError) as exc:
            failure = str(exc) or type(exc).__name__
    if messages or failure:
        listed = "".join(f"\n  {message}" for message in messages or (failure,))
        raise BuildError(
            f"MkDocs reports trouble in the hand-written site:{listed}",
            hint="'mkdocs build --strict' shows the same for the hand-written pages alone",
        )
    if not settings.site_url:
        raise BuildError("mkdocs.yml has no site_url", hint="write the address that the site is served from")
    _refuse_traces(work_dir / "out")
    return MkDocsOutput(
        site_dir=work_dir / "out",
        frames=frames.html,
        site_name=settings.site_name,
        site_url=settings.site_url,
    )


class _NoOptions(Config):  # type: ignore[no-untyped-call]
    """The plugin is not configurable."""


class _Frames(BasePlugin[_NoOptions]):  # type: ignore[no-untyped-call]
    """Adds the frame pages to the run and takes them out again before they are written."""

    def __init__(self, depths: Sequence[int]) -> None:
        self._depths = {_dest_uri(depth): depth for depth in depths}
        self.html: dict[int, str] = {}

    def on_files(self, files: Files, *, config: MkDocsConfig) -> Files:
        for dest_uri, depth in self._depths.items():
            source = f"{_FRAME}-{depth}.md"
            page = File.generated(config, source, content=_FRAME_PAGE, inclusion=InclusionLevel.NOT_IN_NAV)
            page.dest_uri = dest_uri
            files.append(page)
        return files

    def on_nav(self, nav: Navigation, **_: object) -> Navigation:
        """A link to `/families/` is meant from the site's root, which need not be the server's."""
        pending = list(nav.items)
        while pending:
            item = pending.pop()
            if isinstance(item, Link) and item.url.startswith("/") and not item.url.startswith("//"):
                item.url = item.url.lstrip("/") or "."
            pending += item.children or ()
        return nav

    def on_template_context(self, context: Any, **_: object) -> Any:
        context["pages"] = [file for file in context["pages"] if file.dest_uri not in self._depths]
        return context

    @event_priority(-100)
    def on_post_page(self, output: str, *, page: Page, **_: object) -> str:
        html = html_post.finish(output)
        depth = self._depths.get(page.file.dest_uri)
        if depth is None:
            return html
        self.html[depth] = html
        return ""

    @event_priority(-100)
    def on_post_template(self, output_content: str, *, template_name: str, **_: object) -> str:
        return html_post.finish(output_content) if template_name.endswith(".html") else output_content


def _dest_uri(depth: int) -> str:
    return f"{_FRAME}/" * depth + "index.html" if depth else f"{_FRAME}.html"


def _generated_config(config: SiteConfig, work_dir: Path) -> str:
    home = work_dir.absolute()
    settings: dict[str, Any] = {
        "INHERIT": str(config.path.absolute()),
        "docs_dir": str(home / "docs"),
        "site_dir": str(home / "out"),
        "strict": True,
        "use_directory_urls": True,
        "theme": {"name": config.theme, "custom_dir": str(home / "overrides")},
    }
    if config.hooks:
        settings["hooks"] = [str(hook) for hook in config.hooks]
    return yaml.safe_dump(settings, sort_keys=False)


def _copy(source: Path, target: Path) -> None:
    for name, path in tree_files(source):
        copy = target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)


def _refuse_traces(site_dir: Path) -> None:
    """The compressed sitemap goes (the finished site has another); no file may name a frame."""
    (site_dir / "sitemap.xml.gz").unlink(missing_ok=True)
    for name, path in tree_files(site_dir):
        if path.suffix not in {".html", ".json", ".xml", ".txt"}:
            continue
        content = path.read_bytes()
        if any(trace in content for trace in (f"{_FRAME}/".encode(), f"{_FRAME}.html".encode())):
            raise BuildError(
                f"{name} of the hand-written site lists the frame's own pages",
                hint="a plugin ignores 'search: exclude'; configure it to leave out proofpress-frame*.md",
            )


class _Collector(logging.Handler):
    def __init__(self, messages: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._messages = messages

    def emit(self, record: logging.LogRecord) -> None:
        self._messages.append(record.getMessage())


@contextmanager
def _messages() -> Iterator[list[str]]:
    """MkDocs' warnings and errors as a list, its log kept off the terminal."""
    logger = logging.getLogger("mkdocs")
    messages: list[str] = []
    handler = _Collector(messages)
    level, propagate = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    logger.setLevel(logging.WARNING)
    try:
        yield messages
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagate
        logger.setLevel(level)


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
