"""The command line as it was typed, apart from what the tree adds: options of ours, paths and selection."""

import sys

import pytest

from pytest_sdperf.plugin.command_line import command_line, invocation, levels
from pytest_sdperf.plugin.tree_environment import environment_watch


@pytest.fixture
def configured(pytester, monkeypatch):
    """The configuration of a session with these arguments; settings files must be there before."""
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def configured(*arguments):
        return pytester.parseconfig("-p", "pytest_sdperf.plugin.hooks", *arguments)

    return configured


class TestCommandLine:
    def test_what_addopts_say_is_not_said_here(self, configured, pytester):
        pytester.makeini("[pytest]\naddopts = --sdperf-missing=skip -k ship --sdperf-budget=1m\n")
        config = configured("--sdperf-budget=2m")
        assert config.option.keyword == "ship"
        given = command_line(config)
        assert (given.keyword, given.sdperf_missing, given.sdperf_budget) == (None, None, "2m")
        said = levels(config)
        assert said["command_line"]["missing"] is None
        assert said["command_line"]["budget"] == "2m"
        assert said["addopts"] == {"missing": "skip"}

    def test_the_variable_counts_as_said_here(self, configured, monkeypatch):
        monkeypatch.setenv("PYTEST_ADDOPTS", "-k 'ship or boat' --sdperf-missing=skip")
        config = configured("--sdperf-missing=fail")
        given = command_line(config)
        assert (given.keyword, given.sdperf_missing) == ("ship or boat", "fail")

    def test_not_what_a_conftest_makes_of_the_variable_later(self, configured, monkeypatch):
        config = configured()
        monkeypatch.setenv("PYTEST_ADDOPTS", "--sdperf-missing=skip")
        assert command_line(config).sdperf_missing is None

    def test_without_the_watch_the_arguments_are_all(self, configured, monkeypatch):
        monkeypatch.setenv("PYTEST_ADDOPTS", "--sdperf-missing=skip")
        config = configured("-k", "ship")
        config.pluginmanager.unregister(environment_watch(config))
        given = command_line(config)
        assert (given.keyword, given.sdperf_missing) == ("ship", None)
        assert invocation(config).variables is None

    def test_it_is_read_once(self, configured):
        config = configured()
        assert command_line(config) is command_line(config)


class TestInvocation:
    def test_of_a_bare_call(self, configured, pytester):
        found = invocation(configured())
        assert found.cwd == pytester.path
        assert list(found.options) == [("-p", "pytest_sdperf.plugin.hooks")]
        assert (list(found.paths), found.modules) == ([], {})
        assert found.variables is not None
        assert (found.completion.carry, found.completion.run) == ((), None)

    def test_options_that_decide_on_what_is_collected(self, configured, pytester):
        (pytester.path / "other.ini").write_text("[pytest]\n")
        said = [
            *("-c", "other.ini", "-k", "ship", "-m", "not slow", "--import-mode=importlib"),
            *("-o", "python_files=*.py", "-o", "norecursedirs=x", "--deselect=a.py::b", "--ignore=x"),
            *("--noconftest", "--doctest-modules", "-v", "-x", "--sdperf-budget=1m", "tests", "a.py::b"),
        ]
        (pytester.path / "a.py").touch()
        pytester.mkdir("tests")
        found = invocation(configured(*said))
        assert list(found.options) == [
            ("-c", "other.ini"),
            ("--import-mode", "importlib"),
            ("-k", "ship"),
            ("-m", "not slow"),
            ("-p", "pytest_sdperf.plugin.hooks"),
            ("-o", "python_files=*.py"),
            ("-o", "norecursedirs=x"),
            ("--deselect", "a.py::b"),
            ("--ignore", "x"),
            ("--noconftest",),
            ("--doctest-modules",),
        ]
        assert list(found.paths) == ["tests", "a.py::b"]
        assert found.command_line["budget"] == "1m"

    def test_what_the_base_gets_comes_from_every_level(self, configured, pytester):
        pytester.makeini("[pytest]\nsdperf_base_run = make\n")
        found = invocation(configured("--sdperf-base-carry=*.so,*.pyd", "--sdperf-timeout=90s"))
        assert found.completion.carry == ("*.so", "*.pyd")
        assert found.completion.run == "make"
        assert found.completion.timeout_s == 90


class TestPyargs:
    @pytest.fixture
    def installed(self, pytester):
        """The package fleet with the module fleet.test_it, the module buoy and the namespace sea on the import path."""
        pytester.syspathinsert()
        for name in ("fleet/__init__.py", "fleet/test_it.py", "buoy.py", "sea/test_it.py"):
            path = pytester.path / name
            path.parent.mkdir(exist_ok=True)
            path.touch()
        yield pytester.path
        for name in ("fleet", "fleet.test_it", "buoy", "sea"):
            sys.modules.pop(name, None)

    def test_modules_are_named_by_their_files(self, configured, installed):
        found = invocation(configured("--pyargs", "fleet", "fleet.test_it::test_ship", "buoy"))
        folder, module, buoy = (str(installed / name) for name in ("fleet", "fleet/test_it.py", "buoy.py"))
        assert found.paths == [folder, f"{module}::test_ship", buoy]
        assert found.modules == {folder: "fleet", module: "fleet.test_it", buoy: "buoy"}

    def test_without_the_option_they_are_paths(self, configured, installed):
        found = invocation(configured("fleet"))
        assert (found.paths, found.modules) == (["fleet"], {})

    @pytest.mark.parametrize("name", ["./fleet", "fleet/test_it.py", "buoy.test_it", "", "no_such_module"])
    def test_what_is_no_module_stays_a_path(self, configured, installed, name):
        config = configured("--pyargs")
        command_line(config).file_or_dir = [name]
        found = invocation(config)
        assert (found.paths, found.modules) == ([name], {})

    @pytest.mark.parametrize(("counts", "paths"), [("true", ["{0}/sea"]), ("false", ["sea"])])
    def test_namespaces_count_where_the_settings_say_so(self, configured, installed, pytester, counts, paths):
        pytester.makeini(f"[pytest]\nconsider_namespace_packages = {counts}\n")
        found = invocation(configured("--pyargs", "sea"))
        assert found.paths == [path.format(installed) for path in paths]
