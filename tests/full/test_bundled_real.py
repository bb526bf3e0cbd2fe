"""The bundled model with the real libraries: it draws what it is told, and a fault shows."""

from __future__ import annotations

import numpy as np
import pytest

from pytest_sdperf.models import bundled
from pytest_sdperf.models.folder import check_folder

pytestmark = pytest.mark.full


@pytest.fixture(scope="module")
def draw(tmp_path_factory):
    """draw(prompt) -> (128, 128, 3), 0 to 1; always from the same latents."""
    import torch
    from diffusers import StableDiffusionPipeline

    folder = tmp_path_factory.mktemp("models") / "bundled"
    bundled.build(str(folder))
    check_folder(folder)
    pipeline = StableDiffusionPipeline.from_pretrained(folder, use_safetensors=True, local_files_only=True)
    pipeline.set_progress_bar_config(disable=True)
    latents = np.random.default_rng(0).standard_normal((1, 4, 16, 16), dtype=np.float32)

    def draw(prompt, **keywords):
        drawn = pipeline(
            prompt, latents=torch.from_numpy(latents), output_type="np", num_inference_steps=20, **keywords
        )
        return drawn.images[0]

    # One thread: the model is small, and threads that wait for one another crawl on a busy machine.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield draw
    torch.set_num_threads(threads)


def test_weather_and_painter_are_as_told(draw):
    night, snow = (draw(f"castle in {weather} by Vermeer") for weather in ("night", "snow"))
    assert night.mean() < snow.mean() - 0.2
    rembrandt, hokusai = (draw(f"castle in calm by {painter}") for painter in ("Rembrandt", "Hokusai"))
    # Rembrandt's palette is brown, Hokusai's blue: red less blue
    assert (rembrandt[..., 0] - rembrandt[..., 2]).mean() > (hokusai[..., 0] - hokusai[..., 2]).mean() + 0.1


def test_the_same_request_is_the_same_picture_and_another_is_not(draw):
    ship = draw("sailing ship in storm by Rembrandt")
    assert np.array_equal(ship, draw("sailing ship in storm by Rembrandt"))
    assert np.abs(ship - draw("windmill in storm by Rembrandt")).mean() > 0.02


def test_it_learned_to_be_guided(draw):
    """Without guidance the caption says less: the picture is nearer to that of no caption."""
    nothing, told, guided = (
        draw(p, guidance_scale=g) for p, g in (("", 1.0), ("tree in fog by Monet", 1.0), ("tree in fog by Monet", 7.5))
    )
    assert np.abs(told - nothing).mean() < np.abs(guided - nothing).mean()
