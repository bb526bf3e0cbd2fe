"""Which files are opened, by whomever."""

import subprocess
import sys

import pytest

from pytest_sdperf.activity import Activity
from pytest_sdperf.measure import file_watch
from pytest_sdperf.measure.file_watch import FileWatch

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")


@pytest.fixture
def folder(tmp_path):
    for name in ("a/one", "a/two", "skipped/three"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    return tmp_path.resolve()


@pytest.fixture
def watch(folder):
    watch = FileWatch([str(folder)], lambda path: path.endswith("skipped"))
    watch.begin()
    yield watch
    watch.stop()


def test_a_child_is_seen_and_what_is_new_or_skipped_is_not(folder, watch):
    subprocess.run(["cat", folder / "a/one", folder / "skipped/three"], check=True, stdout=subprocess.DEVNULL)
    (folder / "a/new").write_text("")
    (folder / "a/new").read_text()
    seen = watch.end(Activity())
    assert (seen.files, seen.trouble) == ({f"{folder}/a/one"}, "")


def test_a_folder_whose_names_are_asked_for(folder, watch):
    list((folder / "a").iterdir())
    assert watch.end(Activity()).folders == {f"{folder}/a"}


def test_a_folder_that_is_not_there_is_trouble(tmp_path):
    watch = FileWatch([str(tmp_path / "gone")], lambda path: False)
    watch.begin()
    assert "opened files cannot be watched here" in watch.end(Activity()).trouble


def test_too_many_folders_are_trouble(folder, monkeypatch):
    monkeypatch.setattr(file_watch, "MOST_FOLDERS", 1)
    watch = FileWatch([str(folder)], lambda path: False)
    watch.begin()
    assert watch.end(Activity()).trouble == "there are more than 1 folders to watch"
