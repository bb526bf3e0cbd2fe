"""A test that measures something else than before, under --sdperf-missing=skip: a new case, judged as far as it can be."""

import pytest
from trunk import FROM

SKIP = "--sdperf-missing=skip"
PLAIN = """
    def test_ship(sd_ship):
        sd_ship.check({0})
"""
CONFTEST = """
from pytest_sdperf import Variant

def pytest_sdperf_variants():
    return [Variant("ship", "harbour:build", reference=None, needs_model=False)]
"""
RECORDED = "ship-own-64x64-2steps"


@pytest.fixture
def recorded(trunk, project):
    """Trunk has a baseline of the case with two steps; `other` is what a change asks for."""

    def recorded(test=PLAIN):
        trunk.commit(test=test.format("num_inference_steps=2"), past=False)
        project.record()
        trunk.repository.commit("recorded")
        trunk.repository.git("branch", "--force", "trunk")
        return trunk

    return recorded


@pytest.mark.parametrize(
    ("asked", "difference"),
    [
        ("num_inference_steps=2, prompt='a ship'", "measured with another workload (prompts)"),
        ("num_inference_steps=2, seed=7", "measured with another workload (seeds)"),
        ("num_inference_steps=1", "measured with another workload (num_inference_steps)"),
        ("num_inference_steps=2, height=128, width=64", "measured with another workload (sizes)"),
        ("num_inference_steps=2, guidance_scale=3", "measured with another workload (guidance_scale)"),
    ],
)
def test_a_new_case_is_named_with_the_one_it_replaces(recorded, project, told, asked, difference):
    trunk = recorded()
    project.test(PLAIN.format(asked))
    result = trunk.run(SKIP)
    result.assert_outcomes(skipped=1)
    told(
        result,
        f" is a new case (of test_it.py::test_ship, a test that is there at {trunk.label}): it has no recorded runs at "
        f"{trunk.label}, so that these parts were not judged: latency, picture, memory; recorded, and not measured by "
        f"this run: {RECORDED} ({difference})",
    )


def test_a_renamed_variant_is_named_with_the_one_it_replaces(recorded, project, told):
    trunk = recorded()
    (project.path / "conftest.py").write_text(CONFTEST.replace('"ship"', '"sloop"'))
    project.test(PLAIN.format("num_inference_steps=2").replace("sd_ship", "sd_sloop"))
    result = trunk.run(SKIP)
    result.assert_outcomes(skipped=1)
    told(result, "sloop-own-64x64-2steps is a new case (of test_it.py::test_ship", f"{RECORDED} (of variant ship)")


def test_a_broken_picture_of_a_new_case_fails_by_its_reference(recorded, project, monkeypatch, told):
    boat = PLAIN.replace("ship", "boat")
    trunk = recorded(boat)
    project.test(boat.format("num_inference_steps=2, prompt='a ship'").replace("boat", "wreck"))
    result = trunk.run(SKIP)
    result.assert_outcomes(failed=1)
    told(result, "wreck: picture BROKEN: ")


def test_a_broken_claim_of_a_new_case_fails(recorded, project, monkeypatch, told):
    trunk = recorded()
    project.test(PLAIN.format("num_inference_steps=2, prompt='a ship'"))
    monkeypatch.setenv("SHIP_PAINT", "oil")
    result = trunk.run(SKIP)
    result.assert_outcomes(failed=1)
    told(result, "ship: proof BROKEN: ")


def test_an_absolute_limit_of_a_new_case_fails(recorded, project, told):
    trunk = recorded()
    project.test(PLAIN.format("num_inference_steps=2, prompt='a ship'"))
    result = trunk.run(SKIP, "--sdperf-max-memory=1MiB")
    result.assert_outcomes(failed=1)
    told(result, "ship: memory BROKEN: peak ")


@pytest.mark.usefixtures("real_workers")
@pytest.mark.parametrize(("is_broken", "side_by_side"), [(True, False), (True, True), (False, False)])
def test_the_base_draws_what_it_has_no_picture_of(trunk, project, told, is_broken, side_by_side):
    """The variant has no other reference, and the picture that is recorded is that of another prompt."""
    project.conftest(CONFTEST)
    project.harbour(NAP_S=0.01)
    project.test(PLAIN.format("num_inference_steps=2"))
    project.record()
    trunk.repository.commit("recorded")
    trunk.repository.git("branch", "--force", "trunk")
    trunk.repository.git("checkout", "--quiet", "-B", "change")
    project.test(PLAIN.format("num_inference_steps=2, prompt='a ship'"))
    if is_broken:
        harbour = (project.path / "harbour.py").read_text()
        (project.path / "harbour.py").write_text(harbour.replace("return picture[None]", "return 1 - picture[None]"))
    loose = ("--sdperf-against=trunk", "--sdperf-ignore=300%", "--sdperf-must-catch=900%", "--sdperf-rounds=2")
    result = project.run(FROM, SKIP, *(loose if side_by_side else ()), "--sdperf-max-memory-growth=900%", "-v")
    if is_broken:
        result.assert_outcomes(failed=1)
        told(result, "picture BROKEN: ", "against the base's picture")
    else:
        told(result, "the base's picture", "so that these parts were not judged: latency, memory")
        assert result.ret == 0
    assert trunk.repository.worktrees() == [str(project.path)]
