"""The garbage collector is off inside, and as it was outside."""

import gc

import pytest

from pytest_sdperf.worker.collector import collector_off


@pytest.fixture(autouse=True)
def _as_before():
    was_on = gc.isenabled()
    yield
    (gc.enable if was_on else gc.disable)()


@pytest.mark.parametrize("was_on", [True, False])
def test_it_is_as_it_was_afterwards(was_on):
    (gc.enable if was_on else gc.disable)()
    with collector_off():
        assert not gc.isenabled()
    assert gc.isenabled() is was_on


def test_it_is_on_again_after_an_error():
    gc.enable()
    with pytest.raises(ValueError, match="no such library"), collector_off():
        raise ValueError("no such library")
    assert gc.isenabled()
