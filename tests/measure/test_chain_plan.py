"""Which pictures are kept as chains, or followed."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_sdperf import protocol
from pytest_sdperf.measure.chain_plan import NO_CHAINS, ChainPlan
from pytest_sdperf.picture_chain import Chains, PictureChain
from pytest_sdperf.workload import picture_key


class Worker:
    """Answers at once; ``refuses`` is why it cannot follow."""

    def __init__(self, refuses=""):
        self.asked, self.refuses = [], refuses

    def ask(self, command, expect):
        self.asked.append(command)
        if expect is protocol.Followed:
            chain = PictureChain(picture_key(command.size, command.picture_index), [])
            return protocol.Followed(None if self.refuses else chain, self.refuses)
        return protocol.Drawn("d", f"{command.picture_index}.npy")


@pytest.fixture
def case(make_case):
    return make_case(sizes=((16, 24), (8, 8)), prompts=("a", "b"))


@pytest.fixture
def rig(tmp_path):
    return SimpleNamespace(work_dir=tmp_path)


def drawn(plan, case, rig, *, first_picture):
    worker = Worker()
    answers = plan.draw(worker, case, rig, first_picture=first_picture)
    return [*answers], [(c.size, c.picture_index, Path(c.chain_path).name) for c in worker.asked]


BOTH_SIZES = [((16, 24), 1, ""), ((8, 8), 1, "")]


def test_without_parity_no_chain_is_kept(case, rig):
    assert drawn(NO_CHAINS, case, rig, first_picture=1) == (["16x24/1", "8x8/1"], BOTH_SIZES)
    assert NO_CHAINS.kept(case, rig) == {}


def test_all_pictures_of_the_first_size_are_kept(case, rig):
    keys, asked = drawn(ChainPlan("all"), case, rig, first_picture=1)
    assert keys == ["16x24/1", "8x8/1"], "the first was timed already"
    assert asked == [((16, 24), 0, "16x24-0.zip"), ((16, 24), 1, "16x24-1.zip"), ((8, 8), 1, "")]
    assert {key: path.name for key, path in ChainPlan("all").kept(case, rig).items()} == {
        "16x24/0": "16x24-0.zip",
        "16x24/1": "16x24-1.zip",
    }


def test_the_first_alone_is_kept(case, rig):
    keys, asked = drawn(ChainPlan("first"), case, rig, first_picture=0)
    assert keys == ["16x24/0", "16x24/1", "8x8/0", "8x8/1"]
    assert [name for *_, name in asked] == ["16x24-0.zip", "", "", ""]


def test_one_that_follows_keeps_none(case, rig):
    plan = ChainPlan("all", "fp32", {"16x24/0": Path("a.zip")})
    assert drawn(plan, case, rig, first_picture=1)[1] == BOTH_SIZES
    assert plan.kept(case, rig) == {}


def test_those_whose_chains_are_there_are_followed(case):
    worker = Worker()
    found = ChainPlan("first", "fp32", {"16x24/0": Path("a.zip")}).follow(worker, case)
    assert found == Chains("fp32", [PictureChain("16x24/0", [])])
    assert worker.asked == [protocol.Follow((16, 24), 0, "a.zip")]
    assert ChainPlan("all").follow(worker, case) is None


def test_one_that_cannot_follow_is_asked_once(case):
    worker = Worker("it does not draw")
    given = {f"16x24/{index}": Path(f"{index}.zip") for index in range(2)}
    assert ChainPlan("all", "fp32", given).follow(worker, case) == Chains("fp32", [], "it does not draw")
    assert len(worker.asked) == 1
