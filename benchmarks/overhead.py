"""What measuring costs: a picture timed by the package against a bare call of the same pipeline, in one process."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import machine
import msgspec
import pairs

from pytest_sdperf.measure.session import Session
from pytest_sdperf.models import cache
from pytest_sdperf.options import Options
from pytest_sdperf.protocol import BuildSpec, Call, Called
from pytest_sdperf.variants.registry import Registry

TARGET = 0.01
"""The share of the latency that measuring may cost."""


def measure(arguments: argparse.Namespace, work_dir: Path) -> dict[str, Any]:
    """Run the pairs in a worker that is launched as the variant asks."""
    session = Session(registry=Registry(), rootdir=Path.cwd(), work_dir=work_dir, tell=machine.tell, show=machine.show)
    try:
        options = Options(model=arguments.model, timeout=arguments.timeout)
        workload = {"height": arguments.size, "width": arguments.size, "num_inference_steps": arguments.steps}
        case = session.case(arguments.variant, options, workload)
        model = session.model(options)
        spec = BuildSpec.of(
            case,
            model_dir=str(model.path),
            model_digest=model.digest,
            cache_dir=str(cache.cache_dir()),
            picture_dir=str(work_dir / "pictures"),
        )
        orders = pairs.orders(arguments.pairs, arguments.seed)
        machine.tell(f"{case.id}: {len(orders)} pairs …")
        keywords = {"spec": msgspec.to_builtins(spec), "orders": orders, "warm_ups": arguments.warm_ups}
        with machine.launcher()(
            case.variant.launch, log_path=work_dir / "overhead.log", timeout_s=arguments.timeout
        ) as worker:
            answer: dict[str, Any] = worker.ask(Call("overhead_arms:alternate", keywords), Called).value
    finally:
        session.close()
    return {"case": case.id, "orders": orders, **answer}


def derive(measured: dict[str, Any]) -> dict[str, Any]:
    """Ratio of the two arms in each pair, package over bare, and what they say together."""
    both = list(zip(measured["package_ns"], measured["bare_ns"], strict=True))
    calls = sum(measured["stage_calls"].values())
    bare_ns = pairs.summary([bare for _, bare in both])["median"]
    return {
        "ratio": pairs.summary([package / bare for package, bare in both]),
        "package_s": pairs.summary([package / 1e9 for package, _ in both]),
        "bare_s": pairs.summary([bare / 1e9 for _, bare in both]),
        "stopwatches_share": measured["stopwatch_ns_per_call"] * calls / bare_ns,
    }


def render(document: dict[str, Any]) -> str:
    """The result as Markdown."""
    found, measured = document["derived"], document["measured"]
    ratio = found["ratio"]
    interval = ratio["median_interval_95"]
    calls = measured["stage_calls"]
    told = "unknown (too few pairs)" if interval is None else f"{interval[0] - 1:+.2%} to {interval[1] - 1:+.2%}"
    rows = [
        [name, f"{found[key]['median']:.4g}", f"{found[key]['min']:.4g}", f"{found[key]['max']:.4g}"]
        for name, key in (("package, s a picture", "package_s"), ("bare call, s a picture", "bare_s"))
    ]
    rows.append(["ratio of a pair", *(f"{ratio[key]:.4f}" for key in ("median", "min", "max"))])
    within = abs(ratio["median"] - 1) <= TARGET
    return "\n".join(
        [
            f"# Overhead of measuring, {measured['case']}",
            "",
            *machine.render_header(document),
            f"- one worker, one pipeline; {ratio['count']} pairs in shuffled order, half of each order "
            f"(seed {document['seed']}); pictures of both arms "
            + ("identical to the bit" if measured["different_pictures"] == 1 else "**not identical**"),
            "",
            *machine.table(["", "median", "smallest", "largest"], rows),
            "",
            (
                f"The package's latency is {ratio['median'] - 1:+.2%} of the bare call's (median of the pairs; 95 % "
                f"interval {told}), {'within' if within else '**not within**'} the target of {TARGET:.0%}."
            ),
            "",
            (
                f"By itself a stage's stopwatch costs {measured['stopwatch_ns_per_call'] / 1e3:.2f} us a call. A "
                f"picture has {sum(calls.values())} such calls ({', '.join(f'{n} {c}' for n, c in calls.items())}), "
                f"{found['stopwatches_share']:.5%} of it: what the pairs show beyond that is noise."
            ),
            "",
        ]
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--model", default="synthetic:sd15", help="as for --sdperf-model")
    parser.add_argument("--variant", default="fp32", help="whose pipeline; its export must exist already")
    parser.add_argument("--size", type=int, default=256, help="height and width in pixels")
    parser.add_argument(
        "--steps", type=int, default=20, help="fewer make a stricter test: overhead has less to hide in"
    )
    parser.add_argument("--pairs", type=int, default=8, help="pairs of pictures; 6 are needed for an interval")
    parser.add_argument("--warm-ups", type=int, default=2, help="pictures before the first pair")
    parser.add_argument("--seed", type=int, default=0, help="of the pairs' order")
    parser.add_argument("--timeout", type=float, default=3600.0, help="seconds for all pairs together")
    parser.add_argument("--name", default="overhead", help="name of the result's files")
    parser.add_argument("--results", default=str(machine.RESULTS), help="folder of the result's files")
    return parser


def main() -> None:
    arguments = _parser().parse_args()
    document: dict[str, Any] = {
        "benchmark": "overhead",
        "version": 1,
        "header": machine.header(),
        "seed": arguments.seed,
    }
    with tempfile.TemporaryDirectory(prefix="sdperf-overhead-") as folder:
        document["measured"] = measure(arguments, Path(folder))
    document["derived"] = derive(document["measured"])
    text = render(document)
    machine.write(document, text, arguments.name, Path(arguments.results))
    print(text)


if __name__ == "__main__":
    main()
