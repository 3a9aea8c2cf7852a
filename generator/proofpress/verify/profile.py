"""Profiles: which evidence a kind of release must carry."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from proofpress.errors import UsageError
from proofpress.evidence.policy import Profile
from proofpress.ingest.strict import parse_yaml


@cache
def shipped_profiles() -> Mapping[str, Profile]:
    """The profiles that come with Proofpress, by name."""
    folder = files("proofpress.verify") / "profiles"
    found = [
        Profile.model_validate(parse_yaml(item.read_bytes()))
        for item in folder.iterdir()
        if item.name.endswith(".yaml")
    ]
    return {profile.name: profile for profile in sorted(found, key=lambda profile: profile.name)}


class Profiles:
    """All profiles of an instance: the shipped ones and its own."""

    def __init__(self, own: Mapping[str, Profile] | None = None) -> None:
        self._all = {**shipped_profiles(), **(own or {})}

    def names(self) -> tuple[str, ...]:
        """Names of all profiles."""
        return tuple(sorted(self._all))

    def chain(self, name: str) -> tuple[Profile, ...]:
        """A profile and everything it extends. Raises `UsageError` for an unknown name or a circle."""
        found: list[Profile] = []
        while name:
            if name not in self._all or any(profile.name == name for profile in found):
                raise UsageError(
                    f"no profile '{name}'" if name not in self._all else f"profile '{name}' extends itself",
                    hint=f"profiles that are known: {', '.join(self.names())}",
                )
            found.append(self._all[name])
            name = self._all[name].extends or ""
        return tuple(found)

    def accepts(self, chain: tuple[Profile, ...], document: str, label: str) -> bool:
        """Whether `label` may stand as `generated_by` of a document."""
        for profile in chain:
            for pattern in (*profile.generators.get(document, ()), *profile.generators.get("*", ())):
                if label == pattern or (pattern.endswith("*") and label.startswith(pattern[:-1])):
                    return True
        return False
