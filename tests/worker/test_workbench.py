import dataclasses
import gc
import itertools
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from pytest_sdperf import protocol
from pytest_sdperf.build_spec import BuildSpec
from pytest_sdperf.errors import CaseError, WorkerError
from pytest_sdperf.measurement import Usage
from pytest_sdperf.models.families.stable_diffusion import STABLE_DIFFUSION
from pytest_sdperf.worker import workbench
from pytest_sdperf.worker.pipeline_call import draw_latents
from pytest_sdperf.worker.workbench import Workbench, digest


@pytest.fixture
def harbour(numpy_project, monkeypatch):
    """The project's module, importable here; forgotten afterwards."""
    monkeypatch.syspath_prepend(numpy_project)
    monkeypatch.delitem(sys.modules, "harbour", raising=False)
    import harbour

    yield harbour
    sys.modules.pop("harbour", None)


@pytest.fixture
def ticks():
    """A clock that moves 10 ns with each look."""
    looks = itertools.count(0, 10)
    return lambda: next(looks)


@pytest.fixture
def built(harbour, ticks, make_case, tmp_path):
    """A workbench whose pipeline is built, and the answer to Build."""

    def built(factory="build", trees=(), **case):
        spec = BuildSpec.of(
            make_case(factory, **case),
            model_dir=None,
            model_digest="abc",
            cache_dir=str(tmp_path),
            picture_dir=str(tmp_path / "pictures"),
            trees=trees,
        )
        workbench = Workbench(ticks)
        return workbench, workbench.carry_out(protocol.Build(spec))

    return built


def test_libraries_that_were_imported_before_count_as_the_builds(harbour, make_case, tmp_path, monkeypatch):
    seen, looks = [], itertools.count(0, 10**10)
    harbour.import_libraries = lambda family: seen.append((family, gc.isenabled()))
    monkeypatch.setattr(workbench, "family_of_folder", lambda folder: f"family of {folder.name}")
    bench = Workbench(lambda: next(looks))
    answer = bench.carry_out(protocol.Preload("harbour:import_libraries", "/models/tiny"))
    assert isinstance(answer, protocol.Preloaded)
    assert seen == [("family of tiny", False)]
    spec = BuildSpec.of(
        make_case(), model_dir=None, model_digest="", cache_dir=str(tmp_path), picture_dir=str(tmp_path / "p")
    )
    startup_ns = bench.carry_out(protocol.Build(spec)).startup_ns
    assert list(startup_ns) == ["import", "load", "build"]
    assert 10**10 <= startup_ns["import"] < 2 * 10**10, "one look at the clock later"
    assert startup_ns["build"] <= 10**10
    assert gc.isenabled()


def test_the_collector_is_off_while_factory_and_libraries_are_imported_and_on_for_pictures(built, harbour, monkeypatch):
    seen = []
    denoise, build = harbour.Ship.denoise, harbour.build

    def watched_build(context):
        seen.append(("build", gc.isenabled()))
        return build(context)

    def watched_denoise(self, latents, text):
        seen.append(("denoise", gc.isenabled()))
        return denoise(self, latents, text)

    monkeypatch.setattr(harbour, "build", watched_build)
    monkeypatch.setattr(harbour.Ship, "denoise", watched_denoise)
    bench, _ = built()
    bench.carry_out(protocol.WarmUp((16, 24), 1))
    bench.carry_out(protocol.Generate((16, 24), 0, 2))
    assert set(seen) == {("build", False), ("denoise", True)}


def test_build_tells_cold_start_and_surroundings(built):
    _, answer = built()
    assert list(answer.startup_ns) == ["import", "load", "build"]
    assert all(spent >= 0 for spent in answer.startup_ns.values())
    assert answer.scheduler == ""
    assert "numpy" in answer.packages
    assert answer.python
    assert isinstance(answer.variables, dict)


def test_time_outside_the_named_phases_is_called_build(built, harbour, monkeypatch):
    monkeypatch.setattr("time.perf_counter_ns", lambda: 0)  # the phases' clock stands still
    _, answer = built()
    assert answer.startup_ns == {"import": 0, "load": 0, "build": 10}


def warmed(workbench):
    return workbench.carry_out(protocol.WarmUp((16, 24), 1))


def test_the_factorys_file_is_told_though_it_lies_outside_the_trees(built, numpy_project):
    assert warmed(built()[0]).modules == {"harbour": str(numpy_project / "harbour.py")}


def test_modules_below_the_trees_are_told(built, numpy_project, tmp_path, monkeypatch):
    (numpy_project / "rigging.py").write_text("")
    monkeypatch.delitem(sys.modules, "rigging", raising=False)
    __import__("rigging")
    (tmp_path / "link").symlink_to(numpy_project)
    modules = warmed(built(trees=(str(tmp_path / "link"), str(tmp_path / "nothing")))[0]).modules
    assert modules == {name: str(numpy_project / f"{name}.py") for name in ("harbour", "rigging")}
    sys.modules.pop("rigging")


def test_what_the_first_picture_imports_is_told(built, harbour, numpy_project, monkeypatch):
    (numpy_project / "late.py").write_text("")
    monkeypatch.delitem(sys.modules, "late", raising=False)
    draw = harbour.Ship.__call__

    def importing(self, *args, **kwargs):
        __import__("late")
        return draw(self, *args, **kwargs)

    monkeypatch.setattr(harbour.Ship, "__call__", importing)
    assert warmed(built(trees=(str(numpy_project),))[0]).modules["late"] == str(numpy_project / "late.py")
    sys.modules.pop("late")


def test_a_factory_from_a_module_without_a_file_has_none(harbour, make_case, tmp_path, monkeypatch):
    module = ModuleType("made_up")
    module.build = harbour.build
    monkeypatch.setitem(sys.modules, "made_up", module)
    case = make_case()
    case = dataclasses.replace(case, variant=dataclasses.replace(case.variant, factory="made_up:build"))
    spec = BuildSpec.of(case, model_dir=None, model_digest="", cache_dir=str(tmp_path), picture_dir="")
    workbench = Workbench()
    workbench.carry_out(protocol.Build(spec))
    assert warmed(workbench).modules == {"made_up": ""}


def test_scheduler_is_named_by_its_class(built, harbour, monkeypatch):
    class PNDMScheduler:
        pass

    monkeypatch.setattr(harbour.Ship, "scheduler", PNDMScheduler(), raising=False)
    assert built()[1].scheduler == "PNDMScheduler"


def test_context_says_what_the_case_says(harbour, ticks, make_case, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(harbour, "build", lambda context: seen.append(context) or harbour.Ship())
    case = make_case(sizes=((16, 24), (8, 8)))
    (tmp_path / "model_index.json").write_text('{"_class_name": "StableDiffusionPipeline"}')
    spec = BuildSpec.of(
        case, model_dir=str(tmp_path), model_digest="abc", cache_dir=str(tmp_path / "c"), picture_dir=str(tmp_path)
    )
    Workbench(ticks).carry_out(protocol.Build(spec))
    (context,) = seen
    assert (context.model_dir, context.model_digest, context.cache_dir) == (tmp_path, "abc", tmp_path / "c")
    assert context.sizes == ((16, 24), (8, 8))
    assert context.scheduler == "default"
    assert dict(context.params) == dict(case.variant.params)


def test_stages_and_rest_add_up_to_the_total(built):
    workbench, _ = built()
    answer = workbench.carry_out(protocol.Generate((16, 24), 0, 2))
    for timing in answer.images:
        # 5 stage calls of two looks each lie between the two looks of the whole: 11 steps of 10 ns.
        assert timing.total_ns == 110
        assert timing.stages_ns == {"text_encoder": [10], "unet": [10, 10, 10], "vae_decode": [10]}
        assert timing.rest_ns == 60
        assert timing.rest_ns + sum(map(sum, timing.stages_ns.values())) == timing.total_ns


def test_stages_that_exceed_the_total_are_an_error(built, monkeypatch):
    workbench, _ = built()
    monkeypatch.setattr(type(workbench._bench.timer), "calls_ns", {"unet": [111]})
    with pytest.raises(WorkerError) as caught:
        workbench.carry_out(protocol.Generate((16, 24), 0, 1))
    assert str(caught.value) == (
        "the stages of a picture take 111 ns, the whole picture 110 ns [harbour:build]. "
        "Stages must not run at the same time: correct sdperf_stages()."
    )
    monkeypatch.setattr(type(workbench._bench.timer), "calls_ns", {"unet": [110]})
    assert workbench.carry_out(protocol.Generate((16, 24), 0, 1)).images[0].rest_ns == 0


def test_only_the_pipelines_work_is_timed(built, harbour, monkeypatch):
    looks = []
    workbench, _ = built()
    workbench._bench.clock_ns = lambda: looks.append("look") or len(looks)
    monkeypatch.setattr(harbour.Ship, "__call__", lambda self, **kwargs: looks.append("call") or np.zeros((1, 8, 8, 3)))
    monkeypatch.setattr("pytest_sdperf.worker.built_pipeline.as_wanted", lambda *a, **k: looks.append("arguments"))
    monkeypatch.setattr("pytest_sdperf.worker.built_pipeline.pixels", lambda a, size: looks.append("pixels") or a)
    monkeypatch.setattr("pytest_sdperf.worker.workbench.as_picture", lambda a: looks.append("picture") or a)
    workbench.carry_out(protocol.Generate((8, 8), 0, 1))
    assert looks == ["arguments", "look", "call", "pixels", "look", "picture"]


def test_warm_up_tells_each_pictures_time(built):
    workbench, _ = built()
    assert workbench.carry_out(protocol.WarmUp((16, 24), 2)).spent_ns == [110, 110]


def test_garbage_is_collected_once_after_warming_up_and_the_collector_stays_on(built, monkeypatch):
    workbench, _ = built()
    collected = []
    monkeypatch.setattr("pytest_sdperf.worker.workbench.gc.collect", lambda: collected.append(gc.isenabled()))
    workbench.carry_out(protocol.WarmUp((16, 24), 2))
    workbench.carry_out(protocol.Generate((16, 24), 0, 3))
    assert collected == [True]


def test_usage_is_what_happened_during_the_timed_pictures(built, monkeypatch):
    workbench, _ = built()
    seen = iter([(10, 1), (12, 1), (20, 5), (21, 8)])
    monkeypatch.setattr("pytest_sdperf.worker.environment.usage_so_far", lambda: next(seen))
    assert workbench.carry_out(protocol.Generate((16, 24), 0, 2)).usage == Usage(3, 3)


def test_timed_and_drawn_pictures_are_the_same_to_the_bit(built, tmp_path):
    workbench, _ = built(prompts=("a ship", "a storm"))
    generated = workbench.carry_out(protocol.Generate((16, 24), 0, 2))
    drawn = workbench.carry_out(protocol.Draw((16, 24), 0))
    other = workbench.carry_out(protocol.Draw((16, 24), 1))
    assert generated.sha256 == [drawn.sha256] * 2
    assert other.sha256 != drawn.sha256
    assert (generated.path, other.path) == tuple(str(tmp_path / "pictures" / f"16x24-{n}.npy") for n in (0, 1))
    picture = np.load(generated.path, allow_pickle=False)
    assert (picture.shape, picture.dtype) == ((16, 24, 3), np.float32)
    assert digest(picture) == generated.sha256[0]
    assert sorted(p.name for p in (tmp_path / "pictures").iterdir()) == ["16x24-0.npy", "16x24-1.npy"]
    assert 0 < generated.library_rss_bytes < generated.peak_rss_bytes


def test_the_first_picture_that_is_not_the_same_is_kept_too(built, harbour, tmp_path, monkeypatch):
    scales = iter([1.0, 1.0, 0.9, 0.8])
    draw = harbour.Ship.__call__

    def drifting(self, **kwargs):
        self.scale = next(scales)
        return draw(self, **kwargs)

    monkeypatch.setattr(harbour.Ship, "__call__", drifting)
    workbench, _ = built()
    generated = workbench.carry_out(protocol.Generate((16, 24), 0, 4))
    assert generated.other_path == str(tmp_path / "pictures" / "16x24-0-other.npy")
    assert digest(np.load(generated.path)) == generated.sha256[0] == generated.sha256[1]
    assert digest(np.load(generated.other_path)) == generated.sha256[2]


def test_nothing_else_is_kept_where_all_repeat(built):
    workbench, _ = built()
    assert workbench.carry_out(protocol.Generate((16, 24), 0, 3)).other_path == ""


@pytest.mark.parametrize("said", [[True], [False]])
def test_a_picture_that_a_safety_checker_replaced_is_told(built, harbour, monkeypatch, said):
    answer = SimpleNamespace(images=np.zeros((1, 16, 24, 3), np.float32), nsfw_content_detected=said)
    monkeypatch.setattr(harbour.Ship, "__call__", lambda self, **kwargs: answer)
    workbench, _ = built(prompts=("a ship", "a storm"))
    assert workbench.carry_out(protocol.Generate((16, 24), 0, 1)).is_filtered is said[0]
    assert workbench.carry_out(protocol.Draw((16, 24), 1)).is_filtered is said[0]


def test_a_chain_is_kept_and_followed(built, tmp_path):
    workbench, _ = built()
    path = str(tmp_path / "a" / "chain.zip")
    plain = workbench.carry_out(protocol.Draw((16, 24), 0))
    assert workbench.carry_out(protocol.Draw((16, 24), 0, path)).sha256 == plain.sha256
    answer = workbench.carry_out(protocol.Follow((16, 24), 0, path))
    assert (answer.chain.key, answer.chain.picture_db, answer.not_followed) == ("16x24/0", None, "")
    assert [(s.stage, s.calls, s.reference_calls) for s in answer.chain.stages][1] == ("unet", 3, 3)


def test_a_pipeline_that_cannot_go_on_with_another_ones_values(built, tmp_path, monkeypatch, harbour):
    workbench, _ = built()
    path = str(tmp_path / "chain.zip")
    workbench.carry_out(protocol.Draw((16, 24), 0, path))

    def sinking(self, **kwargs):
        raise ValueError("hull breach\nat the bow")

    monkeypatch.setattr(harbour.Ship, "__call__", sinking)
    answer = workbench.carry_out(protocol.Follow((16, 24), 0, path))
    assert answer == protocol.Followed(not_followed="it does not draw with the values of another one (hull breach)")


def test_variables_are_those_before_a_library_sets_its_own(harbour, make_case, monkeypatch):
    monkeypatch.setenv("OMP_DYNAMIC", "true")
    monkeypatch.delenv("KMP_INIT_AT_FORK", raising=False)
    workbench = Workbench()
    monkeypatch.setattr(harbour, "build", lambda context: monkeypatch.setenv("KMP_INIT_AT_FORK", "0") or harbour.Ship())
    spec = BuildSpec.of(make_case(), model_dir=None, model_digest="", cache_dir="c", picture_dir="p")
    variables = workbench.carry_out(protocol.Build(spec)).variables
    assert variables["OMP_DYNAMIC"] == "true"
    assert "KMP_INIT_AT_FORK" not in variables


def test_cpus_are_those_before_a_library_binds_the_main_thread(built, monkeypatch):
    monkeypatch.setattr("pytest_sdperf.worker.environment.usable_cpus", lambda: [3, 5])
    workbench, _ = built()
    monkeypatch.setattr("pytest_sdperf.worker.environment.usable_cpus", lambda: [3])
    assert workbench.carry_out(protocol.Generate((16, 24), 0, 1)).cpus == [3, 5]


def test_the_pipeline_is_called_like_one_of_diffusers(built, harbour, monkeypatch):
    calls = []
    monkeypatch.setattr(harbour.Ship, "__call__", lambda self, **kwargs: calls.append(kwargs) or np.zeros((8, 8, 3)))
    workbench, _ = built(prompts=("a ship", "a storm"))
    workbench.carry_out(protocol.Draw((16, 24), 1))
    latents = calls[0].pop("latents")
    assert calls == [
        {
            "prompt": "a storm",
            "num_inference_steps": 3,
            "guidance_scale": 7.5,
            "height": 16,
            "width": 24,
            "output_type": "np",
        }
    ]
    np.testing.assert_array_equal(latents, draw_latents(0, STABLE_DIFFUSION.latents, 16, 24))


def test_a_picture_of_the_wrong_shape_is_kept_for_the_judge(built, harbour, monkeypatch):
    monkeypatch.setattr(harbour.Ship, "__call__", lambda self, **kwargs: np.zeros((1, 5, 7, 3)))
    workbench, _ = built()
    path = workbench.carry_out(protocol.Generate((16, 24), 0, 1)).path
    assert np.load(path).shape == (5, 7, 3)


def test_what_is_no_picture_is_an_error(built, harbour, monkeypatch):
    monkeypatch.setattr(harbour.Ship, "__call__", lambda self, **kwargs: "a drawing")
    workbench, _ = built()
    with pytest.raises(CaseError, match="the pipeline gave str instead of a picture"):
        workbench.carry_out(protocol.Generate((16, 24), 0, 1))


def test_evidence_counts_the_stages_of_the_timed_pictures(built):
    workbench, _ = built()
    workbench.carry_out(protocol.Generate((16, 24), 0, 1))
    evidence = workbench.carry_out(protocol.Prove()).evidence
    assert evidence.stage_calls == {"text_encoder": 1, "unet": 3, "vae_decode": 1}
    assert evidence.facts == {"paint": "numpy"}


def test_evidence_draws_the_first_prompt_at_the_first_size(built, monkeypatch):
    drawn = []
    workbench, _ = built(sizes=((16, 24), (8, 8)))
    monkeypatch.setattr(
        "pytest_sdperf.worker.workbench.collect_evidence",
        lambda pipeline, draw, calls: drawn.append(draw().shape) or drawn,
    )
    workbench.carry_out(protocol.Prove())
    assert drawn == [(16, 24, 3)]


def test_prepare_tells_what_it_spent(harbour, make_case, tmp_path):
    spec = BuildSpec.of(
        make_case(prepare="prepare"), model_dir=None, model_digest="abc", cache_dir=str(tmp_path), picture_dir="x"
    )
    answer = Workbench().carry_out(protocol.Prepare(spec))
    assert list(answer.spent_ns) == ["export"]
    assert (tmp_path / "exported").read_text() == "abc"


def test_call_gives_back_what_the_function_returns(harbour):
    assert Workbench().carry_out(protocol.Call("harbour:add", {"a": 1, "b": 2})) == protocol.Called(3)


@pytest.mark.parametrize(
    "command", [protocol.WarmUp((8, 8), 1), protocol.Generate((8, 8), 0, 1), protocol.Draw((8, 8), 0), protocol.Prove()]
)
def test_nothing_is_drawn_before_build(command):
    with pytest.raises(WorkerError, match=r"^there is no pipeline yet. Send Build first.$"):
        Workbench().carry_out(command)


def test_exit_is_not_for_the_workbench():
    with pytest.raises(WorkerError, match=r"^a worker cannot be asked for ending. Exit ends the process itself.$"):
        Workbench().carry_out(protocol.Exit())


def test_what_cannot_be_called_is_no_pipeline(built):
    with pytest.raises(CaseError) as caught:
        built("nothing")
    assert str(caught.value) == (
        "factory of variant 'ship' returned None, which cannot be called [harbour:nothing]. "
        "Return an object that is called like a diffusers pipeline."
    )


def test_a_prompt_that_the_tokenizer_cuts_off_is_refused_before_anything_is_drawn(built, harbour, monkeypatch):
    class Letters:
        model_max_length = 8

        def __call__(self, text):
            return SimpleNamespace(input_ids=["<", *text, ">"])

        def decode(self, letters):
            return "".join(letters)

    monkeypatch.setattr(harbour.Ship, "tokenizer", Letters(), raising=False)
    built(prompts=("a ship",))
    with pytest.raises(
        CaseError, match=r"^prompt 'a storm' has 9 tokens with start and end, Letters takes 8: 'm' would"
    ):
        built(prompts=("a ship", "a storm"))


def test_digest_tells_shapes_apart():
    flat = np.zeros((2, 6, 3), np.float32)
    assert digest(flat) == digest(flat.copy())
    assert digest(flat) != digest(flat.reshape(3, 4, 3))
