"""PRO, GEN, FRS, MRK: required documents, accepted writers, fresh renders, rehearsals."""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from proofpress.errors import UsageError
from proofpress.evidence.finding import Finding
from proofpress.evidence.pack import KINDS
from proofpress.render.render import explain_staleness
from proofpress.render.sets import RELEASED
from proofpress.verify.rule import RULE_BOOK, RULE_BOOK_RELEASED, Case, rule, trouble

_EVAL, _COST = "model/eval_metrics.json", "model/efficiency_report.json"
_RENDER = "run 'proofpress render' and commit what it writes; documents are never edited by hand"
_PROVIDE = "build the missing evidence from the recorded run, or assemble the pack with a lesser profile"


@rule("PRO003", "The profile is known")
def known_profile(case: Case) -> Iterator[Finding]:
    """The manifest names a profile that neither Proofpress nor this instance has, or that extends one which is
    missing, so nothing says which evidence the pack must hold.
    """
    try:
        case.profiles.chain(case.evidence.manifest.profile)
    except UsageError as exc:
        yield trouble(
            "manifest.json",
            "/profile",
            str(exc),
            expected=" or ".join(case.profiles.names()),
            found=case.evidence.manifest.profile,
            hint="assemble the pack with a known profile, or write the profile to packs/profiles/",
        )


@rule("PRO001", "The pack holds what its profile asks for", after="PRO003")
def required(case: Case) -> Iterator[Finding]:
    """A document, metric row or slice dimension that the profile requires is not there.

    Profiles say which evidence a kind of release must carry; see `proofpress profiles`.
    """
    evidence = case.evidence
    chain = case.profiles.chain(evidence.manifest.profile)
    kinds = {kind.name: kind for kind in KINDS}
    rendered = {document.name for document in case.documents}
    evaluation = evidence.evaluation
    rows = {(row.name, row.split) for row in evaluation.rows if row.slice is None} if evaluation else set()
    dimensions = {row.slice.dimension for row in evaluation.rows if row.slice} if evaluation else set()
    for profile in chain:
        asked = f"profile '{profile.name}' asks for it"
        for name in (*profile.documents, *(("suite", "readiness") if profile.readiness else ())):
            if profile.since.get(name, 1) > evidence.manifest.rule_book:
                continue
            if name in kinds and not evidence.holds(name) and not any(map(kinds[name].holds, case.broken)):
                path = kinds[name].path
                yield trouble(
                    path,
                    "",
                    f"the {kinds[name].role} is missing: {asked}",
                    expected=path,
                    found="no such file",
                    hint=_PROVIDE,
                )
        for name in profile.rendered:
            if case.template_set is not None and name not in rendered and not case.unreadable:
                yield trouble(
                    "",
                    "",
                    f"the document '{name}' can't be rendered: {asked}",
                    expected=name,
                    found="no evidence for it",
                    hint=_PROVIDE,
                )
        for metric in profile.metrics:
            if (metric.name, metric.split) not in rows:
                key = f"{metric.name}@{metric.split}"
                yield trouble(
                    "model/eval_metrics.json",
                    "/rows",
                    f"no row {key}: {asked}",
                    expected=key,
                    found="no such row",
                    hint=_PROVIDE,
                )
        for dimension in profile.slice_dimensions:
            if dimension not in dimensions:
                yield trouble(
                    "model/eval_metrics.json",
                    "/rows",
                    f"no slices by {dimension}: {asked}",
                    expected=dimension,
                    found="no such slices",
                    hint=_PROVIDE,
                )


@rule("PRO002", "The profile is at least the family's", after="PRO003")
def floor(case: Case) -> Iterator[Finding]:
    """The pack was made with a weaker profile than the policy fixes for its family."""
    family = case.policy.families.get(case.evidence.manifest.family)
    chain = [profile.name for profile in case.profiles.chain(case.evidence.manifest.profile)]
    known = family is not None and family.least_profile in case.profiles.names()
    if family is not None and known and family.least_profile not in chain:
        yield trouble(
            "manifest.json",
            "/profile",
            f"the policy asks for at least the profile '{family.least_profile}'",
            expected=family.least_profile,
            found=case.evidence.manifest.profile,
            hint="assemble the pack with the family's profile",
        )


@rule("PRO020", "Identities of another project have the form that the profile gives them", after="PRO003", book=2)
def identities(case: Case) -> Iterator[Finding]:
    """The profile types the identities under which another project knows this release, but `extensions.upstream` of
    `release.json` lacks one or has it in another form. They are kept as they are and never taken for our own.
    """
    stated = case.evidence.release.extensions.get("upstream")
    found = stated if isinstance(stated, dict) else {}
    for profile in case.profiles.chain(case.evidence.manifest.profile):
        for name, form in profile.identities.items():
            value = found.get(name)
            if not isinstance(value, str) or not re.fullmatch(form, value):
                yield trouble(
                    "release.json",
                    f"/extensions/upstream/{name}",
                    f"the identity '{name}' is not as profile '{profile.name}' types it",
                    expected=form,
                    found=value,
                    hint="import the package again",
                )


@rule(
    "PRO021", "Values have files behind them where the profile asks for it", needs="evaluation", after="PRO003", book=2
)
def recomputable(case: Case) -> Iterator[Finding]:
    """The profile asks for `metrics_files`, but the evaluation names no metrics file or no effective configuration; or
    it asks for results of single examples (`per_sample`), but a measured row names none and has no `notes` to say why
    not, or a headline metric names none.

    A value with nothing behind it can only be believed.
    """
    evaluation, chain = case.evidence.evaluation, case.profiles.chain(case.evidence.manifest.profile)
    if evaluation is None:  # pragma: no cover - the rule needs it
        return
    if any(profile.metrics_files for profile in chain):
        for name, there in (("inputs", evaluation.inputs), ("effective_config", evaluation.effective_config)):
            if not there:
                what = "metrics file" if name == "inputs" else "effective configuration"
                yield trouble(
                    _EVAL,
                    f"/{name}",
                    f"the evaluation names no {what}, which the profile asks for",
                    expected=f"a {what} of this pack",
                    found="none",
                    hint="aggregate the evaluation from its metrics files",
                )
    if any(profile.per_sample for profile in chain):
        headline = {(item.name, item.split) for item in case.evidence.release.headline}
        for index, row in enumerate(evaluation.rows):
            first = row.slice is None and (row.name, row.split) in headline
            if row.value is not None and row.per_sample is None and (first or row.notes is None):
                yield trouble(
                    _EVAL,
                    f"/rows/{index}/per_sample",
                    f"{row.key} has no results of single examples behind it, which the profile asks for",
                    expected="a file of per-example results"
                    + ("" if first else ", or notes that say why there is none"),
                    found="none",
                    hint="measure the row from its per-example results",
                )


@rule(
    "PRO022",
    "The configuration obeys a schema where the profile asks for it",
    needs="preflight",
    after="PRO003",
    book=2,
)
def validated(case: Case) -> Iterator[Finding]:
    """The profile asks for `preflight_schema`, but the training preflight validated its configuration by none, so that
    a misspelt parameter would have passed.
    """
    preflight, chain = case.evidence.preflight, case.profiles.chain(case.evidence.manifest.profile)
    asked = any(profile.preflight_schema for profile in chain)
    if asked and preflight is not None and preflight.configuration.validated_by is None:
        yield trouble(
            "training/training_preflight_report.json",
            "/configuration/validated_by",
            "the configuration was validated by no schema, which the profile asks for",
            expected="a closed JSON Schema of this pack",
            found="none",
            hint="run the preflight with a schema of the configuration, before the training",
        )


@rule("PRO023", "Costs are measured as the profile asks for it", needs="efficiency", after="PRO003", book=2)
def costs(case: Case) -> Iterator[Finding]:
    """The profile asks for a cost (`costs`), but the efficiency report holds no row of that name, or one that was
    measured by fewer timed or fewer untimed calls.

    A row without value says why it has none, and is a row all the same.
    """
    report = case.evidence.efficiency
    rows = tuple(enumerate(report.rows if report else ()))
    for profile in case.profiles.chain(case.evidence.manifest.profile):
        for wanted in profile.costs:
            found = [(index, row) for index, row in rows if fnmatchcase(row.name, wanted.name)]
            if not found:
                yield trouble(
                    _COST,
                    "/rows",
                    f"no cost {wanted.name}: profile '{profile.name}' asks for it",
                    expected=wanted.name,
                    found=", ".join(row.name for _index, row in rows),
                    hint="measure it, or record it without value and with the reason: proofpress pack efficiency",
                )
            for index, row in found:
                for name in ("repeats", "warm_up"):
                    least, mine = getattr(wanted, name), getattr(row, name)
                    if least is not None and row.value is not None and (mine is None or mine < least):
                        yield trouble(
                            _COST,
                            f"/rows/{index}/{name}",
                            f"{row.name}: {name.replace('_', ' ')} {mine}, profile '{profile.name}' asks for {least}",
                            expected=f"at least {least}",
                            found=mine if mine is not None else "nothing",
                            hint="measure it again with more calls",
                        )


@rule("GEN001", "Every document was written by an accepted program", after="PRO003")
def generators(case: Case) -> Iterator[Finding]:
    """`generated_by` names a program that the profile does not accept for this document.

    Each document has its own builder, and no other builder's word counts for it. Hand-written evidence has no run
    behind it. Write the document with its builder, or accept the program in a profile.
    """
    chain = case.profiles.chain(case.evidence.manifest.profile)
    for kind, document in case.evidence.documents():
        if not case.profiles.accepts(chain, kind.name, document.generated_by):
            yield trouble(
                kind.path,
                "/generated_by",
                f"'{document.generated_by}' is not accepted as writer of the {kind.role}",
                expected=" or ".join(case.profiles.labels(chain, kind.name)) or "no writer: the profile names none",
                found=document.generated_by,
                hint="write the document with its builder",
            )


@rule("FRS001", "Committed documents equal a fresh render", always_refuses=True)
def fresh(case: Case) -> Iterator[Finding]:
    """A committed Markdown document differs from what its JSON renders to, or is missing.

    Readers of the document would see something that the evidence does not say. The finding shows the
    difference, its sections, and the JSON fields that the fresh lines come from.
    """
    if case.template_set is None or case.unreadable:
        return  # without all of the evidence, no document can be told from a stale one
    rendered = {document.path for document in case.documents}
    for spec in case.template_set.documents:
        if spec.path in case.raw.files and spec.path not in rendered:
            yield trouble(
                spec.path,
                "",
                "a rendered document without the evidence that it is rendered from",
                expected=f"the evidence for it: {', '.join(spec.needs)}",
                found="a document that nothing in the pack gives",
                hint="add the JSON documents, or remove the file and assemble the pack again",
            )
    for document in case.documents:
        file = case.raw.files.get(document.path)
        wanted = document.text.encode()
        if document.path in case.broken:
            continue
        if file is None or file.data is None:
            yield trouble(
                document.path,
                "",
                "the document was not rendered",
                expected=document.path,
                found="no such file",
                hint=_RENDER,
            )
        elif file.data != wanted:
            stale = explain_staleness(case.evidence, case.template_set, document, file.data.decode("utf-8", "replace"))
            sections = ", ".join(f"'{name}'" for name in stale.sections) or "line ends"
            sources = _few(stale.sources) or "no field: the committed text adds or changes words of the template"
            yield trouble(
                document.path,
                "",
                f"the document is stale in {sections}",
                expected=f"a fresh render; the differing lines come from {sources}",
                found="a committed text that the evidence does not give",
                hint=_RENDER,
                detail=stale.diff,
            )


def _few(names: tuple[str, ...], most: int = 6) -> str:
    left = len(names) - most
    return ", ".join(names[:most]) + (f" and {left} more fields" if left > 0 else "")


@rule("FRS002", "The template set is known", always_refuses=True)
def known_set(case: Case) -> Iterator[Finding]:
    """The manifest names a template set that this Proofpress and this instance don't have, or that has been
    altered since: its documents can't be rendered, so they are unchecked, which is not fresh.
    """
    if case.template_set is None:
        ref = case.evidence.manifest.template_set
        yield trouble(
            "manifest.json",
            "/template_set",
            f"template set '{ref.name}' is not known here, or its templates were changed",
            expected=f"one of {', '.join(case.sets.names())}, unchanged",
            found=f"{ref.name} {ref.sha256 or ''}".strip(),
            hint="restore the set's templates, or render with a known set: proofpress render --upgrade",
        )


@rule("FRS003", "No older template set or rule book without leave", always_refuses=True)
def downgrade(case: Case) -> Iterator[Finding]:
    """The pack names an older template set or rule book than the newest, and nothing shows that it was made
    before the newer one came out.

    Older versions count only for a pack that the log registered before that time, or that the policy lists
    under `accepted_older`.
    """
    manifest = case.evidence.manifest
    newest = case.sets.newest().ref
    have_set, want_set = (ref.base or ref.name for ref in (manifest.template_set, newest))
    numbered = have_set.isdigit() and want_set.isdigit()
    checks = (
        ("/template_set", numbered and int(have_set) < int(want_set), have_set, want_set, RELEASED.get(want_set)),
        (
            "/rule_book",
            manifest.rule_book < RULE_BOOK,
            str(manifest.rule_book),
            str(RULE_BOOK),
            RULE_BOOK_RELEASED.get(RULE_BOOK),
        ),
    )
    for pointer, older, found, expected, since in checks:
        if older and not case.may_be_older(since):
            yield trouble(
                "manifest.json",
                pointer,
                f"{pointer[1:].replace('_', ' ')} {found} is older than {expected}",
                expected=expected,
                found=found,
                hint="run 'proofpress render --upgrade', or list the pack_id under accepted_older in the policy",
            )
    if manifest.rule_book > RULE_BOOK:
        yield trouble(
            "manifest.json",
            "/rule_book",
            f"rule book {manifest.rule_book} is newer than this Proofpress knows",
            expected=f"at most {RULE_BOOK}",
            found=manifest.rule_book,
            hint="use a newer Proofpress",
        )


@rule("MRK001", "Rehearsals are marked", severity="warning")
def rehearsal(case: Case) -> Iterator[Finding]:
    """A document is marked `fixture: true`: the pack is a rehearsal, never ready, approved or citable."""
    for kind, document in case.evidence.documents():
        if document.fixture:
            yield trouble(
                kind.path,
                "/fixture",
                "a fixture makes this pack a rehearsal",
                expected="false for a release",
                found="true",
                hint="make the document from a real run before releasing",
            )


RULES = (
    *(known_profile, required, floor, generators, known_set, downgrade, fresh, rehearsal, identities),
    *(recomputable, validated, costs),
)
