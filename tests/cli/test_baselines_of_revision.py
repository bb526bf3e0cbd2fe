import pytest

from pytest_sdperf.baseline import Baseline, RecordedRun
from pytest_sdperf.baselines.store import BaselineStore
from pytest_sdperf.cli.baselines.diff import files_at
from pytest_sdperf.errors import BaselineError


@pytest.fixture
def stored(measure):
    return measure()


@pytest.fixture
def root(make_repository, stored):
    machine = stored.environment.machine_key
    repository = make_repository()
    root = repository.path / "deep" / "baselines"
    BaselineStore(root, machine).save(Baseline([RecordedRun("2026-11-24T12:00:00Z", stored)]))
    (root / "references" / "abc").mkdir(parents=True)
    (root / "references" / "x.json").write_text("{}")
    repository.commit()
    (root / machine / "new.json").write_text("{")
    return root


def test_what_a_revision_holds(root, stored):
    machine, case_id = stored.environment.machine_key, stored.case_id
    (file,) = files_at(root, "HEAD")
    assert (file.machine_key, file.case_id, file.fault) == (machine, case_id, None)
    assert str(file.path) == f"HEAD:{machine}/{case_id}.json"


def test_a_file_that_was_broken_then(root, make_repository):
    make_repository(path=root.parents[1]).commit()
    broken = [file for file in files_at(root, "HEAD") if file.fault]
    assert [file.case_id for file in broken] == ["new"]
    assert len(files_at(root, "HEAD~1")) == 1


@pytest.mark.parametrize("revision", ["nowhere", "--output=x", "HEAD:deep", "HEAD^{tree}"])
def test_revisions_that_are_none(root, revision):
    with pytest.raises(BaselineError, match="revision|cannot be read"):
        files_at(root, revision)
    assert not (root / "x").exists()


def test_no_repository(tmp_path, git_settings, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(BaselineError, match="the baselines of 'HEAD' cannot be read"):
        files_at(tmp_path, "HEAD")
