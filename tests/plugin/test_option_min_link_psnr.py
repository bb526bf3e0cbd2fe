"""--sdperf-min-link-psnr: limits of a chain's links, at every level; and the thresholds that a variant declares."""

import pytest

RUST = """
    import pytest

    {marker}
    def test_rust(sd_rust):
        sd_rust.check(num_inference_steps=2)
"""
# The UNet answers 0.91 of the latents instead of 0.9, plus the same text: 54 dB.
LOOSE, STRICT = "unet=50dB", "unet=60dB"


@pytest.fixture
def rust(project):
    def rust(*args, marker=""):
        project.test(RUST.format(marker=marker))
        return project.run("--sdperf-update=new", *args)

    return rust


def test_the_default_is_wide(rust):
    rust().assert_outcomes(passed=1)


def test_the_command_line(rust, told):
    rust(f"--sdperf-min-link-psnr={LOOSE}").assert_outcomes(passed=1)
    result = rust(f"--sdperf-min-link-psnr={STRICT}")
    result.assert_outcomes(failed=1)
    told(
        result,
        "rust: picture BROKEN: UNet call 1 gives something else than ship's for the same inputs (",
        ", limit 60 dB)",
    )


def test_ini(rust, project):
    project.ini(min_link_psnr=STRICT)
    rust().assert_outcomes(failed=1)


def test_command_line_over_ini(rust, project):
    project.ini(min_link_psnr=STRICT)
    rust(f"--sdperf-min-link-psnr={LOOSE}").assert_outcomes(passed=1)


def test_marker_over_command_line(rust):
    marker = '@pytest.mark.sdperf(min_link_psnr={"unet": 50})'
    rust(f"--sdperf-min-link-psnr={STRICT}", marker=marker).assert_outcomes(passed=1)


def test_not_gated(rust):
    # Where the picture is not gated its reference is not drawn.
    rust(f"--sdperf-min-link-psnr={STRICT}", "--sdperf-gate=latency").assert_outcomes(passed=1)


def test_bad_values(rust, told):
    result = rust("--sdperf-min-link-psnr=unet:30")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told(result, "'unet:30' is not a link and its limit [--sdperf-min-link-psnr]. Write it like \"unet=45dB,")


def test_every_level_comes_before_what_the_variant_declares(rust, project, told):
    rust().assert_outcomes(passed=1)  # it declares min_psnr=0
    result = rust("--sdperf-min-psnr=60dB")
    result.assert_outcomes(failed=1)
    told(result, "(limit 60 dB)")
    project.ini(min_psnr="60dB")
    rust().assert_outcomes(failed=1)


def test_a_variant_that_declares_what_is_no_threshold(project, told):
    project.conftest("""
        from pytest_sdperf import Variant

        def pytest_sdperf_variants():
            return [Variant("rust", factory="harbour:build", reference=None, needs_model=False, thresholds={"rounds": 3})]
    """)
    project.test(RUST.format(marker=""))
    result = project.run()
    result.assert_outcomes(errors=1)
    told(result, "unknown keyword 'rounds' [Variant(thresholds=…)]. Use one of: max_slowdown,")
