"""Files that may steer a program by being there."""

import pytest

from pytest_sdperf.base.tree_difference import is_irrelevant, steering, tree_difference


@pytest.fixture
def trees(tmp_path):
    """Write files of the head's and the base's tree; gives what differs."""

    def trees(head=(), base=(), both=()):
        for root, names in (("head", (*head, *both)), ("base", (*base, *both))):
            (tmp_path / root).mkdir()
            for name in names:
                path = tmp_path / root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
        return tmp_path

    return trees


def found(root, *, ignored=(), imports=()):
    difference = tree_difference(str(root / "head"), str(root / "base"), lambda folder: False)
    return steering(difference, is_ignored=lambda paths: set(ignored) & set(paths), imports=imports)


def test_new_and_removed_data_may_be_looked_for(trees):
    root = trees(head=["fast.flag", "a/new.json"], base=["gone.json"], both=["same.json"])
    assert found(root) == ["a/new.json", "fast.flag", "gone.json"]


def test_what_git_ignores_is_no_part_of_the_change(trees):
    assert found(trees(head=["out.json", "new.json"]), ignored=["out.json"]) == ["new.json"]


@pytest.mark.parametrize(
    ("imports", "expected"),
    [
        (["numpy"], []),
        (["rigging"], ["parts/rigging.py"]),
        (["ship.rigging", "json"], []),
        (["parts.rigging"], ["parts/rigging.py"]),
    ],
)
def test_a_removed_module_counts_where_its_name_was_imported(trees, imports, expected):
    assert found(trees(base=["parts/rigging.py"]), imports=imports) == expected


def test_a_new_module_that_was_not_loaded_does_not_count(trees):
    assert found(trees(head=["rigging.py"]), imports=["rigging"]) == []


def test_a_link_that_leads_elsewhere_counts(trees):
    root = trees(both=["one", "two"])
    (root / "head/link").symlink_to("one")
    (root / "base/link").symlink_to("two")
    assert found(root) == ["link"]


@pytest.mark.parametrize("name", ["README.md", "docs/a.json", "x/tests/b.bin", ".github/c.yml", "test_a.py", "uv.lock"])
def test_names_that_no_pipeline_asks_for(name):
    assert is_irrelevant(name)


@pytest.mark.parametrize("name", ["config.yaml", "data.txt", "docs", "testing/a.json", ".env"])
def test_names_that_a_pipeline_may_ask_for(name):
    assert not is_irrelevant(name)
