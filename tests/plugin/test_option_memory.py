"""--sdperf-max-memory and --sdperf-max-memory-growth: the memory promises, at every level."""

import pytest

MARKED = """
    import pytest
    @pytest.mark.sdperf({0}={1})
    def test_ship(sd_ship):
        sd_ship.check(num_inference_steps=2)
"""
MIB = 1 << 20


def test_by_default_there_is_no_absolute_limit(project, weather):
    weather.peak_rss_bytes = 1 << 50
    project.record()


def test_both_sides_of_the_absolute_limit(project, weather, told):
    project.record("--sdperf-max-memory=200MiB")
    weather.peak_rss_bytes += 1
    result = project.run("--sdperf-max-memory=200MiB")
    result.assert_outcomes(failed=1)
    told(result, "ship: memory BROKEN: peak 200 MiB (209715201 bytes)", "absolute limit 200 MiB")


def test_the_absolute_limit_needs_no_baseline(project, told):
    result = project.run("--sdperf-update=new", "--sdperf-max-memory=199MiB")
    result.assert_outcomes(failed=1)
    told(result, "ship: memory BROKEN: peak 200 MiB (absolute limit 199 MiB)")
    assert not (project.path / "baselines").exists()


def test_every_level_of_the_absolute_limit(project):
    project.record()
    project.ini(max_memory="199MiB")
    project.run().assert_outcomes(failed=1)
    project.run("--sdperf-max-memory=1GiB").assert_outcomes(passed=1)
    project.test(MARKED.format("max_memory", "'100MB'"))
    project.run("--sdperf-max-memory=1GiB").assert_outcomes(failed=1)


def test_both_sides_of_the_growth(project, weather, told):
    project.record()
    weather.peak_rss_bytes = 320 * MIB
    project.run().assert_outcomes(passed=1)
    weather.peak_rss_bytes += 1
    result = project.run()
    result.assert_outcomes(failed=1)
    told(result, "ship: memory BROKEN: peak 220 MiB, +10.0000")


def test_pages_of_libraries_are_nobodys_growth(project, weather):
    project.record()
    weather.peak_rss_bytes += 500 * MIB
    weather.library_rss_bytes += 500 * MIB
    project.run().assert_outcomes(passed=1)


def test_every_level_of_the_growth(project, weather):
    project.record()
    weather.peak_rss_bytes = 400 * MIB
    project.ini(max_memory_growth="60%")
    project.run().assert_outcomes(passed=1)
    project.run("--sdperf-max-memory-growth=0.4").assert_outcomes(failed=1)
    project.test(MARKED.format("max_memory_growth", "0.6"))
    project.run("--sdperf-max-memory-growth=0.4").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("option", "value", "what"),
    [
        ("max_memory", "8", "has no unit"),
        ("max_memory", "8 buckets", "has the unknown unit 'buckets'"),
        ("max_memory", "-1GiB", "is out of range"),
        ("max_memory_growth", "10GiB", "has the unknown unit 'GiB'"),
        ("max_memory_growth", "inf", "is not a quantity"),
    ],
)
def test_bad_values(project, told, option, value, what):
    flag = f"--sdperf-{option.replace('_', '-')}"
    result = project.run(f"{flag}={value}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told(result, f"'{value}' {what} [{flag}]. Write it like")
    project.ini(**{option: value})
    told(project.run(), f"'{value}' {what} [ini key sdperf_{option}]. Write it like")
    project.ini()
    project.test(MARKED.format(option, repr(value)))
    result = project.run()
    result.assert_outcomes(errors=1)
    told(result, f"'{value}' {what} [@pytest.mark.sdperf({option}=…)]. Write it like")
