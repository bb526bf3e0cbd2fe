"""--sdperf-min-ssim and --sdperf-min-psnr: the picture promises, at every level."""

import pytest

FOG = """
    import pytest
    {0}
    def test_fog(sd_fog):
        sd_fog.check(num_inference_steps=2)
"""


@pytest.fixture
def fog(project):
    """A project whose picture is near the reference: 2 % brighter, PSNR 34 dB, SSIM above 0.98."""
    project.test(FOG.format(""))
    return project


def judge(project, *args):
    """The pictures at their ends alone: link by link, what fog and dice add to a picture would not pass."""
    return project.run("--sdperf-update=new", "--sdperf-parity=off", *args)


def test_default_psnr(fog, told):
    result = judge(fog)
    result.assert_outcomes(failed=1)
    told(result, "fog: picture BROKEN", "(limit 0.98)", "PSNR 34.0 dB (limit 35 dB)", "against ship")


def test_default_ssim(project, told):
    project.test("""
        def test_wreck(sd_wreck):
            sd_wreck.check(num_inference_steps=2)
    """)
    result = judge(project, "--sdperf-min-psnr=0")
    result.assert_outcomes(failed=1)
    told(result, "wreck: picture BROKEN: SSIM ", "(limit 0.98)")
    judge(project, "--sdperf-min-psnr=0", "--sdperf-gate=latency,proof,memory").assert_outcomes(passed=1)


@pytest.mark.parametrize(("option", "loose", "strict"), [("min_psnr", "33dB", "34.5"), ("min_ssim", "0.5", "0.9999")])
def test_every_level_over_the_next(fog, option, loose, strict):
    other = "--sdperf-min-psnr=0" if option == "min_ssim" else "--sdperf-min-ssim=0"
    flag = f"--sdperf-{option.replace('_', '-')}"
    fog.ini(**{option: loose})
    judge(fog, other).assert_outcomes(passed=1)
    judge(fog, other, f"{flag}={strict}").assert_outcomes(failed=1)
    fog.test(FOG.format(f"@pytest.mark.sdperf({option}='{loose}')"))
    judge(fog, other, f"{flag}={strict}").assert_outcomes(passed=1)


def test_two_insane_pictures_do_not_agree(project, monkeypatch, told):
    monkeypatch.setenv("SHIP_FAULT", "black")
    project.test("""
        def test_boat(sd_boat):
            sd_boat.check(num_inference_steps=2)
    """)
    result = judge(project)
    result.assert_outcomes(failed=1)
    told(result, "boat: picture BROKEN: the picture at 64x64", "is all black")


def test_what_does_not_repeat_within_the_limits_cannot_be_judged(project, told):
    """Noise of 2 %: 34 dB from the reference, 31 dB between two of its own pictures."""
    project.test("""
        def test_dice(sd_dice):
            sd_dice.check(num_inference_steps=2)
    """)
    loose = "--sdperf-min-ssim=0.5"
    judge(project, loose, "--sdperf-min-psnr=26dB").assert_outcomes(passed=1)
    result = judge(project, loose, "--sdperf-min-psnr=30dB")
    result.assert_outcomes(failed=1)
    told(
        result,
        "dice: picture BROKEN: pictures of one prompt and seed take up half of the error that the limits allow, or more, "
        "so nothing can be judged: SSIM 0.8",
        "and PSNR 3",
        " dB (limit 30 dB) between them; draw all noise from the call's latents and its `generator`",
    )


@pytest.mark.parametrize(
    ("option", "value", "what"),
    [
        ("min_ssim", "1.01", "is not an SSIM limit"),
        ("min_ssim", "97%", "is not an SSIM limit"),
        ("min_psnr", "-1", "is out of range"),
        ("min_psnr", "40 W", "has the unknown unit 'W'"),
    ],
)
def test_bad_values(project, told, option, value, what):
    flag = f"--sdperf-{option.replace('_', '-')}"
    result = project.run(f"{flag}={value}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told(result, f"'{value}' {what} [{flag}]. Write ")
    project.ini(**{option: value})
    told(project.run(), f"'{value}' {what} [ini key sdperf_{option}]. Write ")
    project.ini()
    project.test(FOG.format(f"@pytest.mark.sdperf({option}={value!r})"))
    result = project.run()
    result.assert_outcomes(errors=1)
    told(result, f"'{value}' {what} [@pytest.mark.sdperf({option}=…)]. Write ")
