"""requires_amx, requires_isa, requires_cores, requires_memory, requires_package: each skip says what is lacking."""

import pytest

TEST = """
    import pytest
    @pytest.mark.{0}
    def test_needy():
        pass

    def test_other():
        pass
"""


@pytest.fixture
def needy(project, this_machine):
    """Run a test with one of the markers on a small, known machine."""
    this_machine(
        flags=frozenset({"avx2", "fma", "avx512f"}),
        isa_tier="avx2",
        microarchitecture="haswell",
        usable_cores=2,
        memory_bytes=4 << 30,
        arch="x86_64",
        system="Linux",
    )

    def needy(mark, *args, sdperf=False):
        project.test(TEST.format(mark))
        return project.run(*args, sdperf=sdperf)

    return needy


@pytest.mark.parametrize(
    ("mark", "reason"),
    [
        ("requires_amx", "needs amx: layer 1 (CPU flags) lacks amx_"),
        ("requires_isa('avx512_bf16')", "needs isa:avx512_bf16: layer 1 (CPU flags) lacks avx512_bf16"),
        ("requires_isa('avx512_bf16|amx')", "needs isa:avx512_bf16|amx: layer 1 (CPU flags)"),
        ("requires_cores(3)", "needs cores:3: affinity and cgroup quota leave 2 physical cores. Run on more cores"),
        ("requires_memory('16GiB')", "needs memory:16GiB: machine and cgroup limit leave 4.0 GiB of memory."),
        ("requires_package('no-such-whale>=2')", "needs package:no-such-whale>=2: this environment has no no-such"),
    ],
)
@pytest.mark.parametrize("sdperf", [False, True])
def test_what_is_lacking_skips_with_the_reason(needy, told, mark, reason, sdperf):
    result = needy(mark, sdperf=sdperf)
    result.assert_outcomes(skipped=1, passed=1)
    told(result, reason)


@pytest.mark.parametrize(
    "mark", ["requires_isa('avx2')", "requires_cores(2)", "requires_memory('4GiB')", "requires_package('pytest>=8')"]
)
def test_what_is_there_runs(needy, mark):
    needy(mark).assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("mark", "message"),
    [
        (
            "requires_isa",
            '@pytest.mark.requires_isa got nothing. Write it like @pytest.mark.requires_isa("avx512_bf16").',
        ),
        ("requires_isa('avx2', 'amx')", "@pytest.mark.requires_isa got ('avx2', 'amx'). Write it like"),
        (
            "requires_cores(n=4)",
            "@pytest.mark.requires_cores got {'n': 4}. Write it like @pytest.mark.requires_cores(8).",
        ),
        ("requires_amx('yes')", "@pytest.mark.requires_amx got ('yes',). Write it like @pytest.mark.requires_amx."),
        ("requires_isa('avx9000')", "requirement 'isa:avx9000': unknown isa 'avx9000'."),
        ("requires_memory('16')", "requirement 'memory:16': '16' has no unit. Write it like `memory:16GiB`."),
        ("requires_memory(16)", "requirement 'memory:16': '16' has no unit. Write it like `memory:16GiB`."),
        ("requires_cores('many')", "requirement 'cores:many': 'many' is not a quantity. Write it like `cores:4`."),
        ("requires_package('a b')", "requirement 'package:a b' is not a package specifier"),
    ],
)
def test_misuse_fails_that_test_alone(needy, told, mark, message):
    result = needy(mark)
    result.assert_outcomes(errors=1, passed=1)
    told(result, message)
    assert "During handling of the above exception" not in result.stdout.str()


def test_other_peoples_markers_are_left_alone(project):
    project.pytester.makeini("[pytest]\nmarkers = requires_whale: theirs")
    project.test(TEST.format("requires_whale('white')"))
    project.run(sdperf=False).assert_outcomes(passed=2)


def test_several_markers_tell_every_reason(needy, told):
    result = needy("requires_cores(64)\n    @pytest.mark.requires_memory('1TiB')")
    result.assert_outcomes(skipped=1, passed=1)
    told(result, "needs memory:1TiB", " / needs cores:64")


def test_without_the_flag_amx_is_judged_by_flags_alone(needy, this_machine, monkeypatch):
    from pytest_sdperf.hardware import amx

    def layers(*args, **kwargs):
        raise AssertionError("this may start a process")

    monkeypatch.setattr(amx, "layers", layers)
    this_machine(flags=frozenset({"amx_tile", "amx_bf16", "amx_int8", "avx512_bf16"}), isa_tier="amx")
    needy("requires_amx").assert_outcomes(passed=2)


def test_the_requirements_of_a_variant_skip_its_tests(project, weather, told):
    project.test("""
        def test_whale(sd_whale):
            sd_whale.check()
    """)
    result = project.run()
    result.assert_outcomes(skipped=1)
    told(result, "needs package:no-such-whale>=2: this environment has no no-such-whale. Install it: pip install")
    assert weather.timeouts_s == []
