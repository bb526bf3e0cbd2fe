"""How far is the small model's work like the large one's? Stages and kernels of each, by their shares of the time."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import machine
import msgspec

from pytest_sdperf.errors import SdperfError
from pytest_sdperf.hardware.requirements import check
from pytest_sdperf.measure.session import Session
from pytest_sdperf.measurement import Measurement
from pytest_sdperf.options import Options
from pytest_sdperf.variants.registry import Registry

VARIANTS = ("fp32", "ipex_bf16", "openvino_static_f32", "openvino_static")

SMALL_SHARE = 0.01
"""Kinds of kernels below this in every model are summed up."""


def study(session: Session, model: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Every variant on one model at that model's own size."""
    options = Options(model=model, processes=1, rounds=1, timeout=arguments.timeout)
    found: dict[str, Any] = {}
    for name in arguments.variants:
        unmet = [u.reason for need in session.registry[name].requirements if (u := check(need))]
        if unmet:
            found[name] = {"left_out": " / ".join(unmet)}
            continue
        try:
            case = session.case(name, options, {"num_inference_steps": arguments.steps})
            measurement = session.measure(case, options, compared=False).measurement
            found[name] = {"size": measurement.sizes[0], **shares(measurement)}
            machine.tell(f"{model}: {name} measured")
        except SdperfError as error:
            found[name] = {"left_out": error.what}
    return found


def shares(measurement: Measurement) -> dict[str, Any]:
    """Of one picture: ms of its stages, and ms of its kernels by operation and precision."""
    kinds: dict[str, float] = {}
    for kernel in measurement.evidence.kernels:
        kind = f"{kernel.operation} {kernel.precision}".strip()
        kinds[kind] = kinds.get(kind, 0.0) + kernel.time_ms
    return {
        "stages_ms": {name: seconds * 1000 for name, seconds in measurement.stages_s().items()},
        "kernels_ms": kinds,
        "kernel_source": measurement.evidence.kernel_source,
        "evidence": msgspec.to_builtins(measurement.evidence.kernels),
    }


def render(document: dict[str, Any]) -> str:
    """The result as Markdown."""
    models = list(document["models"])
    lines = [
        f"# {' beside '.join(models)}: what the time goes to",
        "",
        *machine.render_header(document),
        f"- {document['steps']} steps, each model at its own size; one process, one timed picture, one profiled",
        "",
        "Shares of one picture's time. Kernels are those that the library itself names: all of OpenVINO's, of torch's",
        "only oneDNN's convolutions and matrix products.",
    ]
    for name in document["variants"]:
        found = {model: document["models"][model][name] for model in models}
        lines += ["", f"## {name}", ""]
        missing = {model: f["left_out"] for model, f in found.items() if "left_out" in f}
        if missing:
            lines += [f"Left out: {reason} ({model})." for model, reason in missing.items()]
            continue
        for part, title in (("stages_ms", "stage"), ("kernels_ms", "kernels")):
            lines += [*_shares_table(title, {model: f[part] for model, f in found.items()}), ""]
        lines.pop()
    return "\n".join([*lines, ""])


def _shares_table(title: str, found: dict[str, dict[str, float]]) -> list[str]:
    totals = {model: sum(times.values()) for model, times in found.items()}
    share = {model: {k: ms / totals[model] for k, ms in times.items()} for model, times in found.items()}
    names = sorted(
        {k for times in share.values() for k in times}, key=lambda k: -sum(s.get(k, 0) for s in share.values())
    )
    large = [k for k in names if any(s.get(k, 0) >= SMALL_SHARE for s in share.values())]
    rows = [[k, *(f"{s[k]:.1%}" if k in s else "-" for s in share.values())] for k in large]
    rest = [sum(v for k, v in s.items() if k not in large) for s in share.values()]
    if any(rest):
        rows.append([f"others, each under {SMALL_SHARE:.0%}", *(f"{r:.1%}" for r in rest)])
    rows.append(["together, ms", *(f"{total:,.1f}" for total in totals.values())])
    return machine.table([title, *found], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--models", type=lambda t: t.split(","), default=["bundled", "synthetic:sd15"])
    parser.add_argument("--variants", type=lambda t: t.split(","), default=list(VARIANTS))
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--timeout", type=float, default=1800.0, help="seconds a worker may take for one answer")
    parser.add_argument("--name", default="fair_load", help="name of the result's files")
    parser.add_argument("--results", default=str(machine.RESULTS), help="folder of the result's files")
    arguments = parser.parse_args()
    document: dict[str, Any] = {
        "benchmark": "fair_load",
        "version": 1,
        "header": machine.header(),
        "steps": arguments.steps,
        "variants": arguments.variants,
        "models": {},
    }
    with tempfile.TemporaryDirectory(prefix="sdperf-fair-load-") as folder:
        session = Session(
            registry=Registry(), rootdir=Path.cwd(), work_dir=Path(folder), tell=machine.tell, show=machine.show
        )
        try:
            for model in arguments.models:
                document["models"][model] = study(session, model, arguments)
        finally:
            session.close()
    text = render(document)
    machine.write(document, text, arguments.name, Path(arguments.results))
    print(text)


if __name__ == "__main__":
    main()
