"""Which variants come next, as far as that shows before their tests run."""

import pytest

SEVERAL = """
    import pytest

    def test_ship(sd_ship):
        sd_ship.check(num_inference_steps=2)

    def test_of_nobody():
        pass

    @pytest.mark.skip
    def test_fog(sd_fog):
        pass

    @pytest.mark.skipif("True")
    def test_dice(sd_dice):
        pass

    @pytest.mark.requires_cores(100_000)
    def test_rust(sd_rust):
        pass

    @pytest.mark.requires_cores("many")
    def test_wreck(sd_wreck):
        pass

    def test_whale(sd_whale):
        pass

    def test_boat(sd_boat):
        sd_boat.check(num_inference_steps=2)

    def test_again(sd_ship):
        sd_ship.check(num_inference_steps=2)
"""


@pytest.fixture
def asked(project, monkeypatch):
    """What the session is told while each case is built: (most, names)."""
    from pytest_sdperf.measure import standing

    asked = []
    build = standing.Processes._build

    def told(self, count):
        upcoming = self.rig.early.upcoming
        asked.append([[variant.name for variant in upcoming(most)] for most in (1, 2, 9)])
        build(self, count)

    monkeypatch.setattr(standing.Processes, "_build", told)
    return asked


def test_tests_that_surely_measure_nothing_are_passed_over(project, asked):
    project.test(SEVERAL)
    project.run("--sdperf-processes=1")
    of_ship, of_boat, of_last = asked
    assert of_ship == [["boat"], ["boat", "ship"], ["boat", "ship"]]
    assert of_boat == [["ship"]] * 3
    assert of_last == [[]] * 3


def test_variants_that_nobody_chose_are_passed_over(project, asked):
    project.test(SEVERAL)
    project.run("--sdperf-processes=1", "--sdperf-variants=ship,boat", "-k", "not boat")
    assert asked[0] == [["ship"]] * 3
