import pytest

from pytest_sdperf.cli.project import baselines_folder
from pytest_sdperf.errors import OptionError


@pytest.fixture
def make(folder):
    def make(*folders, **files):
        for name in folders:
            (folder / name).mkdir(parents=True)
        for name, text in files.items():
            (folder / name.replace("__", ".")).write_text(text)

    return make


def test_a_folder_that_is_named(make, folder):
    make("mine")
    assert str(baselines_folder("mine")) == "mine"


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("pytest__ini", "[pytest]\nsdperf_baselines = deep/stored\naddopts = --no-such-option\n"),
        ("pyproject__toml", '[tool.pytest.ini_options]\nsdperf_baselines = "deep/stored"\n'),
        ("tox__ini", "[pytest]\nsdperf_baselines = deep/stored\n"),
    ],
)
def test_the_ini_key_counts_from_the_rootdir(make, folder, monkeypatch, file, text):
    make("deep/stored", "below/here", **{file: text})
    assert str(baselines_folder(None)) == "deep/stored"
    monkeypatch.chdir(folder / "below" / "here")
    assert baselines_folder(None) == folder / "deep" / "stored"


def test_the_default(make):
    make("baselines", pytest__ini="[pytest]\n")
    assert str(baselines_folder(None)) == "baselines"


def test_conftests_are_not_run(make):
    make("baselines", pytest__ini="[pytest]\n", conftest__py="raise RuntimeError")
    assert str(baselines_folder(None)) == "baselines"


def test_no_folder(make):
    make(pytest__ini="[pytest]\n")
    with pytest.raises(OptionError, match=r"there is no folder 'baselines' \[pytest's rootdir\]"):
        baselines_folder(None)
    with pytest.raises(OptionError, match=r"there is no folder 'gone' \[--baselines\]"):
        baselines_folder("gone")


def test_a_configuration_that_pytest_refuses(make):
    make("baselines", pytest__ini="[pytest\n")
    with pytest.raises(OptionError, match="pytest's configuration cannot be read"):
        baselines_folder(None)


def test_a_hostile_ini_value(make):
    make("baselines", pytest__ini="[pytest]\nminversion = 999\n")
    with pytest.raises(OptionError, match="pytest's configuration cannot be read"):
        baselines_folder(None)
