"""Mutations of the example packs, and of two small ones with every kind of document: none is accepted, but of fields
that docs/free-fields.md declares free.

A few hundred run with the suite; `make mutations` (`--mutations 10000`) runs the whole of them.
"""

import random
import re
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest

from complete_pack import PROFILE
from derived_pack import POLICY
from mutations import Mutation, changed, document_mutations, packs_of, raw_mutations, resealed, small_packs
from proofpress.evidence.finding import Finding
from proofpress.evidence.pack import KINDS, MANIFEST, documents_among
from proofpress.ingest import RawPack, interpret
from proofpress.instance import open_instance
from proofpress.pipeline import Rules, rules_at
from proofpress.render.sets import TemplateSets
from proofpress.verify import Profiles, Verdict

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "free-fields.md"
PACKS = (*packs_of(ROOT), *small_packs(Path(mkdtemp(prefix="proofpress-tests-"))))
_ROW = re.compile(r"\| (`[^`]+`|every document) \| ((?:`[^`]+`(?:, )?)+) \| (.+) \|")


@cache
def free_fields() -> frozenset[tuple[str, str]]:
    """(document, field) of the declared fields; the document of a field that all have is empty."""
    found = set()
    for document, fields, _why in _ROW.findall(PAGE.read_text(encoding="utf-8")):
        for field in re.findall(r"`([^`]+)`", fields):
            found.add(("" if document == "every document" else document.strip("`"), field))
    return frozenset(found)


def the_rules() -> Rules:
    """What the packs are judged by: the rules of the example instance, with the small packs' profile."""
    instance = open_instance(ROOT)
    own = {name: instance.profiles.chain(name)[0] for name in instance.profiles.names()}
    roles = dict(instance.policy.roles)
    for name, role in POLICY.roles.items():
        keys = (*role.keys, *(roles[name].keys if name in roles else ()))
        roles[name] = role.model_copy(update={"keys": keys})
    known = {"families": {}, "keys": {**instance.policy.keys, **POLICY.keys}, "roles": roles}
    policy = instance.policy.model_copy(update=known)  # the small packs are of no family of it
    return replace(rules_at(ROOT), policy=policy, profiles=Profiles({**own, PROFILE.name: PROFILE}))


def is_free(mutation: Mutation) -> bool:
    """Whether the field that a mutation changed is declared free."""
    for document, field in free_fields():
        whole = field.removesuffix("/…")
        below = field != whole and mutation.field.startswith(f"{whole}/")
        if document in {"", mutation.document} and (below or mutation.field == whole):
            return True
    return False


def names(finding: Finding, file: str) -> bool:
    """Whether a finding is about a file: by its path, or, where two files contradict each other, in its sentence."""
    return finding.file == file or file in finding.message


def failure(mutation: Mutation, verdict: Verdict) -> str:
    """What is wrong with the verdict on a mutated pack, or ''."""
    if any(finding.rule == "SYS001" for finding in verdict.findings):
        return f"{mutation}: a rule could not be decided"
    if verdict.verified is not None:
        return f"{mutation}: accepted"
    if not any(names(finding, mutation.file) for finding in verdict.errors):
        return f"{mutation}: {sorted({(item.rule, item.file) for item in verdict.errors})} do not name the file"
    return ""


def turns(config: pytest.Config, few: int) -> int:
    """How many mutations to try."""
    return int(config.getoption("--mutations") or few)


def test_no_changed_byte_or_field_is_accepted(pytestconfig: pytest.Config) -> None:
    rules = the_rules()
    chance = random.Random(20261124)  # noqa: S311 - repeatable damage
    streams = [(raw, raw_mutations(raw, chance)) for raw in PACKS]
    for turn in range(turns(pytestconfig, 300)):
        raw, stream = streams[turn % len(streams)]
        mutation = next(stream)
        verdict = rules.judge(interpret(changed(raw, {mutation.file: mutation.data})))
        assert failure(mutation, verdict) == ""


def test_the_sealed_again_packs_verify() -> None:
    rules = the_rules()
    for raw in PACKS:
        assert rules.judge(resealed(raw, None, TemplateSets().newest())).errors == (), raw.label


def test_only_free_fields_can_be_changed_and_sealed_again(pytestconfig: pytest.Config) -> None:
    rules, template_set = the_rules(), TemplateSets().newest()
    chance = random.Random(20261125)  # noqa: S311 - repeatable damage
    streams = [(raw, document_mutations(raw, chance)) for raw in PACKS]
    seen: Counter[str] = Counter()
    wrong: list[str] = []
    for turn in range(turns(pytestconfig, 400)):
        raw, stream = streams[turn % len(streams)]
        mutation = next(stream)
        problem = failure(mutation, rules.judge(resealed(raw, mutation, template_set)))
        seen["refused" if not problem else "free" if is_free(mutation) else "wrong"] += 1
        if problem and not (problem.endswith(": accepted") and is_free(mutation)):
            wrong.append(problem)
    assert wrong == [], f"{seen}: bind these fields by a rule, or declare them free in {PAGE.name}"
    assert seen["refused"] > seen["free"]


def test_the_packs_hold_every_kind_of_document() -> None:
    assert {kind.name for kind in KINDS} == {kind.name for raw in PACKS for kind in documents_among(raw.files)}


def test_the_page_declares_fields_of_documents() -> None:
    paths = {kind.path: kind for kind in KINDS}
    assert len(free_fields()) > 60
    for document, field in free_fields():
        assert document in {"", *paths}, document
        top = field.split("/")[1]
        kinds = [paths[document]] if document else list(KINDS)
        assert all(top in kind.model.model_fields for kind in kinds), f"{document}#{field}"
    assert MANIFEST not in {document for document, _field in free_fields()}
    assert "model/manifest.json" not in {document for document, _field in free_fields()}


def test_the_same_seed_gives_the_same_mutations() -> None:
    def first(raw: RawPack) -> list[str]:
        stream = raw_mutations(raw, random.Random(7))  # noqa: S311 - repeatable damage
        return [str(next(stream)) for _ in range(40)]

    assert first(PACKS[0]) == first(PACKS[0])
    assert len(set(first(PACKS[0]))) > 35
