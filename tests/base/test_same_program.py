"""The programs of head and base, from what the head's workers looked at."""

import pytest

from pytest_sdperf.activity import Activity, Looked
from pytest_sdperf.base.same_program import Apart, program_alone, programs
from pytest_sdperf.base.trees import Trees
from pytest_sdperf.program import Program

BOTH = Program(python="CPython 3.11.7")


class Sides:
    """The head's working tree and the base's, and a folder outside of them."""

    def __init__(self, head, base, outside):
        self.head, self.base, self.outside = head, base, outside
        self.trees = Trees(head, base)

    def write(self, name, head=None, base=None):
        """A file of one or both trees; gives the head's path."""
        for root, text in ((self.head, head), (self.base, base)):
            if text is not None:
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
        return str(self.head / name)

    def link(self, name, head, base):
        for root, target in ((self.head, head), (self.base, base)):
            if target is not None:
                (root / name).symlink_to(target)
        return str(self.head / name)

    def compare(self, *, files=(), folders=(), trouble="", apart=None, unknown=(), **activity):
        """(base, head) after a case's workers did this."""
        looked = Looked(Activity(**activity), frozenset(files), frozenset(folders), trouble)
        head = Program(python=BOTH.python, unknown=list(unknown))
        return programs(looked, self.trees, base=BOTH, head=head, apart=apart or Apart())


@pytest.fixture
def sides(make_repository, tmp_path):
    head = make_repository("head").path
    for name in ("base", "outside"):
        (tmp_path / name).mkdir()
    return Sides(head, tmp_path.resolve() / "base", tmp_path.resolve() / "outside")


def test_the_same_code_and_files_are_the_same_program(sides):
    code = sides.write("ship.py", "A = 1\n", "A = 1\n")
    data = sides.write("data/sea.json", "{}", "{}")
    base, head = sides.compare(modules={"ship": code}, opened=[data, code], files=[data], listed=[str(sides.head)])
    assert base == head
    assert set(head.modules) == {"ship"}
    assert set(head.files) == {"data/sea.json", "./"}


def test_what_is_known_besides_stays(sides):
    base, head = sides.compare(unknown=["the base has another environment"])
    assert base.python == head.python == BOTH.python
    assert (base.unknown, head.unknown) == ([], ["the base has another environment"])


@pytest.mark.parametrize("there", ["A = 2\n", None], ids=["changed", "missing"])
def test_other_code(sides, there):
    base, head = sides.compare(modules={"ship": sides.write("src/ship.py", "A = 1\n", there)})
    assert base.modules.get("ship") != head.modules["ship"]
    assert len(base.modules) == (there is not None)


def test_code_from_outside_is_the_same_for_both(sides):
    (sides.outside / "numbers_of.py").touch()
    base, head = sides.compare(modules={"numbers_of": str(sides.outside / "numbers_of.py")})
    assert base.modules == head.modules == {}
    assert head.unknown == []


def test_code_of_the_base_in_the_heads_worker_is_not_understood(sides):
    sides.write("ship.py", base="A = 1\n")
    _, head = sides.compare(modules={"ship": str(sides.base / "ship.py")})
    assert head.unknown == ["the head loads ship from the base's tree"]


def test_an_installed_copy_of_the_trees_code(sides):
    sides.write("ship/__init__.py", "A = 1\n", "A = 2\n")
    installed = sides.outside / "ship" / "__init__.py"
    installed.parent.mkdir()
    installed.write_text("A = 1\n")
    _, head = sides.compare(modules={"ship": str(installed)})
    assert head.unknown == [f"installed code runs in place of the tree's (ship from {installed})"]


def test_hazards_and_trouble_are_unknown(sides):
    _, head = sides.compare(hazards=["it connects to a socket"], trouble="too many files were opened to see each")
    assert head.unknown == ["it connects to a socket", "too many files were opened to see each"]


class TestFiles:
    def test_changed_and_missing_ones(self, sides):
        opened = [sides.write("a.json", "1", "2"), sides.write("b.json", "1", None), str(sides.head / "gone.json")]
        base, head = sides.compare(opened=opened)
        assert set(head.files) == {"a.json", "b.json"}
        assert set(base.files) == {"a.json"}
        assert head.files["a.json"] != base.files["a.json"]

    def test_one_that_only_the_base_has_and_the_head_looked_for(self, sides):
        sides.write("gone.txt", None, "1")
        base, head = sides.compare(opened=[str(sides.head / "gone.txt")])
        assert (set(base.files), set(head.files)) == ({"gone.txt"}, set())

    def test_a_large_one_counts_to_its_end(self, sides):
        path = sides.write("a.bin", "x" * (1 << 20) + "1", "x" * (1 << 20) + "2")
        base, head = sides.compare(files=[path])
        assert head.files["a.bin"] != base.files["a.bin"]

    def test_those_that_are_no_input_are_left_out(self, sides):
        names = ("written.log", "ours/report.json", "model/unet.bin", "pkg/__pycache__/a.pyc", "ship.py")
        paths = {name: sides.write(name, "1", "2") for name in names}
        apart = Apart(ours=[sides.head / "ours"], digested=frozenset([sides.head / "model/unet.bin"]))
        (sides.outside / "x").write_text("1")
        opened = [*paths.values(), str(sides.outside / "x"), str(sides.base / "ship.py")]
        base, head = sides.compare(
            opened=opened, written=[paths["written.log"]], modules={"ship": paths["ship.py"]}, apart=apart
        )
        assert head.files == base.files == {}

    def test_those_of_an_environment_in_the_tree_are_the_same_for_both(self, sides):
        own = sides.write(".venv/lib/data.txt", "1", None)
        sides.trees = Trees(sides.head, sides.base, own=(sides.head / ".venv",))
        base, head = sides.compare(opened=[own])
        assert head.files == base.files == {}

    def test_a_base_that_lies_in_the_heads_tree(self, sides):
        inside = sides.head / "ignored" / "base"
        inside.mkdir(parents=True)
        (sides.head / ".gitignore").write_text("ignored/\n")
        sides.base, sides.trees = inside, Trees(sides.head, inside)
        sides.write("a.json", "1", "1")
        base, head = sides.compare(opened=[str(inside / "a.json"), sides.write("b.json", "1", "1")])
        assert head.files == base.files
        assert set(head.files) == {"b.json"}

    def test_files_of_ours_in_the_bases_tree_too(self, sides):
        sides.write("baselines/a.json", "1", "2")
        sides.write("baselines/b.json", None, "2")
        base, head = sides.compare(apart=Apart(ours=[sides.head / "baselines", sides.outside]))
        assert head.files == base.files == {}


class TestLinks:
    def test_a_file_behind_a_link_counts_under_both_names(self, sides):
        sides.write("real.json", "1", "2")
        base, head = sides.compare(opened=[sides.link("link.json", "real.json", "real.json")])
        assert set(head.files) == {"link.json", "real.json"}
        assert head.files["link.json"] != base.files["link.json"]

    def test_links_that_lead_elsewhere(self, sides):
        for name in ("one", "two"):
            sides.write(f"{name}/a.json", "1", "1")
        sides.link("now", "one", "two")
        base, head = sides.compare(opened=[str(sides.head / "now/a.json")])
        assert (head.files["now (link)"], base.files["now (link)"]) == ("one", "two")

    def test_a_link_out_of_both_trees_is_one_file_for_both(self, sides):
        (sides.outside / "weights").write_text("1")
        base, head = sides.compare(opened=[sides.link("weights", sides.outside / "weights", sides.outside / "weights")])
        assert head.files == base.files == {}
        assert head.unknown == []

    def test_a_relative_one_leads_to_two_places(self, sides):
        (sides.outside / "weights").write_text("1")
        _, head = sides.compare(opened=[sides.link("weights", "../outside/weights", "../outside/weights")])
        assert head.unknown == ["the link weights leads out of the tree"]


class TestNames:
    def test_folders_whose_names_were_asked_for(self, sides):
        sides.write("data/a.md", "1", "1")
        sides.write("data/b.md", "1", None)
        sides.write("new/a.md", "1", None)
        sides.write("data/__pycache__/x.pyc", "1", None)
        listed = [str(sides.head / name) for name in ("data", "new", "gone")]
        base, head = sides.compare(listed=listed)
        assert set(head.files) == {"data/", "new/"}
        assert set(base.files) == {"data/"}
        assert head.files["data/"] != base.files["data/"]

    def test_compiled_copies_and_gits_folder_are_no_names(self, sides):
        sides.write("data/a.md", "1", "1")
        sides.write("data/__pycache__/x.pyc", "1", None)
        base, head = sides.compare(listed=[str(sides.head), str(sides.head / "data")])
        assert head.files == base.files

    def test_folders_that_the_import_system_looked_into_or_that_are_apart(self, sides):
        for name in ("pkg", "env", "ours"):
            sides.write(f"{name}/a.md", "1", None)
        sides.write("env/pyvenv.cfg", "", None)
        seen = [str(sides.head / name) for name in ("pkg", "env", "ours")]
        apart = Apart(ours=[sides.head / "ours"])
        base, head = sides.compare(folders=[*seen, str(sides.outside)], searched=seen[:1], apart=apart)
        assert head.files == base.files == {}

    def test_new_and_gone_data_may_have_been_looked_for(self, sides):
        sides.write("fast.flag", "1", None)
        sides.write("gone.flag", None, "1")
        (sides.head / ".gitignore").write_text("out.bin\n")
        sides.write("out.bin", "1", None)
        base, head = sides.compare()
        assert set(head.files) == {"fast.flag"}
        assert set(base.files) == {"gone.flag"}

    def test_a_module_that_only_the_base_has_counts_where_it_was_imported(self, sides):
        sides.write("rigging.py", None, "A = 1\n")
        assert sides.compare()[0].files == {}
        assert set(sides.compare(imports=["rigging"])[0].files) == {"rigging.py"}

    def test_a_link_in_place_of_code_that_was_loaded_is_that_code(self, sides):
        sides.write("real.py", "A = 1\n", "A = 1\n")
        sides.link("ship.py", "real.py", None)
        sides.write("ship.py", None, "A = 1\n")
        base, head = sides.compare(modules={"ship": str(sides.head / "ship.py")})
        assert head.modules == base.modules
        assert head.files == base.files == {}


class TestKeptExports:
    @pytest.fixture
    def kept(self, sides):
        (sides.outside / "openvino").mkdir()
        (sides.outside / "openvino" / "unet.bin").write_text("1")
        return sides.outside / "openvino"

    def test_one_that_an_earlier_run_made(self, sides, kept):
        _, head = sides.compare(files=[str(kept / "unet.bin")], apart=Apart(kept=[kept]))
        assert head.unknown == [f"it reads what an earlier run has kept ({kept / 'unet.bin'})"]

    def test_files_of_the_model_are_known_by_its_digest(self, sides, kept):
        apart = Apart(kept=[kept], digested=frozenset([kept / "unet.bin"]))
        assert sides.compare(files=[str(kept / "unet.bin")], apart=apart)[1].unknown == []

    def test_nothing_was_kept_for_the_head_alone(self, sides, kept):
        assert sides.compare(files=[str(kept / "unet.bin")])[1].unknown == []


class TestAlone:
    """The program of a tree that is compared with none now."""

    @pytest.fixture
    def alone(self, sides):
        trees = Trees(sides.head, sides.head)

        def alone(*, apart=None, files=(), **activity):
            looked = Looked(Activity(**activity), frozenset(files))
            return program_alone(looked, trees, known=BOTH, apart=apart or Apart())

        return alone

    def test_modules_files_and_folders_of_the_tree(self, sides, alone):
        code, data = sides.write("src/ship.py", "A = 1\n"), sides.write("data/sea.json", "{}")
        found = alone(modules={"ship": code}, opened=[data, code], listed=[str(sides.head)])
        assert set(found.modules) == {"ship"}
        assert found.places == {"ship": "src/ship.py"}
        assert set(found.files) == {"data/sea.json", "./"}
        assert (found.python, found.unknown, found.installed, found.outside) == (BOTH.python, [], {}, {})

    def test_what_it_loads_from_outside(self, sides, alone):
        for name in ("oars.py", "chart", "weights"):
            (sides.outside / name).write_text(name)
        chart, weights = sides.outside / "chart", sides.outside / "weights"
        found = alone(
            modules={"oars": str(sides.outside / "oars.py")},
            outside=[str(chart), str(weights)],
            apart=Apart(digested=frozenset([weights])),
        )
        assert set(found.installed) == {"oars"}
        assert set(found.outside) == {str(chart)}

    @pytest.mark.parametrize(
        ("name", "counts"), [("rudder.cfg", True), ("README.md", False), ("test_ship.py", False), ("new.py", False)]
    )
    def test_a_new_file_counts_where_its_name_may_steer(self, sides, alone, name, counts):
        before = alone()
        sides.write(name, "")
        assert (alone().names != before.names) is counts

    def test_what_git_ignores_and_what_we_write_does_not(self, sides, alone):
        sides.write(".gitignore", "*.log\n")
        ours = sides.head / "baselines"
        before = alone(apart=Apart(ours=[ours]))
        sides.write("sea.log", "")
        sides.write("baselines/ship.json", "")
        assert alone(apart=Apart(ours=[ours])).names == before.names
        assert alone().names != before.names

    def test_a_hazard_is_unknown(self, alone):
        assert alone(hazards=["it connects to 1"]).unknown == ["it connects to 1"]
