"""The registry on the site: what its pages say, which of them an event makes anew, feed, badges, support windows."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

import pytest

from example_site import SITE_URL, build, built_example, copy_instance
from proofpress.build.registry_listings import registry_units
from proofpress.registry import Registry
from proofpress.site.badge import COLOURS, badge_svg
from proofpress.site.catalogue import Entry, Family
from proofpress.site.frame import FrameSet
from proofpress.site.registry_facts import EVENTS_PER_PAGE, event_place, facts_of
from proofpress.site.standing import Place
from proofpress.site.support import lines_of, support_json
from registry.logs import LIVE, ONE, STAGING, TWO, Line, two_releases

ATOM: Final = "{http://www.w3.org/2005/Atom}"
SVG: Final = "{http://www.w3.org/2000/svg}"
SCOPE: Final = "registry/scopes/environment=prod,family=digits/"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built_example(tmp_path_factory.mktemp("example"))


def told() -> Line:
    """ONE, then TWO, which is rolled back and yanked; ONE is active at the end."""
    line = two_releases()
    line.add("rolled_back", TWO, 5, scope=LIVE, restores=ONE, reason="slow")
    return line.add("yanked", TWO, 6, reason="leaks", upgrade_path=ONE)


def standing(registry: Registry, bundle_id: str) -> Place:
    return Place(predecessor="", successors=(), standing=registry.standing(bundle_id))


# ── facts ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_timeline_says_from_when_to_when_who_why_and_what_followed() -> None:
    (scope,) = facts_of(told().registry(), {ONE}).scopes
    first, second, third = scope.timeline
    assert [held.bundle_id for held in scope.timeline] == [ONE, TWO, ONE]
    assert (first.until, first.ended, first.successor) == (second.since, "superseded", TWO)
    assert (second.until, second.ended, second.ended_reason, second.successor) == (
        third.since,
        "rolled_back",
        "slow",
        ONE,
    )
    assert (third.how, third.reason, third.by, third.signers, third.until) == (
        "restored",
        "slow",
        "operator",
        ("operator",),
        "",
    )
    assert (first.page, second.page, scope.active, scope.tone) == (True, False, ONE, "ok")


def test_a_scope_whose_active_bundle_was_yanked_says_so() -> None:
    line = two_releases().add("yanked", TWO, 5, reason="leaks", upgrade_path=ONE)
    (scope,) = facts_of(line.registry(), set()).scopes
    assert (scope.active, scope.tone, scope.now.reason) == (f"none: {TWO} was yanked", "bad", "leaks")
    assert [held.ended for held in scope.timeline] == ["superseded", "yanked", ""]


def test_counts_and_groups_are_those_of_the_log() -> None:
    registry = told().registry()
    facts = facts_of(registry, set())
    assert facts.counts == {"promotions": 2, "rollbacks": 1, "refusals": 0, "yanks": 1}
    assert [event.seq for event in facts.events] == list(range(1, registry.size + 1))
    assert sum(len(events) for name, events in facts.groups.items() if name != "all") == registry.size
    assert facts.events[0].policy
    assert not facts.events[0].bundle_id


# ── units ────────────────────────────────────────────────────────────────────────────────────────────


def no_cards(labels: Sequence[str]) -> Iterator[dict[str, Any]]:
    raise AssertionError(labels)


def keys(registry: Registry) -> dict[str, str]:
    frames = FrameSet(key="", digest="", site_name="", site_url="", frames={}, static=(), slotted=())
    return {unit.name: unit.key for unit in registry_units(frames, (), no_cards, registry, "")}


def long_log() -> Line:
    line = two_releases().approved("digits-v9.0.0-cnn-r1", 5).add("activated", "digits-v9.0.0-cnn-r1", 5, scope=STAGING)
    for number in range(1, 2 * EVENTS_PER_PAGE // 3 + 1):
        line.approved(f"digits-v1.{number}.0-cnn-r1", 6)
    return line


def test_an_event_makes_only_the_pages_anew_that_show_it() -> None:
    line = long_log()
    before = keys(line.registry())
    line.add("rolled_back", TWO, 7, scope=LIVE, restores=ONE, reason="slow")
    after = keys(line.registry())
    assert {name for name in after if before.get(name) != after[name]} == {
        "registry/feed",
        "registry/log/all",
        "registry/log/all/3",
        "registry/log/rollbacks",
        "registry/overview",
        "registry/scope/environment=production,family=digits",
        "registry/scopes/1",
    }
    assert set(before) == set(after)
    assert len(before) > 12


def test_an_events_address_never_changes_and_no_page_grows() -> None:
    assert [event_place(seq) for seq in (1, EVENTS_PER_PAGE, EVENTS_PER_PAGE + 1)] == [
        "registry/log/all/1/#event-1",
        f"registry/log/all/1/#event-{EVENTS_PER_PAGE}",
        f"registry/log/all/2/#event-{EVENTS_PER_PAGE + 1}",
    ]


# ── banners, badges, support ─────────────────────────────────────────────────────────────────────────


def test_banners_say_where_a_release_is_active_or_what_to_use_instead() -> None:
    registry = told().registry()
    (active,) = standing(registry, ONE).banners("../", rehearsal=False)
    assert (active["tone"], active["links"]) == (
        "active",
        (
            {
                "title": "environment=production, family=digits",
                "href": "../../registry/scopes/environment=production,family=digits/",
            },
        ),
    )
    (yanked,) = standing(registry, TWO).banners("../", rehearsal=False)
    assert (yanked["tone"], yanked["text"]) == ("yanked", "leaks")
    assert yanked["links"] == ({"title": f"Use {ONE} instead", "href": f"../{ONE}/"},)
    (superseded,) = standing(two_releases().registry(), ONE).banners("../", rehearsal=False)
    assert superseded["links"] == ({"title": f"Look at {TWO}", "href": f"../{TWO}/"},)
    retired = two_releases().add("retired", TWO, 5, reason="no longer needed").registry()
    (banner,) = standing(retired, TWO).banners("../", rehearsal=False)
    assert (banner["title"][:7], banner["text"]) == ("Retired", "no longer needed")


def test_a_yank_without_an_upgrade_path_invents_none() -> None:
    registry = two_releases().add("yanked", TWO, 5, reason="leaks").registry()
    place = Place(predecessor="", successors=("digits-v0.3.0-cnn-r1",), standing=registry.standing(TWO))
    (banner,) = place.banners("../", rehearsal=False)
    assert banner["links"] == ()
    assert banner["text"] == "leaks The registry names nothing to use instead."


@pytest.mark.parametrize("colour", COLOURS.values())
def test_a_badge_is_closed_and_can_be_read(colour: str) -> None:
    drawing = ET.fromstring(badge_svg('<a href="x">', "a & b\u202e", colour))  # noqa: S314 - our own drawing
    assert {item.tag for item in drawing.iter()} == {SVG + name for name in ("svg", "title", "rect", "g", "text")}
    assert [item.text for item in drawing.iter(f"{SVG}text")] == ['<a href="x">', "a & b⟨U+202E⟩"]
    channels = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (each / 12.92 if each <= 0.03928 else ((each + 0.055) / 1.055) ** 2.4 for each in channels)
    assert 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05) > 4.5


def entry(bundle_id: str, released_at: str) -> Entry:
    place = Place(predecessor="", successors=(), standing=None)
    return Entry(label=f"digits/{bundle_id}", content="", released_at=released_at, place=place)


def test_a_line_gets_security_fixes_alone_from_the_next_majors_first_release() -> None:
    family = Family(
        name="digits",
        entries=(
            entry("digits-v0.9.0-r1", "2026-01-05T00:00:00Z"),
            entry("digits-v1.0.0rc1-r1", "2026-02-05T00:00:00Z"),
            entry("digits-v1.0.0-r1", "2026-03-05T00:00:00Z"),
            entry("digits-v0.9.1-r1.b2", "2026-04-05T00:00:00Z"),
        ),
    )

    def cards(labels: Sequence[str]) -> Iterator[dict[str, Any]]:
        for label in labels:
            until = {"until": "2026-09-05", "note": "six months"} if "v0" in label else None
            yield {"support": until, "deprecations": []}

    (file,) = support_json("digits", lines_of(family), cards)
    lines = json.loads(file.data or b"")["lines"]
    shown = ("line", "newest", "active_from", "security_only_from", "end_of_life")
    assert [tuple(line[name] for name in shown) for line in lines] == [
        ("1.x", "digits-v1.0.0-r1", "2026-03-05", None, None),
        ("0.x", "digits-v0.9.1-r1.b2", "2026-01-05", "2026-03-05", "2026-09-05"),
    ]


# ── the example ──────────────────────────────────────────────────────────────────────────────────────


def test_the_overview_counts_and_leads_to_scopes_and_the_log(site: Path) -> None:
    page = (site / "registry/index.html").read_text(encoding="utf-8")
    published = json.loads((site / "api/v1/registry/index.json").read_bytes())
    assert published["counts"] == {"promotions": 7, "rollbacks": 1, "refusals": 1, "yanks": 2, "scopes": 2}
    size, root = (site / "api/v1/registry/log/checkpoint").read_text(encoding="utf-8").split("\n")[1:3]
    assert (str(published["log"]["size"]), len(root)) == (size, 44)
    for part in ("Promotions", published["log"]["root"], 'href="../api/v1/registry/log/checkpoint"', "scopes/"):
        assert part in page


def test_filters_show_their_kinds_and_no_others(site: Path) -> None:
    yanks = (site / "registry/log/yanks/index.html").read_text(encoding="utf-8")
    assert yanks.count('<li id="event-') == 2
    assert "A leak found later" in yanks
    everything = (site / "registry/log/index.html").read_text(encoding="utf-8")
    assert everything.count('<li id="event-') == 36
    assert everything.index('id="event-36"') < everything.index('id="event-1"')


def test_the_feed_of_events_names_permanent_places(site: Path) -> None:
    feed = ET.fromstring((site / "registry/feed.xml").read_bytes())  # noqa: S314 - our own file
    entries = feed.findall(f"{ATOM}entry")
    assert len(entries) == 36
    assert feed.findtext(f"{ATOM}updated") == entries[0].findtext(f"{ATOM}updated") == "2026-10-20T16:00:00Z"
    for item in entries:
        place, _, anchor = (item.findtext(f"{ATOM}id") or "").removeprefix(SITE_URL).partition("#")
        assert f'id="{anchor}"' in (site / place / "index.html").read_text(encoding="utf-8")


def test_badges_say_what_the_registry_says(site: Path) -> None:
    said = {
        path: json.loads((site / f"{path}status.json").read_bytes())["message"]
        for path in (SCOPE, "releases/digits-v0.2.0-mlp64-r1/", "releases/digits-v0.3.0-mlp64-r1/")
    }
    assert list(said.values()) == ["digits-v0.3.0-mlp64-r1", "yanked", "active"]
    for path, message in said.items():
        assert f">{message}</text>" in (site / f"{path}status.svg").read_text(encoding="utf-8")


def test_support_windows_are_published_as_dates(site: Path) -> None:
    release = json.loads((site / "api/v1/releases/digits-v0.3.0-mlp64-r1.json").read_bytes())
    assert release["support"]["until"] == "2027-06-30"
    assert release["deprecations"] == []
    page = (site / "registry/support/index.html").read_text(encoding="utf-8")
    assert "2027-06-30" in page


def test_a_site_without_a_registry_has_the_page_all_the_same(tmp_path: Path) -> None:
    instance = copy_instance(tmp_path / "instance")
    for name in ("log", "statements", "policies", "receipts", "platforms"):
        for path in sorted((instance / "packs/registry" / name).rglob("*"), reverse=True):
            path.unlink() if path.is_file() else path.rmdir()
    done = build(instance)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "There is no event yet" in (instance / "site/registry/index.html").read_text(encoding="utf-8")
    assert not list((instance / "site/api/v1/registry").rglob("checkpoint"))
