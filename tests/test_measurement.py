import pytest

from pytest_sdperf.measurement import Environment, Evidence, ImageTiming, Latency, Measurement, ProcessRun


def process(*totals_ns, sizes=("64x64",), peak=100, libraries=None, unet=2, sha="a"):
    timings = [ImageTiming(t, {"unet": [t // 10] * unet, "vae_decode": [t // 5]} if unet else {}) for t in totals_ns]
    return ProcessRun(
        images=dict.fromkeys(sizes, timings), warmup_ns={}, startup_ns={}, peak_rss_bytes=peak, library_rss_bytes=libraries,
        picture_sha256={f"{s}/0": [sha] * len(totals_ns) for s in sizes},
    )  # fmt: skip


def measurement(*processes):
    return Measurement(
        case_id="c", variant="v", model="m", model_digest="", scheduler="", workload={}, processes=list(processes),
        evidence=Evidence(), environment=Environment(machine_key="k"),
    )  # fmt: skip


def test_the_stages_and_the_rest_add_up_to_the_total():
    timing = ImageTiming(100, {"unet": [20, 30], "vae_decode": [10]})
    assert timing.rest_ns == 40
    assert ImageTiming(100).rest_ns == 100


def test_the_process_is_the_unit():
    """Median of medians: one slow picture moves neither its process nor the case."""
    m = measurement(process(1000, 1000, 9000), process(2000, 2000, 2000), process(3000, 1, 3000))
    assert [p.median_ns("64x64") for p in m.processes] == [1000, 2000, 3000]
    assert m.latency.median_s == 2e-6
    assert m.latency.spread == pytest.approx(0.5)
    assert Latency([1.0]).spread == 0.0


def test_every_size_has_its_latency():
    m = measurement(process(1000, sizes=("64x64", "8x8")))
    assert m.sizes == ["64x64", "8x8"]
    assert m.latency_at("8x8").median_s == 1e-6


def test_stages_are_medians_over_all_pictures():
    m = measurement(process(1000, 2000), process(3000))
    assert m.stages_s() == pytest.approx({"unet": 400e-9, "vae_decode": 400e-9, "rest": 1200e-9})
    assert m.stages_s("64x64") == m.stages_s()


def test_a_stage_that_only_some_pictures_have_counts_as_nothing_in_the_others():
    m = measurement(process(1000), process(1000, unet=0), process(1000, unet=0))
    assert m.stages_s()["unet"] == 0


def test_one_unet_call():
    assert measurement(process(1000, 3000)).unet_call_s == pytest.approx(200e-9)
    assert measurement(process(1000, unet=0)).unet_call_s is None


def test_the_largest_process_is_the_peak():
    assert measurement(process(1, peak=5), process(1, peak=7), process(1, peak=6)).peak_rss_bytes == 7


def test_the_own_peak_is_the_largest_without_libraries():
    runs = [process(1, peak=9, libraries=5), process(1, peak=7, libraries=2)]
    assert measurement(*runs).peak_own_bytes == 5
    assert measurement(*runs, process(1, peak=6)).peak_own_bytes is None


def test_repeatable_in_and_across_processes():
    assert measurement(process(1, 1), process(1, 1)).repeatable
    assert not measurement(process(1, 1), process(1, 1, sha="b")).repeatable
