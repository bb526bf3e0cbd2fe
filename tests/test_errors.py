import pytest

from pytest_sdperf import errors


def test_an_error_names_value_place_and_cure():
    error = errors.OptionError("'x' is no number", where="--sdperf-rounds", cure="Write 3.")
    assert str(error) == "'x' is no number [--sdperf-rounds]. Write 3."
    assert (error.what, error.where, error.cure) == ("'x' is no number", "--sdperf-rounds", "Write 3.")


def test_the_place_may_be_plain_from_the_value():
    assert str(errors.CaseError("seed=-1", cure="Ask for more.")) == "seed=-1. Ask for more."


def test_a_workers_error_carries_the_end_of_its_log():
    error = errors.WorkerError("it died", where="log: x", cure="Look.", log_tail="last words")
    assert (str(error), error.log_tail) == ("it died [log: x]. Look.", "last words")
    assert errors.WorkerError("it died", cure="Look.").log_tail == ""


@pytest.mark.parametrize("kind", [e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, Exception)])
def test_every_error_is_one_that_users_can_catch_at_once(kind):
    assert issubclass(kind, errors.SdperfError)
