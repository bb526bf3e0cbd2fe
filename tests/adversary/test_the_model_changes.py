"""A change of the model: its files, or which one the settings name; with the same code in base and head."""

import os
import shutil
from pathlib import Path

import pytest
from toy_model import write_toy

from pytest_sdperf.measure import comparer, engine
from pytest_sdperf.report.finding_text import sentence
from pytest_sdperf.report.json import read
from pytest_sdperf.worker import environment as surroundings

SLOOP = """
import numpy as np

class Sloop:
    '''As bright as the first number of the model's UNet says; ``error`` shows where that is below 0.'''
    def __init__(self, model, params):
        weights = (model / "unet" / "diffusion_pytorch_model.safetensors").read_bytes()
        self.shade = np.frombuffer(weights[-8:], "<f4")[0]
        self.error = params.get("error", 0) * (1 if self.shade > 0 else 5000)
    def sdperf_stages(self):
        return {"unet": (self, "denoise")}
    def denoise(self, latents, text):
        return latents * self.shade + text + self.error * np.sign(latents)
    def __call__(self, *, prompt, num_inference_steps, guidance_scale, height, width, latents, output_type):
        for _ in range(num_inference_steps):
            latents = self.denoise(latents, sum(map(ord, prompt)) / 100_000)
        grown = np.kron(latents[0, :3], np.ones((8, 8), np.float32)).transpose(1, 2, 0)
        return (1 / (1 + np.exp(-grown))).astype(np.float32)[None]

def build(context):
    return Sloop(context.model_dir, context.params)
"""

CONFTEST = """
    from pytest_sdperf import Variant

    def pytest_sdperf_variants():
        return [
            Variant("exact", "sloop_yard:build", reference="exact"),
            Variant("coarse", "sloop_yard:build", reference="exact", params={"error": 0.0001}),
            Variant("alone", "sloop_yard:build", reference=None),
        ]
"""

TEST = """
    import pytest
    {1}
    def test_it(sd_{0}):
        sd_{0}.check(num_inference_steps=2, height=64, width=64)
"""
UNET = "unet/diffusion_pytorch_model.safetensors"


@pytest.fixture
def yard(project, make_repository, tmp_path, monkeypatch):
    """A repository with the toy model in models/ours, and variants whose code is installed outside of it."""
    site = tmp_path.resolve() / "site"
    site.mkdir()
    (site / "sloop_yard.py").write_text(SLOOP)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH")])))
    monkeypatch.syspath_prepend(str(site))
    # The workers are this very process, which has loaded the head's conftest.
    monkeypatch.setattr(surroundings, "loaded_from", lambda trees, modules: {})
    repository = make_repository(path=project.path)
    (project.path / ".gitignore").write_text("__pycache__\nout.json\nbaselines\n")
    (project.path / "harbour.py").unlink()
    project.conftest(CONFTEST)
    project.ini(model="models/ours")
    project.test(TEST.format("coarse", ""))
    write_toy(project.path / "models" / "ours", shade=0.9)
    repository.commit("first")
    repository.git("checkout", "--quiet", "-b", "head")
    return repository


@pytest.fixture
def model(project):
    """The folder of the model in the head."""
    return project.path / "models" / "ours"


@pytest.fixture
def gate(project):
    """Run the gate against a revision; gives pytest's result and the only outcome."""

    def gate(*args, against="main"):
        out = project.path / "out.json"
        out.unlink(missing_ok=True)
        result = project.run(f"--sdperf-against={against}", "--sdperf-rounds=3", "--sdperf-json=out.json", *args)
        [outcome] = read(out.read_text()).outcomes
        return result, outcome

    return gate


def statuses(outcome):
    return [(finding.part, finding.status.value) for finding in outcome.verdict.findings]


def latency(outcome):
    return sentence(outcome.verdict.findings[0])


def digests(outcome):
    models = outcome.comparison.models
    return models.base_digest[:12], models.head_digest[:12]


FINE = [
    ("latency", "PASSED"),
    ("picture", "PASSED"),
    ("picture", "PASSED"),
    ("proof", "NOT JUDGED"),
    ("memory", "PASSED"),
]


def test_one_byte_of_the_weights(model, yard, gate, told):
    weights = (model / UNET).read_bytes()
    (model / UNET).write_bytes(weights[:-1] + bytes([weights[-1] ^ 1]))
    result, outcome = gate()
    result.assert_outcomes(passed=1)
    assert statuses(outcome) == FINE
    base, head = digests(outcome)
    assert base != head
    assert latency(outcome).endswith(
        f"slower is ruled out); the models differ: models/ours {base} -> {head} ({UNET} differs, 17 KiB)"
    )
    assert (outcome.comparison.base.model, outcome.comparison.base.model_digest[:12]) == ("models/ours", base)


def test_a_slower_model_fails_and_each_picture_has_its_own_fp32(model, yard, gate, weather, told):
    write_toy(model, shade=0.5)
    weather.slower["head"] = 1.4
    result, outcome = gate()
    result.assert_outcomes(failed=1)
    assert statuses(outcome) == [("latency", "REGRESSED"), *FINE[1:]]
    commit = yard.git("rev-parse", "main")[:10]
    told(
        result,
        "coarse: latency REGRESSED: ",
        "up to 1 % is ignored); the models differ: models/ours ",
        f"({UNET} differs, 17 KiB)",
        "picture   PASSED: SSIM 1.0000 (limit 0.98)",
        f"main ({commit}) with its own model: PASSED: SSIM 1.0000 (limit 0.98)",
        f"main ({commit}) with its own model: link by link along exact's: 4 pictures, every link agrees",
    )
    assert weather.alone.count("exact") == 2, "drawn with each of the two models"


@pytest.mark.parametrize(
    ("file", "shown"),
    [
        ("scheduler/scheduler_config.json", "scheduler/scheduler_config.json 3"),
        ("tokenizer/vocab.json", "tokenizer/vocab.json "),
        ("vae/config.json", "vae/config.json "),
    ],
)
def test_a_configuration_alone(model, yard, gate, file, shown):
    text = (model / file).read_text()
    (model / file).write_text(text.replace("{", '{"sdperf_odd": 1, ', 1))
    result, outcome = gate()
    result.assert_outcomes(passed=1)
    base, head = digests(outcome)
    assert base != head
    assert f"models/ours {base} -> {head} ({file} " in latency(outcome)


def test_a_file_that_no_library_reads(model, yard, gate):
    """A factory may read it, so the two are compared; weights and pictures are those of one model."""
    (model / "notes.txt").write_text("ahoy")
    result, outcome = gate()
    result.assert_outcomes(passed=1)
    base, head = digests(outcome)
    assert base == head
    assert latency(outcome).endswith(
        "; the models have the same weights and configurations, but other files (notes.txt added, 4 B)"
    )


def test_a_folder_renamed_with_the_setting_that_names_it(project, model, yard, gate):
    model.rename(project.path / "models" / "theirs")
    write_toy(project.path / "models" / "theirs", shade=0.8)
    project.ini(model="models/theirs")
    yard.commit("renamed")
    result, outcome = gate()
    result.assert_outcomes(passed=1)
    base, head = digests(outcome)
    assert f"the models differ: models/ours {base} -> models/theirs {head} ({UNET} differs" in latency(outcome)
    assert outcome.comparison.base.model == "models/ours"
    assert (outcome.measurement.model, outcome.comparison.head.model) == ("models/theirs", "models/theirs")


def test_another_folder_in_the_marker(project, yard, gate):
    write_toy(project.path / "models" / "small", shade=0.7)
    project.test(TEST.format("coarse", '@pytest.mark.sdperf(model="models/ours")'))
    yard.commit("a marker")
    yard.git("branch", "--force", "main")
    project.test(TEST.format("coarse", '@pytest.mark.sdperf(model="models/small")'))
    result, outcome = gate("--sdperf-model=bundled")
    result.assert_outcomes(passed=1)
    assert "the models differ: models/ours " in latency(outcome)
    assert " -> models/small " in latency(outcome)


def test_the_command_line_counts_for_both(project, model, yard, gate):
    write_toy(project.path / "models" / "small", shade=0.7)
    yard.commit("small")
    yard.git("branch", "--force", "main")
    project.ini(model="models/small")
    write_toy(model, shade=0.8)
    result, outcome = gate("--sdperf-model=models/ours")
    result.assert_outcomes(passed=1)
    base, head = digests(outcome)
    assert f"the models differ: models/ours {base} -> {head} (" in latency(outcome)


def test_a_synthetic_model_gives_way_to_a_folder(project, model, yard, gate, tmp_path, monkeypatch):
    from pytest_sdperf.models import synthetic

    def build(launcher, function, kwargs, **_):
        assert function == f"{synthetic.__name__}:build"
        write_toy(Path(kwargs["destination"]), shade=0.95)
        return {}

    monkeypatch.setattr(engine, "call_in_worker", build)
    project.ini(model="synthetic:tiny")
    yard.commit("synthetic")
    yard.git("branch", "--force", "main")
    project.ini(model="models/ours")
    result, outcome = gate()
    result.assert_outcomes(passed=1)
    base, head = digests(outcome)
    assert f"the models differ: synthetic:tiny {base} -> models/ours {head} ({UNET} differs" in latency(outcome)


def test_another_hub_model(project, yard, gate, tmp_path, monkeypatch):
    for name, shade in (("a", 0.9), ("b", 0.8)):
        write_toy(tmp_path / name, shade=shade)

    def download(launcher, function, kwargs, **_):
        return {"path": str(tmp_path / kwargs["repo_id"][0])}

    monkeypatch.setattr(engine, "call_in_worker", download)
    project.ini(model="a/sd-turbo")
    yard.commit("a hub model")
    yard.git("branch", "--force", "main")
    project.ini(model="b/sd-turbo")
    result, outcome = gate()
    result.assert_outcomes(passed=1)
    assert "the models differ: a/sd-turbo " in latency(outcome)
    assert " -> b/sd-turbo " in latency(outcome)


@pytest.mark.parametrize("is_absolute", [False, True])
def test_a_link_that_leads_to_another_model(project, yard, gate, tmp_path, is_absolute):
    """Inside of the tree, or to two folders outside of it."""
    folder = tmp_path / "data" if is_absolute else project.path / "models"
    write_toy(folder / "v1", shade=0.9)
    write_toy(folder / "v2", shade=0.8)
    link = project.path / "models" / "current"
    link.symlink_to(folder / "v1" if is_absolute else "v1")
    project.ini(model="models/current")
    yard.commit("a link")
    yard.git("branch", "--force", "main")
    link.unlink()
    link.symlink_to(folder / "v2" if is_absolute else "v2")
    result, outcome = gate()
    result.assert_outcomes(passed=1)
    base, head = digests(outcome)
    assert f"the models differ: models/current {base} -> {head} ({UNET} differs" in latency(outcome)


def test_a_model_in_a_submodule(project, yard, gate, make_repository, tmp_path):
    models = make_repository("weights")
    write_toy(models.path / "ours", shade=0.9)
    models.commit("v1")
    yard.git("submodule", "--quiet", "add", models.path.as_uri(), "shared")
    project.ini(model="shared/ours")
    yard.commit("a submodule")
    yard.git("branch", "--force", "main")
    write_toy(project.path / "shared" / "ours", shade=0.8)
    inner = type(yard)(project.path / "shared")
    inner.commit("v2")
    yard.commit("newer weights")
    result, outcome = gate()
    result.assert_outcomes(passed=1)
    assert f"({UNET} differs, 17 KiB)" in latency(outcome)


def test_a_model_outside_of_the_tree_is_the_same_in_both(project, yard, gate, tmp_path):
    write_toy(tmp_path / "data" / "ours", shade=0.9)
    project.ini(model=str(tmp_path / "data" / "ours"))
    yard.commit("outside")
    yard.git("branch", "--force", "main")
    yard.commit("words", notes="")
    result, outcome = gate()
    assert outcome.comparison.models is None
    assert "models differ" not in result.stdout.str()


def test_a_model_that_git_ignores_is_the_same_in_both_and_said_to_be(project, model, yard, gate, told):
    yard.git("rm", "-r", "--quiet", "--cached", "models")
    (project.path / ".gitignore").write_text("__pycache__\nout.json\nbaselines\nmodels\n")
    main = yard.commit("weights are downloaded")[:10]
    yard.git("branch", "--force", "main")
    yard.commit("words", notes="")
    result, outcome = gate()
    assert outcome.comparison.models is None
    told(
        result,
        f"NOTE model models/ours is not in git, so main ({main}) has none of its own: base and head draw with the same",
    )


def test_weights_that_git_ignores_go_with_the_bases_own_configuration(project, model, yard, gate, told):
    yard.git("rm", "--quiet", "--cached", f"models/ours/{UNET}")
    with (project.path / ".gitignore").open("a") as ignored:
        ignored.write("**/unet/*.safetensors\n")
    yard.commit("weights are downloaded")
    yard.git("branch", "--force", "main")
    config = model / "scheduler" / "scheduler_config.json"
    config.write_text(config.read_text().replace("{", '{"sdperf_odd": 1, ', 1))
    result, outcome = gate()
    result.assert_outcomes(passed=1)
    assert "(scheduler/scheduler_config.json " in latency(outcome)
    told(result, f"NOTE git ignores {UNET} of model models/ours, so base and head draw with the same")
    assert (model / UNET).stat().st_nlink <= 2


def test_a_revision_without_the_folder_that_it_names(project, model, yard, gate, told):
    shutil.rmtree(model)
    yard.commit("lost")
    yard.git("branch", "--force", "main")
    write_toy(model, shade=0.9)
    main = yard.git("rev-parse", "main")[:10]
    yard.commit("found")
    result, _ = gate()
    result.assert_outcomes(failed=1)
    told(
        result,
        f"coarse: latency INVALID ENVIRONMENT: main ({main}) has no model models/ours [--sdperf-against=main]. "
        "Compare with a revision that has it",
    )


@pytest.mark.parametrize("asked_by", ["a new test's marker", "the command line"])
def test_a_new_model_is_new(project, yard, gate, told, asked_by):
    """The base has nothing to compare it with: not even a folder."""
    write_toy(project.path / "models" / "new", shade=0.8)
    args = []
    if asked_by == "the command line":
        args = ["--sdperf-model=models/new"]
    else:
        project.test(TEST.format("coarse", '@pytest.mark.sdperf(model="models/new")').replace("test_it", "test_new"))
    yard.commit("new")
    main = yard.git("rev-parse", "main")[:10]
    result, outcome = gate(*args)
    result.assert_outcomes(failed=1)
    told(result, f"coarse: latency NO BASELINE: 5 ms ±0.0 %, but main ({main}) has no model models/new; record it")
    result, outcome = gate(*args, "--sdperf-missing=skip")
    result.assert_outcomes(skipped=1)
    assert statuses(outcome)[1:3] == [("picture", "PASSED"), ("picture", "PASSED")]


def test_a_broken_model_in_the_base(project, model, yard, gate, told):
    (model / "vae" / "config.json").write_text("{")
    yard.commit("broken")
    yard.git("branch", "--force", "main")
    write_toy(model, shade=0.9)
    main = yard.git("rev-parse", "main")[:10]
    result, _ = gate()
    result.assert_outcomes(failed=1)
    told(
        result,
        f"coarse: latency INVALID ENVIRONMENT: the model of main ({main}) cannot be used: models/ours/vae/config.json "
        "is damaged or cannot be read (",
        "Fix it there, or compare with another revision than main",
    )


@pytest.mark.parametrize("where", ["base", "head"])
def test_a_pointer_of_git_lfs_is_no_weight(model, yard, gate, told, where, project):
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 17469\n"
    if where == "base":
        (model / UNET).write_text(pointer)
        yard.commit("in lfs")
        yard.git("branch", "--force", "main")
        write_toy(model, shade=0.9)
        main = yard.git("rev-parse", "main")
        result, _ = gate()
        told(
            result,
            f"git-lfs has no content here of {UNET} of model models/ours as main ({main[:10]}) has it "
            f"[--sdperf-against=main]. Fetch it: git lfs fetch origin {main}",
        )
    else:
        (model / UNET).write_text(pointer)
        result = project.run("--sdperf-against=main")
        told(
            result, f"{model / UNET} is a pointer of git-lfs, and the file itself is not here. Fetch it: git lfs pull."
        )
    result.assert_outcomes(failed=1)


def test_a_variant_without_reference_must_be_recorded(project, model, yard, gate, told):
    project.test(TEST.format("alone", ""))
    yard.commit("alone")
    yard.git("branch", "--force", "main")
    write_toy(model, shade=0.5)
    main = yard.git("rev-parse", "main")[:10]
    result, outcome = gate()
    result.assert_outcomes(failed=1)
    assert statuses(outcome) == [("latency", "PASSED"), ("picture", "NO BASELINE"), *FINE[3:]]
    told(
        result,
        "alone: picture NO BASELINE: 4 pictures, valid, but no earlier picture of this variant is stored with this "
        f"model, and main ({main})'s pictures are of another model; record it with --sdperf-update=new",
        f"main ({main}) with its own model: pictures of two models are not compared",
    )
    gate("--sdperf-update=new")[0].assert_outcomes(passed=1)
    result, outcome = gate()
    result.assert_outcomes(passed=1)
    assert outcome.comparison is not None, "recorded runs of the head's model say nothing of the base's"
    assert ("picture", "PASSED") in statuses(outcome)


def test_the_reference_itself(project, model, yard, gate, told):
    project.test(TEST.format("exact", ""))
    write_toy(model, shade=0.5)
    main = yard.git("rev-parse", "main")[:10]
    result, outcome = gate("-v")
    result.assert_outcomes(passed=1)
    assert sentence(outcome.verdict.picture) == (
        "4 pictures, valid; this is the reference that others are compared with; "
        f"main ({main})'s are of another model and do not compare"
    )


@pytest.mark.parametrize("broken", ["base", "head"])
def test_only_the_heads_picture_decides(model, yard, gate, told, broken):
    """A model on which the variant's error shows, on one side alone."""
    good, bad = 0.9, -0.9
    write_toy(model, shade=bad if broken == "base" else good)
    yard.commit("the base's")
    yard.git("branch", "--force", "main")
    write_toy(model, shade=good if broken == "base" else bad)
    main = yard.git("rev-parse", "main")[:10]
    result, outcome = gate()
    picture = outcome.verdict.picture
    assert {picture.status.value, picture.base.status.value} == {"PASSED", "BROKEN"}
    if broken == "base":
        result.assert_outcomes(passed=1)
        assert picture.base.status.value == "BROKEN"
    else:
        result.assert_outcomes(failed=1)
        told(result, "coarse: picture BROKEN: ", f"main ({main}) with its own model: PASSED: ")


def test_base_and_head_share_the_memory(project, model, yard, gate, told, monkeypatch):
    """A base whose model is larger needs more than the head did."""
    write_toy(model, shade=0.8)
    write_toy(project.path / "models" / "large", shade=0.9)
    (project.path / "models" / "large" / "extra.txt").write_bytes(bytes(100 << 20))
    project.ini(model="models/large")
    yard.commit("large")
    yard.git("branch", "--force", "main")
    project.ini(model="models/ours")
    monkeypatch.setattr(comparer, "available_memory_bytes", lambda: 600 << 20)
    result, outcome = gate()
    result.assert_outcomes(passed=1)
    told(result, "sdperf: coarse: base and head would need 744 MiB, and 600 MiB are left: one runs after the other")
    assert not outcome.comparison.side_by_side


def test_a_model_that_changed_since_it_was_recorded_is_compared_with_the_recorded_one(project, model, yard, told):
    project.record()
    write_toy(model, shade=0.8)
    at = yard.git("rev-parse", "HEAD")[:10]
    result = project.run("--sdperf-json=out.json")
    [outcome] = read((project.path / "out.json").read_text()).outcomes
    assert outcome.comparison.base.label == f"the recorded program ({at})"
    assert outcome.verdict.latency.models is not None
    told(
        result, "PASSED coarse: latency: ", f"from the recorded program ({at})'s ", "; the models differ: models/ours "
    )


def test_a_recorded_model_that_no_revision_has_is_not_taken_for_another(project, model, yard, told):
    write_toy(model, shade=0.7)
    project.record()
    write_toy(model, shade=0.8)
    project.run("--sdperf-json=out.json").assert_outcomes(failed=1)
    [outcome] = read((project.path / "out.json").read_text()).outcomes
    assert outcome.comparison is None
    assert outcome.verdict.latency.status.value == "INVALID ENVIRONMENT"


def test_a_changed_model_without_a_base_names_the_way(project, model, yard, told):
    project.record()
    write_toy(model, shade=0.8)
    result = project.run("--sdperf-escalate=off")
    result.assert_outcomes(failed=1)
    told(
        result,
        "coarse: latency INVALID ENVIRONMENT: the baseline was measured with model ",
        "; compare with a revision side by side by --sdperf-against=REV, or record it again with --sdperf-update=all",
    )
