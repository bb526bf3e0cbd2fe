"""Who may import whom, read from the source: nothing is run. One test for each rule; its message lists every breach."""

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "pytest_sdperf"
MODULES = sorted(str(p.relative_to(PACKAGE)) for p in PACKAGE.rglob("*.py"))

HEAVY = {"torch", "diffusers", "openvino", "optimum", "intel_extension_for_pytorch", "transformers", "huggingface_hub",
         "safetensors", "accelerate", "nncf"}  # fmt: skip
LATE = {"numpy", "scipy", "skimage", "PIL", "rich", "filelock", "psutil", "archspec", "platformdirs", "packaging",
        "jinja2", "matplotlib"}  # fmt: skip
PURE = ("judge/", "stats/", "models/families/", "diff/", "report/", "cli/pages/", "doctor/diagnosis.py", "doctor/opinions.py",
        "policy/stricter.py", "plugin/live_line.py", "measure/progress.py",
        "measure/when_paired.py", "options/", "claims/", "verdict/", "baseline.py",
        "comparison.py", "errors.py", "measurement.py", "observations.py", "program.py", "units.py", "variant.py", "wording.py",
        "workload.py")  # fmt: skip
TOUCHES_THE_WORLD = {"os", "pathlib", "subprocess", "socket", "shutil", "tempfile", "time", "random", "threading",
                     "multiprocessing", "ctypes", "urllib", "pytest", *HEAVY}  # fmt: skip
RUNS_IN_A_WORKER = ("variants/", "models/", "worker/", "hardware/amx_kernel.py")

MUST_NOT_IMPORT = {
    # room -> (rooms and modules that it does not know, why)
    "judge/": (("measure", "launch", "worker", "base", "policy", "baselines", "report", "gate", "models", "variants",
                "hardware", "plugin", "cli"), "judges are pure"),
    "stats/": (("options", "judge", "verdict", "measure.", "report", "baselines", "plugin", "cli"),
               "statistics know what was seen, and neither limits nor verdicts"),
    "diff/": (("options", "judge", "verdict", "measure.", "report", "baselines", "plugin", "cli"),
              "what differs is described, never judged"),
    "verdict/": (("options", "judge", "measure.", "report", "baselines", "plugin", "cli"), "a verdict is a value"),
    "report/": (("judge.", "measure", "launch", "worker", "base", "policy", "models", "variants", "hardware", "gate",
                 "plugin", "cli"), "what is reported has been judged"),
    "worker/": (("launch", "measure", "base", "policy", "judge", "baselines", "report", "gate", "plugin", "cli"),
                "it runs in the child"),
    "launch/": (("worker", "measure", "base", "policy", "judge", "baselines", "report", "gate", "plugin", "cli"),
                "it runs in the parent, and starts anything"),
    "base/": (("judge", "baselines", "report", "gate", "measure", "policy", "plugin", "cli"),
              "it knows neither who measures nor who judges"),
    "baselines/": (("judge", "measure", "launch", "worker", "base", "report", "gate", "plugin", "cli"),
                   "the store neither measures nor judges"),
    "doctor/": (("measure.session", "gate", "plugin", "report"), "it runs without a session"),
    "variants/": (("measure", "launch", "judge", "report", "gate", "plugin", "cli"), "they are built by the worker"),
}  # fmt: skip


DATA = "models.families"
"""What a family of models is said to be: values that every room may read."""


class Imports(ast.NodeVisitor):
    """(dotted name, True where it is imported as the module is loaded)."""

    def __init__(self, path):
        self.found = []
        self._depth = 0
        self.visit(ast.parse(path.read_text(encoding="utf-8")))

    def visit_FunctionDef(self, node):
        self._depth += 1
        self.generic_visit(node)
        self._depth -= 1

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815  the name that ast looks for

    def visit_If(self, node):
        for_types = isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for child in node.orelse if for_types else [*node.body, *node.orelse]:
            self.visit(child)

    def visit_Import(self, node):
        self.found += [(alias.name, self._depth == 0) for alias in node.names]

    def visit_ImportFrom(self, node):
        assert node.level == 0, "relative imports hide who imports whom"
        self.found += [(f"{node.module}.{alias.name}", self._depth == 0) for alias in node.names]


IMPORTS = {module: Imports(PACKAGE / module).found for module in MODULES}


def roots(module, *, at_load=False):
    return {name.partition(".")[0] for name, loaded in IMPORTS[module] if loaded or not at_load}


def ours(module):
    """Our modules and rooms that a module imports, without the package's name."""
    return [name.removeprefix("pytest_sdperf.") for name, _ in IMPORTS[module] if name.startswith("pytest_sdperf.")]


def target(name):
    """The file that an imported name lies in, relative to the package; empty where it is the package itself."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        for path in (Path(*parts[:end]).with_suffix(".py"), Path(*parts[:end], "__init__.py")):
            if (PACKAGE / path).is_file():
                return str(path)
    return ""


def circle(edges):
    """One circle of the directed graph as its nodes in order; empty where there is none."""
    state, path = {}, []

    def visit(node):
        state[node] = "open"
        path.append(node)
        for following in sorted(edges.get(node, ())):
            if state.get(following) == "open":
                return [*path[path.index(following) :], following]
            if following not in state and (found := visit(following)):
                return found
        path.pop()
        state[node] = "closed"
        return []

    for node in sorted(edges):
        if node not in state and (found := visit(node)):
            return found
    return []


def test_the_reader_tells_late_imports_from_early_ones(tmp_path):
    source = tmp_path / "x.py"
    source.write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch\nelse:\n    import a.b\n"
        "def f():\n    from c import d\nclass C:\n    import e\n"
    )
    assert Imports(source).found == [("typing.TYPE_CHECKING", True), ("a.b", True), ("c.d", False), ("e", True)]


def test_the_search_for_circles_finds_one():
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert circle({"a": {"b", "c"}, "b": {"c"}}) == []


def test_pure_modules_touch_nothing():
    breaches = []
    for module in [m for m in MODULES if m.startswith(PURE)]:
        breaches += [(module, root) for root in roots(module) & TOUCHES_THE_WORLD]
        tree = ast.parse((PACKAGE / module).read_text(encoding="utf-8"))
        calls = {n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
        breaches += [(module, c) for c in calls & {"open", "print", "input", "exec", "eval", "__import__"}]
    names_of_files = ("claims/__init__.py", "pathlib")
    writes = [(f"report/{name}.py", "pathlib") for name in ("formats", "github_job")]  # at the end of a run
    assert [b for b in breaches if b not in (names_of_files, *writes)] == []


def test_model_libraries_are_imported_only_inside_functions_that_run_in_a_worker():
    assert [m for m in MODULES if roots(m, at_load=True) & HEAVY] == []
    assert [m for m in MODULES if roots(m) & HEAVY and not m.startswith(RUNS_IN_A_WORKER)] == []


def test_what_takes_time_to_load_is_loaded_late():
    assert [(m, found) for m in MODULES if (found := roots(m, at_load=True) & LATE)] == []


def test_only_the_plugin_imports_pytest():
    asks_where_the_rootdir_is = "cli/project.py"
    inside = [m for m in MODULES if roots(m) & {"pytest", "_pytest"} and not m.startswith("plugin/")]
    assert inside == [asks_where_the_rootdir_is]
    assert not roots(asks_where_the_rootdir_is, at_load=True) & {"pytest", "_pytest"}


def test_what_runs_in_a_process_of_its_own_is_imported_by_nobody():
    apart = ("plugin.declare", "worker.main")
    assert [(m, name) for m in MODULES for name in ours(m) if name.startswith(apart)] == []
    launcher = (PACKAGE / "launch" / "launcher.py").read_text(encoding="utf-8")
    assert '"pytest_sdperf.worker.main"' in launcher


def test_the_command_is_nobodys_library():
    others = [m for m in MODULES if not m.startswith("cli/") and m != "__main__.py"]
    assert [m for m in others if "click" in roots(m) or any(n.startswith("cli") for n in ours(m))] == []


def test_no_room_imports_what_it_must_not_know():
    breaches = [
        f"{module} imports {name}: {why}"
        for room, (unknown, why) in MUST_NOT_IMPORT.items()
        for module in MODULES
        if module.startswith(room)
        for name in ours(module)
        if not name.startswith(DATA)
        and any(f"{name}." == f"{u.rstrip('.')}." or name.startswith(f"{u.rstrip('.')}.") for u in unknown)
    ]
    assert breaches == []


def test_no_file_imports_itself_by_a_detour():
    edges = {module: {target(name) for name in ours(module)} - {"", module} for module in MODULES}
    assert circle(edges) == []


def test_no_room_imports_itself_by_a_detour():
    def room(module):
        return module.rpartition("/")[0] or module

    edges = {}
    for module in MODULES:
        found = {room(target(name)) for name in ours(module) if target(name)}
        edges.setdefault(room(module), set()).update(found - {room(module)})
    assert circle(edges) == []


def test_no_base_name_stands_for_two_things():
    names = [Path(m).name for m in MODULES if Path(m).name not in ("__init__.py", "__main__.py")]
    assert sorted({n for n in names if names.count(n) > 1}) == []


def test_no_file_is_longer_than_a_reader_keeps_in_mind():
    assert [m for m in MODULES if len((PACKAGE / m).read_text(encoding="utf-8").splitlines()) > 300] == []
