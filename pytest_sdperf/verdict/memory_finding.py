"""Peak memory against its limits."""

from __future__ import annotations

from pytest_sdperf.verdict.status import Finding


class MemoryFinding(Finding, frozen=True, kw_only=True, tag="memory"):
    """The largest process's own peak of resident memory."""

    part = "memory"
    peak_bytes: int
    max_bytes: int | None = None
    "absolute limit; None: no limit"
    base: str = ""
    "whose peak it is compared with: `the baseline`, `main (1a2b3c4d5e)`; empty: nothing's"
    base_bytes: int | None = None
    max_growth: float = 0.0
    "allowed rise over `base_bytes`, as a share"
    other_work: str = ""
    "how the recorded runs are of other work, as a clause after `measured with`; empty: they are not"
    is_base_unmeasured: bool = False
    "True where a base was asked for and did not run"

    identical_to: str = ""
    "label of the base that is the same program, so that nothing can have grown; empty: none is known to be"

    @property
    def is_over(self) -> bool:
        """Whether it is above the absolute limit."""
        return self.max_bytes is not None and self.peak_bytes > self.max_bytes

    @property
    def is_promise(self) -> bool:
        return self.is_over

    @property
    def fault(self) -> str:
        return "a base of 0 bytes" if self.base_bytes == 0 else ""

    @property
    def has_grown(self) -> bool:
        """Whether it rose by more than is allowed; by products, because a quotient rounds."""
        base = self.base_bytes
        return base is not None and self.peak_bytes - base > self.max_growth * base
