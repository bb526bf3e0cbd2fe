"""Messages between the session and a worker: one JSON line each way, over two pipes of their own."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from pytest_sdperf.activity import Activity
from pytest_sdperf.build_spec import BuildSpec, Size
from pytest_sdperf.errors import WorkerError
from pytest_sdperf.measurement import Evidence, ImageTiming, Usage
from pytest_sdperf.picture_chain import PictureChain

# 1: first version.
# 2: trees and modules (where code was loaded from), usage (what disturbed the timed pictures).
# 3: modules are reported after warming up; library_rss_bytes may be unknown.
# 4: prompt_seeds and picture_index take the places of motifs and motif_index.
# 5: a build spec says which folders come first on the import path, and in which a worker records what it opens;
#   Inspect, what it loaded, opened and started.
# 6: Preload, for what a factory will import.
# 7: Draw keeps a picture's chain, Follow follows one; they take the place of Trace.
PROTOCOL_VERSION = 7
"""Said by the worker in its first line: both sides may run in different interpreters."""

OTHER_LOCALE = "Set LC_ALL=C.UTF-8 or PYTHONUTF8=1, or use folders whose names are plain ASCII."
"""The cure for paths that the locale cannot encode."""


class Command(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request of the session; ``str(command)`` says what the worker does meanwhile, for messages."""


class Call(Command, frozen=True, tag="call"):
    """Call `package.module:function` with keywords of JSON's types; it returns one of JSON's types."""

    function: str
    kwargs: dict[str, Any] = {}

    def __str__(self) -> str:
        return f"calling {self.function}"


class Prepare(Command, frozen=True, tag="prepare"):
    """Run the variant's `prepare` (an export, say)."""

    spec: BuildSpec

    def __str__(self) -> str:
        return f"preparing variant {self.spec.variant!r} ({self.spec.prepare})"


class Preload(Command, frozen=True, tag="preload"):
    """Import what a factory will, before the workload is known that it is to build for."""

    function: str
    "`package.module:function`, called with the model's family"
    model_dir: str
    watched: tuple[str, ...] = ()
    "as in a build spec"

    def __str__(self) -> str:
        return f"importing libraries ({self.function})"


class Build(Command, frozen=True, tag="build"):
    """Build the variant's pipeline; everything after it draws with that."""

    spec: BuildSpec

    def __str__(self) -> str:
        return f"building variant {self.spec.variant!r} ({self.spec.factory})"


class WarmUp(Command, frozen=True, tag="warm_up"):
    """Draw pictures whose times are not part of the latency."""

    size: Size
    images: int

    def __str__(self) -> str:
        return f"warming up at {self.size[0]}x{self.size[1]}"


class Generate(Command, frozen=True, tag="generate"):
    """Draw and time `rounds` pictures of one prompt and seed."""

    size: Size
    picture_index: int
    rounds: int

    def __str__(self) -> str:
        return f"drawing {self.rounds} timed pictures at {self.size[0]}x{self.size[1]}"


class Draw(Command, frozen=True, tag="draw"):
    """Draw one picture, untimed."""

    size: Size
    picture_index: int
    chain_path: str = ""
    "where its chain is kept; empty: it is not"

    def __str__(self) -> str:
        return f"drawing picture {self.picture_index} at {self.size[0]}x{self.size[1]}"


class Follow(Command, frozen=True, tag="follow"):
    """Draw one picture along the chain of the reference's, untimed."""

    size: Size
    picture_index: int
    chain_path: str
    "the reference's chain"

    def __str__(self) -> str:
        return f"following picture {self.picture_index} at {self.size[0]}x{self.size[1]}"


class Prove(Command, frozen=True, tag="prove"):
    """Draw once more, untimed and watched, to see which kernels and settings are in force."""

    def __str__(self) -> str:
        return "collecting evidence"


class Inspect(Command, frozen=True, tag="inspect"):
    """Report what was loaded, opened, listed and started so far."""

    def __str__(self) -> str:
        return "reporting what it loaded"


class Exit(Command, frozen=True, tag="exit"):
    """End by yourself."""

    def __str__(self) -> str:
        return "ending"


AnyCommand = Call | Prepare | Preload | Build | WarmUp | Generate | Draw | Follow | Prove | Inspect | Exit


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The worker's answer, one for each command."""


class Ready(Answer, frozen=True, tag="ready"):
    """The worker's first line, unasked."""

    version: int


class Called(Answer, frozen=True, tag="called"):
    value: Any = None


class Prepared(Answer, frozen=True, tag="prepared"):
    spent_ns: dict[str, int]


class Preloaded(Answer, frozen=True, tag="preloaded"):
    activity: Activity


class Built(Answer, frozen=True, tag="built"):
    startup_ns: dict[str, int]
    scheduler: str
    "class of the pipeline's scheduler; empty: it shows none"
    python: str
    packages: dict[str, str]
    "versions of the libraries that steer speed and pictures, as installed in the worker"
    variables: dict[str, str]
    "environment variables that steer threads, allocators and kernels"


class Warmed(Answer, frozen=True, tag="warmed"):
    spent_ns: list[int]
    modules: dict[str, str] = {}
    "the factory's module, those loaded from the spec's trees, and installed ones that a tree has too -> file"


class Generated(Answer, frozen=True, tag="generated"):
    images: list[ImageTiming]
    sha256: list[str]
    "digest of each picture"
    path: str
    "the first picture"
    other_path: str
    "the first one that is not the same to the bit; empty: all are"
    peak_rss_bytes: int
    "high-water mark of the process when the last timed picture was done"
    library_rss_bytes: int | None
    "of it, pages of the files of programs and libraries; None where the system does not report them"
    threads: int
    cpus: list[int]
    usage: Usage = Usage()
    is_filtered: bool = False
    "True where the pipeline says that its safety checker replaced a picture"


class Drawn(Answer, frozen=True, tag="drawn"):
    sha256: str
    path: str
    threads: int = 0
    is_filtered: bool = False
    "as of timed ones"


class Proven(Answer, frozen=True, tag="proven"):
    evidence: Evidence


class Followed(Answer, frozen=True, tag="followed"):
    chain: PictureChain | None = None
    not_followed: str = ""
    "why it could not be followed, as a clause; empty: it was"


class Inspected(Answer, frozen=True, tag="inspected"):
    activity: Activity


class Failed(Answer, frozen=True, tag="failed"):
    """The command raised; the traceback is in the log."""

    what: str
    cure: str
    where: str = ""


AnyAnswer = (
    Ready | Called | Prepared | Preloaded | Built | Warmed | Generated | Drawn | Proven | Followed | Inspected | Failed
)
A = TypeVar("A", bound=Answer)

_commands: msgspec.json.Decoder[AnyCommand] = msgspec.json.Decoder(AnyCommand)
_answers: msgspec.json.Decoder[AnyAnswer] = msgspec.json.Decoder(AnyAnswer)


def encode(message: Command | Answer) -> bytes:
    """One line of JSON, newline included (JSON escapes those inside)."""
    return msgspec.json.encode(message) + b"\n"


def decode_command(line: bytes) -> AnyCommand:
    """Read a command. Raises WorkerError for anything else."""
    try:
        return _commands.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _misunderstood("the session", line, error) from error


def decode_answer(line: bytes) -> AnyAnswer:
    """Read an answer. Raises WorkerError for anything else."""
    try:
        return _answers.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _misunderstood("the worker", line, error) from error


def check_version(version: int, *, interpreter: str) -> None:
    """Raise WorkerError unless the worker speaks this version of the protocol."""
    if version != PROTOCOL_VERSION:
        raise WorkerError(
            f"the worker speaks protocol {version}, this session protocol {PROTOCOL_VERSION}",
            where=interpreter,
            cure="Install the same version of pytest-sdperf in both interpreters.",
        )


def _misunderstood(speaker: str, line: bytes, error: Exception) -> WorkerError:
    excerpt = line[:80] + b"..." if len(line) > 80 else line
    return WorkerError(
        f"{speaker} said {excerpt!r}, which is no message of protocol {PROTOCOL_VERSION} ({error})",
        cure="Install the same version of pytest-sdperf in both interpreters.",
    )
