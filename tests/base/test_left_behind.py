"""Files that the head runs and the base lacks because git ignores them: found, named, and with a cure."""

import pytest

from pytest_sdperf.activity import UNRECORDED, Activity, Looked
from pytest_sdperf.base.left_behind import cure, explained, left_behind
from pytest_sdperf.base.trees import Trees
from pytest_sdperf.errors import ComparisonError

CURE = (
    "Carry what is built for every revision alike: --sdperf-base-carry={0}; build what depends on it there: "
    "--sdperf-base-run=COMMAND."
)


class Sides:
    def __init__(self, head, base):
        self.head, self.base, self.trees = head, base, Trees(head, base)

    def write(self, *names, base=False):
        """Files of the head's tree, or of both; gives the paths of the head's."""
        for root in (self.head, self.base) if base else (self.head,):
            for name in names:
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text("")
        return [str(self.head / name) for name in names]

    def left(self, *, base=None, **activity):
        error = left_behind(Looked(Activity(**activity)), self.trees, base=base, label="main")
        return error and str(error)

    def explained(self, said, what="the factory cannot be imported"):
        error = ComparisonError(what, where="main", cure="Look at it.", log_tail="tail")
        return error, explained(error, said, self.trees, label="main")


@pytest.fixture
def sides(make_repository, tmp_path):
    """Git ignores libraries, folders called build, and generated files."""
    head = make_repository("head").path
    (head / ".gitignore").write_text("*.so\nbuild/\n*_gen.py\n*.bin\n")
    base = tmp_path.resolve() / "base"
    base.mkdir()
    return Sides(head, base)


class TestLeftBehind:
    def test_a_module_that_git_ignores(self, sides):
        [file] = sides.write("pkg/fast.so")
        assert sides.left(modules={"pkg.fast": file}) == (
            "the head loaded pkg.fast (pkg/fast.so); git ignores it, so main does not have it and runs something else "
            f"[--sdperf-against]. {CURE.format('pkg/fast.so')}"
        )

    def test_several(self, sides):
        files = sides.write("a.so", "b.so", "c.so", "d.so")
        said = sides.left(modules={f"m{n}": file for n, file in enumerate(files)})
        assert said.startswith(
            "the head loaded m0 (a.so), m1 (b.so), m2 (c.so) and 1 more; git ignores them, so main does not have them"
        )
        assert said.endswith(CURE.format("a.so,b.so,c.so"))

    def test_those_that_are_no_part_of_it(self, sides):
        tracked, cached = sides.write("pkg/a.py", "pkg/__pycache__/b.so")
        [carried] = sides.write("pkg/c.so", base=True)
        [own] = sides.write(".venv/d.so")
        sides.trees = Trees(sides.head, sides.base, own=(sides.head / ".venv",))
        modules = {"a": tracked, "b": cached, "c": carried, "d": own, "e": "/usr/lib/e.so"}
        assert sides.left(modules=modules) is None

    def test_a_file_that_only_the_head_opened(self, sides):
        opened = sides.write("build/table.bin")
        said = sides.left(opened=opened, base=Activity())
        assert said.startswith("the head read build/table.bin; git ignores it, so main does not have it")

    @pytest.mark.parametrize("hazards", [None, [UNRECORDED]])
    def test_nobody_knows_what_an_unrecorded_base_opened(self, sides, hazards):
        opened = sides.write("build/table.bin")
        base = None if hazards is None else Activity(hazards=hazards)
        assert sides.left(opened=opened, base=base) is None

    def test_one_that_both_opened_by_its_full_path(self, sides):
        opened = sides.write("build/table.bin")
        assert sides.left(opened=opened, base=Activity(opened=opened)) is None

    def test_code_comes_before_data(self, sides):
        code, data = sides.write("fast.so", "build/table.bin")
        said = sides.left(modules={"fast": code}, opened=[data], base=Activity())
        assert said.startswith("the head loaded fast (fast.so); git ignores it")
        assert said.endswith(CURE.format("build/table.bin,fast.so"))


class TestExplained:
    @pytest.mark.parametrize(
        ("file", "said"),
        [
            ("pkg/ship_gen.py", "ModuleNotFoundError: No module named 'pkg.ship_gen'"),
            ("src/pkg/ship_gen.py", "ModuleNotFoundError: No module named 'pkg.ship_gen'"),
            ("build/ship/__init__.py", "ModuleNotFoundError: No module named 'ship'"),
            ("pkg/fast.cpython-311-x86_64-linux-gnu.so", "No module named 'pkg.fast'"),
            ("fast.cpython-311-x86_64-linux-gnu.so", "No module named 'fast'"),
            ("pkg/fast.so", "ImportError: cannot import name 'fast' from 'pkg' (pkg/__init__.py)"),
            ("pkg/fast.so", "cannot import name 'fast' from partially initialized module 'pkg' (most likely …)"),
            ("build/table.bin", "FileNotFoundError: [Errno 2] No such file or directory: 'build/table.bin'"),
            ("data/build/table.bin", "No such file or directory: 'table.bin'"),
            ("build/table.bin", "No such file or directory: '{head}/build/table.bin'"),
            ("build/table.bin", "No such file or directory: b'{base}/build/table.bin'"),
        ],
    )
    def test_a_missing_file_that_git_ignores_is_named(self, sides, file, said):
        sides.write(file)
        said = said.format(head=sides.head, base=sides.base)
        _, error = sides.explained(f"Traceback …\n{said}\n")
        assert error.what == (
            f"{file} is in the working tree, but git ignores it, so main does not have it: "
            "the factory cannot be imported"
        )
        assert error.cure == CURE.format(file)
        assert error.log_tail == "tail"

    @pytest.mark.parametrize(
        "said",
        [
            "No module named 'numpy'",
            "No module named 'tracked'",
            "No module named 'carried_gen'",
            "No such file or directory: '/etc/none'",
            "ZeroDivisionError: division by zero",
        ],
    )
    def test_other_errors_stay_as_they_are(self, sides, said):
        sides.write("tracked.py", "other_gen.py")
        sides.write("carried_gen.py", base=True)
        before, after = sides.explained(said)
        assert after is before

    def test_a_base_inside_of_the_heads_tree_is_not_searched(self, sides):
        inside = sides.head / "build" / "base"
        sides.trees = Trees(sides.head, inside)
        sides.write("build/base/ship_gen.py")
        before, after = sides.explained("No module named 'ship_gen'")
        assert after is before

    def test_several_and_a_long_error(self, sides):
        sides.write("a/ship_gen.py", "b/ship_gen.py")
        _, error = sides.explained("No module named 'ship_gen'", what="x" * 200)
        assert error.what == (
            "a/ship_gen.py, b/ship_gen.py are in the working tree, but git ignores them, so main does not have them: "
            f"{'x' * 160} …"
        )


def test_the_cure_names_three_at_most():
    assert cure(["d", "c", "b", "a"]) == CURE.format("a,b,c")
