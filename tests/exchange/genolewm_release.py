"""A tiny release in GenoLeWM's layout, made in a test: each document is a dictionary until `write` derives the rest."""

import hashlib
import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

from proofpress.exchange.genolewm.demo import COMPARED, STREAM, batch_report, stream_facts, vcf_summary
from proofpress.exchange.genolewm.documents import (
    DatasetPackage,
    EvalMetrics,
    ModelManifest,
    ModelPackage,
    canonical_digest,
)
from proofpress.exchange.genolewm.files import Folder
from proofpress.exchange.genolewm.layouts import rendered
from proofpress.exchange.genolewm.records import TrainingRun
from proofpress.exchange.genolewm.splits import integrity

AT = "2026-03-01T09:30:00Z"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
RELEASE, SNAPSHOT = "geno-lewm-v0.3.0-carbon-500m-r2", "geno-lewm-data-v0.3.0-r1"
EVALUATED = "sha256:" + "ab" * 32
KEYS = "sha256:" + "cd" * 32
COMMAND = (
    "geno-lewm-score --model-dir model --vcf demo/in.vcf --fasta demo/ref.fa "
    "--output demo/scores.jsonl --receipt demo/receipts.jsonl --no-progress"
)
BOUNDARY = "This run shows no quality of the model."
"""Stands for their sentence, which tests know by its digest alone; see the fixture in `conftest.py`."""
VCF = "##fileformat=VCFv4.2\nchr7\t{pos}\t.\ta\tC\t.\tPASS\tCLNSIG={label}\n"
Change = Callable[["Release"], None]


def identity(file: Path, path: str) -> dict[str, Any]:
    """Path, digest and size of a file."""
    data = file.read_bytes()
    return {"path": path, "sha256": "sha256:" + hashlib.sha256(data).hexdigest(), "size_bytes": len(data)}


class Release:
    """The documents that people and runs make, by name, for a test to change; the rest follows from them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for part in ("model/eval", "dataset/data", "demo"):
            (root / part).mkdir(parents=True)
        self.texts: dict[str, str] = {
            "model/predictor.safetensors": "weights",
            "model/action_encoder.safetensors": "encoder",
            "model/calibration.parquet": "table",
            "model/train_config.yaml": "steps: 10\n",
            "model/train.log": "step 10\n",
            "model/dataset_manifest.json": "{}\n",
            "model/eval_config.effective.yaml": "seed: 0\n",
            "model/eval/scores.jsonl": '{"generated_by": "geno-lewm-score"}\n',
            "model/eval/baseline.jsonl": '{"generated_by": "geno-lewm-carbon-baseline"}\n',
            "dataset/data/train.vcf": VCF.format(pos=10, label="Benign"),
            "dataset/data/eval.vcf": VCF.format(pos=20, label="Pathogenic"),
            "demo/in.vcf": VCF.format(pos=20, label="."),
            "demo/ref.fa": ">7\nACGT\n",
        }
        said = {"schema_version": "1.0.0", "generated_at": AT}
        listed = ["one line"]
        self.model: dict[str, Any] = said | {
            "generated_by": "tools.release.model_package",
            **dict.fromkeys(("summary", "license", "intended_use"), "Research only."),
            **dict.fromkeys(("data", "hardware", "limitations", "training", "evaluation", "runtime"), listed),
            "release_notes": ["First release."],
            "extra_files": [
                "training_preflight_report.json",
                "training_run_manifest.json",
                "training_run_card.md",
                "training_run_SHA256SUMS",
            ],
        }
        self.metrics: dict[str, Any] = said | {
            "generated_by": "geno-lewm-eval-all",
            "model_id": EVALUATED,
            "model_release": RELEASE,
            "dataset_snapshot": SNAPSHOT,
            "commit": COMMIT,
            "hardware": "one CPU",
            "metrics": [
                {
                    "name": "auroc",
                    "split": "clinvar_coding",
                    "value": 0.75,
                    "unit": "area",
                    "higher_is_better": True,
                    "n": 40,
                    "ci_low": 0.7,
                    "ci_high": 0.8,
                    "baseline": "carbon_zero_shot",
                    "baseline_value": 0.5,
                    "delta_vs_baseline": 0.25,
                    "evaluated_variant_keys_sha256": KEYS,
                    "baseline_evaluated_variant_keys_sha256": KEYS,
                }
            ],
            "artifacts": {
                "checkpoint": "model/predictor.safetensors",
                "config": "model/train_config.yaml",
                "dataset_manifest": "dataset/dataset_manifest.json",
                "eval_config": "eval_config.effective.yaml",
                "efficiency_report": "model/efficiency_report.json",
                "scores": "eval/scores.jsonl",
                "baseline_scores": "eval/baseline.jsonl",
            },
            "limitations": ["Coding variants alone were evaluated."],
            "negative_findings": ["Indels were scored no better than by chance."],
            "conclusions": ["auroc on clinvar_coding is 0.75, a delta of 0.25 to carbon_zero_shot."],
        }
        self.efficiency: dict[str, Any] = said | {
            "generated_by": "tools.release.efficiency_report",
            "model_id": EVALUATED,
            "model_release": RELEASE,
            "dataset_snapshot": SNAPSHOT,
            "commit": COMMIT,
            "command": ["bench"],
            "hardware": "one CPU",
            "runtime": "Python",
            "warmup_batches": 1,
            "samples": 5,
            "measurements": {
                "single_variant_latency_ms": 1.5,
                "batched_throughput_variants_per_s": 900,
                "peak_memory_bytes": 1024,
            },
            "inputs": {"vcf": {"path": "demo/in.vcf", "sha256": KEYS, "size_bytes": 3}},
            "limitations": ["One machine."],
        }
        self.run: dict[str, Any] = said | {
            "generated_by": "tools.release.training_run",
            "run_id": "run-1",
            "command": "geno-lewm-train",
            "commit_sha": COMMIT,
            "package_version": "0.3.0",
            "dataset_snapshot_id": SNAPSHOT,
            "status": "completed",
            **dict.fromkeys(("hardware", "runtime", "limitations"), listed),
            "seeds": {"torch": 0},
            "determinism": "seeded",
            "monitoring": {"collapse_monitoring": True, "nan_monitoring": True},
            "result_summary": "It converged.",
        }
        self.training_metrics: dict[str, Any] = {"sample_count": 10, "metrics": {"loss": 0.5}}
        self.preflight: dict[str, Any] = {"ok": True, "issues": []}
        self.manifest: dict[str, Any] = {
            "schema_version": "1.0.0",
            "model_name": "geno-lewm",
            "model_version": "0.3.0",
            "release_id": RELEASE,
            "encoder": {"id": "Carbon", "revision": "main", "hash": KEYS},
            "training": {"data_snapshot": {"snapshot": SNAPSHOT}},
        }
        self.dataset: dict[str, Any] = said | {
            "generated_by": "tools.release.dataset_package",
            "snapshot_id": SNAPSHOT,
            "sources": [{"name": "ClinVar", "revision": "2026-01"}],
            **dict.fromkeys(("license", "split_policy", "intended_use"), "Public."),
            **dict.fromkeys(("preprocessing", "leakage_checks", "limitations"), listed),
            "splits": {"train": {"records": 1}, "eval_clinvar": {"records": 1}},
            "files": [
                {"path": "data/train.vcf", "split": "train", "records": 1, "description": "training"},
                {"path": "data/eval.vcf", "split": "eval_clinvar", "records": 1, "description": "held out"},
            ],
        }
        self.runtime: dict[str, Any] = {"requirements": {"native_runtime": True, "fixture_manifest_allowed": False}}
        self.outputs: list[dict[str, Any]] = [
            {
                "sigma_raw": 0.1,
                "sigma_calibrated": 0.2,
                "bucket_id": "b1",
                "confidence": 0.9,
                "low_confidence": False,
            }
        ]
        self.title = "A First Experiment"

    def write(self, *, after: Change | None = None) -> Path:
        """Derive everything in order and return the root. `after` changes the written files."""
        for path, text in self.texts.items():
            (self.root / path).write_text(text)
        self._dataset()
        self._model()
        self._demo()
        self._paper()
        if after is not None:
            after(self)
        return self.root

    def put(self, path: str, value: Any) -> None:
        """Write a JSON document."""
        (self.root / path).write_text(json.dumps(value, indent=2) + "\n")

    def get(self, path: str) -> Any:
        """Read a JSON document."""
        return json.loads((self.root / path).read_text())

    def sums(self, part: str, *, name: str = "SHA256SUMS") -> None:
        """Write a part's checksum file over all of its files."""
        folder = self.root / part
        files = sorted(path for path in folder.rglob("*") if path.is_file() and "SHA256SUMS" not in path.name)
        files += [folder / "training_run_SHA256SUMS"] if part == "model" and name == "SHA256SUMS" else []
        lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder)}" for path in files]
        (folder / name).write_text("\n".join(lines) + "\n")

    def _dataset(self) -> None:
        folder = self.root / "dataset"
        for item in self.dataset["files"]:
            if (folder / item["path"]).is_file():
                item.update(identity(folder / item["path"], item["path"]))
        self.put("dataset/dataset_package.json", self.dataset)
        self.put("dataset/dataset_manifest.json", self.dataset)
        with Folder(folder, "dataset") as opened:
            report = integrity(opened, self.dataset, AT)
        self.put("dataset/split_integrity.json", report)
        card = rendered(
            "data_card.md",
            it=DatasetPackage.model_validate(self.dataset),
            files=self.dataset["files"],
            balance=report["splits"],
        )
        (folder / "data_card.md").write_text(card)
        self.snapshot()
        self.sums("dataset")

    def snapshot(self) -> None:
        """Write input check and snapshot report."""
        folder = self.root / "dataset"
        sources = [
            {"source_path": f"in/{item['path']}", "sha256": KEYS, "size_bytes": 9} for item in self.dataset["files"]
        ]
        checked = [
            source | {"staged_path": item["path"], "split": item["split"], "description": item["description"]}
            for source, item in zip(sources, self.dataset["files"], strict=True)
        ]
        check = {
            "schema_version": "1.0.0",
            "generated_by": "tools.release.dataset_snapshot.check_inputs",
            "snapshot_id": SNAPSHOT,
            "inputs": checked,
        }
        self.put("dataset/dataset_input_check_report.json", check)
        names = {
            "metadata": "dataset_package.json",
            "manifest": "dataset_manifest.json",
            "data_card": "data_card.md",
            "integrity": "split_integrity.json",
        }
        report = {
            "schema_version": "1.0.0",
            "generated_by": "tools.release.dataset_snapshot",
            "generated_at": AT,
            "snapshot_id": SNAPSHOT,
            "report_path": "dataset_snapshot_report.json",
            "metadata_path": "dataset_package.json",
            "input_check_path": "dataset_input_check_report.json",
            "snapshot_spec": {"path": "configs/spec.json", "sha256": KEYS, "size_bytes": 9},
            "input_check": identity(folder / "dataset_input_check_report.json", "dataset_input_check_report.json"),
            "package": {
                "snapshot_id": SNAPSHOT,
                **{f"{name}_path": path for name, path in names.items() if name != "metadata"},
                "checksums_path": "SHA256SUMS",
                **{name: identity(folder / path, path) for name, path in names.items()},
                "files": self.dataset["files"],
            },
            "files": [
                item | {f"source_{name.removeprefix('source_')}": value for name, value in source.items()}
                for source, item in zip(sources, self.dataset["files"], strict=True)
            ],
        }
        self.put("dataset/dataset_snapshot_report.json", report)

    def _model(self) -> None:
        folder = self.root / "model"
        self.put("model/metrics.json", self.training_metrics)
        core = {path.name: identity(path, path.name) for path in (self.root / "dataset").iterdir() if path.is_file()}
        config = identity(folder / "train_config.yaml", "train_config.yaml")
        preflight = {
            "schema_version": "1.0.0",
            "generated_by": "geno_lewm.training.preflight",
            "dataset_snapshot_id": SNAPSHOT,
            "training_config": config | {"resolved": {}},
            "dataset": {"snapshot_id": SNAPSHOT, "core_files": core, "files": self.dataset["files"]},
        }
        self.put("model/training_preflight_report.json", preflight | self.preflight)
        kinds = {
            "dataset_manifest.json": "dataset_manifest",
            "train_config.yaml": "training_config",
            "metrics.json": "metrics",
            "training_preflight_report.json": "training_preflight",
            "train.log": "log",
            "predictor.safetensors": "checkpoint",
        }
        files = [identity(folder / path, path) | {"kind": kind, "description": kind} for path, kind in kinds.items()]
        run = {"artifacts": files} | self.run
        self.put("model/training_run_manifest.json", run)
        (folder / "training_run_card.md").write_text(
            rendered("training_run_card.md", it=TrainingRun.model_validate(run))
        )
        self.sums("model", name="training_run_SHA256SUMS")
        self.put("model/efficiency_report.json", self.efficiency)
        self.put("model/eval_metrics.json", self.metrics)
        (folder / "eval_report.md").write_text(rendered("eval_report.md", it=EvalMetrics.model_validate(self.metrics)))
        named = {"predictor": "predictor.safetensors", "action_encoder": "action_encoder.safetensors"}
        named |= {"calibration": "calibration.parquet", "eval": "eval_report.md"}
        for name, path in named.items():
            self.manifest[name] = {"file": path, "hash": identity(folder / path, path)["sha256"]}
        self.manifest["training"] |= {"config_file": "train_config.yaml", "hash": config["sha256"]}
        self.put("model/manifest.json", self.manifest)
        self.put("model/model_package.json", self.model)
        manifest = ModelManifest.model_validate(self.manifest)
        card = rendered("model_card.md", it=ModelPackage.model_validate(self.model), manifest=manifest)
        (folder / "model_card.md").write_text(card)
        self.model_id, self.calibration = manifest.model_id, manifest.calibration.hash
        self.sums("model")

    def _demo(self) -> None:
        demo = self.root / "demo"
        receipts = [
            {
                "schema_version": "1.0.0",
                "model_id": self.model_id,
                "input_commitment": KEYS,
                "output": output,
                "output_commitment": canonical_digest(output),
                "calibration_hash": self.calibration,
                "runtime": dict.fromkeys(("backend", "device", "geno_lewm_version", "carbon_revision"), "cpu"),
                "timestamp": AT,
                "provenance": {
                    "kind": "checksum_only",
                    "details": {"scope": "vcf_row", "receipt_stream": STREAM, "row_index": index},
                },
            }
            for index, output in enumerate(self.outputs, start=1)
        ]
        scores = [{name: output[name] for name in COMPARED} for output in self.outputs]
        (demo / "receipts.jsonl").write_text("".join(json.dumps(item) + "\n" for item in receipts))
        (demo / "scores.jsonl").write_text("".join(json.dumps(item) + "\n" for item in scores))
        self.bind()

    def bind(self) -> None:
        """Write preflight, batch report, transcript and demo manifest over the streams that are there."""
        demo, argv = self.root / "demo", COMMAND.split(" ")
        inputs = {"vcf": identity(demo / "in.vcf", "demo/in.vcf"), "fasta": identity(demo / "ref.fa", "demo/ref.fa")}
        preflight = {
            "schema_version": "1.0.0",
            "generated_by": "tools.release.runtime_preflight",
            "ok": True,
            "model_id": self.model_id,
            "command": {"argv": argv},
            "dependencies": [{"import_name": "torch", "required": True, "available": True}],
            "network_guard": {"ok": True},
            "inputs": inputs,
            "artifacts": [
                identity(self.root / "model/predictor.safetensors", "model/predictor.safetensors") | {"ok": True}
            ],
        } | self.runtime
        self.put("demo/runtime_preflight_report.json", preflight)
        with Folder(demo, "demo") as folder:
            self.put("demo/batch_receipt_report.json", batch_report(folder, AT))
            facts = {name: stream_facts(folder, f"{name}.jsonl") for name in ("scores", "receipts")}
            summary = vcf_summary(folder, "in.vcf")
        outputs = {
            "scores": "scores.jsonl",
            "receipts": "receipts.jsonl",
            "runtime preflight report": "runtime_preflight_report.json",
            "batch receipt report": "batch_receipt_report.json",
            "terminal transcript": "terminal-demo-transcript.md",
        }
        lines = [
            "# GenoLeWM Terminal Inference Transcript",
            *(f"- {name}: {value}" for name, value in self._transcript_lines(outputs, facts).items()),
            *("## Command", COMMAND, "## Output Artifacts", "## Score And Receipt Summary", "## Artifact Inputs"),
            BOUNDARY,
        ]
        (demo / "terminal-demo-transcript.md").write_text("\n".join(lines) + "\n")
        batch = self.get("demo/batch_receipt_report.json")
        repeated = ("records", "model_id", "calibration_hash", "receipt_schema_version", "receipt_stream", "runtime")
        names = (
            "schema_version",
            "generated_by",
            "ok",
            "model_id",
            "release_id",
            "requested_backend",
            "selected_backend",
        )
        manifest = {
            "schema_version": "1.0.0",
            "generated_by": "tools.demo.terminal_inference",
            "status": "passed",
            "command": {"argv": argv, "returncode": 0},
            "model": {
                "release_id": RELEASE,
                "model_version": "0.3.0",
                "model_id": self.model_id,
                "encoder_id": "Carbon",
                "encoder_revision": "main",
            },
            "inputs": inputs
            | {
                "model_manifest": identity(self.root / "model/manifest.json", "model/manifest.json"),
                "vcf_summary": summary,
            },
            "artifacts": [
                identity(demo / path, f"demo/{path}")
                | {"label": label}
                | ({"jsonl_records": facts[label][0], "jsonl_fields": facts[label][1]} if label in facts else {})
                for label, path in outputs.items()
            ],
            "runtime_preflight": {name: preflight.get(name) for name in names}
            | {"requirements": preflight["requirements"], "command": {"argv": argv, "shell": shlex.join(argv)}},
            "score_receipt_batch": {name: batch[name] for name in (*repeated, "checked_score_fields")},
        }
        self.put("demo/terminal_demo_manifest.json", manifest)

    def _transcript_lines(self, outputs: dict[str, str], facts: dict[str, Any]) -> dict[str, Any]:
        named = (
            "Model release",
            "Model version",
            "Input contigs",
            "First input variants",
            "Scores",
            "Receipts",
            "VCF",
            "FASTA",
        )
        lines: dict[str, Any] = {"Generated": AT, "Status": "passed", "Exit code": 0, "Model id": self.model_id}
        lines |= dict.fromkeys(named, "as packaged") | dict.fromkeys(
            ("Input VCF records", "Input alternate alleles"), 1
        )
        lines |= {
            "Runtime preflight report": "there",
            "Batch receipt report": "there",
            "Manifest": "model/manifest.json",
        }
        lines["Demo manifest"] = "demo/terminal_demo_manifest.json"
        for label, path in list(outputs.items())[:4]:
            lines[f"{label.title()} SHA-256"] = identity(self.root / "demo" / path, path)["sha256"]
        for label, (count, fields) in facts.items():
            lines |= {f"{label.title()} JSONL rows": count, f"{label.title()} JSONL fields": ", ".join(fields)}
        return lines

    def _paper(self) -> None:
        report = (self.root / "model/eval_report.md").read_text()
        sections = {part.partition("\n")[0]: part.partition("\n")[2].strip() for part in report.split("\n## ")}
        with Folder(self.root / "demo", "demo") as folder:
            summary = vcf_summary(folder, "in.vcf")
        text = rendered(
            "paper.md",
            title=self.title,
            generated_at=AT,
            manifest=ModelManifest.model_validate(self.manifest),
            snapshot=SNAPSHOT,
            eval_config="eval_config.effective.yaml",
            commit="not recorded",
            command=self.run["command"],
            splits=self.dataset["splits"],
            vcf=summary,
            records=len(self.outputs),
            status="passed",
            report=sections,
        )
        (self.root / "paper.md").write_text(text)
