"""LCK: what DVC recorded of the run is what the pack promotes."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from proofpress.evidence.dvc import LOCK, LockedFile, PipelineLock, folder_md5, leaves
from proofpress.evidence.finding import Finding
from proofpress.evidence.pack import PARAMS, Evidence
from proofpress.ingest.raw import RawFile
from proofpress.ingest.strict import pointer_of
from proofpress.verify import identity_graph as graph
from proofpress.verify.rule import Case, rule, trouble

_RETURN = "return to the recorded run: 'proofpress repair PACK --run PROJECT' takes its files, or run 'dvc repro'"


@rule("LCK001", "Promoted files and parameters are those that dvc.lock recorded", needs="pipeline_lock", book=2)
def recorded(case: Case) -> Iterator[Finding]:
    """`training/dvc.lock` records another digest or size of a promoted file, or another value of a promoted
    parameter: the files were taken from different runs, or edited after the run.

    An output of the lock is compared with the file that stands at its path in the pack, else with the file of the
    same name that the run, the model manifest or the evaluation lists. A folder is compared with the folder at its
    path in the pack, else with the only folder of the same name that holds as many files: DVC knows it by the digest
    of the list of its files. A lock that records nothing of the pack is refused: it belongs to another run.
    """
    lock = case.evidence.pipeline_lock
    if lock is None:  # pragma: no cover - the rule needs it
        return
    files = {out.path: path for out, path in promoted_files(lock, case.evidence, case.raw.files)}
    for stage, out in lock.outs():
        path = files.get(out.path, "")
        file = case.raw.files.get(path)
        if file is not None and not is_recorded(out, file):
            yield trouble(
                path,
                "",
                f"{path} is not the file that stage '{stage.name}' of {LOCK} recorded as {out.path}",
                expected=f"md5 {out.md5}, {out.size} bytes",
                found=f"md5 {file.md5(text=out.text)}, {file.size} bytes",
                hint=_RETURN,
            )
    folders = dict(_promoted_folders(lock, case.raw.files))
    for out, (place, inside) in folders.items():
        digests = {path: file.md5() for path, file in inside.items()}
        found = {folder_md5(digests)}
        if out.text:
            found.add(folder_md5({path: file.md5(text=True) or file.md5() for path, file in inside.items()}))
        if all(digests.values()) and out.md5 not in found:
            yield trouble(
                place,
                "",
                f"the files below {place}/ are not those that {LOCK} recorded as the folder {out.path}",
                expected=f"md5 {out.md5}" + (f", {out.files} files" if out.files is not None else ""),
                found=f"md5 {folder_md5(digests)}, {len(inside)} files",
                hint=_RETURN,
            )
    promoted = graph.statements(graph.PARAMETERS, case.evidence, case.raw)
    mine = dict(leaves(promoted[0].value)) if promoted and promoted[0].rule == graph.PARAMETERS.rule else None
    read = list(lock.parameters(PARAMS.rpartition("/")[2]))
    for stage, source, name, locked in read if mine is not None else ():
        if mine is not None and not graph.same_value(mine.get(name, "nothing"), locked):
            yield trouble(
                LOCK,
                pointer_of(("stages", stage.name, "params", source, *name.split("."))),
                f"stage '{stage.name}' ran with {name} {locked}, the promoted parameters ({promoted[0].file}) say "
                f"{mine.get(name, 'nothing')}",
                expected=mine.get(name, "nothing"),
                found=locked,
                hint=_RETURN,
            )
    if not files and not folders and not (mine is not None and read):
        yield trouble(
            LOCK,
            "/stages",
            "the lock records no file and no parameter of this pack",
            expected="the lock of the run that the pack was promoted from",
            found=", ".join(stage.name for stage in lock.stages) or "no stage",
            hint="copy dvc.lock from the project in which the run was recorded, or leave it out",
        )


def _promoted_folders(
    lock: PipelineLock, files: Mapping[str, RawFile]
) -> Iterator[tuple[LockedFile, tuple[str, Mapping[str, RawFile]]]]:
    """The locked folders that the pack holds, each with its place in the pack and its files by their path in it."""
    inside: dict[str, dict[str, RawFile]] = defaultdict(dict)
    for path, file in files.items():
        parts = path.split("/")
        for at in range(1, len(parts)):
            inside["/".join(parts[:at])]["/".join(parts[at:])] = file
    for out in (out for _stage, out in lock.outs() if out.is_folder):
        name = out.path.rstrip("/").rpartition("/")[2]
        same = [place for place, held in inside.items() if place.rpartition("/")[2] == name and len(held) == out.files]
        place = out.path.rstrip("/") if out.path.rstrip("/") in inside else same[0] if len(same) == 1 else ""
        if place:
            yield out, (place, inside[place])


def promoted_files(
    lock: PipelineLock, evidence: Evidence, files: Mapping[str, RawFile]
) -> Iterator[tuple[LockedFile, str]]:
    """The locked outputs that are files of the pack, each with its pack path."""
    outs = [out for _stage, out in lock.outs() if not out.is_folder]
    listed = {item.path for item in evidence.training.outputs} if evidence.training else set()
    listed |= {f"model/{item.path}" for item in evidence.model_manifest.files} if evidence.model_manifest else set()
    rows = evidence.evaluation.rows if evidence.evaluation else ()
    listed |= {row.per_sample.path for row in rows if row.per_sample}
    there = {path for path in listed if path in files}
    names = Counter(path.rpartition("/")[2] for path in there)
    names.update(out.path.rpartition("/")[2] for out in outs)
    by_name = {path.rpartition("/")[2]: path for path in there}
    for out in outs:
        name = out.path.rpartition("/")[2]
        if out.path in files:
            yield out, out.path
        elif name in by_name and names[name] == 2:  # once on each side
            yield out, by_name[name]


def is_recorded(out: LockedFile, file: RawFile) -> bool:
    """Whether a file is the one that the lock recorded. A digest of before DVC 3 may be that of LF line ends."""
    digests = {file.md5()} | ({file.md5(text=True)} if out.text else set())
    same_size = out.size is None or out.size == file.size
    return out.md5 in digests and (same_size or (out.text and out.md5 != file.md5()))


RULES = (recorded,)
