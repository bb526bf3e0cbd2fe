"""Observations of one case, as values: everything that a verdict rests on, and nothing that could measure more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from pytest_sdperf.activity import Looked
from pytest_sdperf.baseline import Baseline, other_work
from pytest_sdperf.comparison import Comparison
from pytest_sdperf.measurement import Environment, Measurement
from pytest_sdperf.picture_chain import Chains
from pytest_sdperf.program import Program
from pytest_sdperf.stats.regime import UNKNOWN, Usual
from pytest_sdperf.stats.run_spread import NOTHING_RECORDED, RunSpread
from pytest_sdperf.variant import Case

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pytest_sdperf.baselines.stored_pictures import ReferenceKey

    Picture = NDArray[np.floating]

OWN_PICTURE = "its own stored picture"
BASE_PICTURE = "the base's picture"


@dataclass(frozen=True)
class References:
    """The pictures that a case is compared with, and where they come from."""

    pictures: Mapping[str, Picture] | None = None
    "picture key -> float array (height, width, 3) in 0..1; None: there are none"
    eight_bit: bool = False
    "True where they were stored as PNG: both sides are then rounded to 8 bits"
    is_reference: bool = False
    "True where the variant's pictures are themselves what others are compared with in this session"
    own_picture: str = OWN_PICTURE
    "what a variant without another reference is compared with, in words"


@dataclass(frozen=True)
class NewReferences:
    """Reference pictures that are worth storing: those that no file holds yet are written with the recording."""

    keys: Mapping[str, ReferenceKey] = field(default_factory=dict)
    "picture key -> the file it is stored in"
    pictures: Mapping[str, Picture] = field(default_factory=dict)
    "picture key -> float array (height, width, 3) in 0..1"
    environment: Environment | None = None
    "where they were drawn; None: there are none"


NONE_NEW = NewReferences()


@dataclass(frozen=True)
class Asked:
    """The test that asked for a case."""

    nodeid: str = ""
    marker: Mapping[str, object] = field(default_factory=dict)
    "keywords of its sdperf markers, unread"


NOBODY = Asked()


@dataclass(frozen=True)
class BasePictures:
    """The pictures that the base draws with a model of its own, which are judged by that model's reference."""

    label: str
    "of the base"
    pictures: Mapping[str, Picture] = field(default_factory=dict)
    "picture key -> float array (height, width, 3) in 0..1"
    references: References = References()
    reference_name: str | None = None
    "the base's variant that drew the references; None: it has none"
    chains: Chains | None = None
    "of its pictures along its reference's; None: not followed"
    unjudged_because: str = ""
    "why nothing was compared, as a clause; empty: it was, or there is no reference"


@dataclass(frozen=True)
class Measured:
    """One case, measured by itself."""

    case: Case
    measurement: Measurement
    pictures: Mapping[str, Picture] = field(default_factory=dict)
    "picture key -> float array (height, width, 3) in 0..1, as the pipeline gave it"
    other_pictures: Mapping[str, Sequence[Picture]] = field(default_factory=dict)
    "picture key -> pictures of it that were not the same to the bit; no key where it repeats"
    asked: Asked = NOBODY
    looked: Looked | None = None
    "what its workers looked at; None where no trees are compared"
    chains: Chains | None = None
    "what was found along the reference's chains; None: they were not followed"
    filtered: frozenset[str] = frozenset()
    "keys of pictures that a safety checker replaced"


@dataclass(frozen=True)
class Observations:
    """One case, seen."""

    case: Case
    measurement: Measurement
    "what is judged: with the head's processes of the pairs where there are pairs, else as `unpaired`"
    unpaired: Measurement
    "the case measured by itself"
    pictures: Mapping[str, Picture] = field(default_factory=dict)
    "picture key -> float array (height, width, 3) in 0..1, as the pipeline gave it"
    other_pictures: Mapping[str, Sequence[Picture]] = field(default_factory=dict)
    "picture key -> pictures of it that were not the same to the bit; no key where it repeats"
    filtered: frozenset[str] = frozenset()
    "keys of pictures that a safety checker replaced"
    references: References = References()
    chains: Chains | None = None
    "what was found along the reference's chains; None: they were not followed"
    baseline: Baseline | None = None
    "the baseline as it was before this run; None: there is none"
    spread: RunSpread = NOTHING_RECORDED
    "of the processes of all that is recorded for this machine"
    is_to_be_recorded: bool = False
    "True where a sound result becomes part of the baseline: it is then judged by everything but that baseline"
    not_recorded_because: str = ""
    "why an update leaves the baseline as it is, as a clause; empty where it does not, or none was asked for"
    new_references: NewReferences = NONE_NEW
    "reference pictures that are stored with the recording"
    sibling: Measurement | None = None
    "the variant that `min_speedup` names, measured by itself; None: not asked for"
    comparison: Comparison | None = None
    "base and head side by side; None: not asked for, or not needed"
    base_pictures: BasePictures | None = None
    "of a base with another model; None: it has the same, or is not compared with"
    control: Comparison | None = None
    "the head side by side with itself; None: not asked for"
    program: Program | None = None
    "that was measured; None: not known"
    not_escalated_because: str = ""
    "why the recorded program was not measured side by side, as a clause; empty: it was, or there was no need"
    regime: Usual = UNKNOWN
    "the machine's usual one"
    revision: str = ""
    "the commit that is checked out, full hash; empty: not known"

    @property
    def earlier(self) -> list[Measurement]:
        """The recorded runs, newest last; none where the result is to be recorded, whatever the work."""
        return [] if self.baseline is None or self.is_to_be_recorded else self.baseline.measurements

    @cached_property
    def other_work(self) -> str:
        """How the recorded runs are of other work, as a clause after `measured with`; empty: they are not."""
        return (other_work(self.earlier[-1], self.measurement) or "") if self.earlier else ""

    @property
    def comparable(self) -> list[Measurement]:
        """The recorded runs that are of the same work."""
        return [] if self.other_work else self.earlier
