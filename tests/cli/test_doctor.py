import pytest

from pytest_sdperf.cli.pages.doctor_page import noise_lines, regime_lines, render
from pytest_sdperf.doctor import examine as examine_module
from pytest_sdperf.doctor import noise as noise_module
from pytest_sdperf.doctor import regimes as regimes_module
from pytest_sdperf.doctor.diagnosis import Check, Diagnosis, Noise, Regimes, Runnable, Section, State
from pytest_sdperf.hardware.requirements import Unmet
from pytest_sdperf.launch import host_lock as lock_module
from pytest_sdperf.launch.host_lock import Holder
from pytest_sdperf.stats.sequential import Plan
from pytest_sdperf.variant import Variant

NO_TORCH = Unmet("package:torch", "this environment", "has no torch", "Install it.")


def quiet(spread=0.01, **changes):
    ratios = [spread * sign for sign in (1, -1) * 4]
    return Noise(
        **{
            "pair_log_ratios": ratios,
            "process_medians_s": [1.0, 1.01],
            "steal": 0.0,
            "foreign": 0.0,
            "spent_s": 7.4,
            **changes,
        }
    )


def diagnosis(*, unmet=(), noise=None, **changes):
    checks = [Check("governor", State.WEAK, "powersave", "Use performance."), Check("turbo", State.FINE, "off")]
    given = {
        "machine_key": "spr-8cores-amx",
        "sections": [Section("Clock", checks), Section("Again", checks)],
        "variants": [Runnable(Variant("fp32", "a.b:c"), "pytest-sdperf", list(unmet))],
        "noise": noise,
        "no_noise": "left out",
    }
    return Diagnosis(**{**given, **changes})


@pytest.fixture
def doctor(run, monkeypatch, tmp_path):
    """The command on a made-up machine; the host's lock is one of its own."""

    def doctor(found, *arguments, holder=None, **more):
        monkeypatch.setattr(examine_module, "examine", lambda measure, *, no_noise: _with(found, measure, no_noise))
        monkeypatch.setattr(lock_module, "current_holder", lambda: holder)
        monkeypatch.setattr(lock_module, "_shared_folder", lambda: tmp_path)
        monkeypatch.setattr(noise_module, "measure_noise", lambda *, report: report(1) or quiet())
        monkeypatch.setattr(regimes_module, "stored_runs", lambda root: [root])
        monkeypatch.setattr(regimes_module, "measure_regimes", lambda runs: Regimes([100] * 40, [12_000] * 40, 4.0))
        return run("doctor", *arguments, **more)

    def _with(found, measure, no_noise):
        noise, regimes = measure() if measure else (None, None)
        return diagnosis(unmet=found, noise=noise, regimes=regimes, no_noise=no_noise)

    return doctor


def test_the_page():
    assert render(diagnosis(), width=80, colour=False).splitlines() == [
        "sdperf doctor: spr-8cores-amx",
        "",
        "Clock",
        "  weak  governor  powersave",
        "  ok    turbo     off",
        "",
        "Again",
        "  weak  governor  powersave",
        "  ok    turbo     off",
        "",
        "Variants",
        "  ok  fp32  can run",
        "",
        "Noise",
        "  not measured: left out",
        "",
        "What to change",
        "  1.  Use performance.",
        "",
        "1 of 1 variant can run here",
    ]


def test_a_variant_that_cannot_run_says_why():
    text = render(
        diagnosis(unmet=[NO_TORCH], sections=[], problems=["entry point x cannot be loaded."]), width=140, colour=False
    )
    assert "  no  fp32  needs package:torch: this environment has no torch. Install it." in text
    assert "entry point x cannot be loaded." in text
    assert "What to change\n  nothing\n" in text
    assert text.endswith("0 of 1 variant can run here; fp32 cannot, so no picture can be compared with it\n")


def test_what_noise_means():
    lines = noise_lines(quiet(0.01), Plan())
    assert lines[0] == (
        "A 5 % slowdown needs about 6 pairs here (5 to 8) to be called REGRESSED, 4 times in 5. "
        "A program that is as fast as before passes after about 4 pairs."
    )
    assert lines[1] == "With 24 pairs, the most by default, slowdowns from 3.17 % on are seen."
    assert lines[2].startswith(
        "Pairs spread by 1.1 % (with 80 % confidence 0.8 % to 1.7 % in truth), processes by 0.7 %; "
    )
    assert "8 pairs of fresh processes that sorted numbers in turn on one core, for 7 s in all" in lines[3]
    assert "It is not a diffusion pipeline" in lines[3]
    assert len(lines) == 4


def test_a_machine_that_is_too_noisy():
    lines = noise_lines(quiet(0.2), Plan())
    assert lines[0] == (
        "A 5 % slowdown needs more than 24 pairs here to be called REGRESSED, 4 times in 5. "
        "A program that is as fast as before passes after more than 24 pairs."
    )


def test_a_spread_that_may_be_small_enough():
    assert "needs about 20 pairs here (14 to more than 24) to be" in noise_lines(quiet(0.0365), Plan())[0]


@pytest.mark.parametrize(
    ("changes", "told"), [({"steal": 0.05}, 0), ({"steal": 0.051}, 1), ({"foreign": 0.10}, 0), ({"foreign": 0.101}, 1)]
)
def test_a_disturbed_measurement_says_so(changes, told):
    assert sum("Something else ran meanwhile" in line for line in noise_lines(quiet(**changes), Plan())) == told


def test_the_noise_is_measured_under_the_lock(doctor, tmp_path):
    result = doctor([])
    assert "A 5 % slowdown needs about" in result.stdout
    assert "measuring noise" in result.stderr
    assert "A round trip between two of its CPUs takes 100 ns, a blocked wake-up 12 us (40 probes in 4 s, 0 of" in (
        " ".join(result.stdout.split())
    )


NOW = "A round trip between two of its CPUs takes 100 ns, a blocked wake-up 12 us (40 probes in 4 s, "
UNKNOWN_COST = "What another regime costs here is not known: no baselines in this folder show a usual level."


@pytest.mark.parametrize(
    ("regimes", "lines"),
    [
        (Regimes([], [], 0.0), ["not measured: it takes two usable CPUs, and Linux"]),
        (
            Regimes([100] * 36 + [400] * 4, [12_000] * 40, 4.0),
            [f"{NOW}4 of them of another regime).", UNKNOWN_COST],
        ),
        (
            Regimes([100] * 26 + [400] * 14, [12_000] * 40, 4.0),
            [
                f"{NOW}14 of them of another regime).",
                "No level is the usual one: the regime changes too fast to draw pictures again for it.",
                UNKNOWN_COST,
            ],
        ),
        (
            Regimes([100] * 40, [12_000] * 40, 4.0, stored_ns=110.0, stored=135, cost=1.5),
            [
                f"{NOW}0 of them of another regime).",
                "By 135 pictures of recorded runs usual is 110 ns; in another regime they took 1.50 times as long.",
            ],
        ),
        (
            Regimes([100] * 40, [12_000] * 40, 4.0, stored_ns=300.0, stored=15),
            [
                f"{NOW}0 of them of another regime).",
                "By 15 pictures of recorded runs usual is 300 ns, so this is another regime now; none of their "
                "processes saw another one.",
            ],
        ),
    ],
)
def test_what_the_regime_is_and_costs(regimes, lines):
    assert regime_lines(regimes) == lines


def test_without_noise(doctor):
    assert "not measured: left out" in doctor([], "--no-noise").stdout


def test_while_another_session_measures_nothing_is_timed(doctor):
    out = doctor([], holder=Holder(7, "2026-11-24T12:00:00+00:00", "pytest --sdperf")).stdout
    assert "not measured: another sdperf session is measuring on this host (pid 7, started" in out


def test_without_fp32_the_exit_code_is_1(doctor):
    assert "fp32 cannot" in doctor([NO_TORCH], "--no-noise", code=1).stdout


def test_this_machine(run):
    out = run("doctor", "--no-noise", code=_code()).stdout
    assert "Threads and cores" in out


def _code():
    from pytest_sdperf.doctor.runnable import known_variants, runnable

    registry, _ = known_variants()
    (fp32,) = runnable([(registry["fp32"], "x")])
    return 1 if fp32.unmet else 0
