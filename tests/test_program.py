"""The program of one side, as a value."""

import msgspec

from pytest_sdperf.program import Program, settings_of, workload_of_case
from pytest_sdperf.variant import Case, Launch, Variant
from pytest_sdperf.workload import Workload

VARIANT = Variant(
    "ship",
    "harbour:build",
    launch=Launch(env={"OMP_NUM_THREADS": "4"}, preload=("jemalloc",)),
    params={"sails": 3},
    claims=(),
    thresholds={"min_ssim": 0.5},
)


def test_a_declaration_is_listed_value_by_value_and_its_promises_are_left_out():
    assert settings_of(Case(VARIANT, Workload(), "own")) == {
        "factory": '"harbour:build"',
        "prepare": '""',
        "scheduler": '"default"',
        "launch.preload": '["jemalloc"]',
        "launch.pin": "false",
        "launch.env.OMP_NUM_THREADS": '"4"',
        "params.sails": "3",
    }


def test_a_workload_is_listed_value_by_value():
    case = Case(VARIANT, Workload(prompts=("a",), sizes=((64, 96),), num_inference_steps=2), "own")
    assert workload_of_case(case) == {
        "prompts": '["a"]',
        "seeds": "[0]",
        "sizes": '["64x96"]',
        "num_inference_steps": "2",
        "guidance_scale": "7.5",
    }


def test_a_program_can_be_stored_as_json():
    program = Program(modules={"harbour": "1"}, files={"a.json": "2"}, unknown=["it forks"])
    assert msgspec.json.decode(msgspec.json.encode(program), type=Program) == program
