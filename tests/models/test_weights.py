from __future__ import annotations

import hashlib

import numpy as np
import pytest

from pytest_sdperf.models.weights import draw


def test_stays_what_it_was():
    """Fails when a kept model would silently become another one: change SEED together with this."""
    tensor = draw("tiny/unet", "conv_in.weight", (3, 5), 1.5)
    assert tensor.dtype == np.float32
    assert (
        hashlib.sha256(tensor.tobytes()).hexdigest()
        == "8c956f0c8de75f9353ce2f2c784fdc916cb895f29e7617c8778eed3245370580"
    )


def test_name_model_and_nothing_else_are_the_seed():
    one = draw("a", "x.weight", (4, 4))
    assert np.array_equal(one, draw("a", "x.weight", (4, 4)))
    assert not np.array_equal(one, draw("b", "x.weight", (4, 4)))
    assert not np.array_equal(one, draw("a", "y.weight", (4, 4)))


@pytest.mark.parametrize("shape", [(64, 512), (32, 64, 3, 3), (7, 3)])
def test_variance_is_the_inverse_of_the_fan_in(shape):
    fan_in = int(np.prod(shape[1:]))
    tensor = draw("m", "w.weight", shape) * np.sqrt(fan_in)
    assert np.abs(tensor).max() <= np.sqrt(3) * (1 + 1e-6)
    if tensor.size > 1000:
        assert tensor.std() == pytest.approx(1, abs=0.02)
        assert tensor.mean() == pytest.approx(0, abs=0.02)


def test_scale():
    assert np.allclose(draw("m", "w.weight", (8, 8), 2.0), 2 * draw("m", "w.weight", (8, 8)))


def test_embeddings_have_unit_variance():
    assert draw("m", "text_model.embeddings.token_embedding.weight", (100, 64)).std() == pytest.approx(1, abs=0.02)


def test_norms_and_biases():
    assert draw("m", "norm1.weight", (3,)).tolist() == [1, 1, 1]
    assert draw("m", "norm1.bias", (2,)).tolist() == [0, 0]
