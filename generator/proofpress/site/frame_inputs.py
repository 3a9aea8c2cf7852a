"""What a frame is made of: the instance's MkDocs configuration, its hand-written tree, and the libraries."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import yaml

from proofpress import __version__
from proofpress.errors import BuildError
from proofpress.resources import library_version, packaged

_LIBRARIES: Final = ("mkdocs", "mkdocs-material", "markdown", "pymdown-extensions", "jinja2", "pygments")
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_OWN_PLUGINS: Final = frozenset({"search", "material/search"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteConfig:
    """The few settings of an instance's `mkdocs.yml` that decide which files a frame depends on.

    MkDocs itself interprets the rest. `files` is the configuration and everything that it inherits;
    `environment` holds the values of the variables that it names with `!ENV`.
    """

    files: tuple[Path, ...]
    environment: tuple[tuple[str, str | None], ...]
    docs_dir: Path
    theme: str
    custom_dir: Path | None
    hooks: tuple[Path, ...]
    plugins: tuple[str, ...]
    site_name: str
    site_url: str

    @property
    def path(self) -> Path:
        """The instance's own configuration file."""
        return self.files[0]

    @property
    def overrides(self) -> tuple[Path, ...]:
        """Theme overrides, the stronger ones last: the tool's, then the instance's."""
        shipped = packaged("overrides")
        if self.custom_dir is None or self.custom_dir.resolve() == shipped:
            return (shipped,)
        return (shipped, self.custom_dir)


def read_site_config(instance_root: Path) -> SiteConfig:
    """Read `mkdocs.yml` without MkDocs. Raises BuildError when it is absent, malformed or without a theme."""
    files: list[Path] = []
    environment: dict[str, str | None] = {}
    merged = _inherited(instance_root / "mkdocs.yml", files, environment)
    home = instance_root.absolute()
    theme = merged.get("theme")
    settings = theme if isinstance(theme, Mapping) else {"name": theme}
    name = settings.get("name")
    if not isinstance(name, str):
        raise BuildError("mkdocs.yml names no theme", hint="write 'theme: material'")
    custom_dir = settings.get("custom_dir")
    if custom_dir is None and (home / "site_src/overrides").is_dir():
        custom_dir = "site_src/overrides"
    return SiteConfig(
        files=tuple(files),
        environment=tuple(sorted(environment.items())),
        docs_dir=home / str(merged.get("docs_dir") or "docs"),
        theme=name,
        custom_dir=home / str(custom_dir) if custom_dir else None,
        hooks=tuple(home / str(hook) for hook in merged.get("hooks") or ()),
        plugins=tuple(_plugin_names(merged.get("plugins", ["search"]))),
        site_name=_text(merged.get("site_name")),
        site_url=_text(merged.get("site_url")).rstrip("/") + "/",
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def frame_key(instance_root: Path, *, source_date_epoch: int = 0) -> str:
    """Digest of every input of `build_frame`, computed without importing MkDocs.

    The time counts only where something could print it: hooks, plugins of others, or the instance's own
    overrides. Without those a new release, and with it a new time, leaves the frame as it is.
    """
    config = read_site_config(instance_root)
    key = sha256()
    for name, content in _inputs(config, source_date_epoch):
        key.update(f"{len(name.encode())}:{name}:{len(content)}:".encode())
        key.update(content)
    return f"sha256:{key.hexdigest()}"


def tree_files(root: Path) -> Iterator[tuple[str, Path]]:
    """Every file below `root` as (POSIX path, path), in one order on every machine.

    Raises BuildError for a link or a special file, and for a folder that cannot be read.
    """

    def refuse(error: OSError) -> None:
        raise BuildError(f"{error.filename} cannot be read: {error.strerror}") from error

    found: list[tuple[str, Path]] = []
    for folder, names, files in os.walk(root, onerror=refuse):
        names[:] = [name for name in names if name != "__pycache__"]
        for name in (*names, *files):
            path = Path(folder, name)
            if path.is_symlink() or not (path.is_dir() or path.is_file()):
                raise BuildError(
                    f"{path.relative_to(root.parent)} is a link or a special file",
                    hint="put a copy of the file into the hand-written tree",
                )
        found += ((Path(folder, name).relative_to(root).as_posix(), Path(folder, name)) for name in files)
    return iter(sorted(found))


def _inputs(config: SiteConfig, source_date_epoch: int) -> Iterator[tuple[str, bytes]]:
    yield "proofpress", __version__.encode()
    for library in (*_LIBRARIES, *_plugin_distributions(config.plugins)):
        yield f"library {library}", _version(library).encode()
    for name, value in config.environment:
        yield f"environment {name}", repr(value).encode()
    for n, path in enumerate((*config.files, *config.hooks)):
        yield f"configuration {n}", _read(path)
    for label, tree in (("docs", config.docs_dir), *(("overrides", path) for path in config.overrides)):
        if not tree.is_dir():
            raise BuildError(f"mkdocs.yml names the folder {tree.name}, which does not exist")
        for name, path in tree_files(tree):
            yield f"{label} {name}", _read(path)
    if _may_print_time(config):
        yield "time", str(source_date_epoch).encode()


def _may_print_time(config: SiteConfig) -> bool:
    return bool(config.hooks) or len(config.overrides) > 1 or not _OWN_PLUGINS.issuperset(config.plugins)


def _plugin_distributions(plugins: tuple[str, ...]) -> tuple[str, ...]:
    foreign = set(plugins) - _OWN_PLUGINS
    if not foreign:
        return ()
    from importlib.metadata import entry_points  # noqa: PLC0415 - plugins of others alone need it

    points = entry_points(group="mkdocs.plugins")
    names = {point.dist.name for point in points if point.dist and point.name.split("/")[-1] in foreign}
    return tuple(sorted(names - set(_LIBRARIES)))


def _version(library: str) -> str:
    try:
        return library_version(library)
    except ModuleNotFoundError as exc:
        raise BuildError(f"{library} is not installed", hint="reinstall proofpress") from exc


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        raise BuildError(f"{path.name} cannot be read: {exc.strerror}") from exc


def _plugin_names(plugins: object) -> Iterator[str]:
    if isinstance(plugins, Mapping):
        yield from map(str, plugins)
    elif isinstance(plugins, list):
        for plugin in plugins:
            yield from map(str, plugin) if isinstance(plugin, Mapping) else (str(plugin),)


def _inherited(path: Path, files: list[Path], environment: dict[str, str | None]) -> dict[str, Any]:
    """One configuration merged over those that it inherits, as MkDocs merges them."""
    if path.resolve() in {seen.resolve() for seen in files}:
        raise BuildError(f"{path.name} inherits itself")
    files.append(path)

    # Reads what decides about files; values of MkDocs' own tags are not interpreted.
    peek: Any = type("Peek", (_LOADER,), {})

    def variable(loader: yaml.SafeLoader, node: yaml.Node) -> object:
        if isinstance(node, yaml.SequenceNode):
            *names, default = [loader.construct_object(child, deep=True) for child in node.value]
        else:
            names, default = [node.value], None
        environment.update({str(name): os.environ.get(str(name)) for name in names})
        return next((os.environ[name] for name in names if name in os.environ), default)

    peek.add_constructor("!ENV", variable)
    peek.add_constructor(None, lambda _loader, _node: None)
    try:
        config = yaml.load(_read(path), Loader=peek)  # noqa: S506  a SafeLoader that knows two more tags
    except yaml.YAMLError as exc:
        raise BuildError(f"{path.name} is not valid YAML: {exc}") from exc
    if not isinstance(config, dict):
        raise BuildError(f"{path.name} is not a mapping of settings")
    parent = config.pop("INHERIT", None)
    return _merge(_inherited(path.parent / parent, files, environment), config) if parent else config


def _merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for name, value in over.items():
        mine = merged.get(name)
        merged[name] = _merge(mine, value) if isinstance(mine, dict) and isinstance(value, dict) else value
    return merged
