"""Options in a revision's own files: they are that revision's word, and not the command line of whoever runs the gate."""

import pytest
from trunk import INI, MARKED

PLAIN = """
    def test_ship(sd_ship):
        sd_ship.check(num_inference_steps=2)
"""


@pytest.fixture
def broken(monkeypatch):
    """The change draws another picture."""

    def broken():
        monkeypatch.setenv("SHIP_FAULT", "other")

    return broken


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("pytest.ini", "[pytest]\naddopts = {0}\n"),
        ("pyproject.toml", '[tool.pytest.ini_options]\naddopts = "{0}"\n'),
        ("tox.ini", "[pytest]\naddopts = {0}\n"),
        ("setup.cfg", "[tool:pytest]\naddopts = {0}\n"),
    ],
)
def test_limits_in_addopts_of_the_change_relax_nothing(trunk, project, broken, told, file, text):
    trunk.commit()
    (project.path / "pytest.ini").unlink()
    (project.path / file).write_text(text.format("--sdperf-gate=proof --sdperf-min-ssim=0 --sdperf-min-psnr=0dB"))
    broken()
    result = trunk.run()
    result.assert_outcomes(failed=1)
    told(
        result,
        "picture BROKEN: ",
        f"this change relaxes min_ssim 0.98 -> 0.0; judged by {trunk.label}'s 0.98 (for test_it.py::test_ship)",
        f"this change relaxes min_psnr 35 dB -> 0 dB; judged by {trunk.label}'s 35 dB",
        f"this change sets gate latency,picture,proof,memory -> proof; judged by {trunk.label}'s latency,picture,",
    )


def test_a_new_settings_file_that_takes_the_place_of_another_relaxes_nothing(trunk, project, broken, told):
    trunk.commit()
    (project.path / "pytest.ini").unlink()
    (project.path / "pyproject.toml").write_text("[tool.pytest.ini_options]\nsdperf_min_ssim = '0.99'\n")
    trunk.repository.commit("limits in pyproject")
    trunk.repository.git("branch", "--force", "trunk")
    (project.path / "pytest.ini").write_text(INI.format("addopts = --sdperf-gate=proof --sdperf-min-ssim=0"))
    broken()
    result = trunk.run()
    result.assert_outcomes(failed=1)
    told(result, "picture BROKEN: ", f"relaxes min_ssim 0.99 -> 0.0; judged by {trunk.label}'s 0.99")


def test_limits_in_addopts_of_the_base_stay_when_the_change_deletes_them(trunk, project, weather, told):
    trunk.commit(ini="addopts = --sdperf-max-slowdown=7%")
    (project.path / "pytest.ini").write_text(INI.format("sdperf_max_slowdown = 90%"))
    weather.step_ns["ship"] = 1_200_000
    result = trunk.run()
    result.assert_outcomes(failed=1)
    told(result, f"this change relaxes max_slowdown 7 % -> 90 %; judged by {trunk.label}'s 7 %")


def test_an_override_in_addopts_is_the_changes_own(trunk, project, weather, told):
    trunk.commit()
    (project.path / "pytest.ini").write_text(INI.format("addopts = -o sdperf_max_slowdown=90%"))
    weather.step_ns["ship"] = 1_200_000
    result = trunk.run()
    result.assert_outcomes(failed=1)
    told(result, f"this change relaxes max_slowdown 5 % -> 90 %; judged by {trunk.label}'s 5 %")


def test_the_command_line_and_its_variable_still_count_for_both(trunk, project, weather, monkeypatch):
    trunk.commit(ini="addopts = --sdperf-max-slowdown=7%")
    (project.path / "pytest.ini").write_text(INI.format(""))
    weather.step_ns["ship"] = 1_200_000
    trunk.run("--sdperf-max-slowdown=90%").assert_outcomes(passed=1)
    monkeypatch.setenv("PYTEST_ADDOPTS", "--sdperf-max-slowdown=90%")
    trunk.run().assert_outcomes(passed=1)
    assert not [note for note in trunk.notes() if "max_slowdown" in note]


def test_a_conftest_that_sets_options_relaxes_nothing(trunk, project, broken, told):
    trunk.commit()
    with (project.path / "conftest.py").open("a") as conftest:
        conftest.write(
            "\ndef pytest_configure(config):\n    config.option.sdperf_min_ssim = 0\n"
            "    config.option.sdperf_min_psnr = '0dB'\n    config.option.sdperf_gate = 'proof'\n"
        )
    broken()
    result = trunk.run()
    result.assert_outcomes(failed=1)
    told(result, "picture BROKEN: ", f"this change relaxes min_ssim 0.98 -> 0.0; judged by {trunk.label}'s 0.98")


def test_a_conftest_that_sets_the_variable_relaxes_nothing(trunk, project, broken, told):
    trunk.commit()
    with (project.path / "conftest.py").open("a") as conftest:
        conftest.write(
            "\nimport os\nos.environ['PYTEST_ADDOPTS'] = '--sdperf-gate=proof --sdperf-min-ssim=0 -k none'\n"
        )
    broken()
    result = trunk.run()
    result.assert_outcomes(failed=1)
    told(result, "picture BROKEN: ")


@pytest.mark.parametrize(
    ("addopts", "why"),
    [
        ("--deselect test_it.py::test_ship", "because settings or a conftest of this change deselect them"),
        ("-k other", "because settings or a conftest of this change deselect them"),
        ("-m 'not sdperf'", "because settings or a conftest of this change deselect them"),
    ],
)
def test_a_selection_in_addopts_is_named(trunk, project, told, addopts, why):
    both = MARKED + "\n    def test_other():\n        pass\n"
    trunk.commit(test=both.format(""), past=False)
    (project.path / "pytest.ini").write_text(INI.format(f"addopts = {addopts}"))
    result = trunk.run()
    assert result.ret == 0
    told(
        result,
        "Nothing was measured.",
        f"NOTE tests of {trunk.label} that this run did not judge, {why}: test_it.py::test_ship",
    )
    assert trunk.notes() == [f"tests of {trunk.label} that this run did not judge, {why}: test_it.py::test_ship"]
    trunk.run("-k", "other")
    assert trunk.notes() == [], "whoever starts the run may choose"


def test_ignored_files_are_named(trunk, project, told):
    (project.path / "test_other.py").write_text("def test_other(): pass\n")
    trunk.commit(past=False)
    (project.path / "pytest.ini").write_text(INI.format("addopts = --ignore=test_it.py"))
    result = trunk.run()
    assert result.ret == 0
    told(result, f"tests of {trunk.label} that are not collected here, so no limit applies: test_it.py::test_ship")


def test_variants_left_out_by_addopts_are_judged(trunk, project, broken, told):
    trunk.commit()
    (project.path / "pytest.ini").write_text(INI.format("addopts = --sdperf-variants=boat"))
    broken()
    result = trunk.run()
    result.assert_outcomes(failed=1)
    told(result, f"this change sets variants none -> boat; judged by {trunk.label}'s none")


def test_a_settings_file_in_a_folder_below_does_not_lead_to_other_baselines(trunk, project, weather, told):
    """It moves pytest's rootdir, and with it the names of tests and the folder of baselines."""
    (project.path / "perf").mkdir()
    project.test("")
    (project.path / "perf" / "test_in.py").write_text(PLAIN.replace("\n    ", "\n"))
    (project.path / "pytest.ini").write_text(INI.format(""))
    project.run("perf", "--sdperf-update=new").assert_outcomes(passed=1)
    trunk.repository.commit("trunk")
    trunk.repository.git("branch", "--force", "trunk")
    (project.path / "perf" / "pytest.ini").write_text(INI.format("sdperf_gate = proof"))
    (project.path / "perf" / "conftest.py").write_text((project.path / "conftest.py").read_text())
    weather.step_ns["ship"] = 30_000_000
    result = project.run("perf", "--sdperf-baselines-from=trunk")
    result.assert_outcomes(failed=1)
    told(
        result,
        "ship: latency REGRESSED: ",
        f"this change moves pytest's rootdir, by another settings file or folder; judged by the settings and baselines "
        f"that {trunk.label} has at its own",
        "this change sets gate latency,picture,proof,memory -> proof",
    )
    assert "has no such tests" not in result.stdout.str()


def altered(project, file, **options):
    """Settings of the change in an ini file, or in its addopts."""
    if file == "addopts":
        said = " ".join(f"--sdperf-{name.replace('_', '-')}={value}" for name, value in options.items())
        (project.path / "pytest.ini").write_text(INI.format(f"addopts = {said}"))
    elif file == "pyproject.toml":
        (project.path / "pytest.ini").unlink()
        lines = "\n".join(f'sdperf_{name} = "{value}"' for name, value in options.items())
        (project.path / file).write_text(f"[tool.pytest.ini_options]\n{lines}\n")
    else:
        lines = "\n".join(f"sdperf_{name} = {value}" for name, value in options.items())
        (project.path / file).write_text(INI.format(lines))


OWN = {
    "base_run": ("true", "true||make", "true -> true||make"),
    "base_carry": ("rope.xml", "rope.xml,sail.xml", "rope.xml -> rope.xml,sail.xml"),
    "against": ("self", "", "self -> none"),
    "timeout": ("10m", "1m", "600 s -> 60 s"),
    "model": ("bundled", "models/mine", "bundled -> models/mine"),
}


@pytest.mark.parametrize("file", ["pytest.ini", "pyproject.toml", "addopts"])
@pytest.mark.parametrize("name", OWN)
def test_an_option_that_stays_the_changes_own_is_named(trunk, project, told, name, file):
    """It is needed before the base can say anything, or decides what is compared."""
    there, here, shown = OWN[name]
    if file == "addopts" and not here:
        pytest.skip("addopts name no empty value")
    for rope in ("rope.xml", "sail.xml"):
        (project.path / rope).write_text("")
    trunk.commit(ini=f"sdperf_{name} = {there}", past=False)
    altered(project, file, **{name: here})
    result = trunk.run("--sdperf-gate=proof", "--sdperf-missing=skip")
    result.assert_outcomes(passed=1)
    told(result, f"NOTE this change sets {name} {shown}; its own counts")
    [note] = [note for note in trunk.notes() if f" {name} " in note]
    assert note.endswith("its own counts" + " (for test_it.py::test_ship)" * (name in ("timeout", "model")))


@pytest.mark.parametrize("name", ["base_run", "base_carry", "against"])
def test_it_is_named_where_nothing_is_measured_too(trunk, project, told, name):
    there, here, shown = OWN[name]
    for rope in ("rope.xml", "sail.xml"):
        (project.path / rope).write_text("")
    trunk.commit(ini=f"sdperf_{name} = {there}", past=False)
    altered(project, "pytest.ini", **{name: here})
    project.test("def test_other(): pass\n")
    told(trunk.run(), f"NOTE this change sets {name} {shown}; its own counts\n")


def test_options_on_the_base_are_the_bases_word(trunk, project, told):
    ours = {"base_env": "build", "base_env_extras": "cpu", "dependency_files": "uv.lock", "identical": "measure"}
    theirs = {"base_env": "same", "base_env_extras": "gpu", "dependency_files": "no.txt", "identical": "pass"}
    trunk.commit(ini="\n".join(f"sdperf_{name} = {value}" for name, value in ours.items()), past=False)
    altered(project, "pytest.ini", **theirs)
    result = trunk.run("--sdperf-gate=proof", "--sdperf-missing=skip")
    for name, value in ours.items():
        told(result, f"this change sets {name} {value} -> {theirs[name]}; judged by {trunk.label}'s {value} (for ")


def test_an_option_that_the_workflow_gives_is_not_the_changes(trunk, project):
    trunk.commit(ini="sdperf_base_run = true", past=False)
    altered(project, "pytest.ini", base_run="make")
    trunk.run("--sdperf-base-run=true || false", "--sdperf-gate=proof", "--sdperf-missing=skip")
    assert not [note for note in trunk.notes() if "base_run" in note]


WITHOUT = "its own counts, because no --sdperf-baselines-from says whose limits count"


@pytest.mark.parametrize("measures", [True, False])
def test_side_by_side_alone_every_option_that_the_change_alters_is_named(trunk, project, told, measures):
    trunk.commit(ini="sdperf_base_run = true\nsdperf_identical = measure", past=False)
    altered(
        project, "pytest.ini", base_run="true || make", dependency_files="no.txt", max_slowdown="900%", processes="1"
    )
    if not measures:
        project.test("def test_other(): pass\n")
    result = trunk.run("--sdperf-gate=proof", option="--sdperf-against=trunk")
    assert result.ret == 0
    told(
        result,
        "NOTE this change sets base_run true -> true || make; its own counts\n",
        f"NOTE this change sets identical measure -> pass; {WITHOUT}\n",
        f"NOTE this change sets max_slowdown 5 % -> 900 %; {WITHOUT}\n",
        f"NOTE this change sets processes none -> 1; {WITHOUT}\n",
    )
    assert [note for note in trunk.notes() if " dependency_files " in note and note.endswith(f"no.txt; {WITHOUT}")]


def test_side_by_side_equal_settings_are_not_named(trunk, project):
    trunk.commit(ini="sdperf_max_slowdown = 7%\naddopts = --sdperf-base-run=true", past=False)
    altered(project, "pyproject.toml", max_slowdown="0.07", base_run="true")
    trunk.run("--sdperf-gate=proof", option="--sdperf-against=trunk").assert_outcomes(passed=1)
    assert not [note for note in trunk.notes() if "this change" in note]
