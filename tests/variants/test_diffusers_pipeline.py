"""Loading the plain pipeline, with diffusers stood in for."""

import pytest

from pytest_sdperf.errors import CaseError
from pytest_sdperf.variants import fp32
from pytest_sdperf.variants.diffusers_pipeline import load_diffusers_pipeline


def test_loads_safetensors_of_the_folder_only(libraries, context, tmp_path):
    told = context()
    pipeline = fp32.build(told)
    ((folder, kwargs),) = libraries.loaded
    assert folder == tmp_path / "model"
    assert kwargs == {
        "torch_dtype": "float32",
        "use_safetensors": True,
        "local_files_only": True,
        "safety_checker": None,
        "requires_safety_checker": False,
    }
    assert pipeline.quiet is True
    assert list(told.startup_ns) == ["import", "load"]


def test_default_scheduler_is_the_models_own(libraries, context):
    assert type(load_diffusers_pipeline(context()).scheduler).__name__ == "Scheduler"


def test_swaps_the_scheduler_and_keeps_its_noise_schedule(libraries, context):
    scheduler = load_diffusers_pipeline(context(scheduler="Solver")).scheduler
    assert type(scheduler).__name__ == "Solver"
    assert scheduler.config == {"beta_start": 0.1}


@pytest.mark.parametrize("name", ["Slover", "NoScheduler", "__version__"])
def test_refuses_what_is_no_scheduler(libraries, context, name):
    with pytest.raises(CaseError) as error:
        load_diffusers_pipeline(context(scheduler=name))
    assert str(error.value) == (
        f"'{name}' is no scheduler of diffusers 1.2.3 [Variant.scheduler]. "
        "Use `default` or a class such as DPMSolverMultistepScheduler."
    )


def test_refuses_to_go_without_a_model(libraries, context):
    with pytest.raises(CaseError, match="loads a model, but none was prepared") as error:
        load_diffusers_pipeline(context(model_dir=None))
    assert "needs_model=True" in str(error.value)
