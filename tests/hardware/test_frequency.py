import pytest

from pytest_sdperf.hardware.frequency import Frequency, read_frequency

CPU = "sys/devices/system/cpu"


def test_a_machine_that_says_nothing(tree):
    assert read_frequency([0, 1], root=tree({"proc/version": ""})) == Frequency()


def test_governors_of_the_cpus_asked_about_each_once(tree):
    root = tree(
        {
            f"{CPU}/cpu0/cpufreq/scaling_governor": "powersave\n",
            f"{CPU}/cpu1/cpufreq/scaling_governor": "powersave\n",
            f"{CPU}/cpu2/cpufreq/scaling_governor": "performance\n",
            f"{CPU}/cpu0/cpufreq/scaling_driver": "intel_pstate\n",
            f"{CPU}/cpu0/cpufreq/energy_performance_preference": "balance_performance\n",
        }
    )
    assert read_frequency([0, 1], root=root) == Frequency(
        governors=("powersave",), driver="intel_pstate", preferences=("balance_performance",)
    )
    assert read_frequency([0, 1, 2], root=root).governors == ("powersave", "performance")


@pytest.mark.parametrize(
    ("file", "text", "turbo"),
    [
        ("intel_pstate/no_turbo", "0", True),
        ("intel_pstate/no_turbo", "1", False),
        ("cpufreq/boost", "1", True),
        ("cpufreq/boost", "0", False),
        ("cpufreq/boost", "?", None),
    ],
)
def test_turbo_is_told_by_each_driver_in_its_own_way(tree, file, text, turbo):
    assert read_frequency([0], root=tree({f"{CPU}/{file}": text})).turbo is turbo
