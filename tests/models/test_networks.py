import pytest

from pytest_sdperf.models.folder import WEIGHTS
from pytest_sdperf.models.networks import NETWORKS, AutoencoderKL, AutoencoderTiny, CLIPTextModel, UNet2DConditionModel


def unet(**changes):
    shape = {"in_channels": 4, "out_channels": 5, "block_out_channels": [320, 640], "cross_attention_dim": 768}
    return UNet2DConditionModel(**{**shape, **changes})


def test_every_component_with_weights_has_its_networks():
    assert list(NETWORKS) == list(WEIGHTS)


def test_text_encoder():
    told = CLIPTextModel(hidden_size=768, vocab_size=49408).tensors
    assert told == {"*embeddings.token_embedding.weight": (49408, 768)}


@pytest.mark.parametrize(("widths", "told"), [(768, 768), ([768, 768], None)])
def test_unet(widths, told):
    assert unet(cross_attention_dim=widths).tensors == {
        "conv_in.weight": (320, 4, 3, 3),
        "conv_out.weight": (5, 320, 3, 3),
        "*.attn2.to_k.weight": (None, told),
    }


def test_unet_with_other_kernels():
    tensors = unet(conv_in_kernel=1, conv_out_kernel=5).tensors
    assert tensors["conv_in.weight"] == (320, 4, 1, 1)
    assert tensors["conv_out.weight"] == (5, 320, 5, 5)


def test_vae():
    assert AutoencoderKL(latent_channels=4, out_channels=3, block_out_channels=[128, 256, 512]).tensors == {
        "decoder.conv_in.weight": (512, 4, 3, 3),
        "decoder.conv_out.weight": (3, 128, 3, 3),
    }


def test_tiny_vae():
    tensors = AutoencoderTiny(latent_channels=4, decoder_block_out_channels=[64, 32]).tensors
    assert tensors == {"decoder.layers.0.weight": (64, 4, 3, 3)}
