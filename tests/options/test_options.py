import pytest

from pytest_sdperf.errors import OptionError
from pytest_sdperf.options import Options, Thresholds, given_options, resolve
from pytest_sdperf.options.specs import SPECS
from pytest_sdperf.verdict.parts import PARTS

BY_NAME = {s.name: s for s in SPECS}

# name -> three raw values and what they are read as
VALUES = {
    "sdperf": (("yes", True), ("off", False), (True, True)),
    "model": (("a", "a"), ("b", "b"), (" c ", "c")),
    "variants": (("a,b", ("a", "b")), ("c", ("c",)), (["d"], ("d",))),
    "baselines": (("a", "a"), ("b", "b"), ("c", "c")),
    "baselines_from": (("main", "main"), ("auto", "auto"), (" v1 ", "v1")),
    "update": (("new", "new"), ("all", "all"), ("new", "new")),
    "missing": (("fail", "fail"), ("skip", "skip"), ("fail", "fail")),
    "require": (("amx", ("amx",)), ("isa\ncores", ("isa", "cores")), ("all", ("all",))),
    "gate": (("latency", ("latency",)), ("picture, proof", ("picture", "proof")), (("memory",), ("memory",))),
    "processes": (("2", 2), ("4", 4), (5, 5)),
    "rounds": (("2", 2), ("4", 4), (6, 6)),
    "timeout": (("1m", 60.0), ("2s", 2.0), (3, 3.0)),
    "against": (("main", "main"), ("auto", "auto"), ("self", "self")),
    "against_python": (("a", "a"), ("b", "b"), ("c", "c")),
    "base_env": (("same", "same"), ("build", "build"), ("same", "same")),
    "base_env_extras": (("a,b", ("a", "b")), ("none", ("none",)), (["d"], ("d",))),
    "dependency_files": (("a.txt,b/*.lock", ("a.txt", "b/*.lock")), ("c", ("c",)), (["d"], ("d",))),
    "base_carry": (("a.so,b/*.py", ("a.so", "b/*.py")), ("c", ("c",)), (["d"], ("d",))),
    "base_run": (("make", "make"), ("a && b", "a && b"), (" c ", "c")),
    "escalate": (("off", "off"), ("auto", "auto"), ("off", "off")),
    "identical": (("measure", "measure"), ("pass", "pass"), ("measure", "measure")),
    "budget": (("10m", 600.0), ("30s", 30.0), (5, 5.0)),
    "ignore": (("0%", 0.0), ("2%", 0.02), (0.03, 0.03)),
    "must_catch": (("2%", 0.02), ("0.1", 0.1), (0.2, 0.2)),
    "alpha": (("2%", 0.02), ("0.1", 0.1), (0.5, 0.5)),
    "beta": (("2%", 0.02), ("0.1", 0.1), (0.0001, 0.0001)),
    "max_pairs": (("4", 4), ("20", 20), (200, 200)),
    "inconclusive": (("fail", "fail"), ("warn", "warn"), ("fail", "fail")),
    "json": (("a", "a"), ("b", "b"), ("c", "c")),
    "html": (("a", "a"), ("b", "b"), ("c", "c")),
    "markdown": (("a", "a"), ("b", "b"), ("c", "c")),
    "max_slowdown": (("5%", 0.05), ("0.1", 0.1), (0.2, 0.2)),
    "max_memory_growth": (("5%", 0.05), ("0.1", 0.1), (0.2, 0.2)),
    "max_memory": (("1GiB", 1 << 30), ("2MB", 2_000_000), ("3B", 3)),
    "min_ssim": (("0.9", 0.9), ("1", 1.0), (0.5, 0.5)),
    "min_psnr": (("30dB", 30.0), ("40", 40.0), (20, 20.0)),
    "min_link_psnr": (
        ("unet=30", {"unet": 30.0}),
        ("latents = 45dB\nvae_decode=40", {"latents": 45.0, "vae_decode": 40.0}),
        ({"own stage": "20dB"}, {"own stage": 20.0}),
    ),
    "max_link_bias": (("1%", 0.01), ("0.002", 0.002), (0.03, 0.03)),
    "diverged": (("fail", "fail"), ("warn", "warn"), ("fail", "fail")),
    "parity": (("first", "first"), ("off", "off"), ("all", "all")),
    "min_speedup": ((("a", 2), ("a", 2.0)), (["b", "3x"], ("b", 3.0)), (("c", "1.5"), ("c", 1.5))),
}


def value_of(options, name):
    return getattr(options.thresholds if BY_NAME[name].is_threshold else options, name)


def test_every_option_has_its_values_here():
    assert set(VALUES) == set(BY_NAME)


def test_every_field_is_an_option_and_the_other_way_round():
    fields = {*Options._fields, *Thresholds._fields} - {"thresholds", "stated"}
    assert fields == set(BY_NAME)


def test_the_slowdown_to_catch_is_above_the_one_to_ignore():
    said = {"ignore": "3%", "must_catch": "3%"}
    with pytest.raises(OptionError) as caught:
        resolve(command_line=said, ini={})
    assert str(caught.value) == (
        "must_catch 3.00% is not above ignore 3.00% [--sdperf-must-catch, --sdperf-ignore]. "
        "Leave room between the slowdown to ignore and the one to catch."
    )
    assert resolve(command_line={**said, "must_catch": "3.1%"}, ini={}).thresholds.must_catch == pytest.approx(0.031)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        (
            "alpha",
            "0.009%",
            "'0.009%' is not a valid error rate [--sdperf-alpha]. Write a share from 0.01% to 50%, like \"1%\".",
        ),
        (
            "beta",
            "51%",
            "'51%' is not a valid error rate [--sdperf-beta]. Write a share from 0.01% to 50%, like \"1%\".",
        ),
        (
            "max_pairs",
            "3",
            "'3' is not a valid limit on pairs [--sdperf-max-pairs]. Write a whole number from 4, the first",
        ),
        ("max_pairs", "201", "'201' is not a valid limit on pairs [--sdperf-max-pairs]."),
        ("budget", "0s", "'0s' leaves the pairs no time [--sdperf-budget]. Write it like \"10m\"."),
    ],
)
def test_limits_of_error_rates_pairs_and_budget(name, value, told):
    with pytest.raises(OptionError) as caught:
        resolve(command_line={name: value}, ini={})
    assert str(caught.value).startswith(told)


def test_the_defaults():
    options = resolve(command_line={}, ini={})
    assert options == Options()
    assert options.stated == frozenset()
    assert options.thresholds == Thresholds(0.05, 0.10, None, 0.98, 35.0, {}, None, "warn", None)
    assert (options.sdperf, options.missing, options.update, options.gate) == (False, "fail", None, tuple(PARTS))


@pytest.mark.parametrize("name", BY_NAME)
def test_marker_over_command_line_over_ini_over_default(name):
    spec = BY_NAME[name]
    (first, one), (second, two), (third, three) = VALUES[name]
    if spec.on_command_line:
        assert value_of(resolve(command_line={}, ini={name: first}), name) == one
        assert value_of(resolve(command_line={name: second}, ini={name: first}), name) == two
        assert value_of(resolve(command_line={name: None}, ini={name: first}), name) == one
        assert resolve(command_line={}, ini={name: ""}) == Options()
    if spec.on_marker:
        levels = {"command_line": {name: second}, "ini": {name: first}}
        assert value_of(resolve(marker={name: third}, **levels), name) == three
    else:
        with pytest.raises(OptionError, match="unknown keyword"):
            resolve(marker={name: third}, command_line={}, ini={})


@pytest.mark.parametrize("name", [s.name for s in SPECS if s.on_command_line])
def test_a_bad_value_names_its_level(name):
    spec = BY_NAME[name]
    for levels, where in (
        ({"marker": {name: object()}}, f"@pytest.mark.sdperf({name}=…)"),
        ({"command_line": {name: object()}}, spec.flag),
        ({"ini": {name: object()}}, f"ini key {spec.ini_key}"),
    ):
        if "marker" in levels and not spec.on_marker:
            continue
        with pytest.raises(OptionError) as raised:
            resolve(**{"command_line": {}, "ini": {}, **levels})
        assert raised.value.where == where
        assert raised.value.cure


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("sdperf", "perhaps", "'perhaps' is neither true nor false [--sdperf]. Write true or false."),
        ("model", "  ", "'  ' is not a name or path [--sdperf-model]. Write a non-empty text."),
        ("variants", 3, '3 is not a list of names [--sdperf-variants]. Write them like "fp32,openvino".'),
        ("variants", [3], "[3] is not a list of names"),
        ("variants", " , ", "' , ' names nothing [--sdperf-variants]. Write at least one name, like \"fp32\"."),
        ("gate", "latency,speed", "'speed' is not a choice [--sdperf-gate]. Use one of: latency, picture, proof, memory."),
        ("update", "", "'' is not a choice [--sdperf-update]. Use one of: new, all."),
        ("min_link_psnr", "unet:40", "'unet:40' is not a link and its limit [--sdperf-min-link-psnr]. Write it like \"unet=45dB,"),
        ("min_link_psnr", {}, "{} names no link [--sdperf-min-link-psnr]. Write it like"),
        ("min_link_psnr", {3: 4}, "{3: 4} names no link"),
        ("min_link_psnr", "=4", "'=4' names no link"),
        ("min_link_psnr", "unet=4 s", "'4 s' has the unknown unit 's'"),
        ("timeout", "0s", "'0s' leaves a worker no time [--sdperf-timeout]. Write it like \"10m\"."),
    ],
)  # fmt: skip
def test_messages(name, value, message):
    with pytest.raises(OptionError) as raised:
        resolve(command_line={name: value}, ini={})
    assert str(raised.value).startswith(message)


@pytest.mark.parametrize("value", ["fp32", ("fp32",), ("fp32", 2, 3), (2, "fp32"), None.__class__])
def test_min_speedup_is_a_pair(value):
    with pytest.raises(OptionError, match=r"is not a \(variant, factor\) pair"):
        resolve(marker={"min_speedup": value}, command_line={}, ini={})


def test_an_unknown_keyword_names_the_known_ones():
    with pytest.raises(OptionError) as raised:
        resolve(marker={"speed": 1}, command_line={}, ini={})
    known = ", ".join(s.name for s in SPECS if s.on_marker)
    assert str(raised.value) == f"unknown keyword 'speed' [@pytest.mark.sdperf]. Use one of: {known}."


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("sdperf", "False"),
        ("variants", "none"),
        ("gate", "latency,picture,proof,memory"),
        ("rounds", "none"),
        ("timeout", "600 s"),
        ("ignore", "1 %"),
        ("max_memory", "none"),
        ("min_psnr", "35 dB"),
        ("min_link_psnr", "default"),
        ("parity", "all"),
        ("diverged", "warn"),
        ("max_link_bias", "none"),
        ("max_pairs", "24"),
    ],
)
def test_defaults_as_people_write_them(name, shown):
    assert BY_NAME[name].shown(value_of(Options(), name)) == shown


def test_a_variants_own_thresholds_come_after_everything_that_is_said():
    own = {"min_psnr": "20dB", "min_link_psnr": {"unet": 30}}
    thresholds = resolve(command_line={}, ini={}, variant=own).thresholds
    assert (thresholds.min_psnr, thresholds.min_link_psnr["unet"], thresholds.min_ssim) == (20.0, 30.0, 0.98)
    assert resolve(command_line={}, ini={}, variant=own).stated == {"min_psnr", "min_link_psnr"}
    assert resolve(command_line={}, ini={"min_psnr": "25"}, variant=own).thresholds.min_psnr == 25.0
    assert resolve(command_line={"min_psnr": "26"}, ini={}, variant=own).thresholds.min_psnr == 26.0
    assert resolve(marker={"min_psnr": "27"}, command_line={}, ini={}, variant=own).thresholds.min_psnr == 27.0


def test_a_variant_declares_thresholds_and_nothing_else():
    with pytest.raises(OptionError) as raised:
        resolve(command_line={}, ini={}, variant={"rounds": 3})
    known = ", ".join(s.name for s in SPECS if s.is_threshold)
    assert str(raised.value) == f"unknown keyword 'rounds' [Variant(thresholds=…)]. Use one of: {known}."
    with pytest.raises(OptionError) as raised:
        resolve(command_line={}, ini={}, variant={"min_psnr": "much"})
    assert raised.value.where == "Variant(thresholds={'min_psnr': …})"


def test_names_of_flags_keys_and_destinations():
    assert (BY_NAME["sdperf"].flag, BY_NAME["sdperf"].ini_key, BY_NAME["sdperf"].dest) == (
        "--sdperf",
        "sdperf",
        "sdperf_enabled",
    )
    slow = BY_NAME["max_slowdown"]
    assert (slow.flag, slow.ini_key, slow.dest) == (
        "--sdperf-max-slowdown",
        "sdperf_max_slowdown",
        "sdperf_max_slowdown",
    )


def test_spoken_reads_every_option_of_both_levels():
    class Config:
        def getoption(self, name):
            return f"line {name}"

        def getini(self, name):
            return f"ini {name}"

    said = given_options(Config(), {"sdperf_rounds": "line sdperf_rounds", "sdperf_gate": "proof"})
    assert set(said) == {"command_line", "addopts", "ini"}
    assert set(said["ini"]) == set(said["command_line"]) == set(BY_NAME) - {"min_speedup"}
    assert (said["command_line"]["rounds"], said["command_line"]["budget"]) == ("line sdperf_rounds", None)
    assert said["ini"]["rounds"] == "ini sdperf_rounds"
    assert "rounds" not in said["addopts"]
    assert said["addopts"]["budget"] == "line sdperf_budget", "in effect, and not said on the command line"
    assert said["addopts"]["gate"] == "line sdperf_gate", "another value than that of the command line"


def test_addopts_are_between_the_command_line_and_the_ini():
    def resolved(**levels):
        return resolve(**{"command_line": {}, "ini": {}, **levels}).processes

    assert resolved(command_line={"processes": "1"}, addopts={"processes": "2"}, ini={"processes": "3"}) == 1
    assert resolved(addopts={"processes": "2"}, ini={"processes": "3"}) == 2
    with pytest.raises(OptionError, match=r"\[--sdperf-processes of the project's addopts\]"):
        resolved(addopts={"processes": "none"})


def test_help_of_a_default_states_the_default():
    shown = {"processes": "2 to 6, as many as the verdict needs; 5 to record", "rounds": "5", "timeout": "10m", "max_slowdown": "5%%", "max_memory_growth": "10%%",
             "min_ssim": "0.98", "min_psnr": "35", "missing": "fail"}  # fmt: skip
    for name, text in shown.items():
        assert f"(default: {text})" in BY_NAME[name].help
