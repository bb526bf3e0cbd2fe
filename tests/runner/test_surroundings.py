import os
import resource
import sys

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
