"""The blog post's table, measured here: every variant's latency, its picture, its proof, and the machine's limit."""

from __future__ import annotations

import argparse
import math
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import machine
import msgspec
import speedup_table

from pytest_sdperf.errors import SdperfError, WorkerError
from pytest_sdperf.hardware.checks import check
from pytest_sdperf.hardware.cpu import native_precision
from pytest_sdperf.judge.picture import judge_picture
from pytest_sdperf.judge.proof import judge_proof
from pytest_sdperf.measure.engine import Engine
from pytest_sdperf.measure.references import load_pictures
from pytest_sdperf.measure.sampling import call_in_worker
from pytest_sdperf.measure.session import Session
from pytest_sdperf.measurement import Measurement
from pytest_sdperf.observations import Measured, References
from pytest_sdperf.options import Options
from pytest_sdperf.report.finding_text import sentence
from pytest_sdperf.variant import Case
from pytest_sdperf.variants.registry import Registry
from pytest_sdperf.verdict.case_verdict import AnyFinding
from pytest_sdperf.verdict.picture_finding import PictureFinding
from pytest_sdperf.workload import DEFAULT_PROMPTS, size_key

VARIANTS = ("fp32", "tuned", "torch_bf16", "ipex_bf16", "ipex_bf16_dpm", "openvino", "openvino_static")


@dataclass
class Study:
    """One run of this benchmark: the session, the settings, and the document that grows with each case."""

    session: Session
    options: Options
    arguments: argparse.Namespace
    document: dict[str, Any]
    work_dir: Path

    def run(self) -> None:
        """Measure every workload; what is done is on disk before the next case begins."""
        model = self.session.engine.model(self.options)
        self.document["model_digest"] = model.digest
        for size in dict.fromkeys(size for size, _ in self.arguments.workloads):
            flop = self._in_worker(
                "limits:unet_flop", {"model_dir": str(model.path), "height": size, "width": size, "batch": 2}
            )
            self.document["unet_flop"][size_key((size, size))] = flop
        for size, steps in self.arguments.workloads:
            for number in range(1, self.arguments.passes + 1):
                names = self.arguments.variants if number % 2 else self.arguments.variants[::-1]
                for name in names:
                    self._measure(name, size, steps, f"pass {number}, {name}, {size} px")
        self._limits("the end")
        self.document["complete"] = True
        self.save()

    def save(self) -> None:
        """Write what there is so far."""
        machine.write(
            self.document, speedup_table.render(self.document), self.arguments.name, Path(self.arguments.results)
        )

    def _measure(self, name: str, size: int, steps: int, label: str) -> None:
        place = {"variant": name, "size": size_key((size, size)), "num_inference_steps": steps}
        unmet = [u.reason for need in self.session.engine.registry[name].requirements if (u := check(need))]
        if unmet:
            machine.tell(f"{label}: {unmet[0]}")
            self._keep({**place, "skipped": " / ".join(unmet)})
            return
        machine.tell(f"{label} …")
        try:
            self._limits(label)
            keywords = {"height": size, "width": size, "num_inference_steps": steps}
            case = self.session.case(name, self.options, keywords)
            self._keep({**place, **self._figures(case, self.session.measure(case, self.options))})
        except SdperfError as error:
            machine.tell(f"{label}: {error}")
            if isinstance(error, WorkerError):
                machine.tell(error.log_tail)
            self._keep({**place, "failed": f"{error.what}. {error.cure}"})

    def _keep(self, entry: dict[str, Any]) -> None:
        """Add a case, or put it where an earlier pass has it."""
        cases = self.document["cases"]
        at = self._index(entry)
        if at is None:
            cases.append(entry)
        elif "measurement" in entry or "measurement" not in cases[at]:
            cases[at] = entry
        else:
            cases[at]["failed_later"] = entry.get("failed") or entry.get("skipped")
        self.save()

    def _index(self, entry: dict[str, Any]) -> int | None:
        place = ("variant", "size", "num_inference_steps")
        return next(
            (i for i, c in enumerate(self.document["cases"]) if all(c[k] == entry[k] for k in place)),
            None,
        )

    def _figures(self, case: Case, measured: Measured) -> dict[str, Any]:
        """One case's entry: the raw samples of all passes, and what follows from them."""
        fresh = _without_folders(measured.measurement)
        place = {
            "variant": case.variant.name,
            "size": fresh.sizes[0],
            "num_inference_steps": case.workload.num_inference_steps,
        }
        at = self._index(place)
        earlier = self.document["cases"][at].get("measurement") if at is not None else None
        merged = _merged(msgspec.convert(earlier, Measurement), fresh) if earlier else fresh
        picture = self._picture(case, measured)
        proof = judge_proof(case.variant.claims, fresh.evidence, case.workload)
        latency = merged.latency
        machine.tell(f"{case.variant.name}: {latency.median_s:.2f} s; {sentence(picture)}; {sentence(proof)}")
        return {
            "precision": next((c.want for c in case.variant.claims if c.kind == "kernel_precision"), "f32"),
            "scheduler": merged.scheduler,
            "latency_s": latency.median_s,
            "process_medians_s": latency.process_medians_s,
            "spread": latency.spread if len(latency.process_medians_s) > 1 else None,
            "unet_call_s": merged.unet_call_s,
            "unet_calls": merged.evidence.stage_calls.get("unet"),
            "stages_s": merged.stages_s(),
            "peak_rss_bytes": merged.peak_rss_bytes,
            "repeatable": merged.repeatable,
            "picture": {**_shown(picture), "figures": _figures(picture)},
            "proof": _shown(proof),
            "measurement": msgspec.to_builtins(merged),
        }

    def _picture(self, case: Case, measured: Measured) -> PictureFinding:
        """Against the reference variant's picture of this session, drawn with the same scheduler."""
        is_reference = case.variant.reference == case.variant.name
        references = None
        if not is_reference:
            references = load_pictures(self.session.alone.reference(case, self.options).pictures)
        return judge_picture(
            measured.pictures,
            References(references, is_reference=is_reference),
            self.options.thresholds,
            case.workload,
            reference_name=case.variant.reference,
        )

    def _limits(self, before: str) -> None:
        """Measure the rates of matrix products now: how fast the machine is at this moment."""
        keywords = {
            "size": self.arguments.gemm_size,
            "repeats": self.arguments.gemm_repeats,
            "precisions": sorted({"f32", native_precision(self.session.engine.machine)}),
        }
        rates = self._in_worker("limits:rates", keywords)
        self.document["limits"].append({"before": before, "gflop_per_s": rates})
        best = {p: max(max(r) for r in kinds.values()) for p, kinds in rates.items()}
        machine.tell("machine: " + ", ".join(f"{p} {rate:.0f} GFLOP/s" for p, rate in best.items()))

    def _in_worker(self, function: str, keywords: dict[str, Any]) -> Any:
        log_path = self.work_dir / "limits.log"
        return call_in_worker(machine.launcher(), function, keywords, log_path=log_path, timeout_s=self.options.timeout)


def _merged(earlier: Measurement, fresh: Measurement) -> Measurement:
    return msgspec.structs.replace(
        fresh,
        processes=[*earlier.processes, *fresh.processes],
        preparation_ns={**fresh.preparation_ns, **earlier.preparation_ns},
    )


def _without_folders(measurement: Measurement) -> Measurement:
    """Libraries by file name: where they lie on this machine is of no use to others."""
    evidence = msgspec.structs.replace(
        measurement.evidence,
        allocator=Path(measurement.evidence.allocator).name,
        openmp_runtime=Path(measurement.evidence.openmp_runtime).name,
    )
    return msgspec.structs.replace(measurement, evidence=evidence)


def _shown(finding: AnyFinding) -> dict[str, Any]:
    return {"status": finding.status.value, "sentence": sentence(finding)}


def _figures(finding: PictureFinding) -> dict[str, float | None]:
    """SSIM and PSNR (dB; None: identical) of the worst picture; empty where nothing was compared."""
    if finding.worst_ssim is None or finding.worst_psnr is None:
        return {}
    psnr_db = finding.worst_psnr.psnr_db
    return {"ssim": finding.worst_ssim.ssim, "psnr_db": None if psnr_db is None or math.isinf(psnr_db) else psnr_db}


def _workloads(text: str) -> list[tuple[int, int]]:
    """``256:20,512:4`` -> [(256, 20), (512, 4)]."""
    try:
        return [(int(size), int(steps)) for size, steps in (part.split(":") for part in text.split(","))]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not like 256:20,512:4 (pixels:steps)") from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--model", default="synthetic:sd15", help="as for --sdperf-model")
    parser.add_argument(
        "--workloads", type=_workloads, default="256:20,512:20", help="pixels:steps, one or more, in this order"
    )
    parser.add_argument(
        "--variants", type=lambda t: tuple(t.split(",")), default=",".join(VARIANTS), help="names; fp32 first"
    )
    parser.add_argument("--passes", type=int, default=2, help="times through all variants, every second one backwards")
    parser.add_argument("--processes", type=int, default=1, help="fresh processes of a variant in each pass")
    parser.add_argument("--rounds", type=int, default=1, help="timed pictures of each process, after two warm-ups")
    parser.add_argument("--gemm-size", type=int, default=4096, help="side of the matrices that give the limit")
    parser.add_argument("--gemm-repeats", type=int, default=5, help="products timed before each case")
    parser.add_argument("--timeout", type=float, default=3600.0, help="seconds a worker may take for one answer")
    parser.add_argument("--name", default="speedups", help="name of the result's files")
    parser.add_argument("--results", default=str(machine.RESULTS), help="folder of the result's files")
    return parser


def main() -> None:
    arguments = _parser().parse_args()
    options = Options(
        model=arguments.model, processes=arguments.processes, rounds=arguments.rounds, timeout=arguments.timeout
    )
    document: dict[str, Any] = {
        "benchmark": "speedups",
        "version": 1,
        "complete": False,
        "header": machine.header(),
        "model": arguments.model,
        "passes": arguments.passes,
        "processes": arguments.processes,
        "rounds": arguments.rounds,
        "prompt": DEFAULT_PROMPTS[0],
        "gemm_size": arguments.gemm_size,
        "unet_flop": {},
        "limits": [],
        "cases": [],
    }
    with tempfile.TemporaryDirectory(prefix="sdperf-speedups-") as folder:
        work_dir = Path(folder)
        session = Session(
            Engine(registry=Registry(), rootdir=Path.cwd(), work_dir=work_dir, note=machine.tell, show=machine.show)
        )
        try:
            study = Study(session, options, arguments, document, work_dir)
            study.run()
        finally:
            session.close()
    machine.tell(f"wrote {arguments.name}.json.gz and {arguments.name}.md")


if __name__ == "__main__":
    main()
