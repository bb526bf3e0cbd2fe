"""What the unit tests of the plugin share."""

import pytest

from pytest_sdperf.plugin.results import Results


@pytest.fixture
def results():
    """The outcomes of a session, of which there are none yet."""
    results = Results()
    yield results
    results.home.close()
