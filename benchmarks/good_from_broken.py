"""Can the picture verdict tell honest changes from faults? All variants and faults on the same prompts and seeds."""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faults
import good_from_broken_table
import honest_changes
import machine
import msgspec

from pytest_sdperf import Variant, protocol
from pytest_sdperf.diff.pictures import picture_fault, similarity
from pytest_sdperf.errors import SdperfError
from pytest_sdperf.hardware.checks import check
from pytest_sdperf.measure.chain_plan import ChainPlan
from pytest_sdperf.measure.engine import Engine
from pytest_sdperf.measure.references import load_pictures
from pytest_sdperf.measure.rig import build_spec, end_worker
from pytest_sdperf.measure.session import Session
from pytest_sdperf.observations import Measured
from pytest_sdperf.options import Options
from pytest_sdperf.picture_chain import Chains
from pytest_sdperf.variants.registry import BUILT_IN, Registry

sys.path.append(str(machine.ROOT / "training"))

from painter import PAINTERS, SUBJECTS, WEATHERS


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
    keep: Callable[[], None]

    def run(self, variants: list[tuple[str, Variant]]) -> None:
        done = {entry["name"] for entry in self.document["variants"]}
        for kind, variant in variants:
            if variant.name in done:
                continue
            unmet = [u.reason for need in variant.requirements if (u := check(need))]
            entry: dict[str, Any] = {"name": variant.name, "kind": kind, "summary": variant.summary}
            if unmet:
                entry["skipped"] = " / ".join(unmet)
            else:
                try:
                    entry.update(self._followed(variant.name) if kind == "fault" else self._measured(variant.name))
                except SdperfError as error:
                    entry["failed"] = f"{error.what}. {error.cure}"
            self.document["variants"].append(entry)
            self.keep()
            machine.tell(f"{variant.name}: {entry.get('skipped') or entry.get('failed') or 'measured'}")

    def _followed(self, name: str) -> dict[str, Any]:
        """Its chains alone: what a fault's pictures end in was another benchmark's question."""
        engine = self.session.engine
        case = self.session.case(name, self.options, self.keywords)
        model, rig = engine.model_of(case.variant, self.options), engine.rig(self.options)
        chains = ChainPlan("all", "fp32", self.session.alone.reference(case, self.options).chains)
        with rig.worker(case, "followed") as worker:
            worker.ask(protocol.Build(build_spec(case, model, rig, "followed")), protocol.Built)
            found = chains.follow(worker, case)
            end_worker(worker, case, "followed", rig.note)
        return {"precision": case.variant.picture_precision, "pictures": [], "chains": _of_chains(found)}

    def _measured(self, name: str) -> dict[str, Any]:
        case = self.session.case(name, self.options, self.keywords)
        measured = self.session.measure(case, self.options)
        reference = self.session.alone.seen_reference(case, self.options)
        if reference is None:
            raise SdperfError("the reference was not drawn", cure="Measure fp32 first.")
        return {
            "precision": measured.case.variant.picture_precision,
            "pictures": self._scores(measured, load_pictures(reference.pictures)),
            "chains": _of_chains(measured.chains),
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


def _of_chains(chains: Chains | None) -> Any:
    """What was found at each link, as it fits a file: dB to a tenth, gains to a millionth."""
    return None if chains is None else _rounded(msgspec.to_builtins(chains))


def _rounded(value: Any, digits: int = 6) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(one, 1 if name.endswith("_db") else digits) for name, one in value.items()}
    if isinstance(value, list):
        return [_rounded(one, digits) for one in value]
    return round(value, digits) if isinstance(value, float) else value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--model", default="bundled", help="as for --sdperf-model")
    parser.add_argument(
        "--variants", type=lambda t: t.split(","), help="only these (default: all honest ones and faults)"
    )
    parser.add_argument("--kind", choices=("honest", "fault"), help="only these")
    parser.add_argument("--prompts", type=int, default=24, help="number of prompts, each with every seed")
    parser.add_argument("--seeds", type=int, default=2, help="number of seeds")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--size", type=int, help="pixels of a side (default: the model's own)")
    parser.add_argument("--timeout", type=float, default=1800.0, help="seconds a worker may take for one answer")
    parser.add_argument(
        "--name", default="good_from_broken", help="name of the result's files; what is there is gone on with"
    )
    parser.add_argument("--results", default=str(machine.RESULTS), help="folder of the result's files")
    return parser


def _document(arguments: argparse.Namespace, keywords: dict[str, Any]) -> dict[str, Any]:
    """The result as far as it is there, of the same pictures on the same machine; else an empty one."""
    empty = {
        "benchmark": "good_from_broken",
        "version": 3,
        "header": machine.header(),
        "model": arguments.model,
        "workload": keywords,
        "variants": [],
    }
    path = Path(arguments.results, f"{arguments.name}.json.gz")
    if not path.is_file():
        return empty
    found = machine.read(path)
    parts = ("version", "model", "workload")
    is_same = found["header"]["machine"]["key"] == empty["header"]["machine"]["key"]
    if not is_same or any(found[part] != empty[part] for part in parts):
        sys.exit(f"{path} is of other pictures or another machine; give another --name, or delete it")
    return found


def main() -> None:
    arguments = _parser().parse_args()
    options = Options(model=arguments.model, processes=1, rounds=1, timeout=arguments.timeout)
    keywords = {
        "prompts": prompts(arguments.prompts),
        "seeds": list(range(arguments.seeds)),
        "num_inference_steps": arguments.steps,
        **({"height": arguments.size, "width": arguments.size} if arguments.size else {}),
    }
    document = _document(arguments, keywords)
    registry = Registry()
    broken = faults.variants()
    registry.add([*honest_changes.VARIANTS, *broken], origin="this benchmark")

    def keep() -> None:
        machine.write(document, good_from_broken_table.render(document), arguments.name, Path(arguments.results))

    with tempfile.TemporaryDirectory(prefix="sdperf-pictures-") as folder:
        session = Session(
            Engine(registry=registry, rootdir=Path.cwd(), work_dir=Path(folder), note=machine.tell, show=machine.show)
        )
        try:
            session.measure(session.case("fp32", options, keywords), options)
            # ipex_bf16_dpm has another reference: DPM's pictures are compared with fp32's by DPM
            honest = [*(registry[name] for name in BUILT_IN if name != "fp32"), *honest_changes.VARIANTS]
            both = [("honest", v) for v in honest] + [("fault", v) for v in broken]
            Study(session, options, document, keywords, keep).run(
                [
                    (kind, v)
                    for kind, v in both
                    if (not arguments.variants or v.name in arguments.variants) and arguments.kind in (None, kind)
                ]
            )
        finally:
            session.close()
    keep()
    print(good_from_broken_table.render(document))


if __name__ == "__main__":
    main()
