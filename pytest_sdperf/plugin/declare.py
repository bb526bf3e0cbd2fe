"""Run as a process in a tree: let pytest collect there, and write the variants that the tree declares.

Called as `python -m pytest_sdperf.plugin.declare OUT.json [--sdperf-with-tests] [OPTION…] -- PATH…`. Test modules are
only imported with that flag: variants are declared by conftests, plugins and entry points.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_sdperf.base.collecting import WITH_TESTS
from pytest_sdperf.base.declaration import Declaration, encode

if TYPE_CHECKING:
    import pytest

    from pytest_sdperf.variants.registry import Registry

_PLUGIN = "pytest_sdperf.plugin.hooks"


def main(argv: Sequence[str]) -> int:
    """Write the declaration; pytest's exit code where it cannot collect, 1 for variants that JSON cannot say."""
    sys.dont_write_bytecode = True
    out, rest = Path(argv[0]), list(argv[1:])
    options, paths = rest[: rest.index("--")], rest[rest.index("--") + 1 :]
    with_tests = WITH_TESTS in options
    options = [option for option in options if option != WITH_TESTS]
    import pytest

    from pytest_sdperf.plugin.tree_environment import changed_variables

    watch, seen = _watch(paths, with_tests=with_tests), _tests_watch()
    # Without its plugin, the setting of the cache's folder would be an unknown one, which strict configurations refuse.
    cache = [] if "no:cacheprovider" in options else ["-o", f"cache_dir={out.parent / 'cache'}"]
    arguments = ["--collect-only", "-q", *cache, *_our_plugin(options), *options]
    code = pytest.main([*arguments, *watch.paths], plugins=[watch, *([seen] if with_tests else [])])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        return int(code)
    registry = watch.registry()
    for name in registry:
        try:
            encode(Declaration((registry[name],), {}))
        except TypeError as error:
            sys.exit(f"ERROR: variant {name!r}: {error}")
    for nodeid, keywords in seen.tests.items():
        try:
            encode(Declaration((), {}, {}, {nodeid: keywords} if keywords else {}))
        except TypeError as error:
            sys.exit(f"ERROR: marker of {nodeid}: {error}")
    variants = tuple(registry[name] for name in registry)
    found = Declaration(
        variants,
        watch.files(),
        seen.ini,
        seen.tests,
        seen.addopts,
        seen.awaited,
        str(watch.config().rootpath),
        dict(changed_variables(watch.config())),
    )
    out.write_bytes(encode(found))
    return 0


def _our_plugin(options: Sequence[str]) -> list[str]:
    """Options that load our plugin where pytest does not do so by itself; pytest refuses it under two names."""
    autoload = not os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD") and "--disable-plugin-autoload" not in options
    if autoload and any(point.value == _PLUGIN for point in entry_points(group="pytest11")):
        return []
    return ["-p", _PLUGIN]


def _watch(wanted: Sequence[str], *, with_tests: bool) -> Any:
    """The pytest plugin that looks at what was declared, and keeps test modules from being imported where it may."""
    import pytest

    from pytest_sdperf.plugin.run import RUN

    class Unread(pytest.File):
        """A file of tests, collected without its tests."""

        def collect(self) -> list[pytest.Item]:
            return []

    class Watch:
        def __init__(self) -> None:
            # In the place of a path that is not here (a test renamed since) the folder it would lie in:
            # the conftests on the way there count, those below and next to it do not.
            self._folders = {_nearest(Path(path)) for path in wanted if not Path(path).exists()}
            self.paths = [*(path for path in wanted if Path(path).exists()), *map(str, sorted(self._folders))]
            self._whole = {path for path in self.paths if Path(path) not in self._folders}

        def pytest_configure(self, config: pytest.Config) -> None:
            self._config = config
            if RUN not in config.stash:  # ours is configured before all others
                raise pytest.UsageError("the plugin pytest_sdperf is switched off there")

        def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
            whole = any(collection_path.is_relative_to(path) for path in self._whole)
            return True if collection_path.parent in self._folders and not whole else None

        @pytest.hookimpl(wrapper=True)
        def pytest_collect_file(
            self, file_path: Path, parent: pytest.Collector
        ) -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
            found = yield
            return [Unread.from_parent(parent, path=file_path)] if found and not with_tests else found

        def registry(self) -> Registry:
            return self._config.stash[RUN].registry

        def config(self) -> pytest.Config:
            return self._config

        def files(self) -> dict[str, str]:
            """Of every module and of every plugin: one conftest takes another's place among the modules."""
            loaded = [*sys.modules.items(), *self._config.pluginmanager.list_name_plugin()]
            return {name: file for name, module in loaded if isinstance(file := getattr(module, "__file__", None), str)}

    return Watch()


def _tests_watch() -> Any:
    """The pytest plugin that looks at the settings, and at what the tests and their markers say."""
    from pytest_sdperf.base.declaration import Asks
    from pytest_sdperf.plugin.asks import asks_of, never_runs
    from pytest_sdperf.plugin.command_line import levels
    from pytest_sdperf.plugin.markers import marker_keywords
    from pytest_sdperf.plugin.run import RUN

    class TestsWatch:
        def __init__(self) -> None:
            self.ini: dict[str, object] = {}
            self.addopts: dict[str, object] = {}
            self.tests: dict[str, dict[str, object]] = {}
            self.awaited: dict[str, Asks] = {}

        def pytest_sessionstart(self, session: pytest.Session) -> None:
            said = levels(session.config)
            self.ini = {name: value for name, value in said["ini"].items() if value}
            self.addopts = said["addopts"]

        def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
            self._see(items)  # another selection may run them in the head

        def pytest_collection_finish(self, session: pytest.Session) -> None:
            self._see(session.items)
            ours = session.config.stash[RUN].measures
            asked = {
                item.nodeid: "" if never_runs(item) else asks_of(item, is_ours=ours(item)) for item in session.items
            }
            self.awaited = {nodeid: asks for nodeid, asks in asked.items() if asks}

        def _see(self, items: Sequence[pytest.Item]) -> None:
            for item in items:
                self.tests[item.nodeid] = marker_keywords(item)

    return TestsWatch()


def _nearest(path: Path) -> Path:
    return next(folder for folder in path.parents if folder.is_dir())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
