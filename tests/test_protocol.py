import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_sdperf import protocol
from pytest_sdperf.build_spec import BuildSpec
from pytest_sdperf.errors import WorkerError
from pytest_sdperf.measurement import Evidence, ImageTiming, KernelTime
from pytest_sdperf.workload import PromptSeed

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
naturals = st.integers(0, 2**63 - 1)
sizes = st.tuples(naturals, naturals)
finite = st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | finite | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
specs = st.builds(
    BuildSpec,
    variant=texts,
    factory=texts,
    prepare=texts,
    model_dir=st.none() | texts,
    model_digest=texts,
    cache_dir=texts,
    scheduler=texts,
    params=st.dictionaries(texts, texts | st.integers(-(2**63), 2**63 - 1) | finite | st.booleans(), max_size=3),
    sizes=st.lists(sizes, max_size=3).map(tuple),
    prompt_seeds=st.lists(st.builds(PromptSeed, texts, naturals), max_size=3).map(tuple),
    num_inference_steps=naturals,
    guidance_scale=finite,
    picture_dir=texts,
)
commands = st.one_of(
    st.builds(protocol.Call, texts, st.dictionaries(texts, json_values, max_size=3)),
    st.builds(protocol.Prepare, specs),
    st.builds(protocol.Preload, texts, texts),
    st.builds(protocol.Build, specs),
    st.builds(protocol.WarmUp, sizes, naturals),
    st.builds(protocol.Generate, sizes, naturals, naturals),
    st.builds(protocol.Draw, sizes, naturals),
    st.just(protocol.Prove()),
    st.just(protocol.Exit()),
)
counts = st.dictionaries(texts, naturals, max_size=3)
answers = st.one_of(
    st.builds(protocol.Ready, naturals),
    st.builds(protocol.Called, json_values),
    st.builds(protocol.Prepared, counts),
    st.builds(
        protocol.Built,
        startup_ns=counts,
        scheduler=texts,
        python=texts,
        packages=st.dictionaries(texts, texts, max_size=3),
        variables=st.dictionaries(texts, texts, max_size=3),
    ),
    st.builds(protocol.Warmed, st.lists(naturals, max_size=3)),
    st.builds(
        protocol.Generated,
        images=st.lists(
            st.builds(ImageTiming, naturals, st.dictionaries(texts, st.lists(naturals, max_size=3), max_size=3)),
            max_size=3,
        ),
        sha256=st.lists(texts, max_size=3),
        path=texts,
        peak_rss_bytes=naturals,
        library_rss_bytes=naturals,
        threads=naturals,
        cpus=st.lists(naturals, max_size=3),
    ),
    st.builds(protocol.Drawn, texts, texts),
    st.builds(
        protocol.Proven,
        st.builds(
            Evidence,
            kernels=st.lists(st.builds(KernelTime, texts, texts, texts, naturals, finite), max_size=2),
            facts=st.dictionaries(texts, texts, max_size=2),
        ),
    ),
    st.builds(protocol.Failed, texts, texts, texts),
)


@given(commands)
def test_command_survives_the_pipe_as_one_line(command):
    line = protocol.encode(command)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert protocol.decode_command(line) == command


@given(answers)
def test_answer_survives_the_pipe_as_one_line(answer):
    line = protocol.encode(answer)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert protocol.decode_answer(line) == answer


@given(st.binary(max_size=200))
def test_garbage_is_refused_by_name(line):
    for decode in (protocol.decode_command, protocol.decode_answer):
        with pytest.raises(WorkerError, match="is no message of protocol 7"):
            decode(line)


@pytest.mark.parametrize(
    "line",
    [
        b'{"type":"sail"}',
        b'{"type":"exit","sails":3}',
        b'{"type":"warm_up","size":[8],"images":1}',
        b"{}",
        b"",
        b"\xff",
    ],
)
def test_unknown_command_names_what_was_said_and_the_cure(line):
    with pytest.raises(WorkerError) as caught:
        protocol.decode_command(line)
    assert caught.value.what.startswith(f"the session said {line!r}, which is no message of protocol 7 (")
    assert caught.value.cure == "Install the same version of pytest-sdperf in both interpreters."


def test_unknown_answer_names_the_worker_and_is_cut_short():
    with pytest.raises(WorkerError) as caught:
        protocol.decode_answer(b"x" * 1000)
    assert caught.value.what.startswith("the worker said b'" + "x" * 80 + "...', which")


def test_equal_version_passes_and_another_is_refused():
    protocol.check_version(protocol.PROTOCOL_VERSION, interpreter="/opt/python")
    with pytest.raises(WorkerError) as caught:
        protocol.check_version(8, interpreter="/opt/python")
    assert str(caught.value) == (
        "the worker speaks protocol 8, this session protocol 7 [/opt/python]. "
        "Install the same version of pytest-sdperf in both interpreters."
    )


def test_spec_of_a_case_holds_all_that_the_worker_needs(make_case):
    case = make_case("build", prepare="prepare", sizes=((16, 24), (8, 8)), prompts=("a", "b"))
    spec = BuildSpec.of(case, model_dir=None, model_digest="d", cache_dir="/c", picture_dir="/p")
    assert (spec.variant, spec.factory, spec.prepare) == ("ship", "harbour:build", "harbour:prepare")
    assert (spec.sizes, spec.prompt_seeds, spec.num_inference_steps) == (((16, 24), (8, 8)), (("a", 0), ("b", 0)), 3)
    assert spec.params == {"sails": 3, "mast": 1.5, "flag": True, "name": "Rembrandt"}
    again = msgspec.json.decode(msgspec.json.encode(spec), type=BuildSpec)
    assert again == spec
    assert {name: type(value) for name, value in again.params.items()} == {
        "sails": int,
        "mast": float,
        "flag": bool,
        "name": str,
    }


def test_commands_say_what_is_going_on(make_case):
    spec = BuildSpec.of(
        make_case("build", prepare="prepare"), model_dir=None, model_digest="", cache_dir="/c", picture_dir="/p"
    )
    told = [
        (protocol.Call("m:f"), "calling m:f"),
        (protocol.Prepare(spec), "preparing variant 'ship' (harbour:prepare)"),
        (protocol.Build(spec), "building variant 'ship' (harbour:build)"),
        (protocol.WarmUp((64, 128), 2), "warming up at 64x128"),
        (protocol.Generate((64, 128), 0, 5), "drawing 5 timed pictures at 64x128"),
        (protocol.Draw((64, 128), 1), "drawing picture 1 at 64x128"),
        (protocol.Prove(), "collecting evidence"),
        (protocol.Exit(), "ending"),
    ]
    for command, text in told:
        assert str(command) == text
