"""For every option: what happens when the settings of the change say it otherwise than those of the base."""

import pytest

from pytest_sdperf.options import resolve
from pytest_sdperf.options.specs import SPECS
from pytest_sdperf.policy.altered_settings import NOT_GOVERNED, Settings, altered_settings
from pytest_sdperf.policy.stricter import changes, governed

BASE, OWN, STRICTER, SILENT = "the base's counts", "the change's counts", "the stricter counts", "nothing is decided"
"""Each but the last with a note."""

TABLE = {
    # option: (base's ini, ini of the change, as both are shown, whose word counts under --sdperf-baselines-from)
    "sdperf": ("true", "false", "", SILENT),
    "json": ("a.json", "b.json", "", SILENT),
    "html": ("a.html", "", "", SILENT),
    "markdown": ("", "b.md", "", SILENT),
    "model": ("bundled", "models/mine", "bundled -> models/mine", OWN),
    "baselines_from": ("main", "mine", "main -> mine", OWN),
    "update": ("", "new", "none -> new", OWN),
    "timeout": ("10m", "1h", "600 s -> 3600 s", OWN),
    "against": ("main", "self", "main -> self", OWN),
    "against_python": ("", "/opt/python", "none -> /opt/python", OWN),
    "base_carry": ("a.so", "a.so,b.so", "a.so -> a.so,b.so", OWN),
    "base_run": ("make", "make slow", "make -> make slow", OWN),
    "variants": ("", "fp32", "none -> fp32", BASE),
    "baselines": ("baselines", "mine", "baselines -> mine", BASE),
    "missing": ("fail", "skip", "fail -> skip", BASE),
    "require": ("amx", "", "amx -> none", BASE),
    "gate": ("", "proof", "latency,picture,proof,memory -> proof", BASE),
    "processes": ("3", "1", "3 -> 1", BASE),
    "rounds": ("5", "1", "5 -> 1", BASE),
    "base_env": ("build", "same", "build -> same", BASE),
    "base_env_extras": ("cpu", "none", "cpu -> none", BASE),
    "dependency_files": ("uv.lock", "none.txt", "uv.lock -> none.txt", BASE),
    "escalate": ("off", "auto", "off -> auto", BASE),
    "identical": ("measure", "pass", "measure -> pass", BASE),
    "budget": ("10m", "1s", "600 s -> 1 s", BASE),
    "alpha": ("1%", "40%", "1 % -> 40 %", BASE),
    "beta": ("5%", "40%", "5 % -> 40 %", BASE),
    "max_pairs": ("24", "4", "24 -> 4", BASE),
    "max_slowdown": ("5%", "900%", "5 % -> 900 %", STRICTER),
    "max_memory_growth": ("10%", "90%", "10 % -> 90 %", STRICTER),
    "max_memory": ("8GiB", "", "8.0 GiB -> none", STRICTER),
    "min_ssim": ("", "0.1", "0.98 -> 0.1", STRICTER),
    "min_psnr": ("", "1dB", "35 dB -> 1 dB", STRICTER),
    "min_link_psnr": ("own=9dB", "own=3dB", "own=9dB -> own=3dB", STRICTER),
    "max_link_bias": ("1%", "9%", "1 % -> 9 %", STRICTER),
    "diverged": ("fail", "warn", "fail -> warn", STRICTER),
    "parity": ("all", "off", "all -> off", STRICTER),
    "ignore": ("1%", "4%", "1 % -> 4 %", STRICTER),
    "must_catch": ("5%", "50%", "5 % -> 50 %", STRICTER),
    "inconclusive": ("fail", "warn", "fail -> warn", STRICTER),
}
LIMIT = {"min_speedup"}
"""On markers alone."""


def test_the_table_has_every_option():
    assert set(TABLE) | LIMIT == {spec.name for spec in SPECS}


def sides(name):
    there, here, *_ = TABLE[name]
    return ({name: value} if value else {} for value in (here, there))


def value(options, name):
    return getattr(options.thresholds if hasattr(options.thresholds, name) else options, name)


@pytest.mark.parametrize("name", TABLE)
@pytest.mark.parametrize("level", ["ini", "addopts"])
def test_what_the_change_alters_is_the_bases_word_or_named(name, level):
    here, there = sides(name)
    *_, shown, whose = TABLE[name]
    head, base = (resolve(**{"command_line": {}, "ini": {}, level: said}) for said in (here, there))
    expected = base if whose in (BASE, STRICTER) else head
    assert value(governed(head, base), name) == value(expected, name)
    said = [Settings(**{"addopts": {}, "ini": {}, level: given}) for given in (here, there)]
    found = altered_settings(*said, {}, is_governed=True)
    found += [f"this change {change}" for change in changes(head, base, "main")]
    assert len(found) == (whose is not SILENT), found
    for note in found:
        verb = "relaxes" if whose is STRICTER else "sets"
        assert note.startswith(f"this change {verb} {name} {shown}; ")
        assert note.endswith("its own counts") == (whose is OWN)


@pytest.mark.parametrize("name", TABLE)
def test_where_no_revision_judges_it_is_named(name):
    here, there = sides(name)
    *_, shown, whose = TABLE[name]
    found = altered_settings(Settings({}, here), Settings({}, there), {}, is_governed=False)
    ending = "its own counts" if whose is OWN else NOT_GOVERNED
    assert found == ([] if whose is SILENT else [f"this change sets {name} {shown}; {ending}"])


@pytest.mark.parametrize("is_governed", [True, False])
def test_what_is_the_same_or_said_by_the_command_line_is_not_named(is_governed):
    one, same = Settings({}, {"base_run": "make", "budget": "60s"}), Settings({"base_run": "make"}, {"budget": "1m"})
    assert altered_settings(one, same, {}, is_governed=is_governed) == []
    other = Settings({}, {"base_run": "true"})
    said = {"base_run": "make all", "budget": "2m"}
    assert altered_settings(one, other, said, is_governed=is_governed) == []
    assert altered_settings(Settings({}, {}), Settings({}, {"base_run": ""}), {}, is_governed=is_governed) == []


def test_addopts_come_before_the_ini():
    head = Settings({"base_run": "make fast"}, {"base_run": "make"})
    assert altered_settings(head, Settings({}, {"base_run": "make"}), {}, is_governed=True) == [
        "this change sets base_run make -> make fast; its own counts"
    ]


def test_a_value_of_the_base_that_nothing_can_read_is_named_as_it_is():
    base = Settings({}, {"max_slowdown": "much"})
    assert altered_settings(Settings({}, {}), base, {}, is_governed=False) == [
        f"this change sets max_slowdown much -> 5 %; {NOT_GOVERNED}"
    ]
