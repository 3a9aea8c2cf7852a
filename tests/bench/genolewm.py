"""How long the GenoLeWM importer and the project's own verifier take for the same release.

    python tests/bench/genolewm.py RELEASE --peer FOLDER

RELEASE holds `model/`, `dataset/`, `demo/` and a paper; FOLDER is the unpacked source distribution `geno-lewm==0.2.1`.
Both verify the release in one process each, warm, as often as `--repeats` says; the medians are compared. Without the
peer only our own time is printed, and that it was skipped.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from proofpress.exchange.genolewm.book import check
from proofpress.exchange.genolewm.find import find_parts

PEER = """
import sys, time
from pathlib import Path
from statistics import median
from tools.release.paper_package import PackagePaths, verify_package
root, paper, repeats = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
paths = PackagePaths(root / "model", root / "dataset", root / "demo", Path(paper) if paper else None)
def once():
    start = time.perf_counter()
    report = verify_package(paths, allow_fixture_manifest=True)
    return time.perf_counter() - start, report.ok
once()
runs = [once() for _ in range(repeats)]
print(median(seconds for seconds, _ok in runs), all(ok for _seconds, ok in runs))
"""


def timed(call: Callable[[], bool], repeats: int) -> tuple[float, bool]:
    """Median seconds of a call after one that is not counted, and whether all accepted."""
    call()
    seconds, accepted = [], []
    for _ in range(repeats):
        start = time.perf_counter()
        accepted.append(call())
        seconds.append(time.perf_counter() - start)
    return median(seconds), all(accepted)


def peer_time(folder: Path, release: Path, paper: Path | None, repeats: int) -> tuple[float, bool] | None:
    """The peer's median seconds and its verdict, or None when it can't be imported."""
    command = [sys.executable, "-c", PEER, str(release), str(paper or ""), str(repeats)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stdout.write(f"skipped: the peer can't be run: {done.stderr.strip().splitlines()[-1]}\n")
        return None
    seconds, accepted = done.stdout.split()
    return float(seconds), accepted == "True"


def main() -> int:
    """Print both medians and their ratio. Exit code 1 when the verdicts differ."""
    out = sys.stdout.write
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("release", type=Path)
    parser.add_argument("--peer", type=Path, help="the unpacked source distribution of geno-lewm")
    parser.add_argument("--repeats", type=int, default=20)
    given = parser.parse_args()
    release = given.release.resolve()
    parts = find_parts(release)
    ours, accepted = timed(lambda: not check(parts).errors, given.repeats)
    out(f"proofpress  {ours * 1000:8.2f} ms  {'accepted' if accepted else 'refused'}\n")
    if given.peer is None:
        out("skipped: no peer; name its folder with --peer\n")
        return 0
    peer = peer_time(given.peer.resolve(), release, parts.papers[0] if parts.papers else None, given.repeats)
    if peer is None:
        return 0
    out(f"geno-lewm   {peer[0] * 1000:8.2f} ms  {'accepted' if peer[1] else 'refused'}\n")
    out(f"ratio       {ours / peer[0]:8.2f}  (below 1: Proofpress is faster)\n")
    return int(accepted != peer[1])


if __name__ == "__main__":
    sys.exit(main())
