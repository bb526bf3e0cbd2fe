"""pytest inside pytest, in a project with a pipeline in plain numpy whose worker, clock and memory are told.

The workers are this process's own workbench on a clock that moves by a told step at each look, so a
latency is what a test says it is. `real_workers` puts the real launcher back. What the machine does
beside a pair is told in either case, since CI loads all of its cores.
"""

import contextlib
import dataclasses
import importlib
import importlib.metadata
import os
import pkgutil
import re
import sys
import textwrap
import types
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

import pytest_sdperf
from pytest_sdperf.baseline import Baseline, RecordedRun
from pytest_sdperf.baselines.file_format import decode, encode
from pytest_sdperf.hardware import detection
from pytest_sdperf.launch import host_lock, launcher
from pytest_sdperf.measure import comparer, engine
from pytest_sdperf.measure.regime_watch import RegimeWatch
from pytest_sdperf.measurement import Disturbance
from pytest_sdperf.protocol import Generated
from pytest_sdperf.report import json as report_json
from pytest_sdperf.report.finding_text import sentence
from pytest_sdperf.worker import environment as surroundings
from pytest_sdperf.worker import workbench

# pytester forgets the modules that an inner session loaded; numpy refuses to be loaded twice, and half of rich in
# two copies does not fit the other half. So all that a session needs is loaded before the first.
for name in (
    "numpy",
    "scipy.stats",
    "skimage.metrics",
    "PIL.Image",
    "PIL.PngImagePlugin",
    "jinja2",
    "matplotlib.backends.backend_svg",
    "matplotlib.figure",
    "rich.box",
    "rich.cells",
    "rich.console",
    "rich.table",
    "rich.text",
    "archspec.cpu",
    "filelock",
    "packaging.requirements",
    "platformdirs",
    "psutil",
    *(module.name for module in pkgutil.walk_packages(pytest_sdperf.__path__, "pytest_sdperf.")),
):
    if name != "pytest_sdperf.worker.main":
        importlib.import_module(name)

PIPELINES = '''
import os
import time
import numpy as np

NAP_S = 0

class Ship:
    """Draws its latents, brighter with each step."""
    def __init__(self, params):
        self.params = params
    def sdperf_stages(self):
        return {"unet": (self, "denoise")}
    def sdperf_facts(self):
        return {"paint": os.environ.get("SHIP_PAINT", "numpy")}
    def denoise(self, latents, text):
        if nap_s := float(os.environ.get("SHIP_NAP_S", NAP_S)):
            time.sleep(nap_s)
        return latents * (0.91 if self.params.get("fault") == "dull" else 0.9) + text
    def __call__(self, *, prompt, num_inference_steps, guidance_scale, height, width, latents, output_type):
        fault = self.params.get("fault") or os.environ.get("SHIP_FAULT", "")
        for _ in range(num_inference_steps + (fault == "more calls")):
            latents = self.denoise(latents, sum(map(ord, prompt)) / 100_000)
        grown = np.kron(latents[0, :3], np.ones((8, 8), np.float32)).transpose(1, 2, 0)
        picture = (1 / (1 + np.exp(-grown))).astype(np.float32)
        if fault == "nan":
            picture[0, 0, 0] = np.nan
        if fault == "black":
            picture = picture * 0
        if fault == "other":
            picture = 1 - picture
        if fault == "dice":
            picture = np.clip(picture + np.random.default_rng().normal(0, 0.02, picture.shape), 0, 1).astype(np.float32)
        if fault == "noisy":
            picture = np.clip(picture + 0.02 * np.sign(latents.mean() or 1), 0, 1)
        return picture[None]

def build(context):
    return Ship(context.params)
'''

CONFTEST = """
from pytest_sdperf import Claim, Variant

def pytest_sdperf_variants():
    claims = (Claim("unet_calls", "num_inference_steps"), Claim("fact", "paint=numpy"))
    ship = dict(factory="harbour:build", needs_model=False, claims=claims)
    return [
        Variant("ship", reference=None, **ship),
        Variant("boat", reference="ship", **ship),
        Variant("wreck", reference="ship", **{**ship, "claims": ()}, params={"fault": "other"}),
        Variant("fog", reference="ship", **ship, params={"fault": "noisy"}),
        Variant("dice", reference="ship", **ship, params={"fault": "dice"}),
        Variant("rust", reference="ship", **ship, params={"fault": "dull"}, thresholds=dict(min_ssim=0, min_psnr=0, max_link_bias=0.1)),
        Variant("whale", reference=None, **ship, requirements=("package:no-such-whale>=2",)),
    ]
"""

LONE_SHIP = """
from pytest_sdperf import Variant

def pytest_sdperf_variants():
    return [Variant("ship", factory="harbour:build", needs_model=False, reference=None)]
"""
"""A conftest whose one variant is its own truth and makes no claims."""

TEST = """
    def test_ship(sd_ship):
        sd_ship.check(num_inference_steps=2)
"""


class Weather:
    """What the workers of the inner session see: set it before a run."""

    def __init__(self):
        self.step_ns = {}
        "variant -> nanoseconds between two looks at the clock; 1 ms where it is not named"
        self.peak_rss_bytes = 300 << 20
        self.library_rss_bytes = 100 << 20
        self.jitter = (1.0, 1.001, 0.999)
        "the speed of the first, second, third process of a variant, of those that are no arm of a pair"
        self.slower = {"base": 1.0, "head": 1.0}
        "arm -> what the steps of its processes are multiplied with"
        self.pair_jitter = (1.0, 1.001, 0.999)
        "the same for the head of the first, second, third pair"
        self.seen = []
        "what else goes on during the first, second … pair, as keywords of Disturbance; nothing during all further ones"
        self.seen_alone = []
        "the same for the processes that are measured alone, in order"
        self.way = None
        "what a session measures between two CPUs, like `hardware.round_trip.RoundTrip`; None: nothing"
        self.processes = []
        "the variants whose pipeline was built, in order"
        self.alone = []
        "those of them that were no arm of a pair"
        self.pairs = []
        "(number, arm) of the others"
        self.timeouts_s = []
        self.rounds = []

    def speed(self, spec):
        """What the clock of the worker with this build spec moves by at each look, ns."""
        step_ns = self.step_ns.get(spec.variant, 1_000_000)
        arm = re.fullmatch(r"pair-(\d+)-(base|head)", Path(spec.picture_dir).name)
        if arm is None:
            self.alone.append(spec.variant)
            return round(step_ns * self.jitter[(self.alone.count(spec.variant) - 1) % len(self.jitter)])
        number, name = int(arm[1]), arm[2]
        self.pairs.append((number, name))
        jitter = self.pair_jitter[(number - 1) % len(self.pair_jitter)] if name == "head" else 1.0
        return round(step_ns * self.slower[name] * jitter)


class Bench:
    """A worker in this process."""

    spawn_ns = 5_000_000

    def __init__(self, weather, log_path):
        self._weather = weather
        self._now_ns = 0
        self._step_ns = 1_000_000
        self._bench = workbench.Workbench(clock_ns=self._clock)

    def _clock(self):
        self._now_ns += self._step_ns
        return self._now_ns

    def ask(self, command, expect):
        self.send(command)
        return self.receive(expect)

    def send(self, command):
        self._command = command

    def receive(self, expect):
        command = self._command
        if type(command).__name__ == "Build":
            self._step_ns = self._weather.speed(command.spec)
            self._weather.processes.append(command.spec.variant)
        if type(command).__name__ == "Generate":
            self._weather.rounds.append(command.rounds)
        answer = self._bench.carry_out(command)
        assert isinstance(answer, expect)
        if isinstance(answer, Generated):  # one thread: no way between CPUs to watch
            threads = 1 if self._weather.way is None else 2
            answer = msgspec.structs.replace(answer, threads=max(answer.threads, threads))
        return answer

    def cpu_ns(self):
        return None

    def waits(self):
        return None

    def cpus(self):
        return frozenset()

    def close(self):
        return 0

    def kill(self):
        return 0


@dataclasses.dataclass(frozen=True)
class Launcher:
    """Starts workers that are benches; made and called like `launcher.Launcher`."""

    weather: Weather
    base_env: object
    cpus: object
    find_library: object
    extra_sys_path: tuple = ()
    cwd: object = None
    interpreter: str = sys.executable
    network: bool = False
    quota_threads: int = 0

    @contextlib.contextmanager
    def __call__(self, settings, *, log_path, timeout_s):
        self.weather.timeouts_s.append(timeout_s)
        yield Bench(self.weather, log_path)


class Watch:
    """Sees what the weather tells; used like `noise_watch.NoiseWatch`."""

    def __init__(self, seen):
        self._told = seen.pop(0) if seen else {}

    def begin(self, arms):
        pass

    def time_kernel(self):
        return 1_000_000

    def wait_until_quiet(self, arm):
        pass

    def end(self, usages):
        return Disturbance(**{"window_s": 1.0, "kernel_ns": 1_000_000.0, **self._told})


@pytest.fixture
def weather(monkeypatch):
    """Speed and memory of the inner session's workers, and what goes on beside its pairs."""
    told = Weather()
    # A worker leaves its import path to the processes that it starts; these workers are this process.
    monkeypatch.setenv("PYTHONPATH", os.environ.get("PYTHONPATH", ""))
    monkeypatch.setattr(engine, "Launcher", lambda **kwargs: Launcher(told, **kwargs))
    monkeypatch.setattr(comparer, "NoiseWatch", lambda: Watch(told.seen))
    monkeypatch.setattr(engine, "NoiseWatch", lambda: Watch(told.seen_alone))
    monkeypatch.setattr(
        engine, "RegimeWatch", lambda: RegimeWatch(lambda cpus: contextlib.nullcontext(told.way), sleep=lambda s: None)
    )
    # Collecting all that pytest holds takes longer than everything else here.
    monkeypatch.setattr(workbench, "gc", types.SimpleNamespace(collect=lambda: 0))
    monkeypatch.setattr(surroundings, "peak_rss_bytes", lambda: told.peak_rss_bytes)
    monkeypatch.setattr(surroundings, "library_rss_bytes", lambda: told.library_rss_bytes)
    return told


@pytest.fixture
def real_workers(weather, monkeypatch):
    """Real processes; on one CPU, and with no library searched for."""
    monkeypatch.setattr(engine, "Launcher", launcher.Launcher)


@pytest.fixture
def this_machine(monkeypatch):
    """Give the inner session a machine like this one but for what is told."""
    here = detection.detect()

    def this_machine(**facts):
        told = replace(here, **facts)
        monkeypatch.setattr(detection, "detect", lambda: told)
        monkeypatch.setattr(engine, "detect", lambda: told)

    return this_machine


@pytest.fixture
def project(pytester, weather, tmp_path_factory, monkeypatch):
    """A project with the variants ship (its own truth), boat, wreck, fog, dice and rust (held against ship), whale (never runs)."""
    shared = tmp_path_factory.mktemp("shared")
    monkeypatch.setattr(host_lock, "_shared_folder", lambda: shared)
    for name in [n for n in os.environ if n.startswith("SHIP_")]:
        monkeypatch.delenv(name)
    pytester.makepyfile(harbour=PIPELINES)
    pytester.makeconftest(CONFTEST)
    pytester.syspathinsert()
    pytester.makepyfile(test_it=TEST)
    return Project(pytester)


class Project:
    """The inner project: write a test, run it, look at what it left."""

    def __init__(self, pytester):
        self.pytester = pytester
        self.path = pytester.path

    def test(self, source):
        self.pytester.makepyfile(test_it=source)

    def harbour(self, **changes):
        """Write the pipeline's module; ``NAP_S`` is what a call of denoise sleeps at least, s."""
        added = "".join(f"\n{name} = {value}\n" for name, value in changes.items())
        (self.path / "harbour.py").write_text(PIPELINES + added)

    def conftest(self, source):
        self.pytester.makeconftest(textwrap.dedent(source))

    def ini(self, **keys):
        lines = "\n".join(f"sdperf_{k} = {v}" if k != "sdperf" else f"sdperf = {v}" for k, v in keys.items())
        self.pytester.makeini(f"[pytest]\n{lines}\n")

    def run(self, *args, sdperf=True):
        """One run with our plugin and no other, which would only cost time."""
        flag = ("--sdperf",) if sdperf else ()
        return self._run("-p", "pytest_sdperf.plugin.hooks", "-ra", *flag, *args, autoload="1")

    def run_beside_others(self, *args):
        """One run with every installed plugin, and ours, whether it is installed or not."""
        loaded = [
            e for e in importlib.metadata.entry_points(group="pytest11") if e.value == "pytest_sdperf.plugin.hooks"
        ]
        plugin = () if loaded else ("-p", "pytest_sdperf.plugin.hooks")
        return self._run(*plugin, "-ra", "--sdperf", *args, autoload="")

    def _run(self, *args, autoload):
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", autoload)
            return self.pytester.runpytest_inprocess("-p", "no:cacheprovider", *args)

    def record(self, *args):
        """Record what the tests measure; asserts that nothing fails."""
        result = self.run("--sdperf-update=new", *args)
        assert result.ret == 0, result.stdout.str()
        return result

    def record_with_a_past(self):
        """Record, and give this machine a calm past: ten jobs like this one, of the case and of eight others.

        They show that jobs hardly differ here, and slowdowns from 8 % on are seen.
        """
        self.record()
        path = self.baseline
        newest = self.jobs()[-1].measurement
        for number in range(9):
            case_id = f"other-{number}" if number else newest.case_id
            job = RecordedRun("2026-11-24T12:00:00Z", msgspec.structs.replace(newest, case_id=case_id))
            (path.parent / f"{case_id}.json").write_bytes(encode(Baseline([job] * 10)))

    def jobs(self, case="ship"):
        """The stored jobs of a variant's only case, newest last."""
        [path] = self.folder.glob(f"{case}-*.json")
        stored = decode(path.read_bytes(), where="", case_id=path.stem, machine_key=path.parent.name)
        return stored.runs

    @property
    def folder(self):
        """The machine's folder of baselines."""
        [folder] = [p for p in (self.path / "baselines").iterdir() if p.name != "references"]
        return folder

    @property
    def baseline(self) -> Path:
        """The only baseline."""
        [path] = self.folder.glob("*.json")
        return path

    def baseline_of(self, case):
        """The baseline of a variant's only case."""
        [path] = self.folder.glob(f"{case}-*.json")
        return path

    def sentences(self, name):
        """What every finding of a report in JSON says."""
        report = report_json.read((self.path / name).read_text())
        return "\n".join(sentence(f) for outcome in report.outcomes for f in outcome.verdict.findings)

    def stored(self):
        """Every file under baselines/ and its bytes."""
        root = self.path / "baselines"
        return {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


@pytest.fixture
def own_process(project, tmp_path):
    """Command and environment of a run of the project by a pytest of its own, with real workers."""

    def own_process(*args):
        # Other sessions on this host are not waited for.
        (project.path / "alone.py").write_text(
            "import pathlib\nfrom pytest_sdperf.launch import host_lock\n"
            f"host_lock._shared_folder = lambda: pathlib.Path({str(tmp_path)!r})\n"
        )
        hidden = ("CI", "COLUMNS", "NO_COLOR", "FORCE_COLOR", "PY_COLORS", "PYTEST_ADDOPTS", "PYTEST_VERSION")
        environ = {name: value for name, value in os.environ.items() if name not in hidden}
        environ |= {
            "PYTHONPATH": os.pathsep.join([str(Path(pytest_sdperf.__file__).parents[1]), str(project.path)]),
            "PYTHONUNBUFFERED": "1",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "TERM": "xterm-256color",
        }
        ours = [
            "-p",
            "alone",
            "-p",
            "pytest_sdperf.plugin.hooks",
            "-p",
            "no:cacheprovider",
            "--basetemp",
            str(tmp_path / "base"),
        ]
        return [sys.executable, "-m", "pytest", *ours, "--sdperf", *args], environ

    return own_process


@pytest.fixture
def told():
    """Assert that the output of a run tells a text, whatever the line breaks and colours."""

    def told(result, *texts):
        output = re.sub(r"\x1b\[[\d;]*m", "", result.stdout.str() + result.stderr.str())
        for text in texts:
            assert text in output, f"{text!r} is not in:\n{output}"

    return told
