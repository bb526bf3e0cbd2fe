"""Does the bundled model draw what the prompt says? A network that learned from painted scenes reads its pictures."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import machine
import numpy as np
from numpy.typing import NDArray

from pytest_sdperf.measure.engine import Engine
from pytest_sdperf.measure.session import Session
from pytest_sdperf.options import Options
from pytest_sdperf.variants.registry import Registry

sys.path.append(str(machine.ROOT / "training"))

import contact_sheet
import reader
from painter import PAINTERS, SUBJECTS, WEATHERS, Scene, paint
from settings import HELD_OUT

Pictures = NDArray[np.uint8]

TARGET = 0.9
"""Share of the pictures that must be read right, in subject, weather and painter."""


def scenes(count: int) -> list[Scene]:
    """Held-out scenes: every subject, weather and painter as often as any other, in ever new combinations."""
    combinations = [(s, w, p) for p in PAINTERS for w in WEATHERS for s in SUBJECTS]
    order = np.random.default_rng(0).permutation(len(combinations))
    chosen = [combinations[order[i % len(combinations)]] for i in range(count)]
    return [
        Scene.draw(seed, subject=subject, weather=weather, painter=painter)
        for seed, (subject, weather, painter) in zip(HELD_OUT, chosen, strict=False)
    ]


def generated(session: Session, prompts: Sequence[str], seed: int, arguments: argparse.Namespace) -> Pictures:
    """A picture of each prompt as `fp32` draws it for the gate, (n, height, width, 3)."""
    options = Options(model=arguments.model, processes=1, rounds=1, timeout=3600.0)
    keywords = {"prompts": list(prompts), "seed": seed, "num_inference_steps": arguments.steps}
    case = session.case("fp32", options, {**keywords, "guidance_scale": arguments.guidance})
    drawn = session.measure(case, options).pictures
    return np.stack([(p * 255).round().astype(np.uint8) for p in drawn.values()])


def read(pictures: Pictures, wanted: list[Scene]) -> dict[str, Any]:
    """Shares read right: of all, and of each name."""
    network = reader.trained_reader()
    by_name: dict[str, dict[str, float]] = {}
    for part, names in reader.NAMES.items():
        by_name[part] = {}
        for name in names:
            chosen = [i for i, scene in enumerate(wanted) if getattr(scene, part) == name]
            if chosen:
                shares = reader.shares_right(network, pictures[chosen], [wanted[i] for i in chosen])
                by_name[part][name] = shares[part]
    return {"right": reader.shares_right(network, pictures, wanted), "by_name": by_name}


def render(document: dict[str, Any]) -> str:
    """The result as Markdown."""
    generated_, painted = document["generated"], document["painted"]
    lines = [
        f"# What {document['model']} draws, read by a network that learned from painted scenes",
        "",
        *machine.render_header(document),
        (
            f"- {document['count']} pictures, {document['steps']} steps, guidance {document['guidance']}; the same "
            "captions painted, from seeds that no training saw"
        ),
        f"- target: {TARGET:.0%} right in each",
        "",
        *machine.table(
            ["read right", "generated", "painted", "target"],
            [
                [part, f"{share:.1%}", f"{painted['right'][part]:.1%}", "held" if share >= TARGET else "**missed**"]
                for part, share in generated_["right"].items()
            ],
        ),
        "",
        *machine.table(
            ["name", "generated", "painted"],
            [
                [f"{part}: {name}", f"{share:.0%}", f"{painted['by_name'][part][name]:.0%}"]
                for part, shares in generated_["by_name"].items()
                for name, share in shares.items()
            ],
        ),
    ]
    return "\n".join([*lines, ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--model", default="bundled", help="as for --sdperf-model")
    parser.add_argument("--count", type=int, default=300, help="pictures to generate, and to paint")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--guidance", type=float, default=7.5)
    parser.add_argument("--sheet", type=Path, help="also write painted and generated pictures side by side")
    parser.add_argument("--name", default="drawn", help="name of the result's files")
    parser.add_argument("--results", default=str(machine.RESULTS), help="folder of the result's files")
    arguments = parser.parse_args()
    wanted = scenes(arguments.count)
    prompts = [scene.caption for scene in wanted]
    document: dict[str, Any] = {
        "benchmark": "drawn",
        "version": 1,
        "header": machine.header(),
        "model": arguments.model,
        "count": arguments.count,
        "steps": arguments.steps,
        "guidance": arguments.guidance,
    }
    with tempfile.TemporaryDirectory(prefix="sdperf-drawn-") as folder:
        session = Session(
            Engine(registry=Registry(), rootdir=Path.cwd(), work_dir=Path(folder), note=machine.tell, show=machine.show)
        )
        try:
            # a prompt comes once in a case: those that come again are drawn from another seed
            distinct = len(set(prompts))
            parts = [prompts[at : at + distinct] for at in range(0, len(prompts), distinct)]
            drawn = np.concatenate([generated(session, part, seed, arguments) for seed, part in enumerate(parts)])
        finally:
            session.close()
    painted = np.stack([paint(scene) for scene in wanted])
    document.update(generated=read(drawn, wanted), painted=read(painted, wanted))
    text = render(document)
    machine.write(document, text, arguments.name, Path(arguments.results))
    if arguments.sheet:
        _sheet(drawn, painted, wanted).save(arguments.sheet, quality=92)
    print(text)


def _sheet(drawn: Pictures, painted: Pictures, wanted: list[Scene], rows: int = 4) -> Any:
    """A subject a column; painted above generated, the first scenes of each subject."""
    columns = [[i for i, scene in enumerate(wanted) if scene.subject == subject] for subject in SUBJECTS]
    chosen = [column[row] for row in range(min(rows, *map(len, columns))) for column in columns]
    return contact_sheet.tiled(contact_sheet.in_pairs(painted[chosen], drawn[chosen]))


if __name__ == "__main__":
    main()
