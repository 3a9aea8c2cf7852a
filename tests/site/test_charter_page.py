"""The charter has a page of its own with an anchor for each value, and the changes page tells of its values."""

from pathlib import Path

from derived_pack import derived_instance, write_next_cutoff
from example_site import build, copy_instance


def test_pages_of_chartered_releases(tmp_path: Path) -> None:
    folder = copy_instance(tmp_path / "instance", packs=False)
    old, new = derived_instance(folder)
    write_next_cutoff(new, "0.7")
    new.edit("charter", release_id=new.release_id).sealed()
    done = build(folder)
    assert done.returncode == 0, done.stdout + done.stderr

    site = folder / "site/releases"
    page = (site / old.release_id / "charter/index.html").read_text("utf-8")
    for value in ("cutoff", "words", "answer-cost", "error-cost", "depth"):
        assert f'id="value-{value}"' in page
    for words in (
        "May be locked",
        "never lockable",
        "INFEASIBLE",
        "rolled back by depth-rollback",
        "Nothing here is an authority to deploy",
    ):
        assert words in page
    later = (site / new.release_id / "charter/index.html").read_text("utf-8")
    for words in ("superseded by cutoff-3", "derived from cutoff-2, which no longer holds"):
        assert words in later
    overview = (site / old.release_id / "index.html").read_text("utf-8")
    assert "the values that the release needs, their signed records, and what is blocked" in overview
    changes = (site / new.release_id / "changes/index.html").read_text("utf-8")
    for words in ('id="charter"', "CHV-VALUE-CHANGED", "CHV-RECORD-SUPERSEDED", "CHV-RECORD-INVALIDATED"):
        assert words in changes
