"""Exporting once, complete or not at all; loading and compiling what was exported. With optimum-intel stood in for."""

import sys
import threading
from types import ModuleType, SimpleNamespace

import pytest

from pytest_sdperf.errors import CaseError, ModelError
from pytest_sdperf.variants import openvino, openvino_static, optimum_pipeline
from pytest_sdperf.variants.optimum_pipeline import export_key, exported_folder, prepare

DIGEST = "0123456789abcdef" * 4


class Part:
    def __init__(self, model):
        self.model = model
        self.request = None

    def forward(self):
        return self.request


class Model:
    """An ov.Model: reshape works in place, a clone is one of its own."""

    def __init__(self, shape="?"):
        self.shape = shape

    def clone(self):
        return Model(self.shape)


class Pipeline:
    """An OVStableDiffusionPipeline."""

    def __init__(self):
        self.text_encoder, self.unet, self.vae_decoder = Part(Model()), Part(Model()), Part(Model())
        self.scheduler = SimpleNamespace(config={})
        self.tokenizer = object()
        self.compilations = []
        self.drawn = []

    def set_progress_bar_config(self, *, disable):
        self.quiet = disable

    def reshape(self, *, batch_size, height, width, num_images_per_prompt):
        assert (batch_size, num_images_per_prompt) == (1, 1)
        for part in (self.text_encoder, self.unet, self.vae_decoder):
            part.model.shape = (height, width)
            part.request = None

    def compile(self):
        for name in ("text_encoder", "unet", "vae_decoder"):
            part = getattr(self, name)
            if part.request is None:
                part.request = f"{name} compiled for {part.model.shape}"
                self.compilations.append(part.request)

    def __call__(self, **kwargs):
        self.drawn.append((self.unet.request, self.vae_decoder.request, self.unet.model.shape))
        return kwargs


@pytest.fixture
def loaded(monkeypatch, tmp_path):
    """What from_pretrained was asked for, and what it gave."""
    asked = []

    def from_pretrained(folder, **kwargs):
        asked.append(SimpleNamespace(folder=folder, kwargs=kwargs, pipeline=Pipeline()))
        return asked[-1].pipeline

    intel = ModuleType("optimum.intel")
    intel.OVStableDiffusionPipeline = SimpleNamespace(from_pretrained=from_pretrained)
    monkeypatch.setitem(sys.modules, "optimum", ModuleType("optimum"))
    monkeypatch.setitem(sys.modules, "optimum.intel", intel)
    monkeypatch.setattr(optimum_pipeline, "exported_folder", lambda context: tmp_path / "exported")
    return asked


def test_openvino_compiles_once_for_every_size(loaded, context, tmp_path):
    told = context(params={"precision": "bf16"})
    pipeline = openvino.build(told)
    (asked,) = loaded
    assert asked.folder == tmp_path / "exported"
    assert asked.kwargs == {
        "export": False,
        "compile": False,
        "dynamic_shapes": True,
        "ov_config": {"INFERENCE_PRECISION_HINT": "bf16"},
        "vae_encoder": None,
        "safety_checker": None,
        "local_files_only": True,
    }
    assert pipeline.compilations == ["text_encoder compiled for ?", "unet compiled for ?", "vae_decoder compiled for ?"]
    assert pipeline.quiet
    assert list(told.startup_ns) == ["import", "load", "compile"]


@pytest.mark.parametrize("params", [{}, {"precision": "auto"}, {"precision": "int8"}])
def test_refuses_to_leave_the_precision_open(loaded, context, params):
    with pytest.raises(CaseError) as error:
        openvino.build(context(params=params))
    assert str(error.value) == (
        f"precision={params.get('precision')!r} is not one that OpenVINO computes in [Variant.params]. "
        "Use one of: bf16, f16, f32, or `auto`."
    )


@pytest.fixture
def static(loaded, context):
    """A static pipeline of two sizes."""
    return openvino_static.build(context(params={"precision": "f32"}, sizes=((64, 64), (32, 96))))


def test_static_compiles_unet_and_vae_for_each_size(static, loaded):
    assert loaded[0].kwargs["dynamic_shapes"] is False
    assert static.pipeline.compilations == [
        "text_encoder compiled for (64, 64)",
        "unet compiled for (64, 64)",
        "vae_decoder compiled for (64, 64)",
        "unet compiled for (32, 96)",
        "vae_decoder compiled for (32, 96)",
    ]
    assert static.sdperf_compiled_models() == {
        "text_encoder": "text_encoder compiled for (64, 64)",
        "unet 64x64": "unet compiled for (64, 64)",
        "vae_decoder 64x64": "vae_decoder compiled for (64, 64)",
        "unet 32x96": "unet compiled for (32, 96)",
        "vae_decoder 32x96": "vae_decoder compiled for (32, 96)",
    }


def test_static_draws_each_size_with_its_own_models(static):
    for size in ((32, 96), (64, 64), (32, 96)):
        given = static(height=size[0], width=size[1], guidance_scale=7.5, prompt="ship", generator="seeded")
        asked = {"height": size[0], "width": size[1], "guidance_scale": 7.5, "prompt": "ship", "generator": "seeded"}
        assert given == asked
        assert static.pipeline.drawn[-1] == (f"unet compiled for {size}", f"vae_decoder compiled for {size}", size)


def test_static_refuses_a_size_that_was_not_built(static):
    with pytest.raises(CaseError) as error:
        static(height=96, width=32, guidance_scale=7.5)
    assert str(error.value) == (
        "no static pipeline was built for 96x32. Name that size in the case; built: 64x64, 32x96."
    )


def test_static_needs_guidance_above_one(static):
    with pytest.raises(CaseError, match=r"guidance_scale=1 draws without guidance, in batches of 1"):
        static(height=64, width=64, guidance_scale=1)
    static(height=64, width=64, guidance_scale=1.01)


def test_static_offers_stages_scheduler_and_tokenizer(static):
    inside = static.pipeline
    assert static.sdperf_stages() == {
        "text_encoder": (inside.text_encoder, "forward"),
        "unet": (inside.unet, "forward"),
        "vae_decode": (inside.vae_decoder, "forward"),
    }
    assert static.scheduler is inside.scheduler
    assert static.tokenizer is inside.tokenizer
    assert static.sdperf_latents == "torch"


@pytest.fixture
def optimum(libraries, monkeypatch):
    """A fake exporter that writes one file; what it was asked is in `.asked`."""
    exporter = ModuleType("optimum.exporters.openvino")
    exporter.asked = []
    exporter.fails = False

    def export_from_model(pipeline, folder, **kwargs):
        exporter.asked.append((type(pipeline).__name__, kwargs))
        folder.mkdir()
        (folder / "model_index.json").write_text("{")
        if exporter.fails:
            raise OSError(28, "No space left on device")
        (folder / "model_index.json").write_text("{}")

    exporter.export_from_model = export_from_model
    intel = ModuleType("optimum.intel")
    intel.OVConfig = lambda **kwargs: kwargs
    for name, module in {
        "optimum": ModuleType("optimum"),
        "optimum.exporters": ModuleType("optimum.exporters"),
        "optimum.exporters.openvino": exporter,
        "optimum.intel": intel,
    }.items():
        monkeypatch.setitem(sys.modules, name, module)
    return exporter


def test_exports_once(optimum, context):
    first = context()
    folder = exported_folder(first)
    assert (folder / "model_index.json").read_text() == "{}"
    assert list(first.startup_ns) == ["import", "load", "export"]
    second = context()
    assert exported_folder(second) == folder
    prepare(second)
    assert second.startup_ns == {}
    assert optimum.asked == [("DiffusersPipeline", {"task": "text-to-image", "ov_config": {"dtype": "fp32"}})]


def test_leaves_nothing_of_a_failed_export(optimum, context):
    optimum.fails = True
    with pytest.raises(ModelError, match="cannot be written.*No space left"):
        prepare(context())
    kept = context().cache_dir / "openvino"
    assert [path.name for path in kept.iterdir() if path.is_dir()] == []
    optimum.fails = False
    assert (exported_folder(context()) / "model_index.json").read_text() == "{}"


def test_clears_what_a_killed_export_left(optimum, context):
    partial = context().cache_dir / "openvino" / f"{export_key(DIGEST)}.partial"
    partial.mkdir(parents=True)
    (partial / "half.bin").write_bytes(b"0")
    assert [path.name for path in exported_folder(context()).iterdir()] == ["model_index.json"]


def test_two_at_once_export_once(optimum, context):
    contexts = [context(), context()]
    threads = [threading.Thread(target=prepare, args=(told,)) for told in contexts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(optimum.asked) == 1


def test_key_names_the_weights_and_depends_on_every_exporter(monkeypatch):
    versions = dict.fromkeys(optimum_pipeline._EXPORTERS, "1.0")
    monkeypatch.setattr(optimum_pipeline, "_version", versions.__getitem__)
    key = export_key(DIGEST)
    assert key.startswith("0123456789ab-")
    keys = {key, export_key("f" * 64)}
    for name in versions:
        monkeypatch.setitem(versions, name, "2.0")
        keys.add(export_key(DIGEST))
    assert len(keys) == 2 + len(versions)


def test_a_library_that_is_not_installed_is_part_of_the_key():
    assert optimum_pipeline._version("no-such-distribution") == "none"


@pytest.mark.parametrize("digest", ["", "abc", "../../../etc", "0123456789ab/..", "0123456789AB"])
def test_refuses_what_is_not_a_digest(digest):
    with pytest.raises(CaseError, match="is not the digest of a model"):
        export_key(digest)
