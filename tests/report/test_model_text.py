"""How two models differ, in words."""

import pytest

from pytest_sdperf.model_difference import FileDifference, ModelDifference
from pytest_sdperf.report.model_text import model_clause, model_lines

ONE, TWO = "1" * 64, "2" * 64


@pytest.mark.parametrize(
    ("names", "digests", "said"),
    [
        (("m", "m"), (ONE, TWO), "the models differ: m 111111111111 -> 222222222222"),
        (("a", "b"), (ONE, TWO), "the models differ: a 111111111111 -> b 222222222222"),
        (("own", "b"), ("", TWO), "the models differ: the variant's own weights -> b 222222222222"),
        (("a", "own"), (ONE, ""), "the models differ: a 111111111111 -> the variant's own weights"),
    ],
)
def test_names_and_digests(names, digests, said):
    assert model_clause(ModelDifference(*names, *digests)) == said


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ((2048, 2048), "unet/w differs, 2 KiB"),
        ((2048, 4096), "unet/w 2 KiB -> 4 KiB"),
        ((20000, 20001), "unet/w 20000 B -> 20001 B"),
        ((None, 2048), "unet/w added, 2 KiB"),
        ((2048, None), "unet/w removed, 2 KiB"),
    ],
)
def test_a_file(sizes, said):
    models = ModelDifference("m", "m", ONE, TWO, [FileDifference("unet/w", *sizes)])
    assert model_clause(models).endswith(f" ({said})")
    assert model_lines(models) == [f"model: {said}"]


def test_many_files():
    files = [FileDifference(f"f{number:02}", 1, 1) for number in range(23)]
    models = ModelDifference("m", "m", ONE, TWO, files, base_bytes=1024, head_bytes=2048)
    assert model_clause(models).endswith("(f00 differs, 1 B, f01 differs, 1 B and 21 more)")
    lines = model_lines(models)
    assert (len(lines), lines[19:]) == (
        22,
        ["model: f19 differs, 1 B", "model: 3 more files differ", "model: 1 KiB -> 2 KiB in all"],
    )


def test_files_beside_the_weights():
    models = ModelDifference("m", "m", ONE, ONE, [FileDifference("README.md", None, 5)])
    assert model_clause(models) == (
        "the models have the same weights and configurations, but other files (README.md added, 5 B)"
    )
