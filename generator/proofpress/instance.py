"""An instance: the folder with `packs/`, `mkdocs.yml` and `site_src/` that commands act on."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from proofpress.discovery import PackRef, find_packs, listing
from proofpress.errors import IngestError, UsageError
from proofpress.evidence.finding import Finding
from proofpress.evidence.policy import Policy, Profile
from proofpress.evidence.withdrawn import WITHDRAWN, Withdrawal, Withdrawals
from proofpress.ingest.schema import schema_findings
from proofpress.ingest.sources import read_file
from proofpress.ingest.strict import StrictError, parse_yaml
from proofpress.render.sets import DEFAULT_SET, TemplateSets
from proofpress.verify.profile import Profiles, shipped_profiles

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """A folder's packs and the rules that its owners set for them."""

    root: Path
    policy: Policy
    profiles: Profiles
    sets: TemplateSets
    refs: tuple[PackRef, ...]
    findings: tuple[Finding, ...]
    withdrawn: tuple[Withdrawal, ...] = ()

    @property
    def registry(self) -> Path:
        """The registry's folder."""
        return self.root / "packs" / "registry"


def open_instance(root: Path) -> Instance:
    """Read policy and profiles, and list the packs. Trouble in the policy is a finding, and refuses all."""
    refs, found = find_packs(root)
    findings = list(found)
    policy = _read(root / "packs" / "policy.yaml", Policy, findings, root) or Policy(schema_version="1.0.0")
    own: dict[str, Profile] = {}
    folder = root / "packs" / "profiles"
    for item in listing(folder) if folder.is_dir() else ():
        profile = _read(Path(item.path), Profile, findings, root)
        if profile is not None and profile.name in shipped_profiles():
            findings.append(
                Finding(
                    rule="POL001",
                    file=f"packs/profiles/{item.name}",
                    pointer="/name",
                    message=f"'{profile.name}' is a profile that ships with Proofpress, and can't be replaced",
                    expected="a name of its own",
                    found=profile.name,
                    hint="rename it, and let it extend the shipped profile",
                )
            )
        elif profile is not None:
            own[profile.name] = profile
    sets = TemplateSets(
        {name: (item.base, root / item.path) for name, item in policy.template_sets.items()},
        default=policy.template_set or DEFAULT_SET,
    )
    profiles = Profiles(own)
    findings.extend(_dangling(policy, profiles, sets))
    withdrawn = _read(root / WITHDRAWN, Withdrawals, findings, root)
    return Instance(
        root=root,
        policy=policy,
        profiles=profiles,
        sets=sets,
        refs=refs,
        findings=tuple(findings),
        withdrawn=withdrawn.withdrawn if withdrawn else (),
    )


def _read(path: Path, model: type[M], findings: list[Finding], root: Path) -> M | None:
    name = path.relative_to(root).as_posix()
    try:
        return model.model_validate(parse_yaml(read_file(path)))
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise IngestError(f"{path}: can't be read ({exc.strerror or exc})") from exc
    except StrictError as exc:
        findings.append(
            Finding(
                rule="POL001",
                file=name,
                pointer=exc.pointer,
                message=str(exc),
                expected="strict YAML",
                found=exc.found or "text that readers may take differently",
                hint="correct the file; its schema is in docs/schemas",
            )
        )
    except ValidationError as exc:
        hint = "correct the file; its schema is in docs/schemas"
        findings.extend(replace(item, rule="POL001", hint=hint) for item in schema_findings(name, exc))
    return None


def _dangling(policy: Policy, profiles: Profiles, sets: TemplateSets) -> Iterable[Finding]:
    """Names in the policy that stand for nothing."""
    wanted = [("/default_profile", policy.default_profile)]
    wanted += [(f"/families/{family}/least_profile", item.least_profile) for family, item in policy.families.items()]
    for pointer, name in wanted:
        if name not in profiles.names():
            yield Finding(
                rule="POL001",
                file="packs/policy.yaml",
                pointer=pointer,
                message=f"there is no profile '{name}'",
                expected=", ".join(profiles.names()),
                found=name,
                hint="name a profile that exists, or write it to packs/profiles/",
            )
    yield from _keys_and_roles(policy)
    yield from _signoff(policy)
    for name in sets.names():
        try:
            sets.named(name)
        except UsageError as exc:
            yield Finding(
                rule="POL001",
                file="packs/policy.yaml",
                pointer=f"/template_sets/{name}",
                message=str(exc),
                expected="a folder of templates that override those of the base",
                found=name,
                hint=exc.hint,
            )


def _keys_and_roles(policy: Policy) -> Iterable[Finding]:
    """Roles whose keys are not there, and keys under two names."""
    first: dict[str, str] = {}
    for name, item in policy.keys.items():
        other = first.setdefault(item.key, name)
        if other != name:
            yield Finding(
                rule="POL001",
                file="packs/policy.yaml",
                pointer=f"/keys/{name}/key",
                message=f"the keys '{other}' and '{name}' are one key",
                expected="one name for each key",
                found=item.key,
                hint="let each person or service have a key of its own",
            )
    for role, held in policy.roles.items():
        for at, name in enumerate(held.keys):
            if name not in policy.keys:
                yield Finding(
                    rule="POL001",
                    file="packs/policy.yaml",
                    pointer=f"/roles/{role}/keys/{at}",
                    message=f"the role '{role}' names a key that is not there",
                    expected=", ".join(policy.keys) or "a key under 'keys'",
                    found=name,
                    hint="add its public key ('proofpress key show FILE' prints it)",
                )


def _signoff(policy: Policy) -> Iterable[Finding]:
    """Sign-offs by roles that are not there, or that fewer people hold than must sign."""
    for family, rule in policy.signoff.items():
        for role, number in rule.roles.items():
            held = policy.roles.get(role)
            able = {"*", family} & set(held.families) if held else ()
            names = [name for name in held.keys if name in policy.keys] if held else []
            people = {policy.keys[name].person for name in names}
            if held is None or not able:
                message = f"sign-off asks for the role '{role}', which nobody holds for this family"
                expected = ", ".join(policy.roles) or "a role under 'roles'"
            elif None in people:
                message = f"a key of the role '{role}' has no person, so nobody knows whether an author approves alone"
                expected = "a person for each key that signs off"
            elif len(people) < number:
                message = f"sign-off asks for {number} of the role '{role}', and fewer people hold it"
                expected = f"{number} people"
            else:
                continue
            yield Finding(
                rule="POL001",
                file="packs/policy.yaml",
                pointer=f"/signoff/{family}/roles/{role}",
                message=message,
                expected=expected,
                found=", ".join(names) or role,
                hint="give the role to keys of enough people, each with 'person'",
            )
