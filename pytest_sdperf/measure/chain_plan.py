"""Which pictures of a case are kept as chains for others, or followed along those of its reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pytest_sdperf import protocol
from pytest_sdperf.measure.rig import AskedWorker, Rig
from pytest_sdperf.picture_chain import Chains
from pytest_sdperf.variant import Case
from pytest_sdperf.workload import picture_key


@dataclass(frozen=True)
class ChainPlan:
    """What becomes of the pictures of one case at its first size."""

    parity: str = "off"
    "`all`, `first` or `off`: which pictures are followed"
    reference: str = ""
    "the variant whose chains are followed; empty: none is"
    given: Mapping[str, Path] = field(default_factory=dict)
    "picture key -> the reference's chain"

    def draw(self, worker: AskedWorker, case: Case, rig: Rig, *, first_picture: int) -> dict[str, protocol.Drawn]:
        """Draw the pictures from ``first_picture`` on at every size, untimed, by picture key.

        Those that others may follow are drawn from the first on, and their chains kept.
        """
        kept = self.kept(case, rig)
        drawn = {}
        for size in case.workload.sizes:
            for index in range(len(case.workload.prompt_seeds)):
                key = picture_key(size, index)
                if key in kept or index >= first_picture:
                    answer = worker.ask(protocol.Draw(size, index, str(kept.get(key, ""))), protocol.Drawn)
                    if index >= first_picture:
                        drawn[key] = answer
        return drawn

    def kept(self, case: Case, rig: Rig) -> dict[str, Path]:
        """Picture key -> its chain, as `draw` keeps it; empty for one that follows another."""
        pictures = {"all": len(case.workload.prompt_seeds), "first": 1}.get(self.parity, 0)
        keys = [picture_key(case.workload.sizes[0], index) for index in range(0 if self.reference else pictures)]
        return {key: rig.work_dir / case.id / "chains" / f"{key.replace('/', '-')}.zip" for key in keys}

    def follow(self, worker: AskedWorker, case: Case) -> Chains | None:
        """Let a worker follow the reference's chains; None where there are none."""
        if not self.given:
            return None
        size = case.workload.sizes[0]
        found = []
        for index in range(len(case.workload.prompt_seeds)):
            if (chain := self.given.get(picture_key(size, index))) is None:
                continue
            answer = worker.ask(protocol.Follow(size, index, str(chain)), protocol.Followed)
            if answer.chain is None:
                return Chains(self.reference, [], answer.not_followed)
            found.append(answer.chain)
        return Chains(self.reference, found)


NO_CHAINS = ChainPlan()
