"""Real workers that go wrong, seen from the test that asked: once each."""

import os

import pytest

pytestmark = [
    pytest.mark.usefixtures("real_workers"),
    pytest.mark.skipif(os.name != "posix", reason="workers need POSIX pipes and process groups"),
]

FLEET = """
    from pytest_sdperf import Variant

    def pytest_sdperf_variants():
        return [
            Variant(name, f"fleet:{name}", needs_model=False, reference=None)
            for name in ("fine", "raising", "hanging", "killed", "noisy", "leaving", "unfit")
        ]
"""

FACTORIES = """
    import os, signal, threading
    import numpy as np

    def fine(context):
        def draw(*, prompt, latents, height, width, **keywords):
            grown = np.kron(latents[0, :3] + len(prompt) / 100, np.ones((8, 8), np.float32)).transpose(1, 2, 0)
            return (1 / (1 + np.exp(-grown)))[None].astype(np.float32)
        return draw

    def raising(context):
        raise ValueError("the mast broke")

    def hanging(context):
        print("becalmed", flush=True)
        threading.Event().wait()

    def killed(context):
        os.kill(os.getpid(), signal.SIGKILL)

    def noisy(context):
        print("ahoy from python", flush=True)
        os.write(1, b'{"type": "Failed"}\\n')
        return fine(context)

    def leaving(context):
        read, write = os.pipe()
        if os.fork() == 0:
            os.setsid()
            os.write(write, b"x")
            while True:
                signal.pause()
        os.read(read, 1)
        return fine(context)

    def unfit(context):
        return "no pipeline"
"""


@pytest.fixture
def fleet(project):
    """Run one variant of the fleet, and another test after it."""
    project.conftest(FLEET)
    project.pytester.makepyfile(fleet=FACTORIES)

    def fleet(name, *args):
        project.test(f"""
            def test_it(sd_{name}):
                sd_{name}.check(num_inference_steps=1)
            def test_other():
                pass
        """)
        return project.run("--sdperf-update=new", "--sdperf-processes=1", "--sdperf-rounds=1", *args)

    return fleet


@pytest.mark.parametrize(
    ("name", "args", "texts"),
    [
        ("raising", (), ["ValueError: the mast broke", "sdperf worker log", "fleet.py"]),
        ("hanging", ("--sdperf-timeout=5s",), ["gave no answer within 5 s while", "was killed", "becalmed"]),
        ("killed", (), ["signal 9 (SIGKILL)"]),
        ("unfit", (), ["factory of variant 'unfit' returned 'no pipeline', which cannot be called [fleet:unfit"]),
    ],
)
def test_a_worker_that_fails_fails_its_test_alone(fleet, told, name, args, texts):
    result = fleet(name, *args)
    result.assert_outcomes(failed=1, passed=1)
    told(result, *texts)


@pytest.mark.parametrize("name", ["noisy", "leaving"])
def test_what_a_worker_prints_or_leaves_behind_spoils_nothing(fleet, told, name):
    result = fleet(name)
    result.assert_outcomes(passed=2)
    assert "ahoy" not in result.stdout.str()
    told(result, "RECORDED 1 new baseline")


def test_a_preload_file_that_is_missing(fleet, project, told):
    project.conftest("""
        from pytest_sdperf import Launch, Variant

        def pytest_sdperf_variants():
            launch = Launch(preload=("/no/such/libwind.so",))
            return Variant("fine", "fleet:fine", launch=launch, needs_model=False, reference=None)
    """)
    result = fleet("fine")
    result.assert_outcomes(failed=1, passed=1)
    told(result, "/no/such/libwind.so")
