"""--sdperf-model: where the weights come from; only variants that need a model prepare it."""

import pytest

MARKED = """
    import pytest
    @pytest.mark.sdperf(model={0!r})
    def test_hull(sd_hull):
        sd_hull.measure(num_inference_steps=2, height=64, width=64)
"""
HULL = """
    from pytest_sdperf import Variant

    def pytest_sdperf_variants():
        return Variant("hull", "harbour:build", reference=None)
"""


@pytest.fixture
def asked(project, monkeypatch):
    """The models that the inner sessions prepare; none is built."""
    from pytest_sdperf.measure import engine, identity
    from pytest_sdperf.models.prepare import Prepared

    models = []

    # The worker looks up the family of the model.
    (project.path / "model_index.json").write_text('{"_class_name": "StableDiffusionPipeline"}')

    def prepare(source, run, cache):
        models.append(source)
        return Prepared(project.path, "d1" * 32, built=False)

    monkeypatch.setattr(engine, "prepare", prepare)
    monkeypatch.setattr(identity, "digested_files", lambda folder: [])
    project.conftest(HULL)
    project.test(MARKED.format("unused").replace("@pytest.mark.sdperf(model='unused')", ""))
    return models


def test_every_level_over_the_next(project, asked):
    def model(*args):
        asked.clear()
        project.record(*args)
        [source] = asked
        return f"{source.kind}:{source.name}"

    assert model() == "bundled:bundled"
    project.ini(model="synthetic:sd15")
    assert model() == "synthetic:sd15"
    assert model("--sdperf-model=synthetic:tiny") == "synthetic:tiny"
    project.test(MARKED.format("synthetic:sd15"))
    assert model("--sdperf-model=synthetic:tiny") == "synthetic:sd15"


def test_a_variant_with_its_own_weights_prepares_none(project, asked):
    project.conftest(HULL.replace("reference=None", "reference=None, needs_model=False"))
    project.run("--sdperf-model=synthetic:sd15").assert_outcomes(passed=1)
    assert asked == []


def test_one_model_for_all_tests_is_prepared_once(project, asked):
    project.test(MARKED.format("synthetic:tiny") + MARKED.format("synthetic:tiny").replace("test_hull", "test_2"))
    project.record().assert_outcomes(passed=2)
    assert len(asked) == 1


def test_bad_values(project, told, asked):
    result = project.run("--sdperf-model=")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told(result, "'' is not a name or path [--sdperf-model]. Write a non-empty text.")
    result = project.run("--sdperf-model=synthetic:huge")
    result.assert_outcomes(failed=1)
    told(result, "synthetic:huge")
    project.test(MARKED.format(""))
    told(project.run(), "'' is not a name or path [@pytest.mark.sdperf(model=…)].")


def test_a_folder_that_is_no_model_fails_the_test_alone(project, told):
    project.conftest(HULL)
    project.test(MARKED.format("./nothing") + "\n    def test_other(): pass\n")
    result = project.run()
    result.assert_outcomes(failed=1, passed=1)
    told(result, "nothing")
