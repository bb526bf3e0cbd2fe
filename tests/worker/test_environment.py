import os
import resource
import sys
from types import ModuleType, SimpleNamespace

import pytest

from pytest_sdperf.worker import environment as surroundings


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


SMAPS = """\
55d0-55d1 r--p 00000000 08:01 17    /usr/bin/python3.11
Size:                 16 kB
Rss:                  12 kB
Anonymous:             0 kB
VmFlags: rd mr mw me sd
55d1-55d2 r-xp 00004000 08:01 17    /usr/bin/python3.11
Rss:                   8 kB
Anonymous:             0 kB
55d2-55d3 rw-p 00008000 08:01 17    /usr/bin/python3.11
Rss:                  20 kB
Anonymous:            16 kB
7f00-7f01 r--p 00000000 08:01 99    /models/a ship.safetensors
Rss:                4000 kB
Anonymous:             0 kB
7f01-7f02 r-xp 00000000 00:01 5     /memfd:kernels (deleted)
Rss:                 700 kB
Anonymous:             0 kB
7f02-7f03 rwxp 00000000 00:00 0
Rss:                  32 kB
Anonymous:            32 kB
7f03-7f04 rw-p 00000000 00:00 0     [heap]
Rss:                9000 kB
Anonymous:          9000 kB
"""


def test_pages_of_libraries_are_those_of_files_that_hold_code_and_were_not_written_to(tmp_path):
    smaps = tmp_path / "smaps"
    smaps.write_text(SMAPS)
    assert surroundings.library_rss_bytes(smaps) == (12 + 8 + 4) * 1024
    assert surroundings.library_rss_bytes(tmp_path / "none") is None


def test_this_process_has_pages_of_libraries():
    assert 1 << 20 < surroundings.library_rss_bytes() < surroundings.peak_rss_bytes()


def test_peak_without_proc_is_rusage_in_its_systems_unit(tmp_path, monkeypatch):
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert surroundings.peak_rss_bytes(tmp_path / "none") >= used * 1024
    monkeypatch.setattr(sys, "platform", "darwin")
    assert used <= surroundings.peak_rss_bytes(tmp_path / "none") < used * 1024


def module_at(file):
    module = ModuleType("made")
    module.__file__ = file
    return module


@pytest.fixture
def trees(tmp_path):
    """Two folders of source code, the second of which is named through a link, and one that is neither."""
    for name in ("head/package", "base/package", "elsewhere", "base-2"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "base")
    return (str(tmp_path / "head"), str(tmp_path / "link"))


def test_modules_below_the_trees_are_told_with_their_real_files(trees, tmp_path):
    modules = {
        "ours": module_at(f"{tmp_path}/head/package/__init__.py"),
        "theirs": module_at(f"{tmp_path}/base/theirs.py"),
        "through_a_link": module_at(f"{tmp_path}/link/package/linked.py"),
        "not_normal": module_at(f"{tmp_path}/elsewhere/../head/plain.py"),
        "outside": module_at(f"{tmp_path}/elsewhere/outside.py"),
        "beside": module_at(f"{tmp_path}/base-2/beside.py"),
        "upwards": module_at(f"{tmp_path}/head/../elsewhere/upwards.py"),
    }
    assert surroundings.loaded_from(trees, modules) == {
        "ours": f"{tmp_path}/head/package/__init__.py",
        "theirs": f"{tmp_path}/base/theirs.py",
        "through_a_link": f"{tmp_path}/base/package/linked.py",
        "not_normal": f"{tmp_path}/head/plain.py",
    }


def test_a_file_that_a_tree_only_links_to_lies_elsewhere(trees, tmp_path):
    (tmp_path / "elsewhere" / "real.py").touch()
    (tmp_path / "head" / "link.py").symlink_to(tmp_path / "elsewhere" / "real.py")
    assert surroundings.loaded_from(trees, {"link": module_at(f"{tmp_path}/head/link.py")}) == {}


def test_files_of_all_modules_but_those_of_the_standard_library(trees, tmp_path):
    modules = {
        "ours": module_at(f"{tmp_path}/link/package/__init__.py"),
        "json": module_at("/usr/lib/python3/json/__init__.py"),
        "json.decoder": module_at("/usr/lib/python3/json/decoder.py"),
        "other": module_at(f"{tmp_path}/elsewhere/other.py"),
        "made_up": module_at(None),
    }
    assert surroundings.loaded_files(modules) == {
        "ours": f"{tmp_path}/base/package/__init__.py",
        "other": f"{tmp_path}/elsewhere/other.py",
    }


def test_modules_without_a_file_are_left_out(trees, tmp_path, monkeypatch):
    class MadeUp(ModuleType):
        __file__ = "_ops.py"  # as torch.ops says

    class Curious(ModuleType):
        def __getattr__(self, name):
            raise ImportError(f"importing for {name}")

    monkeypatch.chdir(tmp_path / "head")
    modules = {
        "a": None,
        "b": module_at(None),
        "c": MadeUp("c"),
        "d": Curious("d"),
        "e": ModuleType("e"),
        "f": object(),
    }
    assert surroundings.loaded_from(trees, modules) == {}


def test_without_trees_nothing_is_looked_for():
    assert surroundings.loaded_from((), dict(sys.modules)) == {}


def test_usage_only_grows():
    before = surroundings.usage_so_far()
    assert len(before) == 2
    assert all(now >= then >= 0 for then, now in zip(before, surroundings.usage_so_far(), strict=True))


def test_usage_is_that_of_the_process(monkeypatch):
    used = SimpleNamespace(ru_nivcsw=12, ru_nvcsw=1, ru_majflt=3, ru_minflt=9)
    monkeypatch.setattr(resource, "getrusage", {resource.RUSAGE_SELF: used}.get)
    assert surroundings.usage_so_far() == (12, 3)


def test_usage_is_zero_where_the_system_counts_nothing(monkeypatch):
    monkeypatch.setitem(sys.modules, "resource", None)
    assert surroundings.usage_so_far() == (0, 0)


def installed(folder, name, *, top_level=None, record=None, version="1.0"):
    """A distribution in a folder."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    for file, text in (("top_level.txt", top_level), ("RECORD", record)):
        if text is not None:
            (info / file).write_text(text)


def test_versions_are_those_of_what_is_loaded(tmp_path, monkeypatch):
    installed(tmp_path, "sails", top_level="sails\n_sails\n", version="2.1+cpu")
    installed(tmp_path, "Hull.Paint", record="hull/paint.py,sha256=x,1\nHull_Paint-1.0.dist-info/RECORD,,\n")
    installed(tmp_path, "one-file", record="anchor.py,,\nanchor.cpython-311-x86_64-linux-gnu.so,,\n")
    installed(tmp_path, "not-loaded", top_level="flag\n")
    installed(tmp_path, "no-files")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    found = surroundings.loaded_versions(["_sails.ropes", "hull", "anchor", "json", "mine"])
    assert found == {"hull-paint": "1.0", "one-file": "1.0", "sails": "2.1+cpu"}
    assert surroundings.loaded_versions(["flags", "paint"]) == {}


def test_the_versions_of_this_process_are_those_of_its_modules():
    found = surroundings.loaded_versions([*sys.modules])
    assert found["pytest"] == pytest.__version__
    assert "numpy" in {**found, **surroundings.package_versions()}


@pytest.mark.parametrize(
    "name",
    [
        "OPENBLAS_NUM_THREADS",
        "GOTO_NUM_THREADS",
        "MKL_CBWR",
        "KMP_BLOCKTIME",
        "GOMP_SPINCOUNT",
        "DNNL_MAX_CPU_ISA",
        "OV_CPU_MAX_ISA",
        "OPENVINO_THREADS",
        "ATEN_CPU_CAPABILITY",
        "TORCHINDUCTOR_FREEZING",
        "TORCH_COMPILE_DISABLE",
        "PYTORCH_JIT",
        "MIMALLOC_LARGE_OS_PAGES",
        "_RJEM_MALLOC_CONF",
        "NUMEXPR_MAX_THREADS",
        "NPY_DISABLE_CPU_FEATURES",
        "BLIS_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "TBB_NUM_THREADS",
        "ORT_NUM_THREADS",
        "GLIBC_TUNABLES",
        "PYTHONHASHSEED",
        "PYTHON_GIL",
        "PYTHONOPTIMIZE",
    ],
)
def test_variables_of_every_library_that_computes_are_steering(name):
    assert surroundings.steering_variables({name: "1"}) == {name: "1"}


@pytest.mark.parametrize(
    "name",
    ["OPENVINO_TOKEN", "TORCH_API_KEY", "ORT_SECRET", "PYTORCH_PASSWORD", "HF_TOKEN", "PYTHONPATH", "PATH", "LANG"],
)
def test_secrets_and_what_steers_nothing_are_not_kept(name):
    assert surroundings.steering_variables({name: "1"}) == {}
