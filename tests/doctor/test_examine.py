from pytest_sdperf.doctor.examine import examine, facts
from pytest_sdperf.hardware.detection import detect

CPU = "sys/devices/system/cpu"


def test_every_section_of_this_machine_has_checks():
    diagnosis = examine(None, no_noise="left out")
    assert [section.title for section in diagnosis.sections] == [
        "CPU",
        "Threads and cores",
        "Clock",
        "Memory",
        "Libraries",
        "Load",
    ]
    assert all(section.checks for section in diagnosis.sections)
    assert (diagnosis.noise, diagnosis.no_noise) == (None, "left out")
    assert "fp32" in [r.variant.name for r in diagnosis.variants]


def test_the_systems_files_are_read_below_the_root(tmp_path):
    for name, text in {
        f"{CPU}/intel_pstate/no_turbo": "0",
        "sys/kernel/mm/transparent_hugepage/enabled": "always madvise [never]",
        "proc/self/cgroup": "0::/x",
        "proc/self/mountinfo": f"30 1 0:26 / {tmp_path}/cg rw - cgroup2 cgroup2 rw",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    sections = facts(detect(), root=tmp_path, environ={"OMP_NUM_THREADS": "3"})
    found = {check.name: check.found for section in sections for check in section.checks}
    assert found["turbo"].startswith("on")
    assert found["huge pages"].startswith("never")
    assert found["variables"].startswith("OMP_NUM_THREADS=3")
    assert found["NUMA nodes"] == "not reported by this system"
