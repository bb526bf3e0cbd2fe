"""Two models whose names end alike, or look alike: each has a baseline of its own, and a name in every report."""

import json

import pytest
from toy_model import write_toy

from pytest_sdperf.report import bencher, github_action_benchmark
from pytest_sdperf.report.json import read

CONFTEST = """
    from pytest_sdperf import Variant

    def pytest_sdperf_variants():
        return Variant("hull", "hull:build", reference=None)
"""

HULL = """
import numpy as np

class Hull:
    '''As bright as the first norm of the model's UNet says.'''
    def __init__(self, model):
        data = (model / "unet" / "diffusion_pytorch_model.safetensors").read_bytes()
        self.shade = np.frombuffer(data[-8:], "<f4")[0]
    def __call__(self, *, prompt, num_inference_steps, guidance_scale, height, width, latents, output_type):
        grown = np.kron(latents[0, :3] + len(prompt) / 100, np.ones((8, 8), np.float32)).transpose(1, 2, 0)
        return (1 / (1 + np.exp(-grown * self.shade))).astype(np.float32)[None]

def build(context):
    return Hull(context.model_dir)
"""

TEST = """
    @pytest.mark.sdperf(model={model!r})
    def test_{number}(sd_hull):
        sd_hull.check(num_inference_steps=2, height=64, width=64)
"""


@pytest.fixture
def hulls(project, tmp_path):
    """Write toy models (folder, absolute or not -> shade), and a test for each model asked for."""
    project.conftest(CONFTEST)
    (project.path / "hull.py").write_text(HULL)

    def hulls(models, asked=None):
        for name, shade in models.items():
            folder = project.path / name
            write_toy(folder, shade=shade)
        tests = [TEST.format(model=model, number=number) for number, model in enumerate(asked or models)]
        project.test("    import pytest\n" + "".join(tests))

    return hulls


def tags(project):
    """Of the stored baselines, the models in their names."""
    return sorted(path.name.split("-64x64")[0].removeprefix("hull-") for path in project.folder.iterdir())


def test_two_models_whose_paths_end_alike_have_two_baselines(project, hulls, told):
    hulls({"a/sd-turbo": 1.0, "b/sd-turbo": 2.0})
    project.record().assert_outcomes(passed=2)
    assert tags(project) == ["a--sd-turbo", "b--sd-turbo"]
    stored = project.stored()
    result = project.run("--sdperf-json=out.json", "--sdperf-max-slowdown=50%")
    result.assert_outcomes(passed=2)
    told(result, "a/sd-turbo", "b/sd-turbo")
    assert project.stored() == stored
    for runs in (2, 3):
        result = project.run("--sdperf-update=all")
        result.assert_outcomes(passed=2)
        assert "REPLACED" not in result.stdout.str()
        told(result, f"ADDED run {runs} of at most 10 to")
        assert [len(project.jobs(f"hull-{tag}")) for tag in tags(project)] == [runs, runs]
    assert tags(project) == ["a--sd-turbo", "b--sd-turbo"]


def test_every_report_names_them_apart(project, hulls):
    hulls({"models/v1/diffusers": 1.0, "models/v2/diffusers": 2.0})
    project.record("--sdperf-json=out.json")
    report = read((project.path / "out.json").read_text())
    assert len({outcome.measurement.case_id for outcome in report.outcomes}) == 2
    assert len({outcome.baseline_path for outcome in report.outcomes}) == 2
    names = json.loads(bencher.render(report))
    assert [n.rpartition("-64x64")[0] for n in names] == ["hull-models--v1--diffusers", "hull-models--v2--diffusers"]
    followed = json.loads(github_action_benchmark.render(report))
    assert len({entry["name"] for entry in followed}) == len(followed)


@pytest.mark.parametrize(
    ("models", "expected"),
    [
        (["a/b--c", "a--b/c"], 2),
        (["Models/ours", "models-ours", "models/ours"], 3),
        (["modèle", "modele", "mod-le"], 3),
        (["bundle" + "d" * 80, "bundle" + "d" * 81], 2),
    ],
)
def test_names_that_look_alike(project, hulls, models, expected):
    hulls(dict.fromkeys(models, 1.0))
    project.record().assert_outcomes(passed=expected)
    assert len(tags(project)) == expected
    assert tags(project) == [tag.lower() for tag in tags(project)], "a file system may not distinguish capitals"
    project.run("--sdperf-max-slowdown=50%").assert_outcomes(passed=expected)


def test_every_spelling_of_one_folder_is_one_case(project, hulls):
    spellings = ["models/ours", "./models/ours/", "models//ours", f"{project.path}/models/ours"]
    hulls({"models/ours": 1.0}, spellings)
    result = project.run("--sdperf-update=new")
    result.assert_outcomes(passed=4)
    assert tags(project) == ["models--ours"]


def test_folders_called_like_other_models_are_models_of_their_own(project, hulls):
    """`bundled` and `synthetic:tiny` keep the names that their baselines have had."""
    hulls({"./bundled": 1.0, "synthetic-tiny": 2.0, "./own": 3.0})
    project.record().assert_outcomes(passed=3)
    assert [tag.partition("_")[0] for tag in tags(project)] == ["bundled", "own", "synthetic-tiny"]
    assert all("_" in tag for tag in tags(project))


def test_hub_models_of_two_owners(project, hulls, monkeypatch):
    from pytest_sdperf.measure import engine
    from pytest_sdperf.models.prepare import prepare

    hulls({"cache/a": 1.0, "cache/b": 2.0}, ["a/sd-turbo", "b/sd-turbo", "b/sd-turbo@v2"])

    def download(launcher, function, kwargs, **_):
        return {"path": str(project.path / "cache" / kwargs["repo_id"][0])}

    monkeypatch.setattr(engine, "call_in_worker", download)
    monkeypatch.setattr(engine, "prepare", prepare)
    project.record().assert_outcomes(passed=3)
    assert [tag.partition("_")[0] for tag in tags(project)] == ["a--sd-turbo", "b--sd-turbo", "sd-turbo-v2"]
