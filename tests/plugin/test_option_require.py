"""--sdperf-require: a skip for that reason becomes a failure."""

import pytest

WHALE = """
    import pytest
    def test_whale(sd_whale):
        sd_whale.check()

    @pytest.mark.requires_cores(100_000)
    def test_cores():
        pass
"""


@pytest.fixture
def needy(project):
    project.test(WHALE)
    return project


def test_by_default_what_is_lacking_skips(needy):
    needy.run().assert_outcomes(skipped=2)


@pytest.mark.parametrize("name", ["package", "no-such-whale", "No_Such.Whale", "package:no-such-whale>=2"])
def test_a_name_of_the_requirement_fails(needy, told, name):
    result = needy.run(f"--sdperf-require={name}")
    result.assert_outcomes(errors=1, skipped=1)
    told(result, "needs package:no-such-whale>=2", f"[--sdperf-require={name} makes this a failure]")


def test_all(needy):
    needy.run("--sdperf-require=all").assert_outcomes(errors=2)


def test_what_is_there_is_no_failure(project):
    project.run("--sdperf-require=all", "--sdperf-update=new").assert_outcomes(passed=1)


def test_ini_and_command_line_over_it(needy):
    needy.ini(require="cores")
    needy.run().assert_outcomes(errors=1, skipped=1)
    needy.run("--sdperf-require=amx").assert_outcomes(skipped=2)


def test_something_unknown_is_a_usage_error(needy, told):
    result = needy.run("--sdperf-require=amx,coers")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told(
        result,
        "'coers' is not a valid requirement [--sdperf-require]. Did you mean 'cores'? Known are: ",
        "no-such-whale",
    )
    needy.ini(require="whale")
    assert needy.run().ret == pytest.ExitCode.USAGE_ERROR


def test_what_only_a_test_requires_is_known(project):
    project.test("""
        import pytest
        @pytest.mark.requires_package("kraken")
        @pytest.mark.requires_isa("avx9000")
        def test_it():
            pass
        @pytest.mark.requires_package("kraken")
        @pytest.mark.requires_isa()
        def test_too():
            pass
    """)
    project.run("--sdperf-require=kraken").assert_outcomes(errors=2)
    assert project.run("--sdperf-require=krake").ret == pytest.ExitCode.USAGE_ERROR


def test_nothing_named(needy, told):
    told(needy.run("--sdperf-require= , "), "' , ' names nothing [--sdperf-require].")
