"""PRO030: an imported release may lack facts that its source does not state; no other release may."""

from collections.abc import Iterator

from proofpress.evidence.base import Model
from proofpress.evidence.evaluation import EvalSplit, MetricRow
from proofpress.evidence.finding import Finding
from proofpress.evidence.values import Unstated
from proofpress.ingest.strict import pointer_of
from proofpress.verify.rule import Case, rule, trouble


@rule("PRO030", "Facts are stated", after="PRO003", book=2)
def stated(case: Case) -> Iterator[Finding]:
    """A fact is absent with the reason that its source does not state it (`NOT_STATED`), or a count of examples is
    null, but neither the profile nor one that it extends accepts that with `unstated: true`.

    Only a release that was imported from another format may lack such facts: nobody can add them later. Who makes a
    pack from a run of their own knows them.
    """
    if case.imported:
        return
    for kind, document in case.evidence.documents():
        for pointer in _unstated(document):
            yield trouble(
                kind.path,
                pointer,
                "the fact is not stated",
                expected="the fact; only a profile of imported releases accepts its absence",
                found="null" if pointer.endswith("/n") else "NOT_STATED",
                hint="state it, or assemble an imported release with the profile 'imported'",
            )


def _unstated(part: object, path: tuple[str | int, ...] = ()) -> Iterator[str]:
    if isinstance(part, Unstated):
        yield pointer_of(path)
    elif isinstance(part, Model):
        for name, value in vars(part).items():
            if name == "n" and value is None and isinstance(part, MetricRow | EvalSplit):
                yield pointer_of((*path, name))
            elif name != "extensions":
                yield from _unstated(value, (*path, name))
    elif isinstance(part, tuple):
        for index, item in enumerate(part):
            yield from _unstated(item, (*path, index))


RULES = (stated,)
