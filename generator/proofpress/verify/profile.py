"""Profiles: which evidence a kind of release must carry."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from proofpress.errors import UsageError
from proofpress.evidence.policy import Profile
from proofpress.evidence.slices import SliceSuite
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

    def suite(self, name: str) -> SliceSuite | None:
        """The slice suite of a profile and of everything it extends: by name, what the profile itself says wins.

        None when there is no suite. Raises `UsageError` as `chain` does.
        """
        suites = [profile.slice_suite for profile in self.chain(name) if profile.slice_suite is not None]
        if not suites:
            return None
        dimensions = {item.name: item for suite in reversed(suites) for item in suite.dimensions}
        metrics = {item.name: item for suite in reversed(suites) for item in suite.metrics}
        return suites[0].model_copy(
            update={"dimensions": tuple(dimensions.values()), "metrics": tuple(metrics.values())}
        )

    def labels(self, chain: tuple[Profile, ...], document: str) -> tuple[str, ...]:
        """The labels that may stand as `generated_by` of a document, sorted."""
        named = (profile.generators.get(name, ()) for profile in chain for name in (document, "*"))
        return tuple(sorted({label for labels in named for label in labels}))

    def accepts(self, chain: tuple[Profile, ...], document: str, label: str) -> bool:
        """Whether `label` may stand as `generated_by` of a document."""
        return any(
            label == pattern or (pattern.endswith("*") and label.startswith(pattern[:-1]))
            for pattern in self.labels(chain, document)
        )
