"""Words on the regime of the machine."""

from pytest_sdperf.other_regime import OtherRegime
from pytest_sdperf.report.regime_text import regime_clause


def test_nothing_is_said_of_the_usual_one():
    assert regime_clause(None) == ""


def test_pictures_that_could_not_be_had():
    assert regime_clause(OtherRegime(2, 15, 384.4, 86)) == (
        "; 2 of 15 pictures could not be drawn in the machine's usual regime (a round trip between two of its CPUs took "
        "384 ns, usually 86 ns)"
    )
