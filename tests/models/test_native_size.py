import json

import pytest

from pytest_sdperf.errors import ModelError
from pytest_sdperf.models.native_size import native_size


@pytest.fixture
def model(tmp_path):
    """A folder with the two configurations that say the size."""

    def model(unet, vae):
        for part, config in (("unet", unet), ("vae", vae)):
            (tmp_path / part).mkdir(exist_ok=True)
            data = config if isinstance(config, bytes) else json.dumps(config).encode()
            (tmp_path / part / "config.json").write_bytes(data)
        return tmp_path

    return model


@pytest.mark.parametrize(
    ("sample_size", "levels", "size"),
    [(64, 4, (512, 512)), (8, 4, (64, 64)), ([96, 64], 4, (768, 512)), (64, 1, (64, 64)), (128, 3, (512, 512))],
)
def test_the_unets_side_times_what_the_vae_halves(model, sample_size, levels, size):
    assert native_size(model({"sample_size": sample_size}, {"block_out_channels": [1] * levels, "more": 1})) == size


@pytest.mark.parametrize(
    ("unet", "vae", "part"),
    [
        ({}, {"block_out_channels": [1]}, "unet"),
        ({"sample_size": "64"}, {"block_out_channels": [1]}, "unet"),
        (b'{"sample_size": "\xff"}', {"block_out_channels": [1]}, "unet"),
        ({"sample_size": 64}, {}, "vae"),
        ({"sample_size": 64}, b"{", "vae"),
    ],
)
def test_a_model_that_does_not_say(model, unet, vae, part):
    folder = model(unet, vae)
    with pytest.raises(ModelError, match="the model's own picture size cannot be read") as raised:
        native_size(folder)
    assert raised.value.where == str(folder / part / "config.json")
    assert raised.value.cure == "Give height and width."


def test_a_model_without_configurations(tmp_path):
    with pytest.raises(ModelError, match="No such file"):
        native_size(tmp_path)
