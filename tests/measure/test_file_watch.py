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


def trouble(watch):
    return watch.end(Activity()).trouble


def test_more_events_than_the_system_keeps_are_trouble(watch):
    watch._take(file_watch._EVENT.pack(-1, file_watch._IN_Q_OVERFLOW, 0, 0))
    assert trouble(watch) == "too many files were opened to see each"


def test_events_of_folders_that_are_not_watched_are_left_out(watch):
    for number, mask in ((99, file_watch._IN_OPEN), (next(iter(watch._paths)), 0)):
        watch._take(file_watch._EVENT.pack(number, mask, 0, 0))
    assert watch.end(Activity()).files == frozenset()


def test_a_file_system_that_reports_nothing_is_trouble(folder, monkeypatch):
    monkeypatch.setattr(FileWatch, "_drain", lambda self: None)
    watch = FileWatch([str(folder)], lambda path: False)
    watch.begin()
    assert trouble(watch) == f"opened files cannot be watched in {folder}"


def test_a_system_without_watches_is_trouble(folder, monkeypatch):
    monkeypatch.setattr(file_watch.ctypes, "CDLL", lambda *args, **keywords: object())
    watch = FileWatch([str(folder)], lambda path: False)
    watch.begin()
    assert trouble(watch).startswith("opened files cannot be watched here (")


@pytest.mark.parametrize("earlier", ["", "too many files were opened to see each"])
def test_a_watch_that_somebody_closed_is_trouble(watch, monkeypatch, earlier):
    def fail(self):
        raise OSError(9, "Bad file descriptor")

    watch._trouble = earlier
    monkeypatch.setattr(FileWatch, "_drain", fail)
    assert trouble(watch) == (earlier or "opened files cannot be watched here ([Errno 9] Bad file descriptor)")


def opened(*paths):
    for path in paths:
        path.read_text()


def test_what_is_opened_in_a_part_counts_for_all_and_for_another_watch(folder, watch):
    opened(folder / "a/one")
    with watch.part() as part:
        opened(folder / "a/two")
    assert part.files == {f"{folder}/a/two"}
    other = FileWatch([str(folder)], lambda path: False)
    other.add(part)
    assert other.end(Activity()).files == {f"{folder}/a/two"}
    assert watch.end(Activity()).files == {f"{folder}/a/one", f"{folder}/a/two"}


def test_what_a_process_of_another_case_says_to_have_opened_is_forgotten(folder, watch):
    opened(folder / "a/one", folder / "a/two")
    list((folder / "a").iterdir())
    watch.forget(Activity(opened=[f"{folder}/a/one"], searched=[f"{folder}/a"]))
    seen = watch.end(Activity())
    assert (seen.files, seen.folders) == ({f"{folder}/a/two"}, set())
