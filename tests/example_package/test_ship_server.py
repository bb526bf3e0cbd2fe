"""The tests that ship-server's authors would write."""

import pytest

WORKLOAD = {"prompt": "sailing ship in storm by Rembrandt", "num_inference_steps": 4, "height": 64, "width": 96}


def test_as_delivered(sd_ship_server):
    sd_ship_server.check(**WORKLOAD)


@pytest.mark.sdperf(min_ssim=0.999, max_slowdown="50%")
def test_tiled(sd_ship_server_tiled):
    measured = sd_ship_server_tiled.measure(**WORKLOAD)
    assert set(measured.stages_s()) == {"text_encoder", "server", "rest"}


def test_on_a_gpu(sd_ship_server_gpu):
    sd_ship_server_gpu.check(**WORKLOAD)
