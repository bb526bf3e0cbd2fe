"""Can the picture verdict tell honest changes from faults? All variants and faults on the same prompts and seeds."""

from __future__ import annotations

import argparse
import dataclasses
import math
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faults
import good_from_broken_table
import int8_weights
import machine
import msgspec

from pytest_sdperf import Launch, Variant
from pytest_sdperf.diff.pictures import picture_fault, similarity
from pytest_sdperf.errors import SdperfError
from pytest_sdperf.hardware.checks import check
from pytest_sdperf.measure.engine import Engine
from pytest_sdperf.measure.references import load_pictures
from pytest_sdperf.measure.session import Session
from pytest_sdperf.observations import Measured
from pytest_sdperf.options import Options
from pytest_sdperf.variants import fp32
from pytest_sdperf.variants.registry import BUILT_IN, Registry

sys.path.append(str(machine.ROOT / "training"))

from painter import PAINTERS, SUBJECTS, WEATHERS

ONE_THREAD = dataclasses.replace(
    fp32.VARIANT, name="fp32_one_thread", launch=Launch(env={"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"})
)


def prompts(count: int) -> list[str]:
    """The blog post's prompt first; subjects, weathers and painters come in ever new combinations, none twice."""
    combinations = [f"{s} in {w} by {p}" for p in PAINTERS for w in WEATHERS for s in SUBJECTS]
    # 89 has no divisor in common with 288, so that the stride meets every combination once
    return [combinations[89 * i % len(combinations)] for i in range(count)]


@dataclass
class Study:
    """One run of this benchmark, and the document that grows with each variant."""

    session: Session
    options: Options
    document: dict[str, Any]
    keywords: dict[str, Any]

    def run(self, variants: list[tuple[str, Variant]]) -> None:
        for kind, variant in variants:
            unmet = [u.reason for need in variant.requirements if (u := check(need))]
            entry: dict[str, Any] = {"name": variant.name, "kind": kind, "summary": variant.summary}
            if unmet:
                entry["skipped"] = " / ".join(unmet)
            else:
                try:
                    entry.update(self._measured(variant.name))
                except SdperfError as error:
                    entry["failed"] = f"{error.what}. {error.cure}"
            self.document["variants"].append(entry)
            machine.tell(f"{variant.name}: {entry.get('skipped') or entry.get('failed') or 'measured'}")

    def _measured(self, name: str) -> dict[str, Any]:
        case = self.session.case(name, self.options, self.keywords)
        measured = self.session.measure(case, self.options)
        reference = self.session.alone.seen_reference(case, self.options)
        if reference is None:
            raise SdperfError("the reference was not drawn", cure="Measure fp32 first.")
        stage_parity = measured.measurement.stage_parity
        return {
            "pictures": self._scores(measured, load_pictures(reference.pictures)),
            "stage_parity": None if stage_parity is None else msgspec.to_builtins(stage_parity),
        }

    def _scores(self, measured: Measured, references: Any) -> list[dict[str, Any]]:
        prompt_seeds, size = measured.case.workload.prompt_seeds, measured.case.workload.sizes[0]
        scores = []
        for (key, picture), prompt_seed in zip(measured.pictures.items(), prompt_seeds, strict=True):
            entry: dict[str, Any] = {
                "prompt": prompt_seed.prompt,
                "seed": prompt_seed.seed,
                "fault": picture_fault(picture, size),
            }
            if entry["fault"] is None:
                found = similarity(references[key], picture)
                psnr_db = None if math.isinf(found.psnr_db) else found.psnr_db
                entry.update(ssim=found.ssim, psnr_db=psnr_db)
            scores.append(entry)
        return scores


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--model", default="bundled", help="as for --sdperf-model")
    parser.add_argument(
        "--variants", type=lambda t: t.split(","), help="only these (default: all honest ones and faults)"
    )
    parser.add_argument("--prompts", type=int, default=24, help="number of prompts, each with every seed")
    parser.add_argument("--seeds", type=int, default=2, help="number of seeds")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--timeout", type=float, default=1800.0, help="seconds a worker may take for one answer")
    parser.add_argument("--name", default="good_from_broken", help="name of the result's files")
    parser.add_argument("--results", default=str(machine.RESULTS), help="folder of the result's files")
    return parser


def main() -> None:
    arguments = _parser().parse_args()
    options = Options(model=arguments.model, processes=1, rounds=1, timeout=arguments.timeout)
    keywords = {
        "prompts": prompts(arguments.prompts),
        "seeds": list(range(arguments.seeds)),
        "num_inference_steps": arguments.steps,
    }
    document: dict[str, Any] = {
        "benchmark": "good_from_broken",
        "version": 1,
        "header": machine.header(),
        "model": arguments.model,
        "workload": keywords,
        "variants": [],
    }
    registry = Registry()
    broken = faults.variants()
    registry.add([ONE_THREAD, int8_weights.VARIANT, *broken], origin="this benchmark")
    with tempfile.TemporaryDirectory(prefix="sdperf-pictures-") as folder:
        session = Session(
            Engine(registry=registry, rootdir=Path.cwd(), work_dir=Path(folder), note=machine.tell, show=machine.show)
        )
        try:
            session.measure(session.case("fp32", options, keywords), options)
            # ipex_bf16_dpm has another reference: DPM's pictures are compared with fp32's by DPM
            honest = [registry[name] for name in BUILT_IN if name != "fp32"]
            study = Study(session, options, document, keywords)
            both = [("honest", v) for v in (ONE_THREAD, *honest, int8_weights.VARIANT)] + [("fault", v) for v in broken]
            study.run([(k, v) for k, v in both if not arguments.variants or v.name in arguments.variants])
        finally:
            session.close()
    text = good_from_broken_table.render(document)
    machine.write(document, text, arguments.name, Path(arguments.results))
    print(text)


if __name__ == "__main__":
    main()
