"""Who may import whom, read from the source: nothing is run."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "pytest_sdperf"
MODULES = sorted(str(p.relative_to(PACKAGE)) for p in PACKAGE.rglob("*.py"))

HEAVY = {"torch", "diffusers", "openvino", "optimum", "intel_extension_for_pytorch", "transformers", "huggingface_hub",
         "safetensors", "accelerate", "nncf"}  # fmt: skip
LATE = {"numpy", "scipy", "skimage", "PIL", "rich", "filelock", "psutil", "archspec", "platformdirs", "packaging",
        "jinja2", "matplotlib"}  # fmt: skip
PURE = [m for m in MODULES if m.startswith(("judge/", "report/", "cli/pages/"))] + [
    "doctor/diagnosis.py", "doctor/opinions.py", "baselines/picture_use.py", "baselines/verifying.py",
    "case.py", "errors.py", "progress/live_line.py", "measurement.py", "options.py", "outcome.py", "progress/steps.py", "stored.py",
    "rules/stricter.py", "units.py", "workload.py",
]  # fmt: skip
TOUCHES_THE_WORLD = {"os", "pathlib", "subprocess", "socket", "shutil", "tempfile", "time", "random", "threading",
                     "multiprocessing", "ctypes", "urllib", "pytest", *HEAVY}  # fmt: skip
ONLY_A_TYPE = {("judge/proof.py", "pathlib")}  # PurePath: names of files, never the files
IN_PYTEST = {"plugin.py", "shell.py", "fixtures.py", "hookspecs.py"}
ASKS_PYTEST = "cli/project.py"  # where its rootdir is
RUNS_PYTEST = "arms/declare.py"  # in a process of its own


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

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_If(self, node):
        for_types = isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for child in node.orelse if for_types else [*node.body, *node.orelse]:
            self.visit(child)

    def visit_Import(self, node):
        self.found += [(alias.name, self._depth == 0) for alias in node.names]

    def visit_ImportFrom(self, node):
        assert node.level == 0, "relative imports hide who imports whom"
        self.found += [(f"{node.module}.{alias.name}", self._depth == 0) for alias in node.names]


def imports(module):
    return Imports(PACKAGE / module).found


def roots(module, *, at_load=False):
    return {name.partition(".")[0] for name, loaded in imports(module) if loaded or not at_load}


def test_the_reader_tells_late_imports_from_early_ones(tmp_path):
    source = tmp_path / "x.py"
    source.write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch\nelse:\n    import a.b\n"
        "def f():\n    from c import d\nclass C:\n    import e\n"
    )
    assert Imports(source).found == [("typing.TYPE_CHECKING", True), ("a.b", True), ("c.d", False), ("e", True)]


@pytest.mark.parametrize("module", PURE)
def test_pure_modules_touch_nothing(module):
    assert not {(module, root) for root in roots(module) & TOUCHES_THE_WORLD} - ONLY_A_TYPE
    tree = ast.parse((PACKAGE / module).read_text(encoding="utf-8"))
    calls = {n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
    assert not calls & {"open", "print", "input", "exec", "eval", "__import__"}


@pytest.mark.parametrize("module", MODULES)
def test_model_libraries_are_imported_only_inside_functions(module):
    assert not roots(module, at_load=True) & HEAVY
    if roots(module) & HEAVY:
        assert module.startswith(("variants/", "models/", "runner/", "hardware/amx_kernel.py"))


@pytest.mark.parametrize("module", MODULES)
def test_what_takes_time_to_load_is_loaded_late(module):
    assert not roots(module, at_load=True) & LATE


@pytest.mark.parametrize("module", [m for m in MODULES if m not in {*IN_PYTEST, RUNS_PYTEST, ASKS_PYTEST}])
def test_only_the_shell_imports_pytest(module):
    assert not roots(module) & {"pytest", "_pytest"}


def test_who_runs_pytest_imports_it_late_and_is_imported_by_nobody():
    assert not roots(RUNS_PYTEST, at_load=True) & {"pytest", "_pytest"}
    assert not [m for m in MODULES for name, _ in imports(m) if name.startswith("pytest_sdperf.arms.declare.")]
    assert not [m for m in MODULES if ("pytest_sdperf.arms.declare", True) in imports(m)]


def test_who_asks_pytest_imports_it_late():
    assert not roots(ASKS_PYTEST, at_load=True) & {"pytest", "_pytest"}


@pytest.mark.parametrize("module", [m for m in MODULES if not m.startswith("cli/")])
def test_the_command_is_nobodys_library(module):
    assert "click" not in roots(module)
    assert module == "__main__.py" or not [n for n, _ in imports(module) if n.startswith("pytest_sdperf.cli")]


@pytest.mark.parametrize("module", [m for m in MODULES if m.startswith("doctor/")])
def test_the_doctor_knows_no_session(module):
    away = ("session", "gate", "plugin", "shell", "fixtures", "report")
    assert not [name for name, _ in imports(module) if name.startswith(tuple(f"pytest_sdperf.{a}" for a in away))]


@pytest.mark.parametrize("module", [m for m in MODULES if m.startswith("arms/")])
def test_arms_know_neither_who_measures_nor_who_judges(module):
    away = ("judge", "baselines", "report", "gate", "session", "plugin", "fixtures")
    assert not [name for name, _ in imports(module) if name.startswith(tuple(f"pytest_sdperf.{a}" for a in away))]


@pytest.mark.parametrize("module", MODULES)
def test_nothing_imports_the_worker(module):
    assert not [name for name, _ in imports(module) if name.startswith("pytest_sdperf.runner.worker")]


def test_the_launcher_names_the_worker_as_text():
    assert '"pytest_sdperf.runner.worker"' in (PACKAGE / "runner" / "launcher.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("module", [m for m in MODULES if m.startswith("judge/")])
def test_judges_know_neither_who_measures_nor_what_is_stored_nor_who_tells(module):
    away = (
        "runner",
        "session",
        "baselines",
        "report",
        "gate",
        "references",
        "models",
        "variants",
        "hardware",
        "plugin",
    )
    assert not [name for name, _ in imports(module) if name.startswith(tuple(f"pytest_sdperf.{a}" for a in away))]


@pytest.mark.parametrize("module", [m for m in MODULES if m.startswith("runner/")])
def test_runners_know_no_judge(module):
    away = ("judge", "baselines", "report", "gate", "session", "plugin", "shell", "fixtures")
    assert not [name for name, _ in imports(module) if name.startswith(tuple(f"pytest_sdperf.{a}" for a in away))]


def test_the_story_is_short():
    assert len((PACKAGE / "gate.py").read_text(encoding="utf-8").splitlines()) < 120


@pytest.mark.parametrize("module", MODULES)
def test_no_pickle(module):
    assert not roots(module) & {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}
