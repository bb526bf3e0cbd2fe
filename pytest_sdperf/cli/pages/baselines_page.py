"""The pages of `sdperf baselines list` and `show`."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from pytest_sdperf.baseline import Baseline, level_s
from pytest_sdperf.baselines.inventory import Inventory, StoredFile
from pytest_sdperf.cli.pages.text_page import Page
from pytest_sdperf.measurement import Measurement
from pytest_sdperf.units import format_bytes, format_seconds
from pytest_sdperf.wording import plural, share

_MOST_KERNELS = 10
_UNKNOWN = "-"


def render_list(found: Inventory, *, here: str, width: int | None, colour: bool) -> str:
    """A table for each machine, ``here`` first, then pictures and what cannot be trusted."""
    page = Page(width=width, colour=colour)
    machines = sorted({file.machine_key for file in found.files}, key=lambda key: (key != here, key))
    for key in machines:
        files = [file for file in found.files if file.machine_key == key]
        page.title(f"{key} (this machine)" if key == here else key)
        headings = ("case", "runs", "newest", "latency", "spread", "peak", "file")
        rows = [_row(file) for file in files]
        page.table(
            headings, rows, right=("runs", "latency", "spread", "peak", "file"), spare=("file", "spread", "peak")
        )
    if not machines:
        page.title(f"no baselines in {found.root}")
    elif here not in machines:
        page.title(f"none of this machine ({here})")
    by_model: dict[str, list[int]] = {}
    for picture in found.pictures:
        by_model.setdefault(picture.path.parent.name, []).append(picture.size_bytes)
    for model, sizes in sorted(by_model.items()):
        page.title(f"references/{model}: {plural(len(sizes), 'picture')}, {format_bytes(sum(sizes))}")
    for path in found.strangers:
        page.title(f"neither a baseline nor a picture: {path.relative_to(found.root)}")
    _faults(page, found)
    return page.text()


def _faults(page: Page, found: Inventory) -> None:
    for fault in found.faults:
        page.title(f"NOT TRUSTED {fault}")


def _row(file: StoredFile) -> tuple[str, ...]:
    size = format_bytes(file.size_bytes)
    if file.stored is None:
        return (file.case_id, _UNKNOWN, _UNKNOWN, "not trusted", _UNKNOWN, _UNKNOWN, size)
    newest, first = file.stored.newest, file.stored.newest.sizes[0]
    return (
        file.case_id,
        str(len(file.stored.runs)),
        date(file.stored.runs[-1].recorded_at),
        format_seconds(level_s(file.stored.measurements, first)),
        spread(file.stored, first),
        format_bytes(newest.peak_bytes),
        size,
    )


def date(recorded_at: str) -> str:
    """``2026-11-24``; ``-`` for a file that was written before it said so."""
    return recorded_at.partition("T")[0] or _UNKNOWN


def spread(stored: Baseline, size: str) -> str:
    """How far the runs differ (standard deviation of the log), or the processes of the only one (half their range)."""
    if len(stored.runs) > 1:
        logs = [math.log(run.latency_at(size).median_s) for run in stored.measurements]
        return share(statistics.stdev(logs))
    latency = stored.newest.latency_at(size)
    return f"±{share(latency.spread)}" if len(latency.process_medians_s) > 1 else _UNKNOWN


def render_show(file: StoredFile, *, width: int | None, colour: bool) -> str:
    """One baseline in full; it must be one that can be trusted."""
    page = Page(width=width, colour=colour)
    assert file.stored is not None  # noqa: S101 - files that are not trusted are reported as errors
    newest = file.stored.newest
    page.title(f"{newest.case_id} on {newest.environment.machine_key}")
    page.pairs(
        [
            ("file", f"{file.path}, {format_bytes(file.size_bytes)}"),
            ("variant", newest.variant),
            ("model", f"{newest.model} ({newest.model_digest[:12] or 'its own weights'})"),
            ("scheduler", newest.scheduler),
            *((name, _words(value)) for name, value in newest.workload.items()),
        ]
    )
    for size in newest.sizes:
        page.title(f"Latency at {size}, {plural(len(file.stored.runs), 'run')}, newest last")
        page.table(
            ("recorded", "median", "spread", "processes", "peak"),
            [_run_row(job.recorded_at, job.measurement, size) for job in file.stored.runs],
            right=("median", "spread", "processes", "peak"),
            indent=2,
        )
        page.title(f"Stages at {size}, newest run")
        total_s = newest.latency_at(size).median_s
        stages = [(name, format_seconds(s), share(s / total_s)) for name, s in newest.stages_s(size).items()]
        page.table(("stage", "median", "share"), stages, right=("median", "share"), indent=2)
    _startup(page, newest)
    _evidence(page, newest)
    _environment(page, newest)
    return page.text()


def _run_row(recorded_at: str, job: Measurement, size: str) -> tuple[str, ...]:
    latency = job.latency_at(size)
    return (
        recorded_at or "not said",
        format_seconds(latency.median_s),
        f"±{share(latency.spread)}" if len(latency.process_medians_s) > 1 else _UNKNOWN,
        str(len(job.processes)),
        format_bytes(job.peak_bytes),
    )


def _startup(page: Page, newest: Measurement) -> None:
    names = dict.fromkeys(name for process in newest.processes for name in process.startup_ns)
    if names:
        page.title("Cold start, medians (never judged)")
        page.pairs(
            [
                (name, format_seconds(statistics.median(p.startup_ns.get(name, 0) for p in newest.processes) / 1e9))
                for name in names
            ]
        )


def _evidence(page: Page, newest: Measurement) -> None:
    seen = newest.evidence
    if seen.kernels:
        total_ms = sum(kernel.time_ms for kernel in seen.kernels) or 1.0
        slowest = sorted(seen.kernels, key=lambda kernel: -kernel.time_ms)
        page.title(f"Kernels by {seen.kernel_source or 'the library'}")
        rows = [
            (k.implementation, k.operation, k.precision, str(k.calls), share(k.time_ms / total_ms))
            for k in slowest[:_MOST_KERNELS]
        ]
        headings = ("kernel", "operation", "precision", "calls", "time")
        page.table(headings, rows, right=("calls", "time"), spare=("calls", "operation"), indent=2)
        if len(slowest) > _MOST_KERNELS:
            page.line(f"and {len(slowest) - _MOST_KERNELS} more", indent=2)
    rows_of = [
        ("allocator", seen.allocator),
        ("OpenMP", seen.openmp_runtime),
        ("threads", str(seen.threads or "")),
        ("inputs", ", ".join(f"{name} {shape}" for name, shape in seen.input_shapes.items())),
        ("calls", ", ".join(f"{stage} {count}" for stage, count in seen.stage_calls.items())),
        ("facts", ", ".join(f"{name}={value}" for name, value in seen.facts.items())),
    ]
    shown = [(name, text) for name, text in rows_of if text]
    if shown:
        page.title("Evidence")
        page.pairs(shown)


def _environment(page: Page, newest: Measurement) -> None:
    around = newest.environment
    rows = [
        ("CPU", around.cpu_model),
        ("kernel", around.kernel),
        ("Python", around.python),
        ("threads", f"{around.threads} on CPUs {', '.join(map(str, around.cpus))}" if around.threads else ""),
        ("packages", ", ".join(f"{name} {version}" for name, version in around.packages.items())),
        ("variables", ", ".join(f"{name}={value}" for name, value in around.variables.items())),
    ]
    page.title("Environment")
    page.pairs([(name, text) for name, text in rows if text])


def _words(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return "; ".join(_words(entry) if not isinstance(entry, (list, tuple)) else _size(entry) for entry in value)
    return str(value)


def _size(entry: Sequence[object]) -> str:
    return "x".join(map(str, entry))


def _db(value: float | None) -> str:
    return "identical" if value is None else f"{value:.1f} dB"
