"""The chain of one picture as the page shows it: a chart of its links, from the prompt to the picture."""

from __future__ import annotations

from pytest_sdperf.picture_chain import StageLinks
from pytest_sdperf.report.chain_text import called
from pytest_sdperf.report.html.charts import ChainLink, ChainStage, chain_chart
from pytest_sdperf.report.plain import plain
from pytest_sdperf.verdict.chain_finding import BrokenLink, ChainFinding

_LONGEST_NAME = 80


def chain_figure(finding: ChainFinding | None, anchor: str, variant: str) -> tuple[str, str]:
    """(SVG, caption) of the picture whose chain breaks, or else of the first; empty where there is none."""
    if finding is None or not finding.pictures:
        return "", ""
    broken = next((link for link in finding.broken if link.key), None)
    chain = next((c for c in finding.pictures if broken and c.key == broken.key), finding.pictures[0])
    stages = [ChainStage(called(stage.stage), _of_stage(stage, finding, broken)) for stage in chain.stages]
    limit = next((one.min_psnr_db for one in finding.links if one.link == "picture"), None)
    if limit is not None:
        is_broken = broken is not None and broken.link == "picture"
        stages.append(ChainStage("picture", [ChainLink(chain.picture_db, limit, "picture", is_broken)]))
    stages = [stage for stage in stages if stage.links]
    if not stages:
        return "", ""
    name = plain(finding.reference, _LONGEST_NAME)
    text = f"How each link of picture {plain(chain.key, 40)} of {variant} agrees with {name}'s."
    caption = (
        f"Picture {plain(chain.key, 40)}, each link with {name}'s own values before it: what a stage is given "
        "(squares) and what it gives (dots); on the upper edge both are the same."
    )
    return chain_chart(stages, name=f"{anchor}-chain", text=text), caption


def _of_stage(stage: StageLinks, finding: ChainFinding, broken: BrokenLink | None) -> list[ChainLink]:
    limits = {one.link: one.limits_db for one in finding.links if one.stage == stage.stage}
    links = []
    for call in range(stage.calls):
        for link in ("latents", "conditioning", "output"):
            values, of_link = getattr(stage, f"{link}_db"), limits.get(link, [])
            if call < min(len(values), len(of_link)):
                is_broken = broken is not None and (broken.stage, broken.link, broken.call) == (
                    stage.stage,
                    link,
                    call + 1,
                )
                links.append(ChainLink(values[call], of_link[call], link, is_broken))
    return links
