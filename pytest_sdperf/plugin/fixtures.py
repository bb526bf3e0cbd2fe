"""The fixtures ``sd_<variant>``: what a test calls."""

from __future__ import annotations

import os
from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from pytest_sdperf.plugin.fail_or_skip import fail_where_broken, failures_reported, refuse, skip
from pytest_sdperf.plugin.markers import marker_keywords
from pytest_sdperf.plugin.results import RESULTS
from pytest_sdperf.plugin.run import PREFIX, RUN

if TYPE_CHECKING:
    from pytest_sdperf.measurement import Measurement
    from pytest_sdperf.observations import Measured
    from pytest_sdperf.verdict.case_verdict import Verdict

NEEDS_FLAG = "needs --sdperf"


class VariantFixture:
    """One variant in one test."""

    def __init__(self, request: pytest.FixtureRequest, name: str) -> None:
        self._request = request
        self._item: pytest.Item = request.node
        self._run = request.config.stash[RUN]
        self.name = name
        if not self._run.options.sdperf:
            skip(NEEDS_FLAG)
        self._results = request.config.stash[RESULTS]
        self._results.expect(self._item.nodeid, [name])
        with failures_reported(self._item, variant=name):
            self._results.home.check_process()
            self._options = self._run.options_for(self._item, self._run.registry[name])
        chosen = self._options.variants
        if chosen and name not in chosen:
            skip(f"variant {name} is not among --sdperf-variants={','.join(chosen)}")
        from pytest_sdperf.hardware.checks import check

        sibling = self._options.thresholds.min_speedup
        with failures_reported(self._item, variant=name):
            variants = [self._run.registry[n] for n in (name, *(sibling[:1] if sibling else ()))]
            unmet = [u for variant in variants for need in variant.requirements if (u := check(need))]
            refuse(list(dict.fromkeys(unmet)), self._options)

    def check(self, prompt: str | None = None, **workload: Any) -> Measurement:
        """Measure and judge: fails the test when a promise is broken. Keywords as for :meth:`measure`."""
        measured = self._measure(prompt, workload, compared=True)
        with failures_reported(self._item):
            outcome = self._run.judge(self._item, measured, self._options)
        self._feed_benchmark(outcome.measurement, outcome.verdict)
        fail_where_broken(self._item, outcome)
        return outcome.measurement

    def measure(self, prompt: str | None = None, **workload: Any) -> Measurement:
        """Measure only; with ``@pytest.mark.sdperf`` on the test, judged after its body.

        Keywords are those of diffusers: ``num_inference_steps``, ``guidance_scale``, ``height``, ``width``;
        and ``prompts`` (several), ``sizes`` (several (height, width)), ``seed`` or ``seeds``. The picture is as
        large as the model was trained for where no size is given.
        """
        promised = self._item.get_closest_marker("sdperf") is not None
        measured = self._measure(prompt, workload, compared=promised)
        self._feed_benchmark(measured.measurement, None)
        self._run.measured(self._item, measured, self._options)
        return measured.measurement

    def _measure(self, prompt: str | None, workload: dict[str, Any], *, compared: bool) -> Measured:
        folders: pytest.TempPathFactory = self._request.getfixturevalue("tmp_path_factory")
        from pytest_sdperf.baselines.accepting import check_recording
        from pytest_sdperf.observations import Asked

        if prompt is not None:
            workload["prompt"] = prompt
        with failures_reported(self._item, variant=self.name), self._results.home.alone(self.name, self._item.nodeid):
            session = self._run.session(lambda: folders.mktemp("sdperf"))
            with self._run.at_work(self.name):  # a model may be built or downloaded first
                case = session.case(self.name, self._options, workload)
                case_id = case.id
        reported = failures_reported(self._item, variant=self.name, case_id=case_id)
        with reported, self._results.home.alone(case_id, self._item.nodeid), self._run.at_work(case_id):
            if compared:
                store = session.store(self._options)
                check_recording(case_id, self._options, store, recorded=session.recorded)
            asked = Asked(self._item.nodeid, marker_keywords(self._item))
            return session.measure(case, self._options, compared=compared, asked=asked)

    def _feed_benchmark(self, measurement: Measurement, verdict: Verdict | None) -> None:
        """Show the case in pytest-benchmark where that is active; its fixture takes one case a test."""
        from pytest_sdperf.report import benchmark_feed as bench

        config = self._request.config
        if self._item.nodeid in self._run.fed or not bench.can_feed(
            # A plugin blocked by -p no:… is listed as None.
            [name for name, plugin in config.pluginmanager.list_name_plugin() if plugin is not None],
            getattr(config.option, "numprocesses", None),
            codspeed=bool(getattr(config.option, "codspeed", False)) or "CODSPEED_ENV" in os.environ,
            skipped=bool(getattr(config.option, "benchmark_skip", False)),
            fixture_names=self._request.fixturenames,
        ):
            return
        self._run.fed.add(self._item.nodeid)
        own = self._item.get_closest_marker("benchmark")
        replay = bench.Replay()
        self._item.add_marker(
            pytest.mark.benchmark(**bench.marker_keywords(own.kwargs if own else None, replay)), append=False
        )
        benchmark = self._request.getfixturevalue("benchmark")
        bench.feed(benchmark, replay, bench.durations_s(measurement), bench.extra_info(measurement, verdict))


def fixtures_for(names: Sequence[str]) -> ModuleType:
    """A module whose attributes are the fixtures ``sd_<name>``: registered as a plugin, pytest finds them."""
    module = ModuleType("pytest_sdperf_fixtures")
    for name in names:
        setattr(module, PREFIX + name, _fixture(name))
    return module


def _fixture(name: str) -> Any:
    def variant(request: pytest.FixtureRequest) -> VariantFixture:
        return VariantFixture(request, name)

    variant.__doc__ = f"The variant `{name}`: .check(…) measures and judges, .measure(…) measures."
    return pytest.fixture(name=PREFIX + name)(variant)
