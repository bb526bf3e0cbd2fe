"""Links are resolved, and each folder is asked once."""

import os

from pytest_sdperf.real_paths import RealPaths


def test_links_of_files_and_folders(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "x.py").touch()
    (tmp_path / "way").symlink_to("real")
    (tmp_path / "real" / "y.py").symlink_to("x.py")
    paths = RealPaths()
    for path in ("real/x.py", "way/x.py", "way/y.py", "way", "way/", "way/../real/x.py", "way/."):
        assert paths.of(f"{tmp_path}/{path}") == os.path.realpath(f"{tmp_path}/{path}")
    assert paths.of("/") == "/"
    assert paths.of("/nowhere") == "/nowhere"


def test_a_folder_is_asked_once():
    asked = []
    paths = RealPaths(lambda path: asked.append(path) or path)
    assert [paths.of(f"/far/{name}") for name in "ab"] == ["/far/a", "/far/b"]
    assert asked == ["/far"]
