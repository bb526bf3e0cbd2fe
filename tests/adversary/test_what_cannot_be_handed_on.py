"""Values that no process, message or file can hold: each is refused in a sentence, never by a traceback of ours."""

import json
import os
import resource
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from pytest_sdperf.launch import launcher

HOOK = """
    from pytest_sdperf import Claim, Launch, Variant

    def pytest_sdperf_variants():
        return [Variant("ship", "harbour:build", needs_model=False, reference=None, {0})]
"""
POSIX = pytest.mark.skipif(os.name != "posix", reason="workers need POSIX pipes and process groups")


def refused(result, told, *texts):
    """No pass, a sentence, and no traceback of ours."""
    assert result.ret != 0
    told(result, *texts)
    output = result.stdout.str() + result.stderr.str()
    assert "INTERNALERROR" not in output
    assert "pytest_sdperf/launch/" not in output.replace(os.sep, "/").partition("Captured sdperf worker log")[0]


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        (r"launch=Launch(env={'A': 'x\0'})", r"Launch.env: A='x\x00' has a NUL character"),
        (r"launch=Launch(env={'A': '\ud800'})", r"Launch.env: A='\ud800' has a lone surrogate (U+D800)"),
        (
            "launch=Launch(env={'A=B': 'x'})",
            "Launch.env: 'A=B' is not the name of a variable. Write a name without `=`",
        ),
        ("launch=Launch(env={'': 'x'})", "Launch.env: '' is not the name of a variable"),
        (r"launch=Launch(env={'A\0': 'x'})", r"Launch.env: the name 'A\x00' has a NUL character"),
        (
            "launch=Launch(env={'OMP_NUM_THREADS': 8})",
            "Launch.env: OMP_NUM_THREADS=8 is not a text. Write it as a text",
        ),
        (r"launch=Launch(preload=('/a\0',))", r"Launch.preload: '/a\x00' has a NUL character"),
        (r"params={'a': '\udfff'}", r"variant 'ship': params['a']='\udfff' has a lone surrogate (U+DFFF)"),
        (r"params={'a\0': 1}", r"variant 'ship': params['a\x00']=1 has a NUL character"),
        ("params={'a': [1]}", "variant 'ship': params['a']=[1] is not a text, a truth value or a finite number"),
        ("params={'a': None}", "variant 'ship': params['a']=None is not a text"),
        ("params={'a': float('nan')}", "variant 'ship': params['a']=nan is not a text"),
        ("params={'a': 2**64}", "variant 'ship': params['a']=18446744073709551616 is not a text"),
        ("params={1: 2}", "variant 'ship': params[1]=2 is not a text. Write it as a text"),
        (r"summary='\ud800'", r"variant 'ship': '\ud800' has a lone surrogate"),
        (r"claims=(Claim('fact', 'a=\ud800'),)", r"variant 'ship': 'a=\ud800' has a lone surrogate"),
    ],
)
def test_a_declaration_is_a_usage_error(project, told, declared, message):
    project.conftest(HOOK.format(declared))
    result = project.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    refused(result, told, message, "conftest.py")


@pytest.mark.parametrize("value", ["object()", "len", "b'x'"])
def test_an_object_in_parameters_names_its_cure(project, told, value):
    project.conftest(HOOK.format(f"params={{'a': {value}}}"))
    refused(project.run(), told, "variant 'ship': params['a']=", "Let the factory make objects from such values")


@pytest.mark.parametrize(
    "value", ["True", "-1", "2**64 - 1", "-2**63", "1.5", "'é'", "__import__('numpy').float64(0.5)"]
)
def test_parameters_that_can_be_handed_on_are(project, value):
    project.conftest(HOOK.format(f"params={{'a': {value}}}"))
    project.record()


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        (r"a \ud83d ship", r"prompt 'a \ud83d ship' has a lone surrogate (U+D83D), which no UTF-8 text can hold"),
        (r"a\0ship", r"prompt 'a\x00ship' has a NUL character. Write a text of whole characters."),
    ],
)
def test_a_prompt_fails_its_test(project, told, prompt, message):
    project.test(f"""
        def test_ship(sd_ship):
            sd_ship.check(prompt="{prompt}", num_inference_steps=2)
    """)
    refused(project.run(), told, message)


def test_a_fact_that_no_report_can_hold(project, told):
    with (project.path / "harbour.py").open("a") as file:
        file.write("\nShip.sdperf_facts = lambda self: {'paint': '\\udcff'}\n")
    refused(project.run(), told, r"sdperf_facts() gave 'paint': '\udcff', which has a lone surrogate (U+DCFF)")


# Pictures


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        ("np.zeros((1, 64, 64, 3), complex) + 1000j", "gave ndarray instead of a picture (dtype complex128)"),
        ("np.full((1, 64, 64, 3), None)", "gave ndarray instead of a picture (dtype object)"),
        ("np.full((1, 64, 64, 3), '0.5')", "gave ndarray instead of a picture (dtype <U3)"),
        ("np.zeros((1, 64, 64, 3), 'datetime64[s]')", "gave ndarray instead of a picture (dtype datetime64[s])"),
        ("np.broadcast_to(np.float32(0.5), (1, 40000, 40000, 3))", "gave a picture of shape (1, 40000, 40000, 3)"),
        ("np.broadcast_to(np.float32(0.5), (1 << 40, 3))", "gave a picture of shape (1099511627776, 3)"),
    ],
)
def test_what_is_no_picture_is_refused_before_it_is_converted(project, told, picture, message):
    with (project.path / "harbour.py").open("a") as file:
        file.write(f"\nShip.__call__ = lambda self, **_: {picture}\n")
    refused(project.run(), told, f"the pipeline {message}")


# Pipes and descriptors


@POSIX
@pytest.mark.parametrize("where", ["build", "picture"])
@pytest.mark.parametrize("written", ["ahoy\\n", "ahoy", '{\\"type\\": \\"sail\\"}\\n'])
def test_a_pipeline_that_writes_into_the_answers(project, real_workers, told, where, written):
    """As one that closes and writes to descriptors it never opened."""
    spill = textwrap.dedent(f"""
        import sys
        def spill(*_, **__):
            os.write(int(sys.argv[2]), b"{written}")
    """)
    hook = {
        "build": "\ndef build(context):\n    spill()\n    return Ship(context.params)\n",
        "picture": "\nfirst = Ship.denoise\nShip.denoise = lambda *a: spill() or first(*a)\n",
    }[where]
    with (project.path / "harbour.py").open("a") as file:
        file.write(spill + hook)
    result = project.run("--sdperf-processes=1")
    refused(result, told, "something in the worker wrote b'", "ahoy" if "ahoy" in written else "sail")
    told(
        result, "to file descriptor ", ", the pipe of its answers, while ", "Let the variant's code write only to files"
    )
    assert "Install the same version" not in result.stdout.str()


@POSIX
@pytest.mark.parametrize("left", [0, 2])
def test_too_few_file_descriptors_name_the_limit(project, real_workers, told, monkeypatch, left):
    """The pipes of one worker need four."""
    given = iter(range(left // 2))
    pipe = launcher._pipe

    def few(undo):
        if next(given, None) is None:
            raise OSError(24, "Too many open files")
        return pipe(undo)

    monkeypatch.setattr(launcher, "_pipe", few)
    result = project.run("--sdperf-processes=1")
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    refused(
        result,
        told,
        f"the worker cannot be started: no file descriptor is left for its pipes (Too many open files, limit {most}). "
        "Raise the limit (`ulimit -n 1024`)",
    )


@POSIX
def test_no_room_for_temporary_files_is_said(project, real_workers, told, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(launcher, "TemporaryFolder", full)
    refused(project.run(), told, "the worker cannot be started ([Errno 28] No space left on device). Make room")


@POSIX
@pytest.mark.parametrize("name", ["prö", "船"])
def test_a_folder_that_the_locale_cannot_encode(own_process, project, name):
    command, environ = own_process("--sdperf-processes=1", "--sdperf-rounds=1", "--sdperf-update=new")
    place = project.path / name
    place.mkdir()
    for file in ("harbour.py", "conftest.py", "test_it.py"):
        (project.path / file).rename(place / file)
    command[command.index("--basetemp") + 1] = str(place / "tmp")
    environ |= {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [*command, "--rootdir=."], cwd=place, env=environ, capture_output=True, check=False, timeout=60
    )
    output = done.stdout.decode(errors="replace") + done.stderr.decode(errors="replace")
    assert done.returncode == 1, output
    assert "cannot be read in the locale's encoding (ascii)" in output
    assert "Set LC_ALL=C.UTF-8 or PYTHONUTF8=1, or use folders whose names are plain ASCII." in output
    assert "Traceback" not in output


# Files


@pytest.mark.parametrize("key", ["headline", "jobs", "format_version"])
def test_a_baseline_with_a_key_twice_is_refused_by_name(project, told, key):
    """The first is what a reviewer reads."""
    project.record()
    document = project.baseline.read_text()
    value = json.dumps(json.loads(document)[key])
    project.baseline.write_text(document.replace("{", f'{{"{key}": {value},', 1))
    result = project.run()
    refused(result, told, f"an object in the file has '{key}' twice: people read the first, the last counts")


def test_a_key_twice_deep_inside_is_refused_too(project, told):
    project.record()
    document = project.baseline.read_text()
    project.baseline.write_text(document.replace('"machine_key"', '"machine_key": "x", "machine_key"'))
    refused(project.run(), told, "an object in the file has 'machine_key' twice")


def sdperf(*args, **keywords):
    command = [sys.executable, "-m", "pytest_sdperf", *args]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, **keywords)


@POSIX
@pytest.mark.parametrize("name", ["/dev/zero", "/dev/full", "/dev/random"])
def test_a_device_is_no_report(name):
    done = sdperf("report", name)
    assert done.returncode == 2
    assert f"reading failed: it is a device, not a file [{name}]" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_report_with_a_key_twice(project, told):
    project.record("--sdperf-json=out.json")
    out = project.path / "out.json"
    out.write_text(out.read_text().replace('"version"', '"version": 4, "version"', 1))
    done = sdperf("report", str(out))
    assert done.returncode == 2
    assert "an object in this report has 'version' twice" in done.stderr


@POSIX
def test_a_pipe_among_the_baselines_is_not_waited_for(project, told):
    project.record()
    path = project.baseline
    path.unlink()
    os.mkfifo(path)
    refused(project.run(), told, "reading failed: it is no regular file")


def test_pixels_of_every_honest_kind_are_taken(project):
    for kind in (np.uint8, np.float16, np.float64):
        with (project.path / "harbour.py").open("a") as file:
            scale = 255 if kind is np.uint8 else 1
            file.write(
                f"\nhonest = getattr(Ship, 'honest', Ship.__call__)\nShip.honest = honest\n"
                f"Ship.__call__ = lambda self, **k: (self.honest(**k) * {scale}).astype(np.{kind.__name__})\n"
            )
        project.run("--sdperf-update=all", "--sdperf-min-psnr=20dB", "--sdperf-min-ssim=0.5").assert_outcomes(passed=1)
