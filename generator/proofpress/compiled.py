"""Compiled templates, kept between runs."""

import hashlib
import os
import pickle
import sys
from contextlib import suppress
from functools import cache
from importlib.util import cache_from_source
from pathlib import Path

import jinja2
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket


class CompiledTemplates(BytecodeCache):
    """Shipped templates as Python keeps compiled modules: beside this one, where that can be written.

    Compiling them takes a fifth of a second, which is half of a build that adds one release. `collection` tells
    templates of one name apart; `compiler` is the module that decides what code is made of them.
    """

    def __init__(self, collection: str, compiler: Path) -> None:
        self._collection = collection
        self._compiler = _digest_of(compiler)

    def get_cache_key(self, name: str, filename: str | None = None) -> str:  # noqa: ARG002 - Jinja's signature
        """One file for each template, whatever its text was."""
        return f"{self._collection}.{name}"

    def get_source_checksum(self, source: str) -> str:
        """What the compiled code follows from: the text, and what compiled it."""
        return hashlib.sha256(f"{jinja2.__version__}\n{self._compiler}\n{source}".encode()).hexdigest()

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill the bucket, unless there is nothing or something else."""
        try:
            with self._path(bucket).open("rb") as stream:
                bucket.load_bytecode(stream)
        except (OSError, pickle.UnpicklingError, AttributeError, ImportError, IndexError):
            bucket.reset()

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled, under the conditions of Python's own cache."""
        if sys.dont_write_bytecode:
            return
        path = self._path(bucket)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        with suppress(OSError):
            path.parent.mkdir(exist_ok=True)
            try:
                draft.write_bytes(bucket.bytecode_to_string())
                draft.replace(path)
            finally:
                draft.unlink(missing_ok=True)

    def _path(self, bucket: Bucket) -> Path:
        return Path(cache_from_source(str(Path(__file__).with_name(f"{bucket.key}.py"))))


@cache
def _digest_of(module: Path) -> str:
    return hashlib.sha256(module.read_bytes()).hexdigest()
