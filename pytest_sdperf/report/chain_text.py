"""Texts of the finding on chains: the first broken link and what it means, and a line for each kind of link."""

from __future__ import annotations

from pytest_sdperf.models.families import CALLED
from pytest_sdperf.report.finding_text import Text
from pytest_sdperf.verdict.chain_finding import Bias, BrokenLink, ChainFinding, LinkScore
from pytest_sdperf.verdict.status import Status
from pytest_sdperf.wording import apart, plural

_LINKS = {
    "latents": "the latents given to the {stage}",
    "conditioning": "the conditioning of the {stage}",
    "output": "what the {stage} gives for {reference}'s inputs",
    "picture": "the picture made of {reference}'s last values",
}


def chain_sentence(finding: ChainFinding) -> str:
    if finding.broken:
        said = _broken(finding.broken[0], finding)
        keys = {link.key for link in finding.broken} - {""}
        return said if len(keys) < 2 else f"{said}; so {len(keys)} of {len(finding.pictures)} pictures"
    if finding.status is Status.NOT_JUDGED:
        return f"link by link along {finding.reference}'s: not judged, {finding.not_followed}"
    closest = min(finding.links, key=lambda one: one.room_db, default=None)
    pictures = plural(len(finding.pictures), "picture")
    if closest is None or closest.psnr_db is None:
        return f"link by link along {finding.reference}'s: {pictures}, every link the same"
    return (
        f"link by link along {finding.reference}'s: {pictures}, every link agrees; closest to its limit is "
        f"{_where(closest)}, {_db(closest.psnr_db, closest.min_psnr_db)}"
    )


def chain_details(finding: ChainFinding) -> list[str]:
    lines = [_broken(link, finding) for link in finding.broken[1:]]
    lines += [_score(one, finding) for one in finding.links]
    lines += [_limits(finding)] if finding.links else []
    lines += [_bias(one) for one in finding.biases]
    if finding.not_followed and finding.broken:
        lines.append(f"not followed to its end: {finding.not_followed}")
    if finding.base:
        lines.append(f"{finding.base_label} with its own model: {chain_sentence(finding.base)}")
    return lines


def called(stage: str) -> str:
    """A stage, for people: `unet` -> `UNet`."""
    return CALLED.get(stage, stage)


def _broken(link: BrokenLink, finding: ChainFinding) -> str:
    """One sentence: which link, by how much, and what that means."""
    said = _SAID[link.link](link, called(link.stage), finding.reference)
    return f"{said} (picture {link.key})" if link.key and len(finding.pictures) > 1 else said


def _calls(link: BrokenLink, stage: str, reference: str) -> str:
    calls = f"{stage} call" if link.own == 1 else f"{stage} calls"
    return f"{link.own:g} {calls} where {reference} made {link.reference:g}"


def _tokens(link: BrokenLink, stage: str, reference: str) -> str:
    said = f"the {stage}'s token ids differ from {reference}'s from position {link.position} on"
    if link.missing and not link.instead:
        return f'{said} ("{link.missing}" is missing)'
    return f'{said} ("{link.instead}" in place of "{link.missing}")' if link.instead else said


def _timestep(link: BrokenLink, stage: str, reference: str) -> str:
    return (
        f"{stage} call {link.call} is asked for timestep {link.own:g} where {reference} asked for "
        f"{link.reference:g}: steps or scheduler"
    )


def _latents(link: BrokenLink, stage: str, reference: str) -> str:
    by = _of_limit(link)
    if _is_decoder(link):
        return (
            f"the latents for the {stage} differ from {reference}'s ({by}), though every call before agreed: the last "
            "step, or the scale of the latents"
        )
    why = f", though call {link.call - 1} agreed: guidance or scheduler"
    if link.call == 1:
        why = ": the noise that it starts from, or its scale"
    return f"before {stage} call {link.call} the latents differ from {reference}'s ({by}){why}"


def _conditioning(link: BrokenLink, stage: str, reference: str) -> str:
    return (
        f"before {stage} call {link.call} the conditioning differs from {reference}'s ({_of_limit(link)}), though the "
        "text encoder agreed: what is made of its answer"
    )


def _output(link: BrokenLink, stage: str, reference: str) -> str:
    return f"{stage} call {link.call} gives something else than {reference}'s for the same inputs ({_of_limit(link)})"


def _gain(link: BrokenLink, stage: str, reference: str) -> str:
    size = "larger" if link.own > 0 else "smaller"
    return (
        f"what the {stage} gives is {_share(abs(link.own))} {size} than {reference}'s over all calls "
        f"(limit {_share(link.reference)}): rounding does not do that"
    )


def _mean(link: BrokenLink, stage: str, _: str) -> str:
    return (
        f"what the {stage} gives is off by {_share(abs(link.own))} of its spread over all calls "
        f"(limit {_share(link.reference)}): rounding does not do that"
    )


def _picture(link: BrokenLink, _: str, reference: str) -> str:
    return f"the picture made of {reference}'s last values differs ({_of_limit(link)}): postprocessing"


_SAID = {
    "calls": _calls,
    "tokens": _tokens,
    "timestep": _timestep,
    "latents": _latents,
    "conditioning": _conditioning,
    "output": _output,
    "gain": _gain,
    "mean": _mean,
    "picture": _picture,
}


def _of_limit(link: BrokenLink) -> str:
    return _db(link.psnr_db or 0.0, link.min_psnr_db or 0.0)


def _is_decoder(link: BrokenLink) -> bool:
    return "decode" in link.stage


def _limits(finding: ChainFinding) -> str:
    if any(stage.rounding for chain in finding.pictures for stage in chain.stages):
        return f"limits of {finding.precision}: by what rounding to bf16 does to {finding.reference}'s own model"
    return f"limits of {finding.precision}: for any model, since {finding.reference}'s cannot be rounded to bf16"


def _score(one: LinkScore, finding: ChainFinding) -> str:
    what = _LINKS[one.link].format(stage=called(one.stage), reference=finding.reference)
    if one.psnr_db is None:
        return f"{what}: the same"
    median = "most the same" if one.median_db is None else f"median {one.median_db:.1f} dB"
    return f"{what}: {_where(one)} {_db(one.psnr_db, one.min_psnr_db)}, {median}"


def _where(one: LinkScore) -> str:
    if not one.stage:
        return f"picture {one.key}"
    return f"{called(one.stage)} call {one.call} of picture {one.key}"


def _bias(one: Bias) -> str:
    judged = "too few to be judged" if one.limit is None else f"limit {_share(one.limit)}"
    return (
        f"over {plural(one.calls, 'call')} the {called(one.stage)} gives {one.gain * 100:+.4f} % more, and "
        f"{one.mean_error * 100:+.4f} % of its spread besides ({judged})"
    )


def _db(psnr_db: float, limit_db: float) -> str:
    return f"{apart(psnr_db, limit_db, 1)} dB, limit {limit_db:g} dB"


def _share(value: float) -> str:
    return f"{value * 100:.2f} %"


CHAIN = Text(chain_sentence, chain_details)
