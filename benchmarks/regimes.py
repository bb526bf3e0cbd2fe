"""How often does the machine change its regime, what does that cost, and what is gained by the rule on regimes?"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import machine
import regimes_table

from pytest_sdperf.comparison import BASE, HEAD
from pytest_sdperf.hardware.round_trip import RoundTrip, RoundTripTimes, round_trip
from pytest_sdperf.measure.engine import Engine
from pytest_sdperf.measure.noise_watch import NoiseWatch
from pytest_sdperf.measure.paired import PairSampler, SideRig
from pytest_sdperf.measure.regime_watch import RegimeWatch
from pytest_sdperf.measure.sampling import sample
from pytest_sdperf.measurement import ProcessRun
from pytest_sdperf.options import Options
from pytest_sdperf.stats.regime import UNKNOWN, Usual
from pytest_sdperf.variant import Case
from pytest_sdperf.variants.registry import Registry
from pytest_sdperf.workload import Workload, workload_of

THIS = "This study"
EARLIER = "An earlier trace, 2-core Zen 5"
LOG = "A log of bare probes"


@dataclass
class Logged:
    """A way between CPUs that writes down when it was asked."""

    way: RoundTrip
    rows: list[list[float]]

    @property
    def pid(self) -> int:
        return self.way.pid

    def probe(self) -> RoundTripTimes | None:
        found = self.way.probe()
        if found:
            self.rows.append([round(time.time(), 2), *found])
        return found


@dataclass
class Watching(RegimeWatch):
    """Probes beside every picture, and has none drawn again."""

    rows: list[list[float]] = field(default_factory=list)
    "s since 1970, round trip and wake-up in ns"

    def __post_init__(self) -> None:
        self.between = self._logged

    @property
    def usual(self) -> Usual:
        return UNKNOWN

    @contextmanager
    def _logged(self, cpus: Sequence[int]) -> Iterator[Logged | None]:
        with round_trip(cpus) as way:
            yield None if way is None else Logged(way, self.rows)


def pictures(run: ProcessRun) -> list[list[int]]:
    """Of the first size: latency, round trips, wake-ups, ns."""
    timings = next(iter(run.images.values()))
    return [[t.total_ns, *t.round_trip_ns, *t.wake_up_ns] for t in timings]


@dataclass(frozen=True)
class Study:
    """Measures jobs and pairs of each variant in turn."""

    engine: Engine
    options: Options
    watch: Watching
    workload: Workload
    processes: int
    rounds: int

    def job(self, variant: str) -> dict[str, Any]:
        """One job as it is recorded, but that nothing is drawn again."""
        case = self._case(variant)
        engine = self.engine
        begun_s = time.time()
        sampled = sample(
            case,
            engine.model_of(case.variant, self.options),
            replace(engine.rig(self.options), regime=self.watch),
            processes=self.processes,
            rounds=self.rounds,
            host=engine.host_environment(),
        )
        runs = sampled.measurement.processes
        return {"at_s": round(begun_s), "variant": variant, "processes": [pictures(run) for run in runs]}

    def pair(self, variant: str) -> dict[str, Any]:
        """One pair of the same program."""
        case = self._case(variant)
        model = self.engine.model_of(case.variant, self.options)
        sides = {name: SideRig(case, model, self.engine.rig(self.options)) for name in (BASE, HEAD)}
        begun_s = time.time()
        sampler = PairSampler(sides, random.Random(), NoiseWatch, regime=self.watch)
        pair = sampler.sample(1, self.rounds, show_base=False).pair
        return {"at_s": round(begun_s), "variant": variant, "base": pictures(pair.base), "head": pictures(pair.head)}

    def _case(self, variant: str) -> Case:
        here = self.engine.here(variant)
        return Case(here, self.workload, self.engine.model_name(here, self.options))


def earlier(path: Path) -> dict[str, Any]:
    """A trace of jobs with one round trip before each picture."""
    told = json.loads(path.read_text(encoding="utf-8"))
    jobs = [
        {"at_s": job["at_s"], "variant": name, "processes": [[row[:2] for row in process] for process in job[name]]}
        for job in told["jobs"]
        for name in job
        if name != "at_s"
    ]
    return {"jobs": jobs, "pairs": [], "probes": []}


def log(path: Path) -> dict[str, Any]:
    """A log of bare probes: one row a line, s since 1970 and round trip in ns first."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return {"jobs": [], "pairs": [], "probes": [[row[0], row[1], row[2]] for row in rows if row[1] is not None]}


def _measured(study: Study, names: Sequence[str], own: dict[str, Any], jobs: int) -> Iterator[str]:
    """Measure what is missing; gives the variant after each job with its pair."""
    while len(own["pairs"]) < jobs * len(names):
        name = names[len(own["pairs"]) % len(names)]
        own["jobs"].append(study.job(name))
        own["pairs"].append(study.pair(name))
        yield name


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--variants", default="fp32,openvino_static", help="comma-separated")
    parser.add_argument("--jobs", type=int, default=20, help="of each variant, those of earlier calls included")
    parser.add_argument("--processes", type=int, default=3, help="of each job")
    parser.add_argument("--rounds", type=int, default=12, help="pictures of each process, rounds of each pair")
    parser.add_argument("--steps", type=int, default=20, help="of each picture")
    parser.add_argument("--trace", type=Path, help="an earlier trace of jobs, to be read as well")
    parser.add_argument("--log", type=Path, help="a log of bare probes, to be read as well")
    parser.add_argument("--name", default="regimes", help="name of the result's files; a study goes on where it ended")
    parser.add_argument("--results", default=str(machine.RESULTS), help="folder of the result's files")
    arguments = parser.parse_args()
    kept = Path(arguments.results) / f"{arguments.name}.json.gz"
    traces: dict[str, Any] = machine.read(kept)["traces"] if kept.is_file() else {}
    traces |= {EARLIER: earlier(arguments.trace)} if arguments.trace else {}
    traces |= {LOG: log(arguments.log)} if arguments.log else {}
    own = traces.setdefault(THIS, {"jobs": [], "pairs": [], "probes": []})
    document: dict[str, Any] = {"benchmark": "regimes", "version": 1, "header": machine.header(), "traces": traces}
    names = arguments.variants.split(",")
    if len(own["pairs"]) < arguments.jobs * len(names):
        with tempfile.TemporaryDirectory(prefix="sdperf-regimes-") as folder:
            engine = Engine(
                registry=Registry(), rootdir=Path.cwd(), work_dir=Path(folder), note=machine.tell, show=machine.show
            )
            workload = workload_of({"num_inference_steps": arguments.steps}, native_size=(128, 128))
            study = Study(
                engine, Options(), Watching(rows=own["probes"]), workload, arguments.processes, arguments.rounds
            )
            try:
                for name in _measured(study, names, own, arguments.jobs):
                    machine.tell(f"{name}: job {len(own['pairs']) // len(names) + 1} of {arguments.jobs}")
                    machine.write(document, regimes_table.render(document), arguments.name, Path(arguments.results))
            finally:
                engine.close()
    text = regimes_table.render(document)
    machine.write(document, text, arguments.name, Path(arguments.results))
    print(text)


if __name__ == "__main__":
    main()
