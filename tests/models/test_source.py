from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_sdperf.errors import ModelError
from pytest_sdperf.models.source import SYNTHETIC, ModelSource, model_name, parse_model
from pytest_sdperf.models.synthetic_shapes import SHAPES


def test_synthetic_names_are_the_shapes():
    assert sorted(SYNTHETIC) == sorted(SHAPES)


@pytest.mark.parametrize("name", SYNTHETIC)
def test_synthetic(name, tmp_path):
    assert parse_model(f"synthetic:{name}", tmp_path) == ModelSource("synthetic", name)


def test_bundled(tmp_path):
    (tmp_path / "bundled").mkdir()
    assert parse_model("bundled", tmp_path) == ModelSource("bundled", "bundled")
    assert parse_model("./bundled", tmp_path).path == tmp_path / "bundled"


def test_folder_relative_to_rootdir_and_absolute(tmp_path):
    (tmp_path / "models" / "mine").mkdir(parents=True)
    folder = tmp_path / "models" / "mine"
    assert parse_model("models/mine", tmp_path) == ModelSource("folder", "models/mine", path=folder)
    assert parse_model(str(folder), tmp_path / "elsewhere").path == folder


def test_a_folder_wins_over_a_hub_id(tmp_path):
    (tmp_path / "org" / "name").mkdir(parents=True)
    assert parse_model("org/name", tmp_path).kind == "folder"
    assert parse_model("org/other", tmp_path).kind == "hub"


@pytest.mark.parametrize(
    ("text", "name", "revision"),
    [
        ("runwayml/stable-diffusion-v1-5", "runwayml/stable-diffusion-v1-5", None),
        ("org/name@main", "org/name", "main"),
        ("org/name@refs/pr/3", "org/name", "refs/pr/3"),
        ("o/n.1_x", "o/n.1_x", None),
    ],
)
def test_hub(text, name, revision, tmp_path):
    assert parse_model(text, tmp_path) == ModelSource("hub", name, revision=revision)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "tiny",
        "/no/such/folder",
        "a/b/c",
        "org/",
        "/name",
        "org/name@",
        "../x",
        "org/..",
        "o rg/name",
        "o/n@a..b",
    ],
)
def test_refused(text, tmp_path):
    with pytest.raises(ModelError, match="neither bundled nor synthetic, nor a folder, nor a hub id") as caught:
        parse_model(text, tmp_path)
    assert repr(text) in str(caught.value)
    assert "[--sdperf-model]" in str(caught.value)
    assert "Use bundled, synthetic:sd15, synthetic:tiny, an existing folder" in str(caught.value)


def test_unknown_synthetic_names_the_close_one(tmp_path):
    with pytest.raises(ModelError) as caught:
        parse_model("synthetic:tinny", tmp_path)
    assert str(caught.value).startswith(
        "unknown synthetic model 'synthetic:tinny' [--sdperf-model]. Did you mean synthetic:tiny? Use "
    )


def test_a_bare_name_hints_at_the_synthetic_one(tmp_path):
    with pytest.raises(ModelError, match=r"Did you mean synthetic:tiny\?"):
        parse_model("tiny", tmp_path)


def test_nearly_bundled_hints_at_it(tmp_path):
    with pytest.raises(ModelError, match=r"Did you mean bundled\?"):
        parse_model("Bundle", tmp_path)


def test_nothing_close_no_hint(tmp_path):
    with pytest.raises(ModelError) as caught:
        parse_model("synthetic:zzz", tmp_path)
    assert "Did you mean" not in str(caught.value)


def test_a_file_is_refused(tmp_path):
    (tmp_path / "model.ckpt").write_bytes(b"")
    with pytest.raises(ModelError, match=r"model 'model.ckpt' is a file .*Name the folder in diffusers' layout"):
        parse_model("model.ckpt", tmp_path)


@given(st.text(alphabet=st.characters(exclude_characters="\0")))
def test_any_text_is_a_source_or_a_model_error(tmp_path_factory, text):
    try:
        source = parse_model(text, tmp_path_factory.getbasetemp() / "none")
    except ModelError:
        return
    assert source.kind in ("bundled", "synthetic", "folder", "hub")


@pytest.fixture
def named(tmp_path):
    """The name of a model whose folder, relative to the rootdir `repo/svc`, is made first."""
    rootdir = tmp_path / "repo" / "svc"
    rootdir.mkdir(parents=True)
    (tmp_path / "repo" / ".git").mkdir()

    def named(text, *, folder=None, rootdir=rootdir):
        (rootdir / (folder or text)).mkdir(parents=True, exist_ok=True)
        return model_name(parse_model(text, rootdir), rootdir)

    named.rootdir = rootdir
    return named


@pytest.mark.parametrize("text", ["bundled", "synthetic:tiny", "org/name", "org/name@main"])
def test_the_name_of_what_is_no_folder(text, tmp_path):
    assert model_name(parse_model(text, tmp_path), tmp_path) == text


@pytest.mark.parametrize(
    "text", ["models/ours", "models/ours/", "./models/ours", "models//ours", "models/../models/ours"]
)
def test_every_spelling_of_a_folder_is_one_name(text, named):
    assert named(text, folder="models/ours") == "models/ours"
    assert named(f"{named.rootdir}/{text}", folder="models/ours") == "models/ours"


def test_the_name_of_a_folder_does_not_follow_links(named, tmp_path):
    (named.rootdir / "v1").mkdir()
    (named.rootdir / "current").symlink_to("v1")
    assert named("current") == "current"
    assert named(".") == "."
    elsewhere = tmp_path / "link"
    elsewhere.symlink_to(named.rootdir)
    assert named(f"{elsewhere}/v1") == "v1", "the rootdir by another way"
    assert named(str(named.rootdir / "v1"), rootdir=elsewhere) == "v1"


def test_the_name_of_a_folder_beside_the_rootdir_begins_there_only_in_the_same_repository(named, tmp_path):
    inside, outside = tmp_path / "repo" / "models" / "ours", tmp_path / "data" / "ours"
    assert named("../models/ours") == named(str(inside)) == "../models/ours"
    assert named("../../data/ours") == named(str(outside)) == str(outside.resolve())


@pytest.mark.parametrize("text", ["./bundled", "./own", "./synthetic:tiny"])
def test_a_folder_called_like_another_kind_of_model(text, named):
    assert named(text) == text
