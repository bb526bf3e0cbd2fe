import pytest

from pytest_sdperf.hardware import openmp


@pytest.fixture
def find(tmp_path, tree, monkeypatch):
    monkeypatch.setattr(openmp.sys, "prefix", str(tmp_path / "env"))
    monkeypatch.setattr(openmp.platform, "machine", lambda: "x86_64")

    def find(files):
        root = tree(dict.fromkeys(files, ""))
        found = openmp.openmp_runtimes(root=root, site_packages=root / "site")
        return [str(path.relative_to(root)) for path in found]

    return find


def test_what_wheels_carry_and_what_the_system_has(find):
    assert find(
        [
            "site/torch/lib/libgomp.so.1",
            "site/scikit_learn.libs/libgomp-e985bcbb.so.1.0.0",
            "usr/lib/x86_64-linux-gnu/libgomp.so.1",
            "usr/lib/x86_64-linux-gnu/libomp.so.5",
            "site/torch/lib/libtorch.so",
            "site/torch/lib/libiompstubs5.so",
            "usr/lib/libompi.so",
        ]
    ) == [
        "site/torch/lib/libgomp.so.1",
        "site/scikit_learn.libs/libgomp-e985bcbb.so.1.0.0",
        "usr/lib/x86_64-linux-gnu/libgomp.so.1",
        "usr/lib/x86_64-linux-gnu/libomp.so.5",
    ]


def test_links_to_one_file_count_once(find, tmp_path):
    folder = tmp_path / "root" / "usr" / "lib"
    folder.mkdir(parents=True)
    (folder / "libgomp.so").symlink_to("libgomp.so.1.0.0")
    (folder / "libgomp.so.1").symlink_to("libgomp.so.1.0.0")
    assert find(["usr/lib/libgomp.so.1.0.0"]) == ["usr/lib/libgomp.so"]


def test_none(find):
    assert find(["proc/version"]) == []
