"""Which of two limits counts, and how a change of one is told."""

import dataclasses

import pytest

from pytest_sdperf.claims import Claim
from pytest_sdperf.options import Options, Thresholds
from pytest_sdperf.options.specs import SPECS
from pytest_sdperf.options.values import of_base, of_change
from pytest_sdperf.policy.stricter import changes, governed, promises_changed
from pytest_sdperf.variant import Variant

SIDES = (
    ("max_slowdown", 0.5, 0.05, "5 % -> 50 %"),
    ("max_memory_growth", 0.2, 0.1, "10 % -> 20 %"),
    ("max_memory", 8 << 30, 4 << 30, "4.0 GiB -> 8.0 GiB"),
    ("max_memory", None, 4 << 30, "4.0 GiB -> none"),
    ("min_ssim", 0.5, 0.98, "0.98 -> 0.5"),
    ("min_psnr", 20.0, 35.0, "35 dB -> 20 dB"),
    ("min_link_psnr", {"unet": 20.0}, {"unet": 35.0}, "unet=35dB -> unet=20dB"),
    ("max_link_bias", 0.01, 0.001, "0.1 % -> 1 %"),
    ("diverged", "warn", "fail", "fail -> warn"),
    ("min_speedup", None, ("fp32", 1.5), "fp32 1.5x -> none"),
    ("min_speedup", ("fp32", 1.1), ("fp32", 1.5), "fp32 1.5x -> fp32 1.1x"),
    ("ignore", 0.04, 0.01, "1 % -> 4 %"),
    ("must_catch", 0.2, 0.05, "5 % -> 20 %"),
    ("inconclusive", "warn", "fail", "fail -> warn"),
)


def stricter(head, base):
    return governed(Options(thresholds=head), Options(thresholds=base)).thresholds


def test_only_what_decides_nothing_is_the_changes():
    """An option that is none of these counts as the base, or the stricter of both, says it."""
    assert {spec.name for spec in SPECS if spec.decides is of_change} == {"sdperf", "json", "html", "markdown"}


def test_every_limit_has_a_stricter_side_or_is_the_bases():
    simple = {name for name, *_ in SIDES}
    of_the_base = {spec.name for spec in SPECS if spec.is_threshold and spec.decides is of_base}
    assert simple & of_the_base == set()
    assert simple | of_the_base == set(Thresholds._fields)


@pytest.mark.parametrize(("name", "loose", "strict", "told"), SIDES)
def test_the_stricter_counts_whoever_says_it(name, loose, strict, told):
    relaxed, held = (Options(thresholds=Thresholds()._replace(**{name: value})) for value in (loose, strict))
    for head, base in ((relaxed, held), (held, relaxed)):
        assert getattr(governed(head, base).thresholds, name) == strict
    was, _, now = told.partition(" -> ")
    assert changes(relaxed, held, "main") == [f"relaxes {name} {told}; judged by main's {was}"]
    assert changes(held, relaxed, "main") == [f"tightens {name} {now} -> {was}; judged by its own {was}"]
    assert changes(held, held, "main") == []


@pytest.mark.parametrize(("name", "one", "other"), [("alpha", 0.1, 0.01), ("beta", 0.5, 0.05), ("max_pairs", 4, 24)])
def test_where_none_is_simply_stricter_the_base_decides(name, one, other):
    head, base = (Options(thresholds=Thresholds()._replace(**{name: value})) for value in (one, other))
    assert getattr(governed(head, base).thresholds, name) == other
    assert getattr(governed(base, head).thresholds, name) == one
    [found] = changes(head, base, "main")
    assert found.startswith(f"sets {name} ")
    assert "; judged by main's " in found


def test_another_rival_is_the_bases():
    head, base = Thresholds(min_speedup=("tuned", 9.0)), Thresholds(min_speedup=("fp32", 1.5))
    assert stricter(head, base).min_speedup == ("fp32", 1.5)


def test_links_of_the_base_count():
    """One that the base does not name keeps its default there, which a change must not relax."""
    head, base = (
        Thresholds(min_link_psnr={"unet": 20.0, "own": 3.0, "text": 9.0}),
        Thresholds(min_link_psnr={"unet": 30.0, "vae": 4.0, "text": 5.0}),
    )
    assert stricter(head, base).min_link_psnr == {"unet": 30.0, "vae": 4.0, "text": 9.0}
    [told] = changes(Options(thresholds=head), Options(thresholds=base), "main")
    assert told == (
        "changes min_link_psnr text=5dB,unet=30dB,vae=4dB -> own=3dB,text=9dB,unet=20dB; "
        "judged by the stricter of both, text=9dB,unet=30dB,vae=4dB"
    )


def test_a_link_that_only_one_side_names():
    """Its default is not known here, so whether a value is the stricter is not: the base decides."""
    none, named = Thresholds(), Thresholds(min_link_psnr={"unet": 35.0})
    assert stricter(none, named).min_link_psnr == {"unet": 35.0}
    assert stricter(named, none).min_link_psnr == {}
    assert stricter(none, Thresholds(max_link_bias=0.5)).max_link_bias == 0.5
    assert stricter(Thresholds(max_link_bias=0.5), none).max_link_bias is None


def test_a_limit_is_stated_where_either_states_it():
    head, base = (Options(stated=frozenset({name})) for name in ("min_ssim", "min_psnr"))
    assert governed(head, base).stated == {"min_ssim", "min_psnr"}


@pytest.mark.parametrize(("head", "base"), [((0.03, 0.05), (0.01, 0.02)), ((0.0, 0.2), (0.1, 0.15))])
def test_what_is_ignored_stays_below_what_must_be_caught(head, base):
    both = [Thresholds(ignore=ignore, must_catch=catch) for ignore, catch in (head, base)]
    for found in (stricter(*both), stricter(*reversed(both))):
        assert found.ignore < found.must_catch


def test_what_decides_on_the_verdict_is_the_bases_and_the_rest_the_heads():
    head = Options(
        baselines="mine", missing="skip", gate=("picture",), variants=("fp32",), processes=1, rounds=1, budget=1.0,
        model="x", json="a.json", against="self", timeout=1.0,
    )  # fmt: skip
    base = Options(require=("amx",))
    found = governed(head, base)
    assert found == base._replace(model="x", json="a.json", against="self", timeout=1.0)
    assert changes(head, base, "main") == [
        "sets model bundled -> x; its own counts",
        "sets variants none -> fp32; judged by main's none",
        "sets baselines baselines -> mine; judged by main's baselines",
        "sets missing fail -> skip; judged by main's fail",
        "sets require amx -> none; judged by main's amx",
        "sets gate latency,picture,proof,memory -> picture; judged by main's latency,picture,proof,memory",
        "sets processes none -> 1; judged by main's none",
        "sets rounds none -> 1; judged by main's none",
        "sets timeout 600 s -> 1 s; its own counts",
        "sets budget 600 s -> 1 s; judged by main's 600 s",
    ]


def test_promises_of_a_variant():
    claims = (Claim("kernel_precision", "bf16", at_least=0.9), Claim("unet_calls", "2"))
    base = Variant("ship", "harbour:build", claims=claims, requirements=("linux",))
    head = dataclasses.replace(base, claims=(claims[1],), requirements=("linux", "amx"))
    assert list(promises_changed(head, base)) == [
        "drops or alters claim kernel_precision(bf16, at least 90 %) of variant ship; not judged any more",
        "lets variant ship need amx; without it its tests skip",
    ]
    own = dataclasses.replace(base, reference="ship")
    assert list(promises_changed(own, base)) == [
        "compares the pictures of variant ship with ship, no longer with fp32; judged so"
    ]
    assert list(promises_changed(dataclasses.replace(base, reference=None), own)) == [
        "compares the pictures of variant ship with its own, no longer with ship; judged so"
    ]
    coarse = dataclasses.replace(base, claims=(*claims, Claim("no_reference_kernels")), precision="int8")
    assert list(promises_changed(coarse, base)) == [
        "holds the pictures of variant ship to limits of int8, no longer of bf16; judged so"
    ]
    assert list(promises_changed(base, base)) == []
    assert list(promises_changed(base, head)) == [], "more claims and fewer needs are no loss"
