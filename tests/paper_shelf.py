"""The example releases as a checker of papers finds them, and a bibliography that cites them."""

from functools import cache
from pathlib import Path

from proofpress.build.cite import swhid_of
from proofpress.instance import open_instance
from proofpress.proofread import Shelf

ROOT = Path(__file__).resolve().parents[1]
SITE_URL = "https://proofpress.example/"


@cache
def shelf() -> Shelf:
    """The example instance; each release is verified once."""
    return Shelf(instance=open_instance(ROOT), site_url=SITE_URL, swhid=cache(swhid_of))


BIB = """\
@software{digits-v0.3.0-mlp64-r1,
  title = {{Digits 0.3.0, multilayer perceptron}},
  author = {{Proofpress example project}},
  date = {2026-09-01},
  version = {0.3.0},
  url = {https://proofpress.example/releases/digits-v0.3.0-mlp64-r1/},
}

@misc{smith2020,
  title = {Other digits},
  author = {Smith, Ada},
  year = {2020},
  note = {Version 9.9},
}
"""
