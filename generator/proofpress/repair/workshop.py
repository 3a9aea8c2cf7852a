"""The bench that a copy of the pack is repaired on: take back what was recorded, derive, seal, verify again."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from proofpress.evidence.dvc import LOCK, leaves
from proofpress.evidence.finding import Finding
from proofpress.evidence.pack import CHECKSUMS, MANIFEST, PARAMS, REVIEW, Evidence, gathered, kind_at
from proofpress.ingest import LoadedPack, RawFile, load_pack, source_of
from proofpress.ingest.schema import read_document
from proofpress.pack.release import assemble
from proofpress.pack.writer import PackError, write_text
from proofpress.pipeline import Rules
from proofpress.repair.derive import derive_splits
from proofpress.repair.note import review_note
from proofpress.repair.plan import Step, Suspect, is_derived, remaining, suspects
from proofpress.repair.run import Run, RunFile
from proofpress.verify import Verdict
from proofpress.verify.identity_graph import PARAMETERS, TRAINING, WHERE, identity_graph, same_value, statements

_ROUNDS: Final = 1000
_UNSEALED: Final = ("INT001", "INT002", "INT003", "ING", "SCH")
"""Rules whose findings, when nothing settles them, keep the pack from being sealed: sealing would hide them."""
_AFTER: Final = {"documents": "FRS001", "checksums": "INT005", "manifest": "INT001"}


@dataclass(kw_only=True)
class Workshop:
    """A copy of a pack under repair.

    `label` is what the repaired pack will be called; `first` the verdict on the pack as it was, and `diagnosis` what
    its files disagreed on.
    """

    folder: Path
    label: str
    rules: Rules
    profile: str
    first: Verdict
    diagnosis: tuple[str, ...] = ()
    run: Run | None = None
    steps: list[Step] = field(default_factory=list)
    stranger: str = ""
    sealed: bool = False
    settled: set[str] = field(default_factory=set)

    def load(self) -> LoadedPack:
        """The copy as ingest reads it now."""
        return load_pack(source_of(self.folder, label=self.label))

    def judge(self, loaded: LoadedPack) -> Verdict:
        """The verdict on the copy, by the instance's rules."""
        return self.rules.judge(loaded)

    def repair(self) -> tuple[Finding, ...]:
        """Bring the copy back to recorded state as far as it goes; returns the errors that are left."""
        self._first_manifest()
        loaded = self.load()
        self._require_own_run(loaded.evidence)
        before = {path: file.sha256 for path, file in loaded.raw.files.items()}
        stood = loaded.raw.files.get(REVIEW)
        verdict, _mended = self._take_all_back(self.judge(loaded))
        while self._may_seal(self.load(), verdict):
            verdict, mended = self._take_all_back(self._seal(stood, verdict))
            if not mended:
                break
            self.sealed = False  # documents that list others by their digests are held to the sealed manifest
        if self.sealed:
            self._tell_sealing(before)
        left = tuple(item for item in verdict.errors if self.sealed or not self._is_settled(item.file))
        further = {(step.path, step.command): step for step in self._remaining(left, loaded.evidence)}
        self.steps.extend(further.values())
        return left

    def _take_all_back(self, verdict: Verdict) -> tuple[Verdict, bool]:
        """Mend one file at a time: what is taken back changes what the others disagree with. Returns the verdict on
        what came of it, and whether anything was mended.
        """
        for turn in range(_ROUNDS):
            loaded = self.load()
            if not any(self._mend(finding, loaded) for finding in verdict.errors):
                return verdict, turn > 0
            verdict = self.judge(self.load())
        return verdict, True

    def _remaining(self, left: Iterable[Finding], evidence: Evidence | None) -> Iterator[Step]:
        for finding in left:
            yield remaining(finding, evidence, self.run)

    # ── taking back ──────────────────────────────────────────────────────────────────────────────

    def _first_manifest(self) -> None:
        """A folder without manifest gets one, so that the rules can see the rest."""
        missing = [item for item in self.first.errors if item.rule == "SCH005" and item.file == MANIFEST]
        if not missing:
            return
        try:
            self._assemble()
        except PackError:
            return  # what keeps it from being assembled is told as what is left
        self.steps.append(
            Step(action="regenerate", path=MANIFEST, reason="SCH005", why=missing[0].message, source="the files there")
        )

    def _require_own_run(self, evidence: Evidence | None) -> None:
        """Set a run folder aside that is not of the run that made the model."""
        if self.run is None or evidence is None:
            return
        self.stranger = stranger(self.run, evidence, self.load())
        if self.stranger:
            place = LOCK if self.run.lock else WHERE["training"]
            self.steps.append(Step(action="review", path=place, reason="LCK001", why=self.stranger))
            self.run = None

    def _mend(self, finding: Finding, loaded: LoadedPack) -> bool:
        if loaded.evidence is None:
            candidates: Iterable[Suspect] = (Suspect(finding.file),)
        else:
            candidates = suspects(finding, loaded.evidence, loaded.raw)
        for suspect in candidates:
            if suspect.path and not self._is_settled(suspect.path) and self._take_back(suspect, finding, loaded):
                return True
        return finding.rule in {"LEA001", "LEA002", "LEA004", "MET004"} and self._derive(finding, loaded)

    def _is_settled(self, path: str) -> bool:
        return path in self.settled or is_derived(path)

    def _take_back(self, suspect: Suspect, finding: Finding, loaded: LoadedPack) -> bool:
        """Copy a suspect again from the run, when the run recorded another file for it."""
        if self.run is None:
            return False
        there = loaded.raw.files.get(suspect.path)
        source = self.run.holding(suspect.sha256, suspect.size) if suspect.sha256 else None
        source = source or self._recorded(self.run, suspect.path, loaded)
        if source is None or (there is not None and there.sha256 == source.sha256):
            return False
        if suspect.path == PARAMS and not suspect.sha256 and self._has_same_parameters(source, loaded):
            return False
        self.run.copy(source, self.folder / suspect.path)
        self.settled.add(suspect.path)
        self.steps.append(
            Step(action="recopy", path=suspect.path, reason=finding.rule, why=finding.message, source=source.path)
        )
        return True

    def _has_same_parameters(self, source: RunFile, loaded: LoadedPack) -> bool:
        """Whether the run's parameter file only says in other words what the pack promotes."""
        theirs, mine = self.run.parsed(source.path) if self.run else None, loaded.values.get(PARAMS)
        if not isinstance(theirs, dict) or not isinstance(mine, dict):
            return False
        return same_value(dict(leaves(theirs)), dict(leaves(mine)))

    def _recorded(self, run: Run, path: str, loaded: LoadedPack) -> RunFile | None:
        """The run's file for a pack path: by a record of its digest, else a document that agrees better than ours."""
        own = run.counterpart(path)
        if own is None:
            return None
        if (file := run.recorded(own)) is not None:
            return file
        kind, evidence = kind_at(path), loaded.evidence
        parsed = run.parsed(own) if kind is not None and own.endswith(".json") else None
        if kind is None or parsed is None or evidence is None or kind.path == MANIFEST:
            return None
        document, _findings = read_document(kind, parsed)
        if document is None:
            return None
        others = [(item, held) for item, held in evidence.documents() if item.path != path]
        swapped = gathered([*others, (kind, document)])
        before = identity_graph(evidence, loaded.raw).diagnosis
        after = identity_graph(replace(evidence, **swapped), loaded.raw).diagnosis
        missing = len(others) == len(evidence.documents())
        return run.file(own) if missing or len(after) < len(before) else None

    def _derive(self, finding: Finding, loaded: LoadedPack) -> bool:
        changed = [path for path in derive_splits(self.folder, loaded) if path not in self.settled]
        for path in changed:
            self.settled.add(path)
            self.steps.append(
                Step(action="regenerate", path=path, reason=finding.rule, why=finding.message, source="the key files")
            )
        return bool(changed)

    # ── sealing ──────────────────────────────────────────────────────────────────────────────────

    def _may_seal(self, loaded: LoadedPack, verdict: Verdict) -> bool:
        """Whether sealing mends something and hides nothing: each changed, missing or strange file is made good."""
        made = any(step.action in {"recopy", "regenerate"} for step in self.steps)
        mends = made or any(is_derived(item.file) for item in verdict.errors)
        hides = any(item.rule.startswith(_UNSEALED) and not self._is_settled(item.file) for item in verdict.errors)
        return loaded.evidence is not None and mends and not hides

    def _assemble(self) -> None:
        assemble(self.folder, profile=self.profile, template_set=self.rules.sets.newest())

    def _seal(self, stood: RawFile | None, verdict: Verdict) -> Verdict:
        """Write the note below what `stood` there, seal, verify; the note says so when it still does not verify."""
        text = (stood.data or b"").decode("utf-8", "replace") if stood else ""
        told = 0
        try:
            for _ in range(2):
                note = review_note(
                    bundle_id=self.label.rpartition("/")[2],
                    before=text,
                    failed=self.first.errors,
                    diagnosis=self.diagnosis,
                    steps=self.steps,
                    left=told,
                )
                write_text(self.folder, REVIEW, note)
                self._assemble()
                verdict = self.judge(self.load())
                if len(verdict.errors) == told:
                    break
                told = len(verdict.errors)
        except PackError as exc:
            why = f"the pack can't be sealed: {exc}"
            self.steps.append(Step(action="review", path=MANIFEST, reason="SCH001", why=why))
            return verdict
        self.sealed = True
        return verdict

    def _tell_sealing(self, before: Mapping[str, str]) -> None:
        """Add what sealing made anew: files whose digests differ from those `before`."""
        reasons = {item.file: item.rule for item in self.first.errors if is_derived(item.file)}
        for path, file in self.load().raw.files.items():
            if is_derived(path) and before.get(path) != file.sha256:
                reason = reasons.get(path, _AFTER[_sort(path)])
                why = "made anew from the evidence and the files that are there"
                self.steps.append(Step(action="regenerate", path=path, reason=reason, why=why, source="the evidence"))
        why = "what failed, what changed, what consumers should use"
        self.steps.append(Step(action="review", path=REVIEW, reason=self.first.errors[0].rule, why=why))


def stranger(run: Run, evidence: Evidence, loaded: LoadedPack) -> str:
    """Why a run is not the one that made the pack's model, or '' when nothing speaks against it.

    The pack's own word is what most of its documents say: any one of them may be the wrong file.
    """
    said = Counter(item.value for item in statements(TRAINING, evidence, loaded.raw))
    own = run.parsed(run.counterpart(WHERE["training"]) or "")
    run_id = own.get("run_id") if isinstance(own, dict) else None
    if run_id is not None and said and run_id != said.most_common(1)[0][0]:
        return (
            f"the run folder holds training run {run_id}, the pack is of training run {said.most_common(1)[0][0]}: "
            "nothing was taken from it"
        )
    for stage, _file, name, locked in run.lock.parameters(PARAMS.rpartition("/")[2]) if run.lock else ():
        told = [
            dict(leaves(item.value))[name]
            for item in statements(PARAMETERS, evidence, loaded.raw)
            if item.rule == PARAMETERS.rule and name in dict(leaves(item.value))
        ]
        agreeing = sum(same_value(value, locked) for value in told)
        if agreeing * 2 < len(told):
            other = next(value for value in told if not same_value(value, locked))
            return (
                f"the run folder's stage '{stage.name}' ran with {name} {locked}, the pack is of a run with {name} "
                f"{other}: nothing was taken from it"
            )
    return ""


def _sort(path: str) -> str:
    if path == MANIFEST:
        return "manifest"
    return "checksums" if path.endswith(CHECKSUMS) else "documents"
