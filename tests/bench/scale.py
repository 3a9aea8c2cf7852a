"""How costs grow with the number of releases: python tests/bench/scale.py [250 1000 4000 ...]

Generates one instance at a time, measures it, removes it, and prints each cost with its growth: the exponent e of
cost ~ releases^e from one size to the next (1: in proportion, 0: flat). Writes build/bench-scale.json. 10,000 releases
need about 15 GB of disk, 100,000 about 150 GB; a size for which there is no room is skipped, and says so.
"""

import argparse
import itertools
import json
import math
import os
import shutil
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from instances import PROOFPRESS, REPOSITORY, STORE, Instance, instance_of, say
from measure import CommandError, Cost, middle, repeat, run

SIZES = (250, 1_000, 4_000)
BYTES_PER_RELEASE = 1_500_000
"""Evidence, pages in two trees that share their files, state, and what peers write; a few per cent generous."""
PEERS_UP_TO = 1_000
"""The largest size at which peers run, too, unless the command line says more."""
KINDS = {".html": "page", ".json": "JSON file", ".xml": "feed"}


def measure(size: int, *, peers: bool) -> dict[str, float]:
    """Every cost of an instance of one size, by its name and unit. The instance is removed."""
    found = instance_of(size)
    try:
        return {**dict(_costs(found, len(os.sched_getaffinity(0)), peers=peers)), **dict(_bytes(found))}
    finally:
        shutil.rmtree(found.folder)


def _costs(found: Instance, cores: int, *, peers: bool) -> Iterator[tuple[str, float]]:
    def all_of(name: str, cost: Cost) -> Iterator[tuple[str, float]]:
        say(f"{found.facts['releases']:,}: {name} {cost.wall:.2f} s wall, {cost.cpu:.2f} s CPU")
        yield f"{name}, s", cost.wall
        yield f"{name}, s CPU", cost.cpu
        yield f"{name}, MiB", cost.largest

    yield from all_of("verify", run((*PROOFPRESS, "check", "--jobs", str(cores)), cwd=found.root))
    yield from all_of("cold build", found.build(jobs=cores))
    yield from all_of("nothing changed", repeat(3, lambda: found.build(jobs=cores)))
    found.add(0)
    found.build(jobs=cores)  # makes the second tree
    later = []
    for number in range(1, len(found.facts["extra"])):
        found.add(number)
        later.append(found.build(jobs=cores))
    yield from all_of("one release added", middle(later))
    if peers:
        yield from all_of("mkdocs, cold", found.mkdocs())
        if shutil.which("hugo"):
            try:
                yield from all_of("hugo, cold", found.hugo())
            except CommandError as exc:
                say(f"hugo is left out: {str(exc).splitlines()[-1]}")
        else:
            say("hugo is left out: it is not here (apt-get install hugo)")


def _bytes(found: Instance) -> Iterator[tuple[str, float]]:
    """What is published for a release beyond its evidence and the theme, and the largest listing of each kind."""
    site = found.root / "site"
    beyond = 0
    largest: dict[str, int] = defaultdict(int)
    for place, folders, names in os.walk(site):
        top, *below = Path(place).relative_to(site).parts or ("",)
        if top == "releases" and len(below) == 1:
            folders[:] = [name for name in folders if name != "files"]
        for name in names:
            size = (Path(place) / name).stat().st_size
            beyond += 0 if top == "assets" else size
            kind = KINDS.get(Path(name).suffix)
            if kind and top not in {"assets", "releases", "source"}:
                largest[kind] = max(largest[kind], size)
    yield "published for a release, bytes beyond its evidence", beyond / found.facts["releases"]
    for kind, size in sorted(largest.items()):
        yield f"largest {kind} that lists releases, bytes", size


def table(sizes: Sequence[int], measured: dict[int, dict[str, float]]) -> Iterator[str]:
    """A line for each cost: its value at each size, and the exponents between them."""
    names = list(dict.fromkeys(name for size in sizes for name in measured[size]))
    width = max(map(len, names))
    yield f"{'releases':{width}}  " + "  ".join(f"{size:>12,}" for size in sizes) + "  growth"
    for name in names:
        row = [measured[size].get(name) for size in sizes]
        cells = "  ".join("           -" if value is None else f"{value:12,.2f}" for value in row)
        yield f"{name:{width}}  {cells}  {' '.join(exponents(sizes, row))}"


def exponents(sizes: Sequence[int], row: Sequence[float | None]) -> Iterator[str]:
    """The growth from each size to the next that was measured, too."""
    known = [(size, value) for size, value in zip(sizes, row, strict=True) if value]
    for (small, before), (large, after) in itertools.pairwise(known):
        yield f"{math.log(after / before) / math.log(large / small):+.2f}"


def main(arguments: Sequence[str]) -> int:
    """Measure the sizes that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", type=int, nargs="*", default=list(SIZES))
    parser.add_argument("--peers-up-to", type=int, default=PEERS_UP_TO, help="the largest size at which peers run")
    chosen = parser.parse_args(arguments)
    STORE.mkdir(parents=True, exist_ok=True)
    measured: dict[int, dict[str, float]] = {}
    for size in sorted(set(chosen.sizes)):
        free = shutil.disk_usage(STORE).free
        if free < size * BYTES_PER_RELEASE:
            say(f"{size:,} releases are left out: they need {size * BYTES_PER_RELEASE / 1e9:.0f} GB of disk")
            continue
        measured[size] = measure(size, peers=size <= chosen.peers_up_to)
    if not measured:
        return 1
    sizes = sorted(measured)
    sys.stdout.write("\n".join(table(sizes, measured)) + "\n")
    report = {
        "schema": "proofpress.bench-scale/1",
        "measured": {str(size): measured[size] for size in sizes},
    }
    (REPOSITORY / "build" / "bench-scale.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
