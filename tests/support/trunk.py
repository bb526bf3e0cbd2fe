"""A project with a history: `trunk` is what judges, `change` is checked out; real git."""

import pytest

from pytest_sdperf.report.json import read

FROM = "--sdperf-baselines-from=trunk"
MARKED = """
    import pytest

    @pytest.mark.sdperf({0})
    def test_ship(sd_ship):
        sd_ship.check(num_inference_steps=2)
"""
INI = "[pytest]\n{0}\n"


class Trunk:
    """What `trunk` has, and what the working tree says otherwise."""

    def __init__(self, repository, project):
        self.repository, self.project = repository, project

    def commit(self, marker="", ini="", past=True, test=None):
        """Commit a test with this marker, or this one, and these settings, with a calm past of stored baselines."""
        self.project.test(test or MARKED.format(marker))
        (self.project.path / "pytest.ini").write_text(INI.format(ini))
        if past:
            self.project.record_with_a_past()
        self.repository.commit("trunk")
        self.repository.git("branch", "--force", "trunk")
        self.repository.git("checkout", "--quiet", "-B", "change")

    @property
    def label(self):
        return f"trunk ({self.repository.git('rev-parse', 'trunk')[:10]})"

    def notes(self):
        return read((self.project.path / "out.json").read_text()).notes

    def run(self, *args, option=FROM):
        result = self.project.run(option, "--sdperf-json=out.json", *args)
        assert self.repository.worktrees() == [str(self.project.path)], "the revision's tree is gone"
        return result


@pytest.fixture
def trunk(make_repository, project):
    repository = make_repository(path=project.path)
    (project.path / ".gitignore").write_text("__pycache__\nout.json\n*.xml\n")
    return Trunk(repository, project)
