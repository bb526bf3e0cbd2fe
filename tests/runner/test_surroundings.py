import os
import resource
import sys
import types

from pytest_sdperf.runner import surroundings


def test_python_is_named_with_its_implementation():
    assert surroundings.python_version().endswith(".".join(map(str, sys.version_info[:3])))


def test_versions_are_those_installed():
    versions = surroundings.package_versions()
    assert "numpy" in versions
    assert "pytest" not in versions


def test_steering_variables_are_chosen_by_name():
    environ = {
        "OMP_NUM_THREADS": "2",
        "KMP_AFFINITY": "compact",
        "MALLOC_CONF": "dirty_decay_ms:0",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "LD_PRELOAD": "/secret/home/libjemalloc.so.2:/usr/lib/libiomp5.so",
        "TORCHINDUCTOR_CACHE_DIR": "/home/somebody",
        "HF_TOKEN": "secret",
        "HOME": "/home/somebody",
        "SDPERF_CPUS": "0",
    }
    assert surroundings.steering_variables(environ) == {
        "KMP_AFFINITY": "compact",
        "LD_PRELOAD": "libjemalloc.so.2:libiomp5.so",
        "MALLOC_CONF": "dirty_decay_ms:0",
        "OMP_NUM_THREADS": "2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
    }
    assert surroundings.steering_variables({}) == {}


def test_usable_cpus_follow_affinity_where_there_is_one(monkeypatch):
    assert surroundings.usable_cpus() == sorted(os.sched_getaffinity(0))
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    assert surroundings.usable_cpus() == [0, 1, 2]


def test_peak_is_the_high_water_mark_of_this_program(tmp_path):
    status = tmp_path / "status"
    status.write_text("Name:\tx\nVmPeak:\t  99999 kB\nVmHWM:\t    1234 kB\nVmRSS:\t 1 kB\n")
    assert surroundings.peak_rss_bytes(status) == 1234 * 1024


def test_peak_without_proc_is_rusage_in_its_systems_unit(tmp_path, monkeypatch):
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert surroundings.peak_rss_bytes(tmp_path / "none") >= used * 1024
    monkeypatch.setattr(sys, "platform", "darwin")
    assert used <= surroundings.peak_rss_bytes(tmp_path / "none") < used * 1024


def test_modules_of_a_tree_are_those_whose_real_file_lies_in_it(tmp_path):
    inside, outside = tmp_path / "tree" / "service", tmp_path / "tree-of-others"
    inside.mkdir(parents=True)
    outside.mkdir()
    for file in (inside / "engine.py", inside / "real.py", outside / "away.py"):
        file.write_text("")
    (tmp_path / "linked").symlink_to(inside)
    (outside / "link.py").symlink_to(inside / "real.py")
    (inside / "out.py").symlink_to(outside / "away.py")
    files = {
        "engine": inside / "engine.py",
        "by_folder": tmp_path / "linked" / "engine.py",
        "by_link": outside / "link.py",
        "away": outside / "away.py",
        "leaves": inside / "out.py",
    }
    modules = {name: types.SimpleNamespace(__file__=str(file)) for name, file in files.items()}
    modules |= {"sys": sys, "odd": types.SimpleNamespace(__file__=None), "none": None}
    here = tmp_path.resolve() / "tree" / "service"
    assert surroundings.loaded_from([str(tmp_path / "tree")], modules) == {
        "engine": str(here / "engine.py"), "by_folder": str(here / "engine.py"), "by_link": str(here / "real.py"),
    }  # fmt: skip
    assert surroundings.loaded_from([], modules) == {}
