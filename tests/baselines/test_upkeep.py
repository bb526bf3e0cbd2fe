import msgspec
import numpy as np
import pytest

from pytest_sdperf.baselines.inventory import inventory
from pytest_sdperf.baselines.store import BaselineStore
from pytest_sdperf.baselines.stored_pictures import ReferenceKey, reference_path, save_reference
from pytest_sdperf.baselines.upkeep import Rules, faults, needs, prunable, prune, unused

WORKLOAD = {
    "prompts": ["a ship", "a castle"],
    "num_inference_steps": 4,
    "guidance_scale": 7.5,
    "sizes": [[64, 64]],
    "seeds": [0],
}
KNOWN = Rules(variants=["fp32"], all_known=True)


def key(prompt="a ship", **changes):
    given = {
        "variant": "fp32", "model_digest": "a" * 64, "scheduler": "default", "prompt": prompt,
        "num_inference_steps": 4, "guidance_scale": 7.5, "seed": 0, "size": (64, 64),
    }  # fmt: skip
    return ReferenceKey(**{**given, **changes})


@pytest.fixture
def root(tmp_path, make, make_stored, machine):
    """One baseline of three runs with its two pictures."""
    root = tmp_path / "baselines"
    measurement = make(workload=WORKLOAD)
    BaselineStore(root, machine).save(make_stored(measurement, measurement, measurement))
    for prompt in WORKLOAD["prompts"]:
        draw(root, key(prompt))
    return root


def draw(root, one):
    return save_reference(root, one, np.random.default_rng(0).random((64, 64, 3)), threads=2, packages={})


def told(found):
    return [(removal.path.name, removal.why) for removal in found.removals]


def test_what_is_used_stays(root):
    found = prunable(inventory(root), KNOWN)
    assert not found
    assert found.notes == []


def test_a_variant_that_is_gone_goes_with_its_pictures_where_all_variants_are_known(root, case_id):
    found = prunable(inventory(root), Rules(variants=["ours"], all_known=True))
    assert told(found)[0] == (f"{case_id}.json", "no variant is called fp32")
    assert [why for _, why in told(found)[1:]] == ["no stored baseline needs it"] * 2


def test_a_variant_that_a_conftest_may_declare_stays(root):
    found = prunable(inventory(root), Rules(variants=["ours"]))
    assert not found
    (note,) = found.notes
    assert note.startswith("kept, but neither built in nor of an installed package: fp32. Name the folder")


@pytest.mark.parametrize(
    "changes", [{"prompt": "a cat"}, {"seed": 1}, {"num_inference_steps": 5}, {"guidance_scale": 7.0},
                {"scheduler": "DPM"}, {"model_digest": "b" * 64} ]
)  # fmt: skip
def test_a_picture_that_nothing_needs(root, changes):
    path = draw(root, key(**changes))
    assert told(prunable(inventory(root), KNOWN)) == [(path.name, "no stored baseline needs it")]


def test_pictures_of_the_same_scheduler_by_its_name_stay(root):
    draw(root, key(scheduler="PNDMScheduler"))
    assert not prunable(inventory(root), KNOWN)


def test_while_a_baseline_cannot_be_read_no_picture_goes(root, machine):
    draw(root, key("a cat"))
    (root / machine / "broken.json").write_text("{")
    found = prunable(inventory(root), KNOWN)
    assert not found
    assert found.notes == ["1 file cannot be trusted, so no picture was judged: see sdperf baselines verify"]


def test_while_a_baseline_does_not_say_what_it_draws_no_picture_goes(root, make, make_stored, machine):
    BaselineStore(root, machine).save(make_stored(make(case_id="other", workload={"sizes": [[64, 64]]})))
    draw(root, key("a cat"))
    found = prunable(inventory(root), KNOWN)
    assert not found
    assert found.notes == ["reference pictures were not judged: a baseline does not say what it draws"]


def test_a_variant_with_its_own_weights_keeps_pictures_of_every_model(make):
    own = make(workload=WORKLOAD, model_digest="")
    assert unused([key(model_digest="b" * 64)], [own]) == []
    assert unused([key("a cat")], [own]) == [key("a cat")]


@pytest.mark.parametrize("missing", list(WORKLOAD))
def test_what_a_workload_must_say(make, missing):
    assert needs(make(workload={k: v for k, v in WORKLOAD.items() if k != missing})) is None
    assert needs(make(workload={**WORKLOAD, missing: "nonsense"})) is None
    assert len(needs(make(workload=WORKLOAD))) == 2


def test_cases_that_a_run_did_not_use(root, machine, case_id):
    used = Rules(variants=["fp32"], used={machine: ["another"]})
    assert told(prunable(inventory(root), used))[0] == (f"{case_id}.json", "the run of the report did not use it")
    assert not prunable(inventory(root), Rules(variants=["fp32"], used={machine: [case_id]}))
    assert not prunable(inventory(root), Rules(variants=["fp32"], used={"another machine": []}))


def test_other_machines(root, case_id, machine):
    assert not prunable(inventory(root), Rules(variants=["fp32"], only_machine=machine))
    found = prunable(inventory(root), Rules(variants=["fp32"], only_machine="spr"))
    assert told(found)[0] == (f"{case_id}.json", "another machine than this (spr)")


@pytest.mark.parametrize(("keep", "left"), [(1, 1), (2, 2), (3, 3)])
def test_older_runs(root, keep, left, machine, case_id):
    found = prunable(inventory(root), Rules(variants=["fp32"], keep_runs=keep))
    assert bool(found) == (keep < 3)
    prune(root, found)
    stored = BaselineStore(root, machine).load(case_id)
    assert [job.recorded_at[:10] for job in stored.runs] == ["2026-11-01", "2026-11-02", "2026-11-03"][-left:]


def test_how_many_jobs_go_is_told(root):
    (one,) = prunable(inventory(root), Rules(variants=["fp32"], keep_runs=1)).shortenings
    assert one.why == "2 older runs of 3"


def test_pruning_removes_what_was_told_and_empty_folders(root, machine):
    stranger = root / "notes.txt"
    stranger.write_text("mine")
    prune(root, prunable(inventory(root), Rules(variants=["ours"], all_known=True)))
    assert sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file()) == ["notes.txt"]
    assert not (root / machine).exists()


def test_strangers_are_named_and_left(root):
    (root / "notes.txt").write_text("mine")
    assert prunable(inventory(root), KNOWN).notes == ["neither a baseline nor a picture, and left alone: notes.txt"]


def test_verifying_finds_nothing_where_all_is_well(root):
    assert faults(inventory(root, pixels=True)) == []


def test_a_missing_picture_is_a_fault(root):
    reference_path(root, key("a castle")).unlink()
    (fault,) = faults(inventory(root))
    assert "1 of its 2 reference pictures is missing, the first is of 'a castle' with seed 0" in str(fault)
    assert fault.cure.startswith("Restore the pictures")


def test_fp32_without_any_picture_is_a_fault_and_another_variant_is_not(root, make, make_stored, machine):
    for prompt in WORKLOAD["prompts"]:
        reference_path(root, key(prompt)).unlink()
    (fault,) = faults(inventory(root))
    assert "2 of its 2 reference pictures are missing" in str(fault)
    other = msgspec.structs.replace(make(workload=WORKLOAD), variant="ours", case_id="ours")
    BaselineStore(root, machine).save(make_stored(other))
    assert len(faults(inventory(root))) == 1
