"""DVC's files by the strict YAML reader: `dvc.lock`, what ran, and `dvc.yaml`, what is to run."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from proofpress.evidence.dvc import LockedFile, LockedStage, PipelineLock
from proofpress.evidence.values import Number
from proofpress.ingest.strict import StrictError, parse_yaml, pointer_of

_MD5 = re.compile(r"[0-9a-f]{32}(?:\.dir)?", re.ASCII)
_OUT_LISTS = ("outs", "metrics", "plots")
_Place = tuple[str | int, ...]


def read_lock(data: bytes) -> PipelineLock:
    """Read a `dvc.lock` of DVC 1 to 3. Raises `StrictError` where it is not one."""
    return lock_of(parse_yaml(data))


def lock_of(parsed: Any) -> PipelineLock:
    """The lock that a parsed `dvc.lock` says. Raises `StrictError` (rule SCH001) where it is not one."""
    top = _mapping(parsed, ())
    stages, place = (top, ()) if "schema" not in top else (_mapping(top.get("stages"), ("stages",)), ("stages",))
    if top.get("schema") not in {None, "2.0"}:
        raise _bad("the lock has a schema that is not known", ("schema",), top["schema"])
    return PipelineLock(stages=tuple(_stage(name, value, (*place, name)) for name, value in stages.items()))


def _stage(name: str, value: Any, place: _Place) -> LockedStage:
    stage = _mapping(value, place)
    params = _mapping(stage.get("params", {}), (*place, "params"))
    return LockedStage(
        name=name,
        commands=_commands(stage.get("cmd"), (*place, "cmd")),
        deps=tuple(_files(stage.get("deps", ()), (*place, "deps"))),
        params={file: _mapping(values, (*place, "params", file)) for file, values in params.items()},
        outs=tuple(_files(stage.get("outs", ()), (*place, "outs"))),
    )


def _files(items: Any, place: _Place) -> Iterator[LockedFile]:
    if not isinstance(items, tuple):
        raise _bad("a list is expected", place, items)
    for index, item in enumerate(items):
        entry = _mapping(item, (*place, index))
        digest, path, size = entry.get("md5"), entry.get("path"), entry.get("size")
        if digest is None:
            continue  # a remote object, known by an etag: no bytes that could be compared
        if not isinstance(path, str) or not path:
            raise _bad("a path is expected", (*place, index, "path"), path)
        if not isinstance(digest, str) or not _MD5.fullmatch(digest):
            raise _bad("an md5 digest is expected", (*place, index, "md5"), digest)
        if size is not None and not (isinstance(size, Number) and size.is_integer_token):
            raise _bad("a size in bytes is expected", (*place, index, "size"), size)
        count = entry.get("nfiles")
        if count is not None and not (isinstance(count, Number) and count.is_integer_token):
            raise _bad("a number of files is expected", (*place, index, "nfiles"), count)
        yield LockedFile(
            path=path,
            md5=digest,
            size=None if size is None else int(size),
            text="hash" not in entry,
            files=None if count is None else int(count),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage of `dvc.yaml`: its name (a template's without `@item`), commands and outputs as they are written."""

    name: str
    commands: tuple[str, ...]
    outs: tuple[str, ...]


def read_pipeline(data: bytes) -> tuple[Stage, ...]:
    """The stages of a `dvc.yaml`. Raises `StrictError` where it is not one."""
    stages = _mapping(_mapping(parse_yaml(data), ()).get("stages", {}), ("stages",))
    found = []
    for name, value in stages.items():
        stage = _mapping(value, ("stages", name))
        stage = _mapping(stage["do"], ("stages", name, "do")) if "do" in stage else stage
        outs = [path for key in _OUT_LISTS for path in _named(stage.get(key))]
        found.append(Stage(name=name, commands=_commands(stage.get("cmd"), ("stages", name, "cmd")), outs=tuple(outs)))
    return tuple(found)


def _named(items: Any) -> Iterator[str]:
    """Paths of an output list, whose items are texts, or mappings from a path to its options."""
    for item in (items,) if isinstance(items, str) else items or ():
        if isinstance(item, str):
            yield item
        elif isinstance(item, Mapping):
            yield from item


def _commands(value: Any, place: _Place) -> tuple[str, ...]:
    lines = (value,) if isinstance(value, str) else value
    if not isinstance(lines, tuple) or not lines or not all(isinstance(line, str) for line in lines):
        raise _bad("a command is expected", place, value)
    return lines


def _mapping(value: Any, place: _Place) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _bad("a mapping is expected", place, value)
    return value


def _bad(problem: str, place: _Place, found: Any) -> StrictError:
    return StrictError(
        f"not as DVC writes it: {problem}", rule="SCH001", pointer=pointer_of(place), found=str(found)[:80]
    )
