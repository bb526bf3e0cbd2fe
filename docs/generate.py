"""Write docs/reference from the code; a test compares the committed pages with it.

`PYTHONPATH=. python docs/generate.py`, whenever that test says so.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import itertools
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pytest_sdperf
from pytest_sdperf import workload
from pytest_sdperf.claims import CLAIM_KINDS, Claim
from pytest_sdperf.hardware.requirements import EXAMPLES
from pytest_sdperf.options import Options, Thresholds
from pytest_sdperf.options.option_spec import OptionSpec
from pytest_sdperf.options.specs import SPECS
from pytest_sdperf.options.values import of_base, of_change, of_change_named
from pytest_sdperf.pipeline import BuildContext
from pytest_sdperf.plugin import hooks as plugin
from pytest_sdperf.plugin import hookspecs
from pytest_sdperf.plugin.fixtures import VariantFixture
from pytest_sdperf.plugin.run import PREFIX
from pytest_sdperf.variant import Launch, Variant
from pytest_sdperf.variants.registry import BUILT_IN, ENTRY_POINT_GROUP, Registry
from pytest_sdperf.verdict.parts import PARTS

FOLDER = Path(__file__).parent / "reference"

HEAD = "<!-- Written by docs/generate.py from the code: change it there and run that again. -->\n"

_REQUIREMENTS = {
    "amx": "AMX in all four layers: CPU flags, kernel permission, the libraries' own view, a real bf16 matmul",
    "isa": "one of these instruction sets",
    "cores": "at least this many physical cores, after affinity and cgroup quota",
    "memory": "at least this much memory, after the cgroup limit",
    "package": "an installed distribution with one of these versions",
    "library": "a shared library that can be preloaded, by name or absolute path",
    "os": "one of `linux`, `macos`, `windows`",
}


def pages() -> dict[str, str]:
    """File name below docs/reference -> its text."""
    made = {
        "options.md": options(),
        "markers.md": markers(),
        "fixtures.md": fixtures(),
        "claims.md": claims(),
        "api.md": api(),
    }
    return {name: f"{HEAD}\n{text.rstrip()}\n" for name, text in made.items()}


def options() -> str:
    session = [s for s in SPECS if not s.on_marker]
    sampling = [s for s in SPECS if s.on_marker and not s.is_threshold]
    limits = [s for s in SPECS if s.is_threshold]
    return "\n".join(
        [
            "# Options",
            "",
            "Set an option on the command line or in pytest's ini file. Options with a marker can also be set for",
            "one test, by that keyword of `@pytest.mark.sdperf`. The order of precedence is: marker, command line,",
            "ini file, the variant's own limits (`Variant(…, thresholds={…})`), default. Write quantities with their",
            "unit: `5%`, `20ms`, `10m`, `16GiB`, `40dB`, `1.5x`. The column `counts` names the side that counts with",
            "[`--sdperf-baselines-from`](../ci.md#what-a-change-can-and-cannot-relax).",
            *("", "## For the whole session", "", *_options(session)),
            *("", "## How a case is measured", "", *_options(sampling)),
            *("", "## Limits", "", *_options(limits, of_parts=True)),
            *("", "## Parts of the verdict", "", "`--sdperf-gate` accepts these names.", ""),
            *_table(("part", "promise"), [(f"`{name}`", promise) for name, promise in PARTS.items()]),
        ]
    )


_COUNTS = {of_change: "the change's", of_change_named: "the change's, with a NOTE", of_base: "the base's"}


def _options(specs: Sequence[OptionSpec], *, of_parts: bool = False) -> list[str]:
    rows = [
        (
            f"`{s.flag}{'' if s.is_flag else '=' + s.metavar}`" if s.on_command_line else "marker only",
            f"`{s.ini_key}`" if s.on_command_line else "-",
            f"`{s.name}`" if s.on_marker else "-",
            _without_default(s.help),
            default(s),
            _COUNTS.get(s.decides, "the stricter"),
            *([s.part] if of_parts else []),
        )
        for s in specs
    ]
    headings = ("option", "ini key", "marker", "meaning", "default", "counts", *(["part"] if of_parts else []))
    return _table(headings, rows)


def _without_default(text: str) -> str:
    return re.sub(r" \(default: [^)]*\)|(?<=bundled) \(default\)", "", text.replace("%%", "%"))


def default(spec: OptionSpec) -> str:
    """The default as people write it."""
    value = getattr(Thresholds() if spec.is_threshold else Options(), spec.name)
    if spec.is_flag:
        return "off: tests skip"
    if value is None or value == ():
        return "all" if spec.name == "variants" else _from_help(spec) or "none"
    return f"`{_written(value, spec.metavar)}`"


def _written(value: object, metavar: str) -> str:
    if isinstance(value, tuple):
        return ",".join(value)
    if isinstance(value, Mapping):
        return ",".join(f"{name}={limit:g}dB" for name, limit in value.items())
    if not isinstance(value, float):
        return str(value)
    return {"SHARE": f"{value * 100:g}%", "TIME": f"{value / 60:g}m"}.get(metavar, f"{value:g}")


def _from_help(spec: OptionSpec) -> str:
    """The help's default, where it is None in the code because another place settles it."""
    found = re.search(r"\(default: ([^)]*)\)", spec.help)
    return f"`{found[1].replace('%%', '%')}`" if found and found[1] != "none" else ""


def markers() -> str:
    lines = ["# Markers", "", "The plugin registers these markers, so `--strict-markers` accepts them.", ""]
    rows = [(f"`@pytest.mark.{name}`", meaning) for name, meaning in (m.split(": ", 1) for m in plugin.MARKERS)]
    lines += _table(("marker", "meaning"), rows)
    keywords = ", ".join(f"`{s.name}`" for s in SPECS if s.on_marker)
    return "\n".join([*lines, "", f"Keywords of `sdperf`, each explained under [options](options.md): {keywords}."])


def fixtures() -> str:
    registry = Registry()
    lines = [
        "# Fixtures",
        "",
        f"Every variant has a fixture `{PREFIX}<name>`, also those that a project [declares](../writing-a-variant.md).",
        "",
        *_method(VariantFixture, "check"),
        *_method(VariantFixture, "measure"),
        "Both take these keywords in addition to `prompt`: " + ", ".join(f"`{k}`" for k in workload.KEYWORDS[1:]) + ".",
        "Without a prompt they draw these: " + "; ".join(f"*{p}*" for p in workload.DEFAULT_PROMPTS) + ".",
        "",
        "## Built-in variants",
    ]
    for name in BUILT_IN:
        lines += ["", *_variant(registry[name])]
    return "\n".join(lines)


def _method(owner: type, name: str) -> list[str]:
    text = " ".join(inspect.cleandoc(getattr(owner, name).__doc__ or "").replace("``", "`").split())
    return [*textwrap.wrap(f"`.{name}(…)`: {text.replace(':meth:`measure`', '`measure`')}", 120), ""]


def _variant(v: Variant) -> list[str]:
    rows = [("draws with", v.summary)]
    rows.append(("compared with", f"the picture of `{v.reference}`" if v.reference != v.name else "its own picture"))
    if v.precision:
        rows.append(("precision", f"`{v.precision}`"))
    if v.scheduler != "default":
        rows.append(("scheduler", f"`{v.scheduler}`"))
    rows += [("parameter", f"`{key}={value}`") for key, value in v.params.items()]
    rows.append(("needs", ", ".join(f"`{need}`" for need in v.requirements)))
    rows += [("launch", line) for line in _launch(v.launch)]
    rows += [("a pass proves", line) for line in _claims(v.claims)]
    return [f"### `{PREFIX}{v.name}`", "", *_table(("", ""), rows)]


def _launch(launch: Launch) -> list[str]:
    lines = [f"`{name}={value}`" for name, value in launch.env.items()]
    if launch.preload:
        lines.append(f"preloads {', '.join(f'`{name}`' for name in launch.preload)}")
    if launch.pin:
        lines.append("pinned to one hardware thread of each usable physical core, `OMP_NUM_THREADS` to their number")
    return lines


def _claims(promised: Sequence[Claim]) -> list[str]:
    """A line for each kind of claim, with everything that is wanted of it."""
    lines = []
    for kind in dict.fromkeys(claim.kind for claim in promised):
        same = [claim for claim in promised if claim.kind == kind]
        want = ", ".join(f"`{claim.want}`" for claim in same if claim.want)
        promise = re.sub(r" \((name=value|`num_inference_steps` or a number)\)", "", CLAIM_KINDS[kind].promise)
        share = f"{same[0].at_least * 100:g} %"
        lines.append(f"`{kind}`: {promise.replace('`want`', want).replace('`at_least`', share)}")
    return lines


def claims() -> str:
    kinds = [(f"`{name}`", kind.promise) for name, kind in CLAIM_KINDS.items()]
    needs = [(f"`{example}`", _REQUIREMENTS[kind]) for kind, example in EXAMPLES.items()]
    return "\n".join(
        [
            *("# Claims and requirements", "", "## Claims", ""),
            "Promises, `Claim(kind, want, at_least=…)`, are checked against what ran in the timed process.",
            "For `kernel_precision` and `kernel_isa` the `want` may be `auto`: the machine's best.",
            *("", *_table(("kind", "what a pass proves"), kinds)),
            *("", "## Requirements", ""),
            "A variant declares its requirements (`Variant(requirements=(…))`). If one is not met, the test skips and",
            "names the layer that failed; `--sdperf-require` turns the skip into a failure.",
            *("", *_table(("example", "requires"), needs)),
        ]
    )


def api() -> str:
    lines = ["# Public names", "", "`from pytest_sdperf import …`: " + ", ".join(f"`{n}`" for n in _public()) + "."]
    for made in (Variant, Claim, Launch, workload.Workload):
        lines += ["", f"## `{made.__name__}`", "", *_doc(made), "", *_fields(made)]
    lines += ["", "## `BuildContext`", "", *_doc(BuildContext), "", *_fields(BuildContext), ""]
    lines += [f"`context.phase(name)`: {_first_line(BuildContext.phase)}", "", "## Hook", ""]
    for name, hook in vars(hookspecs).items():
        if name.startswith("pytest_sdperf_"):
            lines += [f"`{name}()`: {_first_line(hook)}"]
    lines += ["", f"The entry point group `{ENTRY_POINT_GROUP}` does the same for installed packages."]
    case = "`Case`: a variant with its workload and model; `SdperfError`: the base class of all errors, with"
    return "\n".join([*lines, "", "## Other names", "", f"{case} `what`, `where` and `cure`."])


def _public() -> list[str]:
    return [name for name in pytest_sdperf.__all__ if not name.startswith("_")]


def _doc(made: type) -> list[str]:
    return textwrap.wrap(" ".join(inspect.cleandoc(made.__doc__ or "").replace("``", "`").split()), 120)


def _first_line(function: object) -> str:
    return inspect.cleandoc(getattr(function, "__doc__", "") or "").splitlines()[0].replace("``", "`")


def _fields(made: type) -> list[str]:
    """A row for each field: the string under it in the source is its meaning."""
    meanings = _meanings(made)
    rows = []
    for field in dataclasses.fields(made):
        required = field.default is field.default_factory is dataclasses.MISSING
        made_default = field.default_factory() if field.default_factory is not dataclasses.MISSING else field.default
        shown = "" if required else f"`{made_default!r}`"
        if field.name == "prompts":
            shown = "the four packaged ones"
        rows.append((f"`{field.name}`", _escaped(meanings.get(field.name, "")), shown))
    return _table(("field", "meaning", "default"), rows)


def _meanings(made: type) -> dict[str, str]:
    body = ast.parse(textwrap.dedent(inspect.getsource(made))).body[0].body
    return {
        field.target.id: " ".join(text.value.value.replace("``", "`").split())
        for field, text in itertools.pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
    }


def _escaped(text: str) -> str:
    """Signs that Markdown would take for its own, outside of `code`."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(part if part.startswith("`") else re.sub(r"([*_<\[\]])", r"\\\1", part) for part in parts)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    cells = ([cell.replace("|", "\\|") for cell in row] for row in (head, ["---"] * len(head), *rows))
    return [f"| {' | '.join(row)} |" for row in cells]


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text)


if __name__ == "__main__":
    main()
