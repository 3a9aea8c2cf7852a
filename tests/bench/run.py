"""What a build costs, measured beside its peers in one run: python tests/bench/run.py [--releases 1000] [--large]

Prints one table and writes build/bench.json. Every cold build starts without site/ and build/, in folders of one
file system, with its input in the system's cache. "CPU" is user and system time of all processes.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from instances import EXTRA, PROOFPRESS, REPOSITORY, STORE, Instance, instance_of, say, tidy
from measure import CommandError, Cost, file_system, middle, repeat, run, warm

ARTIFACTS, ARTIFACT_BYTES = 4, 512 * 1024 * 1024


@dataclass(slots=True, kw_only=True)
class Bench:
    """Measurements as they come, and the table's lines made from them."""

    costs: dict[str, Any] = field(default_factory=dict)
    lines: list[tuple[str, str, str, str]] = field(default_factory=list)

    def keep(self, name: str, cost: Cost) -> Cost:
        """Remember a measurement, and say that it was made."""
        self.costs[name] = cost.plain()
        say(f"measured {name}: {_seconds(cost)}, {cost.largest:.0f} MiB")
        return cost

    def compare(self, job: str, ours: Cost, peer_name: str, peer: Cost, goal: str) -> None:
        """A line with ratios."""
        wall, cpu = peer.wall / ours.wall, peer.cpu / ours.cpu
        self.lines.append(
            (job, _seconds(ours), f"{peer_name} {_seconds(peer)}", f"{wall:.1f} × wall, {cpu:.1f} × CPU ({goal})")
        )

    def note(self, job: str, ours: str, peer: str = "", verdict: str = "") -> None:
        """A line without a peer's time."""
        self.lines.append((job, ours, peer, verdict))

    def doubts(self) -> Iterator[str]:
        """A warning when one-process programs had to wait for their processor."""
        waited = [name for name in self.costs if name.startswith(("mkdocs", "sha256sum"))]
        if any(self.costs[name]["wall"] > 1.25 * self.costs[name]["cpu"] for name in waited):
            yield "Other programs ran at the same time: wall times are too long, their ratios mean little; go by CPU."

    def table(self) -> Iterator[str]:
        """The lines in columns."""
        widths = [max(len(line[column]) for line in self.lines) for column in range(3)]
        for line in self.lines:
            cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=False)]
            yield "  ".join([*cells, line[3]]).rstrip()


def measure_builds(bench: Bench, found: Instance, cores: int) -> None:
    """Cold, nothing changed, one release added; each beside MkDocs, which has no incremental build."""
    releases, pages = found.facts["releases"], found.facts["peer_pages"]
    size = f"{releases:,} releases"
    found.fresh()
    peer = bench.keep(f"mkdocs, {pages} pages", found.mkdocs())
    found.fresh()
    alone = bench.keep(f"cold, {releases}, --jobs 1", found.build(jobs=1, sample_memory=True))
    bench.compare(f"cold build, {size}, --jobs 1", alone, "mkdocs", peer, "least 5, aim 7 by CPU")
    if cores > 1:
        found.fresh()
        side = bench.keep(f"cold, {releases}, --jobs {cores}", found.build(jobs=cores, sample_memory=True))
        bench.compare(f"cold build, {size}, --jobs {cores}", side, "mkdocs", peer, "least 5")
    same = bench.keep(f"nothing changed, {releases}", repeat(5, lambda: found.build(jobs=cores)))
    bench.compare("nothing changed (median of 5)", same, "mkdocs again", peer, "no target")
    found.add(0)
    first = bench.keep(f"one added, first, {releases}", found.build(jobs=cores))
    bench.compare("one release added, the first time (makes the second tree)", first, "mkdocs again", peer, "once")
    later = []
    for number in range(1, EXTRA):
        found.add(number)
        later.append(bench.keep(f"one added, {number + 1}th, {releases}", found.build(jobs=cores)))
    steady = bench.keep(f"one added, {releases}", middle(later))
    bench.compare(
        f"one release added, each later time (median of {EXTRA - 1})",
        steady,
        "mkdocs again",
        peer,
        "least 100, aim 150",
    )
    both = bench.keep(f"nothing changed with both trees, {releases}", repeat(5, lambda: found.build(jobs=cores)))
    bench.compare("nothing changed, both trees (median of 5)", both, "mkdocs again", peer, "no target")
    found.fresh()


def measure_memory(bench: Bench, large: Instance, small: Instance, cores: int) -> None:
    """Whether memory grows with the number of releases; the smallest instance tells what imports and frame take."""
    sizes = [instance_of(6), small, large]
    for found in sizes[:2]:
        found.fresh()
        bench.keep(f"cold, {found.facts['releases']}, --jobs 1", found.build(jobs=1, sample_memory=True))
        found.fresh()
    peaks = [bench.costs[f"cold, {found.facts['releases']}, --jobs 1"]["largest"] for found in sizes]
    bench.note(
        "peak memory, --jobs 1",
        " → ".join(f"{peak:.0f} MiB" for peak in peaks),
        f"at {' → '.join(str(found.facts['releases']) for found in sizes)} releases",
        f"{peaks[2] / peaks[1]:.2f} × from {sizes[1].facts['releases']} to {sizes[2].facts['releases']} (aim: flat)",
    )
    if cores > 1:
        both = bench.costs[f"cold, {large.facts['releases']}, --jobs {cores}"]
        bench.note(
            f"peak memory, --jobs {cores}",
            f"{both['together']:.0f} MiB together",
            f"largest process {both['largest']:.0f} MiB",
            "sampled, shared pages once",
        )


def measure_large(bench: Bench, usual: Instance, releases: int, cores: int) -> None:
    """One release added to many more."""
    found = instance_of(releases)
    bench.keep(f"cold, {releases}, --jobs {cores}", found.build(jobs=cores))
    found.add(0)
    bench.keep(f"one added, first, {releases}", found.build(jobs=cores))
    found.add(1)
    later = bench.keep(f"one added, {releases}", found.build(jobs=cores))
    found.fresh()
    few = bench.costs[f"one added, {usual.facts['releases']}"]
    bench.note(
        f"one release added to {releases:,}",
        _seconds(later),
        f"at {usual.facts['releases']:,} {few['wall']:.2f} s wall {few['cpu']:.2f} s CPU",
        f"{later.cpu / few['cpu']:.1f} × the CPU (aim at most 4)",
    )


def measure_verification(bench: Bench, found: Instance, cores: int) -> None:
    """`proofpress verify` of a pack with 2 GB of artifacts against `sha256sum -c` of the same files."""
    pack = _pack_with_artifacts(found)
    warm(pack)
    size = f"{ARTIFACTS * ARTIFACT_BYTES / 1e9:.1f} GB in {ARTIFACTS} files"
    ours = bench.keep("verify", repeat(3, lambda: run((*PROOFPRESS, "verify", str(pack)), cwd=found.root)))
    coreutils = ("sha256sum", "--check", "--quiet", "--strict", "SHA256SUMS")
    peer = bench.keep("sha256sum -c", repeat(3, lambda: run(coreutils, cwd=pack)))
    bench.compare(
        f"verify a pack with {size}", ours, "sha256sum -c", peer, f"least 4 on two cores, aim 6; here {cores}"
    )
    if shutil.which("openssl"):
        names = sorted(str(path.relative_to(pack)) for path in (pack / "artifacts").iterdir())
        other = bench.keep("openssl dgst", repeat(3, lambda: run(("openssl", "dgst", "-sha256", *names), cwd=pack)))
        bench.compare("  for information", ours, "openssl dgst", other, "aim 2")
    else:
        bench.note("  for information", "", "openssl dgst", "skipped: openssl is not here")


def _pack_with_artifacts(found: Instance) -> Path:
    """A generated pack that also holds large files; its manifest is made again by `proofpress pack release`."""
    source = min(path for path in (found.root / "packs").glob("*/*") if (path / "manifest.json").exists())
    pack = STORE / f"artifacts-{found.folder.name}" / source.name
    if not pack.exists():
        staged = pack.with_name("staged")
        shutil.rmtree(staged, ignore_errors=True)
        shutil.copytree(source, staged / source.name)
        folder = staged / source.name / "artifacts"
        folder.mkdir()
        for number in range(ARTIFACTS):
            with (folder / f"part-{number + 1}.bin").open("wb") as stream:
                for _ in range(ARTIFACT_BYTES // (16 * 1024 * 1024)):
                    stream.write(os.urandom(16 * 1024 * 1024))
        profile = json.loads((source / "manifest.json").read_bytes())["profile"]
        run((*PROOFPRESS, "pack", "release", str(staged / source.name), "--profile", profile), cwd=found.root)
        (staged / source.name).rename(pack)
        staged.rmdir()
    return pack


def measure_hugo(bench: Bench, found: Instance) -> None:
    """For information: Hugo with a theme of one line on the same Markdown."""
    job = f"for information: hugo, a bare theme, {found.facts['peer_pages']:,} pages"
    if not shutil.which("hugo"):
        bench.note(job, "", "", "skipped: hugo is not here (apt-get install hugo)")
        return
    found.fresh()
    try:
        peer = bench.keep("hugo", found.hugo())
    except CommandError as exc:
        bench.note(job, "", "", f"skipped: {str(exc).splitlines()[-1]}")
        return
    cold = bench.costs[f"cold, {found.facts['releases']}, --jobs 1"]
    ours = Cost(wall=cold["wall"], cpu=cold["cpu"], largest=cold["largest"])
    bench.compare("for information: cold build, --jobs 1", ours, "hugo, bare theme", peer, "aim 1 by CPU")


def _seconds(cost: Cost) -> str:
    digits = 2 if cost.wall < 10 else 1
    return f"{cost.wall:.{digits}f} s wall {cost.cpu:.{digits}f} s CPU"


def _heading(place: Mapping[str, Any], facts: Mapping[str, Any]) -> Iterator[str]:
    yield (
        f"{facts['releases']:,} releases in {facts['families']} families: {facts['evidence_files']:,} evidence files, "
        f"{facts['evidence_bytes'] / 1e6:.0f} MB, {facts['events']:,} registry events."
    )
    yield (
        f"MkDocs gets {facts['peer_pages']:,} pages, {facts['peer_bytes'] / 1e6:.0f} MB of Markdown, outside its "
        "navigation, without search;"
    )
    yield (
        "proofpress verifies the evidence, renders its documents, compares each release with its predecessor, "
        "and publishes the files too."
    )
    yield (
        f"{place['cores']} cores ({place['processor']}), {place['file_system']}, "
        f"load {place['load_before']:.1f} at the start; {place['mkdocs']}, Python {place['python']}."
    )


def _place(cores: int) -> dict[str, Any]:
    def said(*command: str) -> str:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0]

    names = [line.partition(": ")[2] for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()]
    return {
        "cores": cores,
        "processor": next((name for name in names if "CPU" in name or "Processor" in name), "unknown"),
        "file_system": file_system(STORE),
        "python": sys.version.split()[0],
        "load_before": os.getloadavg()[0],
        "mkdocs": said(sys.executable, "-m", "mkdocs", "--version").split(" from ")[0],
        "sha256sum": said("sha256sum", "--version"),
    }


def main() -> int:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--releases", type=int, default=1000)
    parser.add_argument("--large", action="store_true", help="add one release to 5,000, too")
    parser.add_argument("--only", choices=["builds", "verify"], help="leave the other half out")
    chosen = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    STORE.mkdir(parents=True, exist_ok=True)
    place = _place(cores)
    bench = Bench()
    found = instance_of(chosen.releases)
    if chosen.only != "verify":
        measure_builds(bench, found, cores)
        measure_memory(bench, found, instance_of(max(7, chosen.releases // 4)), cores)
        if chosen.large:
            measure_large(bench, found, 5 * chosen.releases, cores)
        measure_hugo(bench, found)
    if chosen.only != "builds":
        measure_verification(bench, found, cores)
    facts = found.facts
    sys.stdout.write("\n".join([*_heading(place, facts), *bench.doubts(), "", *bench.table(), ""]))
    report = {
        "schema": "proofpress.bench/1",
        "place": place,
        "input": facts,
        "costs": bench.costs,
        "table": [dict(zip(("job", "proofpress", "peer", "ratio"), line, strict=True)) for line in bench.lines],
    }
    target = REPOSITORY / "build" / "bench.json"
    target.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    tidy()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
