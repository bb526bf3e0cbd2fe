"""Judge the chains: at which link does a variant's picture leave the reference's, if anywhere?"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType

import msgspec

from pytest_sdperf.claims.stage_calls import wanted_calls
from pytest_sdperf.judge.link_limits import ENOUGH_CALLS, LinkLimits, link_limits
from pytest_sdperf.models.families import DECODERS, DENOISERS
from pytest_sdperf.observations import Observations
from pytest_sdperf.options import Options
from pytest_sdperf.picture_chain import Chains, PictureChain, StageLinks
from pytest_sdperf.verdict.chain_finding import Bias, Broken, BrokenLink, ChainFinding, Kind, LinkScore
from pytest_sdperf.verdict.status import Status

_LINKS: tuple[Kind, ...] = ("latents", "conditioning", "output")

NONE_DECLARED: Mapping[str, int] = MappingProxyType({})


def judge(seen: Observations, options: Options) -> ChainFinding | None:
    """The case's pictures along the reference's chains; None where nothing was to be followed."""
    if seen.chains is None:
        return None
    precision = seen.case.variant.picture_precision
    limits = link_limits(precision, options.thresholds)
    steps = seen.case.workload.num_inference_steps
    wanted = (wanted_calls(claim.kind, claim.want, steps=steps) for claim in seen.case.variant.claims)
    declared = dict(one for one in wanted if one)
    found = judge_chains(seen.chains, limits, precision=precision, declared_calls=declared)
    base = seen.base_pictures
    if base is None or base.chains is None:
        return found
    own = judge_chains(base.chains, limits, precision=precision, declared_calls=declared)
    return msgspec.structs.replace(found, base_label=base.label, base=own)


def judge_chains(
    chains: Chains, limits: LinkLimits, *, precision: str, declared_calls: Mapping[str, int] = NONE_DECLARED
) -> ChainFinding:
    """Every link must reach its limit; of each picture the first that does not is named.

    ``declared_calls`` are calls of stages for a picture, by name, where the variant says that they are its own: then
    they must be so many. Those of a denoiser or decoder cannot be compared with the reference's one by one. Those of an
    encoder need not be: what it gives is compared where it is handed on.
    """
    broken = [link for chain in chains.pictures if (link := _first_broken(chain, limits, declared_calls)) is not None]
    biases = [*_biases(chains.pictures, limits)]
    broken += [link for bias in biases for link in _of_bias(bias)]
    not_followed = chains.not_followed or _not_followed(chains.pictures, declared_calls)
    passed = Status.NOT_JUDGED if not_followed else Status.PASSED
    return ChainFinding(
        status=Status.BROKEN if broken else passed,
        reference=chains.reference,
        precision=precision,
        broken=broken,
        links=[*_scores(chains.pictures, limits)],
        biases=biases,
        pictures=chains.pictures,
        not_followed=not_followed,
    )


def _first_broken(chain: PictureChain, limits: LinkLimits, declared_calls: Mapping[str, int]) -> BrokenLink | None:
    for stage in chain.stages:
        link = BrokenLink(chain.key, "calls", stage.stage)
        if stage.calls != stage.reference_calls and not _is_declared(stage, declared_calls):
            expected = declared_calls.get(stage.stage, stage.reference_calls)
            return msgspec.structs.replace(link, own=stage.calls, reference=expected)
        for call in range(1, stage.calls + 1):
            for look in _LOOKS:
                if (found := look(stage, call, limits)) is not None:
                    return msgspec.structs.replace(found, key=chain.key, stage=stage.stage, call=call)
    limit = limits.picture_db
    if chain.picture_db is not None and chain.picture_db < limit and _is_whole(chain):
        return BrokenLink(chain.key, "picture", psnr_db=chain.picture_db, min_psnr_db=limit)
    return None


def _is_declared(stage: StageLinks, declared_calls: Mapping[str, int]) -> bool:
    return declared_calls.get(stage.stage) == stage.calls


def _tokens(stage: StageLinks, call: int, _: LinkLimits) -> BrokenLink | None:
    other = next((one for one in stage.other_tokens if one.call == call), None)
    if other is None:
        return None
    return BrokenLink("", "tokens", position=other.position, missing=other.missing, instead=other.instead)


def _timestep(stage: StageLinks, call: int, _: LinkLimits) -> BrokenLink | None:
    other = next((one for one in stage.other_numbers if one.call == call), None)
    return None if other is None else BrokenLink("", "timestep", own=other.own, reference=other.reference)


def _agreement(link: Kind, stage: StageLinks, call: int, limits: LinkLimits) -> BrokenLink | None:
    values: Sequence[float | None] = getattr(stage, f"{link}_db")
    value = values[call - 1] if call <= len(values) else None
    limit = limits.at(stage, link, call)
    return None if value is None or value >= limit else BrokenLink("", link, psnr_db=value, min_psnr_db=limit)


_LOOKS: tuple[Callable[[StageLinks, int, LinkLimits], BrokenLink | None], ...] = (
    _tokens,
    _timestep,
    *(partial(_agreement, link) for link in _LINKS),
)


def _scores(pictures: Sequence[PictureChain], limits: LinkLimits) -> Iterator[LinkScore]:
    """For each kind of link the call with the least room above its limit."""
    stages = list(dict.fromkeys(stage.stage for chain in pictures for stage in chain.stages))
    for name in stages:
        of_stage = [(chain.key, stage) for chain in pictures for stage in chain.stages if stage.stage == name]
        for link in _LINKS:
            every = [
                (value, limits.at(stage, link, call), key, call)
                for key, stage in of_stage
                for call, value in enumerate(getattr(stage, f"{link}_db"), 1)
            ]
            if every:
                first = [limit for _, limit, key, _ in every if key == every[0][2]]
                yield msgspec.structs.replace(_score(name, link, every), limits_db=first)
    if pictures:
        every = [(chain.picture_db, limits.picture_db, chain.key, 0) for chain in pictures if _is_whole(chain)]
        if every:
            yield _score("", "picture", every)


def _score(stage: str, link: Kind, every: Sequence[tuple[float | None, float, str, int]]) -> LinkScore:
    median = statistics.median_low(_inf(value) for value, *_ in every)
    value, limit, key, call = min(every, key=lambda one: _inf(one[0]) - one[1])
    median_db = None if median == float("inf") else round(median, 1)
    if value is None:
        return LinkScore(stage, link, min_psnr_db=limit, median_db=median_db)
    return LinkScore(stage, link, key, call, value, limit, median_db)


def _biases(pictures: Sequence[PictureChain], limits: LinkLimits) -> Iterator[Bias]:
    stages = list(dict.fromkeys(stage.stage for chain in pictures for stage in chain.stages))
    for name in stages:
        of_stage = [stage for chain in pictures for stage in chain.stages if stage.stage == name]
        gains, means = ([v for stage in of_stage for v in getattr(stage, f)] for f in ("gains", "mean_errors"))
        if gains:
            limit = limits.bias(of_stage) if len(gains) >= ENOUGH_CALLS else None
            yield Bias(name, statistics.fmean(gains), statistics.fmean(means), len(gains), limit)


def _of_bias(bias: Bias) -> Iterator[BrokenLink]:
    errors: tuple[tuple[Broken, float], ...] = (("gain", bias.gain), ("mean", bias.mean_error))
    for link, value in errors:
        if bias.limit is not None and abs(value) > bias.limit:
            yield BrokenLink("", link, bias.stage, own=value, reference=bias.limit)


def _not_followed(pictures: Sequence[PictureChain], declared_calls: Mapping[str, int]) -> str:
    """Why a link of a picture could not be looked at; empty where all were."""
    for chain in pictures:
        if chain.missing:
            return f"it shows no stage {chain.missing[0]}"
        if why := next((stage.not_followed for stage in chain.stages if stage.not_followed), ""):
            return why
        for stage in chain.stages:
            if not _is_whole_stage(stage) and _is_declared(stage, declared_calls):
                return f"{stage.stage} is called {stage.calls} times a picture, as the variant claims"
    return ""


def _is_whole(chain: PictureChain) -> bool:
    """Whether the picture was made of the reference's last values."""
    return not chain.missing and all(not stage.not_followed and _is_whole_stage(stage) for stage in chain.stages)


def _is_whole_stage(stage: StageLinks) -> bool:
    """Whether what comes behind a stage is made of the reference's values, whatever it was called for."""
    return stage.calls == stage.reference_calls or stage.stage not in (*DENOISERS, *DECODERS)


def _inf(value: float | None) -> float:
    return float("inf") if value is None else value
