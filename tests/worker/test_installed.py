"""What a worker says of the packages around it."""

import sys

from wheels import make_wheel, unpack_wheel

from pytest_sdperf.worker import installed


def test_installed_and_loaded(tmp_path, monkeypatch):
    site = tmp_path / "site"
    for name in ("inkwell_red", "quill"):
        unpack_wheel(make_wheel(tmp_path, name, "1.0", ""), site)
    monkeypatch.syspath_prepend(str(site))
    for name in ("inkwell_red", "quill"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    __import__("inkwell_red")
    found = installed.installed_packages()
    assert found["inkwell-red"] == {"version": "1.0", "loaded": True}
    assert found["quill"] == {"version": "1.0", "loaded": False}
    assert found["pytest"]["loaded"]
    monkeypatch.delitem(sys.modules, "inkwell_red")


def test_the_first_on_the_path_counts(tmp_path, monkeypatch):
    for version in ("1.0", "2.0"):
        unpack_wheel(make_wheel(tmp_path, "quill", version, ""), tmp_path / version)
        monkeypatch.syspath_prepend(str(tmp_path / version))
    assert installed.installed_packages()["quill"]["version"] == "2.0"


def test_a_library_that_is_mapped_counts_as_loaded(tmp_path, monkeypatch):
    """A package of libraries only (an OpenMP runtime) has no module; its files may lie outside of site-packages."""
    info = tmp_path / "lib" / "site" / "omp-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: omp\nVersion: 1.0\n")
    (info / "RECORD").write_text("../libomp.so,,\n")
    monkeypatch.syspath_prepend(str(info.parent))
    maps = tmp_path / "maps"
    maps.write_text(f"7f00-7f01 r-xp 00000000 fd:01 12 {tmp_path}/lib/libomp.so\n7f02-7f03 rw-p 00000000 00:00 0\n")
    monkeypatch.setattr(installed, "MAPS", maps)
    assert installed.installed_packages()["omp"]["loaded"]
    monkeypatch.setattr(installed, "MAPS", tmp_path / "none")
    assert not installed.installed_packages()["omp"]["loaded"]
