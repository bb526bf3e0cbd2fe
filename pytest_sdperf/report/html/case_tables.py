"""The tables of one case: stages, the links of its pictures, kernels and environment, every text made plain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pytest_sdperf.measurement import Environment, Measurement
from pytest_sdperf.report.chain_text import called
from pytest_sdperf.report.columns import NOT_KNOWN
from pytest_sdperf.report.html.compared import Compared
from pytest_sdperf.report.plain import plain
from pytest_sdperf.units import format_seconds, format_share
from pytest_sdperf.verdict.chain_finding import ChainFinding

_LONGEST_NAME = 80
_LONGEST_LINE = 500
_MOST_KERNELS = 10


@dataclass(frozen=True)
class Table:
    """A table whose first column heads its rows."""

    caption: str
    headings: list[str]
    rows: list[list[str]]
    swatches: bool = False
    "the rows' colours are those of the stages chart"


def stages_of(case: Compared) -> tuple[dict[str, float], dict[str, float] | None]:
    """Stage -> s of a picture, of this run and of the base (None: there is none); what no stage took: `rest`, last."""
    head = case.head.stages_s(case.size)
    base = case.base.stages_s(case.size) if case.base else None
    names = list(dict.fromkeys([*head, *(base or {})]))
    names = [n for n in names if n != "rest"] + ["rest"]
    return {n: head.get(n, 0.0) for n in names}, None if base is None else {n: base.get(n, 0.0) for n in names}


def stages_table(case: Compared) -> Table:
    """Each stage of a picture in this run and the base."""
    head, base = stages_of(case)
    rows = []
    for stage, now_s in head.items():
        was_s = base[stage] if base else None
        change = format_share(now_s / was_s - 1) if was_s and was_s > 0 else NOT_KNOWN
        cells = [format_seconds(was_s), format_seconds(now_s), change] if was_s is not None else [format_seconds(now_s)]
        rows.append([plain(stage, _LONGEST_NAME), *cells])
    headings = ["stage", "base", "this run", "change"] if base else ["stage", "this run"]
    return Table(
        "Median time of a picture in each stage; rest: scheduler, Python and copies", headings, rows, swatches=True
    )


def chain_table(finding: ChainFinding | None) -> Table | None:
    """Every kind of link over all pictures; None where none was followed."""
    if finding is None or not finding.links:
        return None
    rows = []
    for one in finding.links:
        worst = "the same" if one.psnr_db is None else f"{one.psnr_db:.1f}"
        median = "the same" if one.median_db is None else f"{one.median_db:.1f}"
        stage = called(one.stage) if one.stage else "picture"
        what = {"output": "gives", "picture": ""}.get(one.link, one.link)
        rows.append([plain(f"{stage} {what}".strip(), _LONGEST_NAME), worst, median, f"{one.min_psnr_db:g}"])
    name = plain(finding.reference, _LONGEST_NAME)
    return Table(
        f"Links of {len(finding.pictures)} pictures along {name}'s chains, PSNR in dB",
        ["link", "closest to its limit", "median", "limit there"],
        rows,
    )


def kernels_table(measured: Measurement) -> Table | None:
    """The kernels that took the most time; None where none was seen."""
    kernels = sorted(measured.evidence.kernels, key=lambda k: -k.time_ms)
    total = sum(k.time_ms for k in kernels)
    if not total > 0:
        return None
    rows = [
        [
            plain(f"{k.operation} {k.implementation}", _LONGEST_NAME),
            plain(k.precision, 20),
            str(k.calls),
            f"{k.time_ms / total * 100:.1f} %",
        ]
        for k in kernels[:_MOST_KERNELS]
    ]
    more = f"; {len(kernels) - _MOST_KERNELS} more are not shown" if len(kernels) > _MOST_KERNELS else ""
    source = plain(measured.evidence.kernel_source, _LONGEST_NAME)
    return Table(
        f"Kernels by time over one picture, from {source}{more}", ["kernel", "precision", "calls", "of time"], rows
    )


def environment_table(environment: Environment) -> Table:
    """Everything around the code that may matter."""
    facts: Mapping[str, str] = {
        "machine": environment.machine_key,
        "CPU": environment.cpu_model,
        "kernel": environment.kernel,
        "Python": environment.python,
        "threads": str(environment.threads or ""),
        "CPUs": _listed(environment.cpus),
        **environment.packages,
        **environment.variables,
    }
    rows = [[plain(name, _LONGEST_NAME), plain(text, _LONGEST_LINE)] for name, text in facts.items() if text]
    return Table("Environment of this run", ["what", "value"], rows)


def _listed(cpus: Sequence[int]) -> str:
    return ",".join(map(str, cpus))
