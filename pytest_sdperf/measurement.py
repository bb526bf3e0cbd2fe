"""Raw samples of one case, stored as they are; every figure is derived."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import msgspec


class ImageTiming(msgspec.Struct, frozen=True, omit_defaults=True):
    """One picture: its latency and where the time went."""

    total_ns: int
    "wall time of the pipeline's call, ns"
    stages_ns: dict[str, list[int]] = {}
    "wall time of each call of each stage, ns, in order: text_encoder, unet, vae_decode, or the variant's own"
    round_trip_ns: list[int] = []
    """of a byte between two CPUs of the process just before and just after, ns; empty: not measured, as where it has
    one CPU or one thread"""
    wake_up_ns: list[int] = []
    "of a blocked wake-up, likewise"

    @property
    def rest_ns(self) -> int:
        """Time outside the stages: scheduler, Python, copies between them. With the stages it adds up to the total."""
        return self.total_ns - sum(sum(calls) for calls in self.stages_ns.values())

    @property
    def calls(self) -> dict[str, int]:
        """Number of calls of each stage."""
        return {stage: len(calls) for stage, calls in self.stages_ns.items()}


class Usage(msgspec.Struct, frozen=True):
    """Interruptions of a process by the system while it drew timed pictures."""

    involuntary_switches: int = 0
    "times it was taken off a CPU before it was done"
    major_faults: int = 0
    "pages that had to be read from a disk"

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.involuntary_switches + other.involuntary_switches,
            self.major_faults + other.major_faults,
        )


class Disturbance(msgspec.Struct, frozen=True):
    """Other activity while pictures were timed. Shares are of all usable CPUs' time."""

    window_s: float
    "from the first picture to the last; of a process measured alone with its warming up"
    steal: float = 0.0
    "share that the hypervisor gave to others"
    foreign: float = 0.0
    """share that other processes of this machine used of the CPUs that the timed ones may run on; 0 where the system
    does not say what our own use. Under a cgroup's quota it is of that quota, and what they use of the CPUs beyond it
    counts only as far as our own had to wait for a CPU"""
    involuntary_switches: int = 0
    "times a process that was timed was taken off a CPU"
    major_faults: int = 0
    "pages that had to be read from a disk"
    kernel_ns: float = 0.0
    "median time of the calibration kernel, ns; 0 where it was not run"
    frequency_mhz: float | None = None
    "achieved frequency, mean over the usable CPUs; None where the system does not say"
    restless: int = 0
    "times one process still computed when the other one's picture began"
    throttled: float = 0.0
    "CPU time that a cgroup's quota withheld, as a share of what it allows; 0 where there is none"
    switched_cpus: list[int] = []
    "CPUs that were switched on or off meanwhile"
    lost_s: float | None = None
    """at most so much of the window others can have taken: time that threads of the timed processes waited for a CPU,
    and that the hypervisor and a quota took; None: not known"""
    unseen: str = ""
    "why load of others could not be seen, as a clause; empty: it could"
    unseen_steal: bool = False
    "no counter said what a hypervisor took"


class ProcessRun(msgspec.Struct, frozen=True):
    """One worker process: the sampling unit."""

    images: dict[str, list[ImageTiming]]
    "timed pictures by size (`512x512`), in the order they were drawn"
    warmup_ns: dict[str, list[int]]
    "dropped pictures by size, ns; the first is the cold one"
    startup_ns: dict[str, int]
    "cold start, kept apart from latency: `spawn`, `import`, `load`, `compile`, `export` …, ns"
    peak_rss_bytes: int
    "high-water mark of resident memory when the timed pictures were done (export and proof run apart)"
    library_rss_bytes: int | None = None
    "of it, pages of the files of programs and libraries; None: not known"
    picture_sha256: dict[str, list[str]] = {}
    "digest of every picture drawn, by picture key (`512x512/0`): all equal means repeatable"
    threads: int = 0
    "threads the library computed with, 0 where it does not say"
    cpus: list[int] = []
    "CPUs the process could use"
    seen: Disturbance | None = None
    "what else went on while its pictures were timed; None: not watched, or of a pair, which was watched as a whole"
    replaced: dict[str, list[ImageTiming]] = {}
    "by size: pictures in another regime of the machine, in whose place others were drawn later; without their stages"

    def median_ns(self, size: str) -> float:
        """Median latency of this process at one size, ns."""
        return statistics.median(t.total_ns for t in self.images[size])


class KernelTime(msgspec.Struct, frozen=True):
    """Time of one kind of kernel over one picture."""

    operation: str
    "convolution, matmul, inner_product, …"
    implementation: str
    "as the library names it: `brg_conv_fwd:avx512_core_bf16`, `brgemm_avx512_bf16`"
    precision: str
    "f32, bf16, f16, i8: the source operand's type"
    calls: int
    time_ms: float


class NewLatents(msgspec.Struct, frozen=True):
    """Pictures of latents that a process had never seen, drawn when its timed pictures were done."""

    new: list[ImageTiming]
    "each of other latents"
    repeated: list[ImageTiming] = []
    "as many of the timed pictures' latents, drawn in turn with them; empty where one of new latents took no longer"
    is_same_picture: bool = False
    "True where new latents gave the timed picture, to the bit"


class Evidence(msgspec.Struct, frozen=True):
    """Evidence of what ran, from an untimed run of the same process that was timed."""

    kernels: list[KernelTime] = []
    kernel_source: str = ""
    "`oneDNN verbose` or `OpenVINO runtime model`; empty where the variant has no kernels to show"
    input_shapes: dict[str, str] = {}
    "compiled model's inputs, `unet.sample` -> `[2,4,64,64]`; `?` marks a dynamic dimension"
    allocator: str = ""
    "name of the file that malloc resolves to"
    allocator_settings: dict[str, str] = {}
    "settings read back from the allocator, `dirty_decay_ms` -> `9000000000`"
    openmp_runtime: str = ""
    "name of the file that the OpenMP runtime's entry point resolves to; empty: none is loaded"
    openmp_settings: dict[str, str] = {}
    "settings read back from the OpenMP runtime"
    threads: int = 0
    "threads the library computes with, 0 where it does not say"
    cpus_asked: list[int] = []
    "CPUs that the launch asked for"
    cpus_seen: list[int] = []
    "union of the CPUs that the process's threads may run on"
    threads_asked: int = 0
    "threads that the launch asked for, 0: none asked"
    stage_calls: dict[str, int] = {}
    "calls of each stage for one picture"
    facts: dict[str, str] = {}
    "what the pipeline reports of itself through sdperf_facts()"
    new_latents: NewLatents | None = None
    "None: nothing was timed at the first size"


class Environment(msgspec.Struct, frozen=True):
    """Possible causes of a change of latency, other than the code: compared with the baseline's."""

    machine_key: str
    cpu_model: str = ""
    kernel: str = ""
    python: str = ""
    packages: dict[str, str] = {}
    "versions of the libraries in the worker: torch, diffusers, openvino …"
    variables: dict[str, str] = {}
    "environment variables that steer threads, allocators and kernels (OMP_*, KMP_*, MALLOC_CONF, ONEDNN_* …)"
    threads: int = 0
    cpus: list[int] = []


class Latency(msgspec.Struct, frozen=True):
    """Steady latency of one size over all processes, derived."""

    process_medians_s: list[float]

    @property
    def median_s(self) -> float:
        """Median of the processes' medians, s."""
        return statistics.median(self.process_medians_s)

    @property
    def spread(self) -> float:
        """Half the range of the processes' medians over their median: 0.03 reads as ±3 %."""
        return (max(self.process_medians_s) - min(self.process_medians_s)) / 2 / self.median_s


class Measurement(msgspec.Struct, frozen=True):
    """All that was measured of one case."""

    case_id: str
    variant: str
    model: str
    model_digest: str
    "sha256 of the weights and configurations; empty where the variant brings its own"
    scheduler: str
    workload: dict[str, object]
    processes: list[ProcessRun]
    evidence: Evidence
    environment: Environment
    preparation_ns: dict[str, int] = {}
    "what the variant's `prepare` spent (`export`), in a process of its own, ns; empty: it was all kept from before"

    @property
    def sizes(self) -> list[str]:
        """Size keys in the order of the workload."""
        return list(self.processes[0].images)

    def latency_at(self, size: str) -> Latency:
        """Latency at one size key (`512x512`)."""
        return Latency([p.median_ns(size) / 1e9 for p in self.processes])

    @property
    def latency(self) -> Latency:
        """Latency at the (first) size of the workload."""
        return self.latency_at(self.sizes[0])

    def stages_s(self, size: str | None = None) -> dict[str, float]:
        """Median seconds a picture spends in each stage, `rest` included, at one size (default: the first)."""
        timings = [t for p in self.processes for t in p.images[size or self.sizes[0]]]
        names = list(dict.fromkeys(name for t in timings for name in t.stages_ns))
        stages = {n: _median_s([sum(t.stages_ns.get(n, ())) for t in timings]) for n in names}
        return {**stages, "rest": _median_s([t.rest_ns for t in timings])}

    @property
    def unet_call_s(self) -> float | None:
        """Median seconds of one UNet call at the first size; None where no stage is called `unet`."""
        return self.unet_call_s_at(self.sizes[0])

    def unet_call_s_at(self, size: str) -> float | None:
        """Median seconds of one UNet call at one size key; None where no stage is called `unet`."""
        calls = [c for p in self.processes for t in p.images[size] for c in t.stages_ns.get("unet", ())]
        return _median_s(calls) if calls else None

    @property
    def peak_rss_bytes(self) -> int:
        """The largest process's high-water mark."""
        return max(p.peak_rss_bytes for p in self.processes)

    @property
    def peak_own_bytes(self) -> int | None:
        """The largest process's high-water mark without its libraries' pages; None where one does not report them.

        Pages that were mapped after the peak are taken off as well, so it is a lower bound.
        """
        own = [p.peak_rss_bytes - p.library_rss_bytes for p in self.processes if p.library_rss_bytes is not None]
        return max(own) if len(own) == len(self.processes) else None

    @property
    def peak_bytes(self) -> int:
        """Memory of its own at most; all that was resident where a process does not report its libraries' pages."""
        own = self.peak_own_bytes
        return self.peak_rss_bytes if own is None else own

    @property
    def repeatable(self) -> bool:
        """True where every picture of the same key was the same to the bit, in and across processes."""
        seen: dict[str, set[str]] = {}
        for process in self.processes:
            for key, digests in process.picture_sha256.items():
                seen.setdefault(key, set()).update(digests)
        return all(len(digests) == 1 for digests in seen.values())


def peaks_counted_alike(measurements: Sequence[Measurement]) -> list[int]:
    """Peak memory of each in bytes: the processes' own where all report it, else all that was resident."""
    own = [m.peak_own_bytes for m in measurements if m.peak_own_bytes is not None]
    return own if len(own) == len(measurements) else [m.peak_rss_bytes for m in measurements]


def _median_s(values_ns: Sequence[int]) -> float:
    return statistics.median(values_ns) / 1e9
