"""--junitxml carries what was measured and judged as properties of each test."""

import xml.etree.ElementTree as ET

import pytest


@pytest.fixture
def junit(project):
    """Run, and give each test's properties as (name, value) in order."""

    def junit(*args):
        project.run("--junitxml=junit.xml", *args)
        tests = ET.parse(project.path / "junit.xml").iter("testcase")
        return {t.get("name"): [(p.get("name"), p.get("value")) for p in t.iter("property")] for t in tests}

    return junit


@pytest.mark.parametrize("family", ["xunit1", "xunit2"])
def test_each_case_has_its_properties_in_either_family(junit, family):
    found = junit("-o", f"junit_family={family}", "--sdperf-update=new")
    told = dict(found["test_ship"])
    assert told.pop("sdperf_machine")
    assert told.pop("sdperf_case") == "ship-own-64x64-2steps"
    assert told == {
        "sdperf_variant": "ship",
        "sdperf_verdict": "PASSED (recorded)",
        "sdperf_latency": "NOT JUDGED",
        "sdperf_picture": "NOT JUDGED",
        "sdperf_proof": "PASSED",
        "sdperf_memory": "NOT JUDGED",
        "sdperf_latency_s": "0.005",
        "sdperf_peak_bytes": str(200 << 20),
    }


def test_a_failure_and_a_worst_picture(junit, project):
    project.test("""
        def test_both(sd_ship, sd_fog):
            sd_ship.measure(num_inference_steps=2)
            sd_fog.check(num_inference_steps=2)
    """)
    [told] = junit().values()
    names = [name for name, _ in told]
    assert names.count("sdperf_case") == 2, "one row of properties after another"
    ship, fog = dict(told[: names.index("sdperf_case", 1)]), dict(told[names.index("sdperf_case", 1) :])
    verdicts = {dict(row)["sdperf_variant"]: dict(row)["sdperf_verdict"] for row in (ship.items(), fog.items())}
    assert verdicts == {"ship": "measured only", "fog": "BROKEN"}
    row = fog if fog["sdperf_variant"] == "fog" else ship
    assert float(row["sdperf_ssim_worst"]) < 1
    assert 20 < float(row["sdperf_psnr_db_worst"]) < 50


def test_tests_without_a_case_have_none(junit, project):
    project.test("def test_other(): pass")
    assert junit() == {"test_other": []}
