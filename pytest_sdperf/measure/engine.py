"""How cases run here: the machine, the models on disk, what starts the workers, and who is shown what goes on."""

from __future__ import annotations

import os
import platform
import site
import sys
import sysconfig
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from pytest_sdperf.hardware.checks import check
from pytest_sdperf.hardware.cpu import native_isa, native_precision
from pytest_sdperf.hardware.detection import detect
from pytest_sdperf.hardware.libraries import find_library
from pytest_sdperf.hardware.machine import Machine, machine_key
from pytest_sdperf.hardware.resources import limiting_quota, pinned_cpus, usable_cores
from pytest_sdperf.launch.host_lock import host_lock
from pytest_sdperf.launch.launcher import Launcher
from pytest_sdperf.measure.early import EarlyWorkers
from pytest_sdperf.measure.noise_watch import NoiseWatch
from pytest_sdperf.measure.progress import Show, Step, unseen
from pytest_sdperf.measure.regime_watch import RegimeWatch
from pytest_sdperf.measure.rig import Model, Rig
from pytest_sdperf.measure.sampling import call_in_worker
from pytest_sdperf.measurement import Environment
from pytest_sdperf.models import cache
from pytest_sdperf.models.prepare import Prepared, prepare
from pytest_sdperf.models.source import OWN, model_name, parse_model
from pytest_sdperf.options import Options
from pytest_sdperf.packages_below import packages_below
from pytest_sdperf.variant import Variant
from pytest_sdperf.variants.registry import Registry

_NO_MODEL = Model(None, "")


class Engine:
    """Runs the cases of one session on this host, which it has for itself until it is closed.

    ``note`` takes lines that must not be missed, ``show`` each step of long work.
    """

    def __init__(
        self,
        *,
        registry: Registry,
        rootdir: Path,
        work_dir: Path,
        note: Callable[[str], None],
        show: Show = unseen,
    ) -> None:
        self.registry = registry
        self.rootdir = rootdir
        self.work_dir = work_dir
        self.note, self.show = note, show
        self.open = ExitStack()
        "what ends with the engine"
        self.regime = RegimeWatch()
        "what this session knows of the machine's regimes"
        self._models: dict[str, Prepared] = {}
        self.open.enter_context(host_lock(note))
        self.early = EarlyWorkers(work_dir)
        self.open.callback(self.early.close)
        cache.sweep(cache.cache_dir())

    def close(self) -> None:
        """Let the next session on this host begin."""
        self.open.close()

    @cached_property
    def machine(self) -> Machine:
        return detect()

    @cached_property
    def machine_key(self) -> str:
        return machine_key(self.machine)

    @cached_property
    def quota(self) -> float | None:
        """CPUs' worth of time that a container's quota allows, where that is less than the usable CPUs."""
        return limiting_quota()

    @cached_property
    def launcher(self) -> Launcher:
        """Starts the workers."""
        launcher = Launcher(
            base_env=dict(os.environ),
            cpus=pinned_cpus(),
            find_library=find_library,
            extra_sys_path=project_path(self.rootdir, sys.path),
        )
        return launcher if self.quota is None else replace(launcher, quota_threads=usable_cores())

    def host_environment(self) -> Environment:
        """The environment of this machine, before a worker has looked around itself."""
        return Environment(machine_key=self.machine_key, cpu_model=self.machine.cpu_model, kernel=platform.release())

    def here(self, name: str) -> Variant:
        """A variant, resolved for this machine. Raises CaseError for an unknown one."""
        return self.resolved(self.registry[name])

    def resolved(self, variant: Variant) -> Variant:
        """A variant with its `auto` settled as this machine's best."""
        return variant.on(precision=native_precision(self.machine), isa=native_isa(self.machine))

    def can_run(self, name: str) -> bool:
        """Whether this machine has all that a variant requires."""
        return not any(check(need) for need in self.registry[name].requirements)

    def model(self, options: Options) -> Prepared:
        """The model the options name, ready on disk; built, checked or downloaded once."""
        if options.model not in self._models:
            source = parse_model(options.model, self.rootdir)

            def run(function: str, kwargs: Mapping[str, Any]) -> Any:
                self.show(Step(f"model {options.model}", function.rpartition(":")[2]))
                launcher = replace(self.launcher, network=source.kind == "hub")
                log_path = self.work_dir / "model.log"
                return call_in_worker(launcher, function, dict(kwargs), log_path=log_path, timeout_s=options.timeout)

            self._models[options.model] = prepare(source, run, cache.cache_dir())
        return self._models[options.model]

    def model_name(self, variant: Variant, options: Options) -> str:
        """The model as a case names it; a variant that brings its own weights says nothing of --sdperf-model."""
        return model_name(parse_model(options.model, self.rootdir), self.rootdir) if variant.needs_model else OWN

    def model_of(self, variant: Variant, options: Options) -> Model:
        """The model that a variant draws with."""
        if not variant.needs_model:
            return _NO_MODEL
        prepared = self.model(options)
        return Model(prepared.path, prepared.digest)

    def rig(self, options: Options, *, trees: tuple[str, ...] = ()) -> Rig:
        """Where and how the workers of one case run; they report which of their modules come from ``trees``."""
        folder = self.work_dir / f"case-{len(list(self.work_dir.iterdir())) + 1}"
        folder.mkdir(parents=True)
        return Rig(
            self.launcher,
            folder,
            cache.cache_dir(),
            options.timeout,
            self.note,
            trees,
            self.show,
            cores=usable_cores(),
            early=self.early,
            watch=NoiseWatch,
            regime=self.regime,
        )


def project_path(rootdir: Path, path: Sequence[str]) -> tuple[str, ...]:
    """Folders of the user's project that a worker must import factories from: sys.path less the interpreter's own.

    They come first on the worker's path. So packages that a `.pth` file has put behind the interpreter's own are left
    to the worker's interpreter, which finds them itself: in front they would hide what lies over them.
    """
    own = {str(Path(p).resolve()) for p in (*sysconfig.get_paths().values(), *site.getsitepackages())}
    own |= {str(Path(p) / "lib-dynload") for p in own}  # the standard library's compiled part
    own |= {str(below) for below in packages_below(path) if not below.is_relative_to(rootdir)}
    folders = [str(Path(p or ".").resolve()) for p in path]
    return tuple(dict.fromkeys([*(f for f in folders if Path(f).is_dir() and f not in own), str(rootdir)]))
