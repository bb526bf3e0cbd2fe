"""Synthetic models with the real libraries: they load, draw, and are the same everywhere."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from pytest_sdperf.errors import CaseError, ModelError
from pytest_sdperf.models import bundled
from pytest_sdperf.models.digest import model_digest
from pytest_sdperf.models.families.stable_diffusion import STABLE_DIFFUSION
from pytest_sdperf.models.folder import check_folder, component_tensors
from pytest_sdperf.models.synthetic_shapes import SHAPES
from pytest_sdperf.models.vocabulary import END, START, merges, vocabulary
from pytest_sdperf.worker.pipeline_call import check_prompt_length

pytestmark = pytest.mark.full

TINY_DIGEST = "f14079fa8bcf2c788b6b7f8a2588da893d6c50fbf2c51b85e8f549b0a673c983"
"""The same on every machine and under every version of the libraries: stored baselines rely on it."""

SIZE = 64
PROMPT = "sailing ship in storm by Rembrandt"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """Built in a process of its own with one thread, so that threads cannot matter to the digest above."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    code = "import json, sys; from pytest_sdperf.models.synthetic import build; print(json.dumps(build(*sys.argv[1:])))"
    done = subprocess.run(
        [sys.executable, "-c", code, "tiny", str(folder)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    counts = json.loads(done.stdout.splitlines()[-1])["parameters"]
    assert counts == {"text_encoder": 170560, "unet": 3152644, "vae": 1028935}
    return folder


@pytest.fixture(scope="module")
def pipeline(tiny):
    import torch
    from diffusers import StableDiffusionPipeline

    pipe = StableDiffusionPipeline.from_pretrained(
        tiny,
        torch_dtype=torch.float32,
        use_safetensors=True,
        local_files_only=True,
        safety_checker=None,
        requires_safety_checker=False,
    )
    pipe.set_progress_bar_config(disable=True)
    # One thread: the model is tiny, and threads that wait for one another crawl on a busy machine.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield pipe
    torch.set_num_threads(threads)


def latents(seed: int = 0):
    import torch

    drawn = np.random.default_rng(seed).standard_normal((1, 4, SIZE // 8, SIZE // 8), dtype=np.float32)
    return torch.from_numpy(drawn)


def picture(pipe, *, steps: int = 20, seed: int = 0, prompt: str = PROMPT):
    out = pipe(prompt, num_inference_steps=steps, height=SIZE, width=SIZE, latents=latents(seed), output_type="np")
    return np.asarray(out.images[0])


def test_digest_is_the_same_everywhere(tiny):
    check_folder(tiny)
    assert model_digest(tiny) == TINY_DIGEST


def test_built_again_with_other_threads(tiny, tmp_path):
    from pytest_sdperf.models.synthetic import build

    build("tiny", str(tmp_path / "again"))
    assert model_digest(tmp_path / "again") == model_digest(tiny)


def test_a_bundle_is_unpacked_into_float32(tiny, tmp_path):
    from safetensors.numpy import load_file, save_file

    bundle, folder = tmp_path / "bundle", tmp_path / "model"
    shutil.copytree(tiny, bundle)
    halves = {}
    for component, stem in STABLE_DIFFUSION.weights.items():
        file = bundle / component / f"{stem}.safetensors"
        halves[component] = {name: t.astype(np.float16) for name, t in load_file(file).items()}
        save_file(halves[component], file, metadata={"format": "pt"})
    files = [p for p in bundle.rglob("*") if p.is_file()]
    digests = {p.relative_to(bundle).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}
    (bundle / bundled.DIGESTS).write_text(json.dumps(digests))
    counts = bundled.build(str(folder), str(bundle))["parameters"]
    assert counts == {"text_encoder": 170560, "unet": 3152644, "vae": 1028935}
    check_folder(folder)
    assert not (folder / bundled.DIGESTS).exists()
    for component, stem in STABLE_DIFFUSION.weights.items():
        unpacked = load_file(folder / component / f"{stem}.safetensors")
        assert {t.dtype for t in unpacked.values()} == {np.dtype(np.float32)}
        assert all(np.array_equal(t, halves[component][name]) for name, t in unpacked.items())


def test_our_reader_and_the_librarys_agree(tiny):
    from safetensors import safe_open

    for component, stem in STABLE_DIFFUSION.weights.items():
        file = tiny / component / f"{stem}.safetensors"
        content = file.read_bytes()
        ours = {
            t.name: np.frombuffer(content[t.offset : t.offset + t.size], "<f4")
            for t in component_tensors(tiny, component, stem)
        }
        with safe_open(file, "numpy") as opened:
            assert set(opened.keys()) == set(ours)
            assert all(np.array_equal(opened.get_tensor(name).ravel(), ours[name]) for name in ours)


def test_sd15_has_the_published_number_of_parameters():
    import torch
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    shapes = SHAPES["sd15"].configs
    with torch.device("meta"):
        unet = UNet2DConditionModel.from_config(shapes["unet"])
        vae = AutoencoderKL.from_config(shapes["vae"])
        text_encoder = CLIPTextModel(CLIPTextConfig(**shapes["text_encoder"]))
    assert unet.num_parameters() == 859_520_964
    assert vae.num_parameters() == 83_653_863
    assert text_encoder.num_parameters() == 123_060_480


def test_noise_prediction_has_unit_spread(pipeline):
    import torch

    tokens = pipeline.tokenizer(PROMPT, padding="max_length", max_length=77, return_tensors="pt")
    with torch.no_grad():
        embeddings = pipeline.text_encoder(tokens.input_ids)[0]
        for step in (981, 501, 1):
            noise = pipeline.unet(latents(), step, embeddings).sample
            assert noise.std().item() == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_pictures_use_the_range(pipeline, seed):
    drawn = picture(pipeline, seed=seed)
    assert drawn.shape == (SIZE, SIZE, 3)
    assert 0.17 < drawn.std() < 0.27
    assert 0.4 < drawn.mean() < 0.6
    assert ((drawn == 0) | (drawn == 1)).mean() < 0.1


def test_pictures_repeat_and_react(pipeline):
    from diffusers import DPMSolverMultistepScheduler
    from skimage.metrics import peak_signal_noise_ratio

    def psnr_db(other):
        return peak_signal_noise_ratio(drawn, other, data_range=1)

    drawn = picture(pipeline)
    assert np.array_equal(drawn, picture(pipeline))
    assert psnr_db(picture(pipeline, steps=19)) < 40
    assert psnr_db(picture(pipeline, prompt="a red apple")) < 25
    assert psnr_db(picture(pipeline, seed=1)) < 15
    kept = pipeline.scheduler
    pipeline.scheduler = DPMSolverMultistepScheduler.from_config(kept.config)
    try:
        assert psnr_db(picture(pipeline)) < 40
    finally:
        pipeline.scheduler = kept


def test_scheduler_is_sd15s(pipeline):
    scheduler = pipeline.scheduler
    assert type(scheduler).__name__ == "PNDMScheduler"
    scheduler.set_timesteps(20)
    assert len(scheduler.timesteps) == 21
    assert scheduler.timesteps[0].item() == 951
    assert scheduler.timesteps[-1].item() == 1


@pytest.mark.parametrize("text", [PROMPT, "", "naïve café 北京 🚢 \x01 don't", "0123456789 !?#"])
def test_any_text_can_be_tokenised(pipeline, text):
    ids = vocabulary(merges())
    tokens = pipeline.tokenizer(text).input_ids
    assert (tokens[0], tokens[-1]) == (ids[START], ids[END])
    # The end token is also the unknown one: it may stand at the end only.
    assert ids[END] not in tokens[:-1]
    decoded = pipeline.tokenizer.decode(tokens, skip_special_tokens=True)
    assert decoded.replace(" ", "") == text.lower().replace(" ", "")


def test_merges_shorten_words(pipeline):
    assert len(pipeline.tokenizer("then").input_ids) == 4


def test_a_long_prompt_is_cut_to_77(pipeline):
    out = pipeline.tokenizer("x " * 100, padding="max_length", max_length=77, truncation=True)
    assert len(out.input_ids) == 77


def test_a_prompt_that_would_be_cut_is_refused(pipeline):
    fits = " ".join(["a"] * 75)
    check_prompt_length(pipeline, [fits], STABLE_DIFFUSION)
    with pytest.raises(CaseError) as caught:
        check_prompt_length(pipeline, [PROMPT, f"{fits} He"], STABLE_DIFFUSION)
    assert str(caught.value) == (
        "prompt 'a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a…' has 78 tokens with start and end, "
        "CLIPTokenizer takes 77: 'he' would be cut off and not drawn [prompt]. "
        "Shorten the prompt by 1 token or more."
    )


def test_openvino_exports_and_draws_the_same(tiny, pipeline, monkeypatch):
    monkeypatch.setenv("CI", "true")  # importing openvino sends telemetry otherwise
    from optimum.intel import OVStableDiffusionPipeline
    from skimage.metrics import peak_signal_noise_ratio

    exported = OVStableDiffusionPipeline.from_pretrained(
        tiny,
        export=True,
        load_in_8bit=False,
        ov_config={"INFERENCE_PRECISION_HINT": "f32"},
        safety_checker=None,
        requires_safety_checker=False,
    )
    exported.set_progress_bar_config(disable=True)
    assert peak_signal_noise_ratio(picture(pipeline, steps=4), picture(exported, steps=4), data_range=1) > 60


def test_hub_that_cannot_be_reached(tmp_path):
    code = (
        "from pytest_sdperf.errors import ModelError\n"
        "from pytest_sdperf.models.hub import download\n"
        "try: download('org/name', 'main')\n"
        "except ModelError as error: print(error)\n"
    )
    # Port 9 (discard) of this machine: nothing listens, nothing leaves the machine.
    env = {
        **os.environ,
        "HF_ENDPOINT": "http://127.0.0.1:9",
        "HF_HOME": str(tmp_path),
        "no_proxy": "*",
        "NO_PROXY": "*",
    }
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert "hub model 'org/name@main' is not in the cache and the hub cannot be reached" in done.stdout
    assert "Connect to the network" in done.stdout


def test_hub_offline_mode(tmp_path, monkeypatch):
    from pytest_sdperf.models import hub

    def refuse(*args, **kwargs):
        from huggingface_hub.errors import OfflineModeIsEnabled

        raise OfflineModeIsEnabled("offline mode is enabled")

    monkeypatch.setattr("huggingface_hub.snapshot_download", refuse)
    with pytest.raises(ModelError, match=r"the hub cannot be reached \(offline mode is enabled\)"):
        hub.download("org/name")
