"""Train, evaluate and pack the example releases: python make_packs.py --out build/packs [--compare packs]"""

import argparse
import os
import platform
import sys
import time
from pathlib import Path

# One thread and one BLAS kernel, set before NumPy loads: results must not depend on the machine's processor.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"
if platform.machine() in {"x86_64", "AMD64"}:
    os.environ.setdefault("OPENBLAS_CORETYPE", "Haswell")

import story_clinical  # noqa: E402 - after the settings above
import story_digits  # noqa: E402
from compare import differences  # noqa: E402

STORIES: dict[str, type[story_clinical.Story] | type[story_digits.Story]] = {
    "clinical": story_clinical.Story,
    "digits": story_digits.Story,
}


def main(argv: list[str] | None = None) -> int:
    """Make the packs; with --compare, say what differs from committed ones."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder that receives <family>/<release_id>")
    parser.add_argument("--family", choices=sorted(STORIES), help="only this family")
    parser.add_argument("--compare", type=Path, metavar="PACKS", help="say what differs from these packs")
    chosen = parser.parse_args(argv)
    families = [chosen.family] if chosen.family else sorted(STORIES)
    for family in families:
        start = time.perf_counter()
        for release_id, pack_id in STORIES[family](chosen.out).tell():
            print(f"{release_id}  {pack_id}")
        print(f"{family}: {time.perf_counter() - start:.1f} s", file=sys.stderr)
    if chosen.compare is None:
        return 0
    found = [line for family in families for line in differences(chosen.compare / family, chosen.out / family)]
    for line in found:
        print(line)
    print(f"{len(found)} differences that measured times do not explain", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
