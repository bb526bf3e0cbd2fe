"""What became of each case and test, for the reports: the measurement, the verdict, the error, and its place."""

from __future__ import annotations

import msgspec

from pytest_sdperf.baseline import Baseline
from pytest_sdperf.comparison import Comparison
from pytest_sdperf.measurement import Measurement
from pytest_sdperf.verdict.case_verdict import Verdict


class ShownPicture(msgspec.Struct, frozen=True):
    """One picture of a case, for people to look at: the verdict was made on the raw floats, not on these copies."""

    key: str
    "size, height first, and number of prompt and seed: `512x512/0`"
    prompt: str
    seed: int
    picture: str
    "name of the small copy in Report.images"
    reference: str = ""
    "the same of what it is compared with; empty: there is nothing, or nothing that can be shown"
    difference: str = ""
    "the same of the heat map: each pixel's largest difference of a channel; empty: identical, or not comparable"
    difference_scale: float = 0.0
    "difference that the heat map's brightest colour stands for, and any larger one; 1 is black against white"
    largest_difference: float = 0.0
    "of all pixels and channels; 1 is black against white"
    ssim: float | None = None
    "None: not compared"
    psnr_db: float | None = None
    "infinite: identical; None: not compared"


class Outcome(msgspec.Struct, frozen=True):
    """One case of the session, as `report/` renders it."""

    nodeid: str
    "the test that asked"
    measurement: Measurement
    verdict: Verdict | None
    "None where the test only measured"
    baseline: Baseline | None = None
    "the runs recorded before this one, which latency and memory were compared with; None where there were none"
    baseline_path: str = ""
    "the baseline's file, relative to the rootdir, whether it exists or not"
    recorded: bool = False
    "True where this measurement was written into the baseline"
    replaced_because: str = ""
    "why the recorded runs were dropped when it was written, as a clause; empty where it joined them"
    not_recorded_because: str = ""
    "why an update left the recorded runs as they are, as a clause; empty where it did not, or none was asked for"
    comparison: Comparison | None = None
    "base and head side by side; None where it was not measured so"
    control: Comparison | None = None
    "the same with itself"
    skip_reason: str = ""
    "what --sdperf-missing=skip left unjudged, as a sentence; empty where the test need not skip"
    file: str = ""
    "the test's file, relative to the rootdir; empty where it is not known"
    line: int | None = None
    "where the test begins in it, from 1; None where that is not known"
    pictures: list[ShownPicture] = []
    "the worst of the case's pictures, the one that decides first"
    pictures_left_out: int = 0
    "how many more it has"
    error: str = ""
    "why it could not be judged although it was measured, as a sentence: its test failed; empty where it could"

    @property
    def failed(self) -> bool:
        """Whether it fails its test, and the run."""
        return bool(self.error) or (self.verdict is not None and not self.verdict.passed)


class ErrorOutcome(msgspec.Struct, frozen=True):
    """A test that ended in an error: of one of its cases, which was then not measured, or of its own code."""

    nodeid: str
    sentence: str
    "the error, and its cure where one is known"
    variant: str = ""
    "of the case that was not measured; empty where the test failed by itself, outside of any case"
    case_id: str = ""
    "the same; empty where the error came before it was known"
    log: str = ""
    "last lines of the worker"
    file: str = ""
    "the test's file, relative to the rootdir; empty where it is not known"
    line: int | None = None
    "where the test begins in it, from 1; None where that is not known"


class Report(msgspec.Struct, frozen=True):
    """All of a session: the one value that every rendering starts from."""

    outcomes: list[Outcome]
    notes: list[str] = []
    "things to say loudly once: baselines recorded, foreign files, what could not be judged"
    fp32_latency_s: dict[str, float] = {}
    "workload and model -> median latency of `fp32` in this session, for the speed-up column"
    images: dict[str, bytes] = {}
    "what `pictures` name: WebP or JPEG, small and lossy; the name is the digest, so that equal pictures are kept once"
    begun_at: str = ""
    "when the session began, UTC, ISO 8601 to the second (`2026-11-24T12:00:00Z`)"
    plugin_version: str = ""
    "of pytest-sdperf"
    warnings: list[str] = []
    "those of the notes that a continuous integration shows as warnings: tests of the base that were not judged"
    errors: list[ErrorOutcome] = []
    "every test that ended in an error; each counts as failed"
    unfinished: dict[str, list[str]] = {}
    """test that failed or was skipped -> the variants that it asks for, empty where they are not known: it may have
    cases that this report does not name"""
