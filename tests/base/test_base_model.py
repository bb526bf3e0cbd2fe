"""The model that the base draws with: real git, two trees."""

import shutil

import pytest

from pytest_sdperf.base.base_model import ModelMissingError, find_base_model, from_base
from pytest_sdperf.base.checkout.revision import Revision
from pytest_sdperf.base.trees import Trees
from pytest_sdperf.errors import ComparisonError, ModelError


@pytest.fixture
def head(make_repository):
    """The head's tree: models/ours is in git, local/* is ignored."""
    repository = make_repository("head")
    (repository.path / "models" / "ours" / "unet").mkdir(parents=True)
    (repository.path / "models" / "ours" / "model_index.json").write_text("{}")
    (repository.path / ".gitignore").write_text("local\n*.safetensors\n")
    (repository.path / "local" / "mine").mkdir(parents=True)
    (repository.path / "local" / "mine" / "model_index.json").write_text("{}")
    repository.commit("head")
    return repository


@pytest.fixture
def base(tmp_path, head):
    """The base's tree, as a copy without what git ignores."""
    base = tmp_path / "base"
    shutil.copytree(head.path, base, ignore=shutil.ignore_patterns(".git", "local", "*.safetensors"), symlinks=True)
    return base


@pytest.fixture
def find(head, base):
    def find(text, rootdir=""):
        revision = Revision("main", "b" * 40, head.path, "--sdperf-against")
        return find_base_model(text, Trees(head.path, base), revision, base_rootdir=base / rootdir)

    return find


@pytest.mark.parametrize("text", ["bundled", "synthetic:tiny", "org/name", "org/name@v2"])
def test_what_is_no_folder(find, text):
    found = find(text)
    assert (found.name, found.source.path, found.note) == (text, None, "")


@pytest.mark.parametrize("text", ["models/ours", "./models/ours/", "models/x/../ours"])
def test_a_folder_of_the_tree(find, base, text):
    found = find(text)
    assert (found.source.path, found.name, found.note) == (base / "models" / "ours", "models/ours", "")


def test_a_folder_by_its_absolute_path(find, head, base):
    found = find(str(head.path / "models" / "ours"))
    assert (found.source.path, found.name) == (base / "models" / "ours", "models/ours")


def test_relative_to_the_bases_rootdir(find, base):
    (base / "svc").mkdir()
    found = find("../models/ours", "svc")
    assert found.source.path == base / "models" / "ours"


def test_a_folder_outside_of_the_tree(find, tmp_path):
    (tmp_path / "data").mkdir()
    found = find(str(tmp_path / "data"))
    assert (found.source.path, found.name) == (tmp_path / "data", str(tmp_path / "data"))


def test_a_folder_that_git_ignores_is_the_heads(find, head):
    found = find("local/mine")
    assert found.source.path == head.path / "local" / "mine"
    assert found.note == (
        "model local/mine is not in git, so main (bbbbbbbbbb) has none of its own: base and head draw with the same"
    )


def test_files_that_git_ignores_are_carried(find, head, base):
    (head.path / "models" / "ours" / "unet" / "w.safetensors").write_text("weights")
    (head.path / "models" / "ours" / "new.txt").write_text("not yet added")
    found = find("models/ours")
    assert (base / "models" / "ours" / "unet" / "w.safetensors").read_text() == "weights"
    assert not (base / "models" / "ours" / "new.txt").exists(), "that is part of the change"
    assert found.note == "git ignores unet/w.safetensors of model models/ours, so base and head draw with the same"


def test_the_bases_own_files_are_kept(find, head, base):
    (head.path / "models" / "ours" / "w.safetensors").write_text("new")
    (base / "models" / "ours" / "w.safetensors").write_text("old")
    assert find("models/ours").note == ""
    assert (base / "models" / "ours" / "w.safetensors").read_text() == "old"


def test_a_folder_that_only_the_head_has_in_git(find, head):
    (head.path / "models" / "new").mkdir()
    (head.path / "models" / "new" / "model_index.json").write_text("{}")
    head.commit("new")
    with pytest.raises(ModelMissingError, match=r"main \(bbbbbbbbbb\) has no model models/new"):
        find("models/new")


def test_a_folder_of_the_spelling_of_a_hub_id_that_only_the_base_has(find, base):
    (base / "org" / "name").mkdir(parents=True)
    assert find("org/name").source.path == base / "org" / "name"


def test_links_are_the_bases_own(find, head, base, tmp_path):
    for name in ("v1", "v2"):
        (tmp_path / "data" / name).mkdir(parents=True)
        (base / name).mkdir()
    for tree, name in ((head.path, "v2"), (base, "v1")):
        (tree / "inside").symlink_to(name)
        (tree / "outside").symlink_to(tmp_path / "data" / name)
    (head.path / "v2").mkdir()
    assert find("inside").source.path.resolve() == base / "v1"
    assert find("outside").source.path.resolve() == tmp_path / "data" / "v1"
    assert find("outside").name == "outside"


def test_an_absolute_link_into_the_heads_tree(find, head, base):
    (base / "link").symlink_to(head.path / "models" / "ours")
    assert find("link").source.path == base / "models" / "ours"
    shutil.rmtree(base / "models")
    with pytest.raises(ComparisonError, match=r"model link of main \(bbbbbbbbbb\) is a link into the working tree"):
        find("link")


def test_a_file_and_a_link_to_nowhere(find, base):
    (base / "file").write_text("")
    (base / "link").symlink_to("nowhere")
    with pytest.raises(ComparisonError, match=r"main \(bbbbbbbbbb\) has file as a file, not as the folder of a model"):
        find("file")
    with pytest.raises(ComparisonError, match="has link as a link that leads nowhere, not as the folder"):
        find("link")


def test_pointers_of_git_lfs(find, base):
    (base / "models" / "ours" / "unet" / "w.bin").write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(
        ComparisonError, match=r"git-lfs has no content here of unet/w.bin of model models/ours as main"
    ):
        find("models/ours")


def test_a_name_of_nothing(find):
    with pytest.raises(ModelError, match="neither bundled nor synthetic"):
        find("a/b/c")


def test_a_fault_has_the_bases_paths(head, base):
    revision = Revision("main", "b" * 40, head.path, "--sdperf-against")
    error = ModelError(f"{base}/models/ours/model_index.json is missing", where=f"{base}/x", cure="Save it again.")
    found = from_base(error, Trees(head.path, base), revision)
    assert str(found) == (
        "the model of main (bbbbbbbbbb) cannot be used: models/ours/model_index.json is missing [x]. Fix it there, or "
        "compare with another revision than main."
    )
