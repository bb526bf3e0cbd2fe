import pytest

from pytest_sdperf.errors import CaseError
from pytest_sdperf.workload import DEFAULT_PROMPTS, KEYWORDS, Workload, picture_key, size_key, workload_of

CALLED = {
    "prompt": ({"prompt": "a ship"}, Workload(prompts=("a ship",))),
    "prompts": ({"prompts": ["a", "b"]}, Workload(prompts=("a", "b"))),
    "steps": ({"num_inference_steps": 4}, Workload(num_inference_steps=4)),
    "guidance": ({"guidance_scale": 1}, Workload(guidance_scale=1)),
    "seed": ({"seed": 7}, Workload(seeds=(7,))),
    "seeds": ({"seeds": [7, 1]}, Workload(seeds=(7, 1))),
    "one size": ({"height": 8, "width": 16}, Workload(sizes=((8, 16),))),
    "sizes": ({"sizes": [[8, 16], (16, 8)]}, Workload(sizes=((8, 16), (16, 8)))),
}


@pytest.mark.parametrize(("keywords", "workload"), CALLED.values(), ids=CALLED)
def test_what_a_test_asks_for(keywords, workload):
    assert workload_of(keywords, native_size=None) == workload


def test_the_native_size_stands_in_for_none():
    assert workload_of({}, native_size=(512, 512)).sizes == ((512, 512),)
    assert workload_of({"height": 8, "width": 8}, native_size=(512, 512)).sizes == ((8, 8),)
    assert workload_of({}, native_size=None) == Workload()


def test_the_packaged_prompts_stand_in_for_none():
    assert workload_of({}, native_size=None).prompts == DEFAULT_PROMPTS
    assert workload_of({"prompt": "a"}, native_size=None).prompts == ("a",)
    assert DEFAULT_PROMPTS[0] == "sailing ship in storm by Rembrandt"


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"steps": 3}, f"unknown keyword 'steps'. Use one of: {', '.join(KEYWORDS)}."),
        ({"prompt": "a", "prompts": ["b"]}, "prompt and prompts are both given. Give one of them."),
        ({"height": 8}, "only height is given. Give both height and width."),
        ({"width": 8}, "only width is given. Give both height and width."),
        (
            {"width": 8, "sizes": [(8, 8)]},
            "width is given together with sizes. Give either height and width, or sizes.",
        ),
        ({"prompts": "a ship"}, "prompts='a ship'. Name at least one prompt, each once."),
        ({"prompts": []}, "prompts=(). Name at least one prompt, each once."),
        ({"prompts": ["a", "a"]}, "prompts=('a', 'a'). Name at least one prompt, each once."),
        ({"prompts": ["a b", "A  b "]}, "prompts=('a b', 'A  b '). Name at least one prompt, each once."),
        ({"prompts": ["a", 3]}, "prompt 3 is empty. Write what the picture shows."),
        ({"prompt": " "}, "prompt ' ' is empty."),
        ({"sizes": 64}, "sizes=64. Name at least one (height, width), each once."),
        ({"sizes": []}, "sizes=(). Name at least one"),
        ({"sizes": [(8,)]}, "sizes=((8,),). Name at least one"),
        ({"sizes": [8, 8]}, "sizes=(8, 8). Name at least one"),
        ({"sizes": [(8, 8), [8, 8]]}, "sizes=((8, 8), (8, 8)). Name at least one"),
        ({"height": 100, "width": 64}, "height=100 is not a multiple of 8."),
        ({"height": 64, "width": 0}, "width=0 is not a multiple of 8."),
        ({"height": 64.0, "width": 64}, "height=64.0 is not a multiple of 8."),
        ({"height": "64", "width": 64}, "height='64' is not a multiple of 8."),
        ({"num_inference_steps": 0}, "num_inference_steps=0. Ask for a whole number of at least 1 step."),
        ({"num_inference_steps": True}, "num_inference_steps=True."),
        ({"num_inference_steps": 2.0}, "num_inference_steps=2.0."),
        ({"guidance_scale": float("inf")}, "guidance_scale=inf. Ask for a finite number, like 7.5."),
        ({"guidance_scale": True}, "guidance_scale=True."),
        ({"guidance_scale": "7"}, "guidance_scale='7'."),
        ({"seed": -1}, "seed=-1. Ask for a whole number of at least 0."),
        ({"seed": None}, "seed=None."),
        ({"seed": 1, "seeds": [2]}, "seed and seeds are both given. Give one of them."),
        ({"seeds": 3}, "seeds=3. Name at least one seed, each once."),
        ({"seeds": []}, "seeds=(). Name at least one seed, each once."),
        ({"seeds": [1, 1]}, "seeds=(1, 1). Name at least one seed, each once."),
        ({"seeds": [1, -1]}, "seed=-1. Ask for a whole number of at least 0."),
    ],
)
def test_what_makes_no_workload(keywords, message):
    with pytest.raises(CaseError) as raised:
        workload_of(keywords, native_size=None)
    assert str(raised.value).startswith(message)


def test_keys_have_the_height_first():
    assert size_key((512, 768)) == "512x768"
    assert picture_key((512, 768), 3) == "512x768/3"


def test_a_prompt_of_broken_characters_is_refused():
    with pytest.raises(CaseError, match=r"prompt 'a ship\\udcff' .*Write a text of whole characters"):
        Workload(prompts=("a ship\udcff",))
