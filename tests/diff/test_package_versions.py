from pytest_sdperf.diff.package_versions import VersionChange, changes_sentence, cost_sentence, version_changes
from pytest_sdperf.measurement import Environment, Evidence, ImageTiming, KernelTime, Measurement, ProcessRun


def has(loaded="", **versions):
    return {name: {"version": version, "loaded": name in loaded.split()} for name, version in versions.items()}


def test_versions_that_differ():
    base = has("inkwell", inkwell="1.0", quill="1.0", nib="1", same="1")
    head = has("inkwell blotter", inkwell="2.0", quill="1.1", blotter="3", same="1")
    assert version_changes(base, head) == [
        VersionChange("blotter", "", "3", is_loaded=True),
        VersionChange("inkwell", "1.0", "2.0", is_loaded=True),
        VersionChange("nib", "1", "", is_loaded=False),
        VersionChange("quill", "1.0", "1.1", is_loaded=False),
    ]
    assert changes_sentence(version_changes(base, head)) == (
        "blotter not installed -> 3, inkwell 1.0 -> 2.0; not loaded: quill 1.0 -> 1.1, 1 more only in the base (nib)"
    )


def test_a_package_that_one_side_loads_counts_as_loaded():
    assert version_changes(has(inkwell="1"), has("inkwell", inkwell="2"))[0].is_loaded


def test_what_one_side_has_more_is_counted():
    head = has(**{f"tool-{number:02}": "1" for number in range(20)})
    text = changes_sentence(version_changes(has(), head))
    assert text.startswith(
        "no version of a loaded package differs; not loaded: 20 more only in the head (tool-00, tool-01"
    )
    assert text.endswith("tool-11 and 8 more)")
    assert version_changes(has(a="1"), has(a="1")) == []


def test_what_other_libraries_cost():
    def measured(total_ns, unet_ns, kernel):
        run = ProcessRun({"8x8": [ImageTiming(total_ns, {"unet": [unet_ns]})]}, {}, {}, peak_rss_bytes=1)
        evidence = Evidence([KernelTime("matmul", kernel, "f32", 1, 1.0)])
        return Measurement("ship-8x8", "ship", "own", "", "", {}, [run], evidence, Environment("here"))

    old, new = measured(10_000_000, 8_000_000, "jit:avx2"), measured(15_000_000, 13_000_000, "ref")
    assert cost_sentence(old, new) == (
        "8x8: 10 ms -> 15 ms (+50.0 %); unet 8 ms -> 13 ms (+62.5 %), +50.0 % of the picture's time; kernels appeared: "
        "matmul ref f32, 100.0 % of kernel time, vanished: matmul jit:avx2 f32, was 100.0 % of kernel time"
    )
    assert cost_sentence(old, old) == "8x8: 10 ms -> 10 ms (+0.0 %); no stage moved by 1 % of that; no kernel changed"
