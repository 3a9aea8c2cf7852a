"""The Markdown files that they derive from JSON: a layout each, and the first line in which a file differs from it.

A layout holds the labels of the format. A sentence of theirs that carries no value stands in it as its digest, so
that it can be recognised without being copied.
"""

import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from itertools import zip_longest
from typing import Any, Final

from jinja2 import Environment, FunctionLoader, StrictUndefined

from proofpress.evidence.finding import Finding
from proofpress.exchange.genolewm.files import Folder
from proofpress.verify.rule import trouble

_PROSE: Final = "\0"


def rendered(layout: str, **values: Any) -> str:
    """A layout filled in."""
    return _environment().get_template(layout).render(values)


def stale(folder: Folder, path: str, expected: str, source: str) -> Iterator[Finding]:
    """One finding at the first line of a file that is not as expected. `source` names what it is derived from."""
    found = folder.text(path).split("\n")
    wanted = expected.split("\n")
    pairs = enumerate(zip_longest(found, wanted, fillvalue="the end"), start=1)
    differing = next(((at, *pair) for at, pair in pairs if not _equal(*pair)), None)
    if differing is None:
        return
    at, line, want = differing
    yield trouble(
        folder.place(path),
        f"line {at}",
        f"the file is not what {source} gives",
        expected=f"the sentence with sha256 {want[1:]}…" if want.startswith(_PROSE) else want[:200],
        found=line[:200],
        hint="generate the file again; it is never edited by hand",
    )


def _equal(line: str, want: str) -> bool:
    if want.startswith(_PROSE):
        return hashlib.sha256(line.encode("utf-8", "surrogatepass")).hexdigest().startswith(want[1:])
    return line == want


def cell(text: object) -> str:
    """A text in a table cell."""
    return str(text).replace("\n", " ").replace("|", r"\|").strip()


def number(value: float | None) -> str:
    """A number with six significant digits, or a dash."""
    return "-" if value is None else f"{value:.6g}"


def variants(found: list[Mapping[str, Any]]) -> str:
    """The first variants of a VCF file in one line."""
    return ", ".join(f"{item['chrom']}:{item['pos']}:{item['ref']}>{'/'.join(item['alts'])}" for item in found) or "-"


def _labels(counts: Mapping[str, int]) -> str:
    return cell(", ".join(f"{label}={count}" for label, count in sorted(counts.items())) or "none observed")


def _detail(artifact: Any) -> str:
    parts = [f"{name}={value}" for name in ("dtype", "version") if (value := getattr(artifact, name)) is not None]
    return ", ".join(parts)


@cache
def _environment() -> Environment:
    place = files("proofpress.exchange.genolewm") / "layouts"
    environment = Environment(  # noqa: S701 - Markdown that is compared, never shown
        loader=FunctionLoader(lambda name: (place / name).read_text(encoding="utf-8")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "bullets": lambda items: "\n".join(f"- {item}" for item in items),
        "cell": cell,
        "detail": _detail,
        "labels": _labels,
        "number": number,
        "variants": variants,
    }
    environment.globals["prose"] = lambda digest: _PROSE + digest
    return environment
