"""Pipelines whose pictures are not drawn in the timed call, or not of what was asked for."""

import textwrap

import pytest

from pytest_sdperf.units import format_seconds

PIPELINE = """
    import threading
    import numpy as np

    class Base:
        kept = {{}}
        def denoise(self, x):
            return np.tanh(1.1 * x)
        def draw(self, prompt, latents, steps):
            x = latents + len(prompt) / 100
            for _ in range(steps):
                x = self.denoise(x)
            return (0.5 + 0.5 * np.kron(x[0, :3], np.ones((8, 8), np.float32)).transpose(1, 2, 0))[None]
        def __call__(self, *, prompt, latents, num_inference_steps, height, width, **_):
            return self.draw(prompt, latents, num_inference_steps)

    class P(Base):
{0}

    def build(context):
        return P()
"""
CONFTEST = """
    from pytest_sdperf import Claim, Variant

    def pytest_sdperf_variants():
        return [Variant("mine", "mine:build", needs_model=False, reference=None{0})]
"""
STAGES = """
        def sdperf_stages(self):
            return {"unet": (self, "denoise")}
"""
SLOW = """
        def denoise(self, x):
            import time
            time.sleep(0.002)
            return np.tanh(1.1 * x)
"""
KEPT = """
        def __call__(self, *, prompt, latents, num_inference_steps, **_):
            key = {key}
            if key not in self.kept:
                self.kept[key] = self.draw(prompt, latents, num_inference_steps)
            return self.kept[key]
"""


@pytest.fixture
def gate(project):
    """One run of a project with a pipeline of its own; it is recorded where it passes."""

    def gate(*bodies, workload='prompt="a"', declared="", args=()):
        project.pytester.makepyfile(
            mine=PIPELINE.format("".join(textwrap.indent(textwrap.dedent(body), " " * 8) for body in bodies))
        )
        project.conftest(CONFTEST.format(declared))
        project.test(f"""
            def test_mine(sd_mine):
                sd_mine.check({workload}, height=64, width=64, num_inference_steps=10)
        """)
        return project.run("--sdperf-update=new", *args)

    return gate


def test_an_honest_pipeline_passes(gate, told):
    result = gate(STAGES)
    result.assert_outcomes(passed=1)
    told(result, "RECORDED 1 new baseline")


# The clock stops before the work


LAZY = {
    "a property": """
        def __call__(self, *, prompt, latents, num_inference_steps, **_):
            draw = lambda: self.draw(prompt, latents, num_inference_steps)
            return type("Answer", (), {"images": property(lambda answer: draw())})()
    """,
    "an array that computes": """
        def __call__(self, *, prompt, latents, num_inference_steps, **_):
            draw = lambda: self.draw(prompt, latents, num_inference_steps)
            return type("Answer", (), {"__array__": lambda answer, dtype=None, copy=None: draw()})()
    """,
    "images that compute": """
        def __call__(self, *, prompt, latents, num_inference_steps, **_):
            draw = lambda: self.draw(prompt, latents, num_inference_steps)
            lazy = type("Lazy", (), {"__array__": lambda answer, dtype=None, copy=None: draw()})()
            return type("Answer", (), {"images": lazy})()
    """,
    "a list of such": """
        def __call__(self, *, prompt, latents, num_inference_steps, **_):
            draw = lambda: self.draw(prompt, latents, num_inference_steps)[0]
            return [type("Lazy", (), {"__array__": lambda answer, dtype=None, copy=None: draw()})()]
    """,
    "a generator that numpy does not take": """
        def __call__(self, *, prompt, latents, num_inference_steps, **_):
            return iter(self.draw(prompt, latents, num_inference_steps))
    """,
}


@pytest.mark.parametrize("kind", LAZY)
def test_what_an_answer_puts_off_is_timed(gate, project, told, kind):
    """On the told clock a look takes 1 ms, and each stage looks twice: 10 calls are 21 ms a picture."""
    result = gate(LAZY[kind], STAGES)
    if kind == "a generator that numpy does not take":
        result.assert_outcomes(failed=1)
        told(result, "instead of a picture (dtype object)", 'Honour output_type="np"')
        return
    result.assert_outcomes(passed=1)
    timing = project.jobs("mine")[-1].measurement.processes[0].images["64x64"][0]
    assert (len(timing.stages_ns["unet"]), format_seconds(timing.total_ns / 1e9)) == (10, "21 ms")


def test_an_array_that_is_filled_later_is_taken_as_it_is(gate, told):
    """Its first picture is empty when the call returns; what counts is what was there then."""
    result = gate("""
        def __call__(self, *, prompt, latents, num_inference_steps, **_):
            picture = np.zeros((1, 64, 64, 3), np.float32)
            def fill():
                go.wait()
                picture[:] = self.draw(prompt, latents, num_inference_steps)
            go = threading.Event()
            threading.Thread(target=fill, daemon=True).start()
            self.last, go_last = go, getattr(self, "last", None)
            if go_last:
                go_last.set()
            return picture
    """)
    result.assert_outcomes(failed=1)
    told(result, "picture BROKEN: the picture at 64x64", "is all black")


# From a cache


@pytest.mark.parametrize(
    "key", ["(prompt, latents.tobytes())", "latents.tobytes()", "(prompt, latents.mean(), num_inference_steps)"]
)
def test_a_cache_of_pictures_is_broken(gate, told, key):
    result = gate(KEPT.format(key=key), STAGES)
    result.assert_outcomes(failed=1)
    told(
        result,
        "proof BROKEN: broken claim drawn_anew: a picture that was drawn before takes ",
        " and 0 calls of unet, one of new latents 21 ms and 10 calls of unet: the pipeline keeps what it has drawn",
    )


def test_a_cache_of_one_picture_is_broken(gate, told):
    result = gate(
        KEPT.format(key="latents.tobytes()").replace(
            "self.kept[key] =", "self.kept.clear()\n                self.kept[key] ="
        ),
        STAGES,
    )
    result.assert_outcomes(failed=1)
    told(result, "proof BROKEN: broken claim drawn_anew: ")


def test_a_cache_that_saves_some_of_the_steps_is_broken(gate, told):
    result = gate(
        """
        def draw(self, prompt, latents, steps):
            x = latents + len(prompt) / 100
            key = x.tobytes()
            if key not in self.kept:
                for _ in range(steps // 2):
                    x = self.denoise(x)
                self.kept[key] = x
            x = self.kept[key]
            for _ in range(steps - steps // 2):
                x = self.denoise(x)
            return (0.5 + 0.5 * np.kron(x[0, :3], np.ones((8, 8), np.float32)).transpose(1, 2, 0))[None]
    """,
        STAGES,
    )
    result.assert_outcomes(failed=1)
    told(result, "proof BROKEN: broken claim drawn_anew: ", "5 calls of unet", "10 calls of unet")


def test_a_cache_without_named_stages_is_seen_by_its_times(gate, told, real_workers):
    result = gate(KEPT.format(key="(prompt, latents.tobytes())"), SLOW, args=("--sdperf-processes=1",))
    result.assert_outcomes(failed=1)
    told(
        result, "proof BROKEN: broken claim drawn_anew: a picture that was drawn before takes ", "one of new latents 2"
    )


def test_a_cache_inside_a_stage_is_seen_by_its_times(gate, told, real_workers):
    result = gate(
        """
        def denoise(self, x):
            import time
            if x.tobytes() not in self.kept:
                time.sleep(0.002)
                self.kept[x.tobytes()] = np.tanh(1.1 * x)
            return self.kept[x.tobytes()]
    """,
        STAGES,
        args=("--sdperf-processes=1",),
    )
    result.assert_outcomes(failed=1)
    told(result, "proof BROKEN: broken claim drawn_anew: ")


def test_a_cache_on_a_disk_does_not_know_the_next_runs_latents(gate, told, tmp_path):
    on_disk = f"""
        def __call__(self, *, prompt, latents, num_inference_steps, **_):
            import hashlib, pathlib
            name = hashlib.sha256(prompt.encode() + latents.tobytes()).hexdigest()
            file = pathlib.Path({str(tmp_path)!r}, name + ".npy")
            if not file.exists():
                np.save(file, self.draw(prompt, latents, num_inference_steps))
            return np.load(file)
    """
    for _ in range(2):
        result = gate(on_disk, STAGES)
        result.assert_outcomes(failed=1)
        told(result, "proof BROKEN: broken claim drawn_anew: ")


def test_a_cache_of_encoded_prompts_is_as_much_work_for_each_picture(gate):
    """It is what a service has, and a picture of new latents has it, too."""
    gate("""
        def encode(self, prompt):
            return len(prompt)
        def sdperf_stages(self):
            return {"unet": (self, "denoise"), "text_encoder": (self, "encode")}
        def __call__(self, *, prompt, latents, num_inference_steps, **_):
            if prompt not in self.kept:
                self.kept[prompt] = self.encode(prompt)
            return self.draw("x" * self.kept[prompt], latents, num_inference_steps)
    """).assert_outcomes(passed=1)


# Unequal inputs, equal pictures


def test_pictures_by_prompt_alone_are_broken(gate, told):
    result = gate(KEPT.format(key="prompt"), workload='prompts=("a", "bb", "ccc")')
    result.assert_outcomes(failed=1)
    told(result, 'picture BROKEN: the picture at 64x64, prompt "a" is the same to the bit from other latents')


def test_pictures_by_latents_alone_are_broken(gate, told):
    body = """
        def draw(self, prompt, latents, steps):
            return super().draw("a", latents, steps)
    """
    result = gate(body, workload='prompts=("a", "bb")')
    result.assert_outcomes(failed=1)
    told(result, 'the picture at 64x64, prompt "bb" is the same to the bit as that of prompt "a"')
    gate(body).assert_outcomes(passed=1)


def test_pictures_of_two_seeds_must_differ(gate, told):
    result = gate(KEPT.format(key="prompt"), workload='prompt="a", seeds=(0, 1)')
    result.assert_outcomes(failed=1)
    told(result, "is the same to the bit ")


def test_a_variant_is_compared_with_a_reference_and_still_must_depend_on_its_prompt(gate, told):
    other = ')] + [Variant("other", "mine:other", needs_model=False, reference="mine"'
    result = gate(
        """
        def draw(self, prompt, latents, steps):
            return super().draw("a", latents, steps)
    """,
        workload='prompts=("a", "bb")',
        declared=other,
    )
    result.assert_outcomes(failed=1)
    told(result, "it does not depend on the prompt")


# Noise of its own at each step


def test_an_unseeded_sampler_cannot_be_judged_whatever_it_draws(gate, told):
    body = """
        def denoise(self, x):
            return np.tanh(1.1 * x) + np.random.standard_normal(x.shape).astype(np.float32)
        def draw(self, prompt, latents, steps):
            return np.clip(super().draw(prompt, latents, steps), 0, 1)
    """
    for changed in (body, body.replace("super().draw(prompt, latents", "super().draw(prompt, latents * 0")):
        result = gate(changed)
        result.assert_outcomes(failed=1)
        told(
            result,
            "picture BROKEN: pictures of one prompt and seed take up half of the error that the limits allow, or more, so nothing can be",
            "draw all noise from the call's latents and its `generator`",
        )
        assert "RECORDED" not in result.stdout.str()


SEEDED = """
        def __call__(self, *, prompt, latents, num_inference_steps, generator, **_):
            x = latents{0}
            for _ in range(num_inference_steps):
                x = np.tanh(1.1 * x) + generator.standard_normal(x.shape).astype(np.float32)
            x = np.tanh(x + len(prompt) / 100)
            return (0.5 + 0.5 * np.kron(x[0, :3], np.ones((8, 8), np.float32)).transpose(1, 2, 0))[None]
"""


def test_a_sampler_that_takes_the_seeded_generator_is_judged(gate, told):
    gate(SEEDED.format("")).assert_outcomes(passed=1)
    result = gate(SEEDED.format("").replace("+ len(prompt)", "+ 50 * len(prompt)"))
    result.assert_outcomes(failed=1)
    told(result, "picture BROKEN: SSIM ")


def test_a_sampler_that_ignores_its_latents_is_broken_though_the_generator_is_seeded(gate, told):
    result = gate(SEEDED.format(" * 0"))
    result.assert_outcomes(failed=1)
    told(result, "is the same to the bit from other latents: it does not depend on them")


def test_a_picture_that_is_none_when_it_is_drawn_again_is_broken(gate, told):
    result = gate("""
        def draw(self, prompt, latents, steps):
            picture = super().draw(prompt, latents, steps)
            self.drawn = getattr(self, "drawn", 0) + 1
            return picture * np.nan if self.drawn == 5 else picture
    """)
    result.assert_outcomes(failed=1)
    told(result, 'the picture at 64x64, prompt "a" drawn again has 12288 NaN')
