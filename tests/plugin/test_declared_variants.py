"""Variants of conftest hooks and entry points, and what is wrong with some."""

import pytest

HOOK = """
    from pytest_sdperf import Variant

    def pytest_sdperf_variants():
        {0}
"""


@pytest.fixture
def declares(project):
    def declares(body):
        project.conftest(HOOK.format(body))
        return project.run()

    return declares


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return 'ship'", "conftest.py gave 'ship'"),
        ("return None", "conftest.py gave None"),
        ("return [Variant('ship', 'harbour:build'), 'boat']", "'boat' is not a variant"),
        ("return [Variant('fp32', 'harbour:build')]", "variant 'fp32' is declared twice, by pytest-sdperf and by "),
        ("return [Variant('ship', 'harbour:build')] * 2", "variant 'ship' is declared twice, by "),
        ("return [Variant('Ship', 'harbour:build')]", "variant name 'Ship' is not usable in a fixture's name"),
        ("return [Variant('ship', 'harbour')]", "factory 'harbour' of variant 'ship' cannot be imported"),
        ("return [Variant('ship', 'harbour:build', requirement=1)]", "raised TypeError: "),
        ("return 1 / 0", "raised ZeroDivisionError: division by zero. Let it return a list of pytest_sdperf.Variant."),
    ],
)
def test_what_cannot_be_used_is_a_usage_error(declares, told, body, message):
    result = declares(body)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told(result, message, "conftest.py")


def test_one_variant_alone(declares, weather):
    declares("return Variant('ship', 'harbour:build', needs_model=False, reference=None)").assert_outcomes(failed=1)
    assert weather.processes == ["ship"] * 3


def test_nothing_declared(declares):
    declares("return []").assert_outcomes(errors=1)


def test_a_conftest_further_down(project):
    folder = project.path / "sub"
    folder.mkdir()
    (folder / "conftest.py").write_text(
        "from pytest_sdperf import Variant\n"
        "def pytest_sdperf_variants():\n"
        "    return [Variant('raft', 'harbour:build', needs_model=False, reference=None)]\n"
    )
    (folder / "test_raft.py").write_text("def test_raft(sd_raft): sd_raft.check(num_inference_steps=2)\n")
    project.record().assert_outcomes(passed=2)
    (folder / "conftest.py").write_text("def pytest_sdperf_variants(): return 1\n")
    assert project.run().ret == pytest.ExitCode.USAGE_ERROR


def test_a_factory_that_is_not_there_fails_the_test(declares, told):
    result = declares("return Variant('ship', 'shipyard:build', needs_model=False, reference=None)")
    result.assert_outcomes(failed=1)


class Point:
    group, name, value = "pytest_sdperf.variants", "fleet", "fleet:variants"

    def load(self):
        from pytest_sdperf import Variant

        return [Variant("raft", "harbour:build", needs_model=False, reference=None)]


class Broken(Point):
    def load(self):
        raise ImportError("No module named 'fleet'")


class Strange(Point):
    def load(self):
        return 42


@pytest.fixture
def installed(project, monkeypatch):
    """Pretend that a package with this entry point is installed."""
    import importlib.metadata

    real = importlib.metadata.entry_points

    def installed(point):
        monkeypatch.setattr(
            importlib.metadata,
            "entry_points",
            lambda **of: [point] if of == {"group": "pytest_sdperf.variants"} else real(**of),
        )
        return project

    return installed


def test_an_entry_point(installed):
    project = installed(Point())
    project.test("def test_raft(sd_raft): sd_raft.check(num_inference_steps=2)")
    project.record()


@pytest.mark.parametrize(
    ("point", "message"),
    [
        (
            Broken(),
            "entry point fleet (fleet:variants) cannot be loaded: ImportError: No module named 'fleet'. Fix or",
        ),
        (Strange(), "entry point fleet (fleet:variants) gave 42 [entry point fleet (fleet:variants)]. Give a"),
    ],
)
def test_an_entry_point_that_fails_is_a_usage_error(installed, told, point, message):
    result = installed(point).run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told(result, message)
