"""The assurance card has a page of its own, and the changes page tells of risks and failures."""

from pathlib import Path

from example_site import build, copy_instance
from pack_builder import EVAL, PackBuilder

RELEASE, NEXT = "digits-v0.1.0-tiny-r1", "digits-v0.2.0-tiny-r1"
FAILURES = "assurance/failure_modes.json"


def test_pages_of_assured_releases(tmp_path: Path) -> None:
    folder = copy_instance(tmp_path / "instance", packs=False)
    old = PackBuilder(folder / "packs").with_assurance()
    new = PackBuilder(folder / "packs", release_id=NEXT)
    new.with_release(NEXT, predecessor=old).with_assurance()
    late = {"code": "NOT_MEASURED", "reason": "times are not in the results"}
    mode = {"id": "cold-start", "title": "The first answer is late", "description": "Seen once.", "status": "new"}
    new.corrupt(FAILURES, "/failure_modes/-", {**mode, "first_seen": NEXT, "absent": late}).reseal()
    assert new.value(EVAL, "/release_id") == NEXT
    done = build(folder)
    assert done.returncode == 0, done.stdout + done.stderr

    card = (folder / f"site/releases/{RELEASE}/assurance/index.html").read_text("utf-8")
    for words in (
        "An odd number is told as even",
        "odd-share",
        "Roles stand for people",
        "../files/assurance/risks.json",
    ):
        assert words in card
    overview = (folder / f"site/releases/{RELEASE}/index.html").read_text("utf-8")
    assert "what can go wrong, what is done about it, and who watches" in overview
    changes = (folder / f"site/releases/{NEXT}/changes/index.html").read_text("utf-8")
    for words in ('id="worse"', "FLM-NEW", "cold-start", "A new failure mode."):
        assert words in changes
