"""What a release needs of a platform against what the platform offers."""

from collections.abc import Iterator, Mapping
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from proofpress.evidence.registration import Platform
from proofpress.evidence.release import Compatibility


def misfits(needs: Compatibility, platform: Platform) -> tuple[str, ...]:
    """Everything that a release needs and a platform does not offer, in words; nothing when it fits.

    Features and schemas are names. Below `runtime` a text with an operator (`>=3.11`) is a range of versions, a list
    holds requirements (`numpy>=1.26`) that the platform's list pins, and everything else must be equal.
    """
    return (
        *(f"the feature {name}" for name in needs.features if name not in platform.features),
        *(f"the schema {name}" for name in needs.schemas if name not in platform.schemas),
        *_missing(needs.runtime, platform.runtime, "runtime"),
    )


def _missing(needed: Mapping[str, Any], offered: Mapping[str, Any], where: str) -> Iterator[str]:
    for name, value in needed.items():
        place = f"{where}.{name}"
        has = offered.get(name)
        if isinstance(value, Mapping):
            yield from _missing(value, has if isinstance(has, Mapping) else {}, place)
        elif isinstance(value, list | tuple):
            pins = has if isinstance(has, list | tuple) else ()
            yield from (f"{place} {item}" for item in value if not any(_pinned(item, pin) for pin in pins))
        elif not _fits(value, has):
            yield f"{place} {value}" + ("" if has is None else f" (there is {has})")


def _fits(needed: Any, offered: Any) -> bool:
    if isinstance(needed, str) and isinstance(offered, str) and needed[:1] in "<>=!~":
        try:
            return SpecifierSet(needed).contains(Version(offered), prereleases=True)
        except (InvalidSpecifier, InvalidVersion):
            return False
    return type(needed) is type(offered) and bool(needed == offered)


def _pinned(needed: Any, pin: Any) -> bool:
    if needed == pin:
        return True
    try:
        wanted, has = Requirement(str(needed)), Requirement(str(pin))
        versions = [each.version for each in has.specifier if each.operator == "=="]
        return (
            wanted.name.lower() == has.name.lower()
            and len(versions) == 1
            and wanted.specifier.contains(Version(versions[0]), prereleases=True)
        )
    except (InvalidRequirement, InvalidVersion):
        return False
