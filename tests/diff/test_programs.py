"""What differs between two programs."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_sdperf.diff.programs import Difference, differences, is_same
from pytest_sdperf.program import Program

PROGRAM = Program(
    modules={"harbour": "1"},
    files={"a.json": "2"},
    model_digest="3",
    python="CPython 3.12.1",
    packages={"torch": "2.8"},
    variables={"OMP_NUM_THREADS": "4"},
    settings={"factory": '"harbour:build"'},
    workload={"num_inference_steps": "2"},
)

mappings = st.dictionaries(st.text(min_size=1, max_size=3), st.text(min_size=1, max_size=3), max_size=3)
programs = st.builds(
    Program,
    modules=mappings,
    files=mappings,
    model_digest=st.text(max_size=2),
    python=st.text(max_size=2),
    packages=mappings,
    variables=mappings,
    settings=mappings,
    workload=mappings,
)


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"modules": {"harbour": "9"}}, Difference("module", "harbour", "1", "9")),
        ({"modules": {"harbour": "1", "port": "5"}}, Difference("module", "port", "", "5")),
        ({"files": {}}, Difference("file", "a.json", "2", "")),
        ({"places": {"harbour": "a.py"}}, Difference("place", "harbour", "", "a.py")),
        ({"installed": {"numpy": "8"}}, Difference("installed", "numpy", "", "8")),
        ({"outside": {"/chart": "8"}}, Difference("outside", "/chart", "", "8")),
        ({"names": "8"}, Difference("names", "", "", "8")),
        ({"model_digest": ""}, Difference("model", "", "3", "")),
        ({"python": "CPython 3.13.0"}, Difference("python", "", "CPython 3.12.1", "CPython 3.13.0")),
        ({"packages": {"torch": "2.9"}}, Difference("package", "torch", "2.8", "2.9")),
        ({"variables": {}}, Difference("variable", "OMP_NUM_THREADS", "4", "")),
        (
            {"settings": {"factory": '"port:build"'}},
            Difference("setting", "factory", '"harbour:build"', '"port:build"'),
        ),
        ({"workload": {"num_inference_steps": "3"}}, Difference("workload", "num_inference_steps", "2", "3")),
    ],
)
def test_each_part_is_compared(changed, found):
    other = msgspec.structs.replace(PROGRAM, **changed)
    assert differences(PROGRAM, other) == [found]
    assert not is_same(PROGRAM, other)


def test_code_comes_first_then_the_model():
    other = Program(
        modules={}, files={}, model_digest="", python="", packages={}, variables={}, settings={}, workload={}
    )
    kinds = [found.kind for found in differences(PROGRAM, other)]
    assert kinds == ["module", "file", "model", "python", "package", "variable", "setting", "workload"]


@given(programs)
def test_a_program_is_the_same_as_itself_unless_something_is_unknown(program):
    assert differences(program, program) == []
    assert is_same(program, program)
    unsure = msgspec.structs.replace(program, unknown=["it connected to a server"])
    assert not is_same(unsure, unsure)


@given(programs, programs)
def test_differences_are_symmetric_and_decide(one, other):
    there, back = differences(one, other), differences(other, one)
    assert [(d.kind, d.name, d.base, d.head) for d in there] == [(d.kind, d.name, d.head, d.base) for d in back]
    assert is_same(one, other) == (not there)
