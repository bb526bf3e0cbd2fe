"""Each benchmark in its shortest form: the files it writes have the shape that people and other scripts read."""

from __future__ import annotations

import gzip
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pytest_sdperf.stats.enough_processes import has_enough_processes
from pytest_sdperf.stats.run_spread import run_spread
from pytest_sdperf.stats.screen import screen
from pytest_sdperf.stats.sequential import Decision

pytestmark = pytest.mark.full

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def run(tmp_path):
    """Run a script of benchmarks/; gives its raw data and its Markdown."""

    def run_script(name: str, *arguments: str):
        done = subprocess.run(
            [sys.executable, str(BENCHMARKS / f"{name}.py"), f"--results={tmp_path}", *arguments],
            cwd=BENCHMARKS.parent,
            env={**os.environ, "PYTHONPATH": str(BENCHMARKS.parent)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert sorted(p.name for p in tmp_path.iterdir()) == [f"{name}.json.gz", f"{name}.md"]
        document = json.loads(gzip.decompress((tmp_path / f"{name}.json.gz").read_bytes()))
        text = (tmp_path / f"{name}.md").read_text()
        assert document["benchmark"] == name
        assert document["header"]["machine"]["key"] in text
        assert document["header"]["command"].startswith(f"python benchmarks/{name}.py ")
        for folder in (sys.prefix, str(BENCHMARKS.parent), str(tmp_path)):
            assert folder not in json.dumps(document) + text, "folders of this machine are of no use to others"
        return document, text

    return run_script


@pytest.fixture
def module(monkeypatch):
    """A module of benchmarks/."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))

    def import_module(name: str):
        return pytest.importorskip(name, reason="benchmarks/ is not here")

    return import_module


@pytest.mark.parametrize(
    "name",
    [
        *("speedups", "startup", "main_job", "good_from_broken", "drawn"),
        *("real_gates", "gate_power", "version_bump", "stored_power", "real_screens"),
        "regimes",
    ],
)
def test_help(name):
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / f"{name}.py"), "--help"],
        env={**os.environ, "PYTHONPATH": str(BENCHMARKS.parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "--results" in done.stdout


def test_speedups(run):
    document, text = run(
        "speedups",
        *("--model=synthetic:tiny", "--workloads=64:2", "--passes=2"),
        *("--variants=fp32,openvino_static,ipex_bf16_dpm", "--gemm-size=256", "--gemm-repeats=1"),
    )
    assert document["complete"] is True
    flop = document["unet_flop"]["64x64"]
    assert sum(flop.values()) == 352_534_528
    cases = {c["variant"]: c for c in document["cases"]}
    assert list(cases) == ["fp32", "openvino_static", "ipex_bf16_dpm"]
    for case in cases.values():
        if "skipped" in case:
            assert case["skipped"].startswith("needs ")
            continue
        assert len(case["process_medians_s"]) == len(case["measurement"]["processes"]) == 2
        assert case["spread"] >= 0
        assert case["proof"]["status"] == "PASSED"
        assert sum(case["stages_s"].values()) == pytest.approx(case["latency_s"], rel=0.9)
        assert f"| `{case['variant']}` |" in text
    assert cases["fp32"]["unet_calls"] == 3
    assert cases["fp32"]["picture"]["status"] == "PASSED"
    assert cases["openvino_static"]["picture"]["figures"]["ssim"] > 0.9
    assert len(document["limits"]) == 1 + sum(2 for c in cases.values() if "skipped" not in c)
    assert "`openvino_static` against `fp32`:" in text
    assert "Not complete" not in text


def test_speedups_of_a_variant_that_fails_go_on(run):
    document, text = run(
        "speedups",
        *("--model=synthetic:tiny", "--workloads=60:2,64:2", "--passes=1", "--variants=fp32"),
        *("--gemm-size=256", "--gemm-repeats=1"),
    )
    failed, measured = document["cases"]
    assert failed["failed"].startswith("height=60 is not a multiple of 8")
    assert "fp32` failed: height=60" in text
    assert measured["size"] == "64x64"


def test_startup(run):
    document, text = run("startup", "--pairs=2")
    assert list(document["surroundings"]) == ["installed", "alone"]
    for found in document["surroundings"].values():
        assert all(len(found[clock][arm]) == 2 for clock in ("wall_s", "cpu_s") for arm in ("with", "without"))
        assert found["started"]["with"] == found["started"]["without"]
        assert found["written"]["with"] == found["written"]["without"]
        assert found["left_behind"]["with"] == found["left_behind"]["without"]
        assert "pytest_sdperf.plugin.hooks" in found["modules_added_ms"]
        assert found["heavy_modules_added"] == []
    assert "more with it: none" in text


def test_main_job(run):
    document, text = run(
        "main_job",
        "--runs=1",
        "--timed=0",
        "--",
        "--sdperf-variants=fp32",
        "--sdperf-processes=1",
        "--sdperf-rounds=1",
        "-k",
        "fp32",
    )
    (only,) = document["runs"]
    assert only["exit_code"] == 0
    assert only["tests"] == {"test_fp32": "passed"}
    assert list(only["cases"]) == ["fp32-bundled-128x128-20steps"]
    assert (only["kind"], list(only["processes"].values())) == ("first", [1])
    assert sum(only["phases_s"].values()) == pytest.approx(only["wall_s"])
    assert {"starting and building", "warming up and timing", "evidence and stages"} <= set(only["phases_s"])
    assert 20e6 < only["parent_peak_rss_bytes"] < 1e9
    assert "1 passed" in text


def test_shares_and_computed_latency_by_hand(module):
    table = module("speedup_table")
    limits = [
        {"gflop_per_s": {"f32": {"matmul": [90.0, 100.0], "convolution_1x1": [80.0], "convolution_3x3": [999.0]}}},
        {"gflop_per_s": {"f32": {"matmul": [70.0], "convolution_1x1": [120.0], "convolution_3x3": [999.0]}}},
    ]
    assert table.limit_gflop_per_s(limits) == {"f32": 120.0}
    case = {
        "precision": "f32",
        "unet_call_s": 2.0,
        "unet_calls": 5,
        "num_inference_steps": 4,
        "stages_s": {"text_encoder": 1.0, "unet": 10.0, "vae_decode": 3.0, "rest": 0.5},
    }
    assert table.share_of_limit(case, {"convolution": 100 * 10**9, "addmm": 20 * 10**9}, {"f32": 120.0}) == 0.5
    assert table.share_of_limit({**case, "precision": "bf16"}, {"convolution": 1}, {"f32": 120.0}) is None
    # 21 calls of (10 + 0.5) / 5 s, once 1 + 3 s
    assert table.full_latency_s(case) == pytest.approx(21 * 2.1 + 4)
    assert table.full_latency_s({**case, "stages_s": {"rest": 1.0}}) is None


def test_orders_are_balanced_and_repeat(module):
    startup = module("startup")
    drawn = startup.orders(9, seed=3)
    assert (drawn.count("AB"), drawn.count("BA")) == (5, 4)
    assert drawn == startup.orders(9, seed=3) != startup.orders(9, seed=4)


def test_interval_of_the_median(module):
    startup = module("startup")
    assert startup.median_interval([1, 2, 3, 4, 5]) is None
    # 2 x 0.5^6 = 3.1 %: six values are the fewest, and the interval is their range
    assert startup.median_interval([6, 5, 4, 3, 2, 1]) == [1.0, 6.0]


def test_commands_name_no_folder_of_this_machine(module):
    command_line = module("machine").command_line
    wanted = command_line(
        ["/somewhere/benchmarks/startup.py", "--python", "/home/me/bin/python3", "--results=/tmp/x", "-k", "a b"]
    )
    assert wanted == "python benchmarks/startup.py --python python3 --results=x -k 'a b'"


def test_raw_data_are_read_as_they_were_written_and_are_the_same_bytes_again(module, tmp_path):
    machine = module("machine")
    document = {"benchmark": "some", "samples": [1.5, None]}
    machine.write(document, "# Some\n", "some", tmp_path)
    first = (tmp_path / "some.json.gz").read_bytes()
    machine.write(document, "# Some\n", "some", tmp_path)
    assert (tmp_path / "some.json.gz").read_bytes() == first
    assert machine.read(tmp_path / "some.json.gz") == document
    assert (tmp_path / "some.md").read_text() == "# Some\n"


@pytest.mark.parametrize(
    ("name", "tables"), [("real_gates", "real_gates_table"), ("good_from_broken", "good_from_broken_table")]
)
def test_committed_raw_data_can_be_rendered_again(module, name, tables):
    path = BENCHMARKS / "results" / f"{name}.json.gz"
    if not path.is_file():
        pytest.skip("raw data are not here")
    assert module(tables).render(module("machine").read(path)).startswith("# ")


def test_good_from_broken(run):
    document, text = run(
        "good_from_broken",
        "--variants=openvino_static_f32,openvino_int8_weights,fault_black,fault_louder_noise",
        "--prompts=1",
        "--seeds=2",
        "--steps=2",
    )
    assert [(v["name"], v["kind"], v["precision"]) for v in document["variants"]] == [
        ("openvino_static_f32", "honest", "f32"),
        ("openvino_int8_weights", "honest", "int8_weights"),
        ("fault_louder_noise", "fault", "bf16"),
        ("fault_black", "fault", "bf16"),
    ]
    honest, rounded, *_ = document["variants"]
    assert [len(v["pictures"]) for v in document["variants"]] == [2, 2, 0, 0]
    assert all(len(v["chains"]["pictures"]) == 2 for v in document["variants"])
    assert all(p["psnr_db"] > 80 for p in honest["pictures"])
    assert all(25 < p["psnr_db"] < 70 for p in rounded["pictures"]), "the weights were not rounded, or to nothing"
    assert "| latents 2 % larger | 2 of 2 | 2 | UNet latents |" in text
    assert "| all black | 2 of 2 | 2 | picture |" in text
    assert "Every fault is named by its link" in text


def test_good_from_broken_goes_on_with_what_is_there(run, module, tmp_path):
    """A variant that is there is not drawn again; a result of other pictures is no part of this one."""
    asked = ("--variants=fault_black", "--prompts=1", "--seeds=1", "--steps=2", f"--results={tmp_path}")
    document, _ = run("good_from_broken", *asked)
    [black] = document["variants"]
    black["summary"] = "all black, an hour ago"
    module("machine").write(document, "", "good_from_broken", tmp_path)
    again, _ = run("good_from_broken", *asked)
    assert again["variants"] == [black]


def test_prompts_of_good_from_broken_are_captions_and_none_comes_twice(module):
    drawn = module("good_from_broken").prompts(288)
    assert drawn[0] == "sailing ship in storm by Rembrandt"
    assert len(set(drawn)) == 288
    assert {caption.partition(" in ")[0] for caption in drawn[:8]} == set(module("good_from_broken").SUBJECTS)


def chains(*pictures):
    """Chains of an exact text, a UNet of two calls, and a picture; each is (UNet's worst dB, its gain)."""
    return {
        "reference": "fp32",
        "pictures": [
            {
                "key": f"8x8/{i}",
                "stages": [
                    {
                        "stage": "unet",
                        "calls": 2,
                        "reference_calls": 2,
                        "latents_db": [None, None],
                        "output_db": [unet_db, unet_db],
                        "gains": [gain] * 16,
                        "mean_errors": [0.0] * 16,
                        "times": [1000.0, 1000.0],
                    }
                ],
            }
            for i, (unet_db, gain) in enumerate(pictures)
        ],
    }


def entry(name, kind, *pictures):
    scores = [{"prompt": "a", "seed": i, "fault": None, "ssim": 0.9, "psnr_db": 30.0} for i in range(len(pictures))]
    return {
        "name": name, "kind": kind, "summary": name, "precision": "bf16", "pictures": scores, "chains": chains(*pictures),
    }  # fmt: skip


@pytest.fixture
def table(module):
    return module("good_from_broken_table")


def test_good_from_brokens_table_tells_how_far_a_fault_is_from_what_is_honest(table):
    limit = table.link_limits("bf16", table.Thresholds()).precision.noisy_db
    honest = table.judged(entry("autocast", "honest", (limit + 3, 1e-4), (limit + 1, 1e-4)))
    fault = table.judged(entry("fault_six_bits", "fault", (limit - 9, 0.0), (limit - 4, 0.0)))
    assert table._honest(honest)[:5] == ["autocast", "bf16", "0", "1.0", "UNet output"]
    assert table._fault(fault, [honest]) == [
        *["fault_six_bits", "2 of 2", "2", "UNet output"],
        *["-4.0", "1.0", "5.0 dB"],
    ]
    assert table._conclusion([fault]) == ["Every fault is named by its link, on all pictures but 1 or all.", ""]


def test_good_from_brokens_table_tells_gains_as_factors(table):
    honest = table.judged(entry("autocast", "honest", (90.0, 1e-4)))
    fault = table.judged(entry("fault_scaled_convolution", "fault", (90.0, 2e-3), (90.0, 2e-3)))
    assert table._fault(fault, [honest])[1:7] == ["2 of 2", "2", "UNet output", "0.200 %", "0.010 %", "20.0x"]


def test_good_from_brokens_table_says_what_is_named_by_another_link_or_not_at_all(table):
    limit = table.link_limits("bf16", table.Thresholds()).precision.noisy_db
    other = table.judged(entry("fault_less_guidance", "fault", (limit - 1, 0.0), (limit, 0.0)))
    assert table._fault(other, [])[1:4] == ["1 of 2", "0, UNet output: 1", "UNet latents"]
    assert table._conclusion([other]) == ["Not named by its link on all pictures but 1: fault_less_guidance.", ""]
    [cut] = [table.judged({**entry("fault_prompt_cut", "fault", (90.0, 0.0)), "chains": None})]
    assert table._fault(cut, [])[1:4] == ["not followed", "-", "text encoder tokens"]
    assert table._conclusion([cut]) == ["Not named by its link on all pictures but 1: fault_prompt_cut.", ""]


def test_every_fault_has_a_name_for_people_and_a_link(module):
    faults = module("faults")
    assert len({v.summary for v in faults.variants()}) == len(faults.FAULTS) == len(faults.LINKS) == 48
    assert all(v.name.startswith("fault_") and v.reference == "fp32" for v in faults.variants())
    assert set(faults.FAULTS) > faults.F32


def test_scenes_to_draw_are_balanced(module):
    drawn = module("drawn")
    wanted = drawn.scenes(300)
    assert len({s.caption for s in wanted[:288]}) == 288
    assert len({s.seed for s in wanted}) == 300
    assert {s.caption for s in wanted[288:]} <= {s.caption for s in wanted[:288]}


def test_what_was_drawn_is_told_with_its_target(module):
    drawn = module("drawn")
    shares = {"right": {"subject": 0.9, "weather": 0.899, "painter": 1.0}, "by_name": {"subject": {"tree": 0.5}}}
    header = {"header": module("machine").header(["drawn.py"])}
    settings = {"model": "bundled", "count": 300, "steps": 20, "guidance": 7.5}
    text = drawn.render({**header, **settings, "generated": shares, "painted": shares})
    assert "| subject | 90.0% | 90.0% | held |" in text
    assert "| weather | 89.9% | 89.9% | **missed** |" in text
    assert "| subject: tree | 50% | 50% |" in text


@pytest.fixture
def traces(tmp_path_factory):
    """Recordings of both variants: four pairs of six rounds, eight processes; a round holds two latencies or one."""
    rng = np.random.default_rng(0)
    folder = tmp_path_factory.mktemp("traces")
    processes = []
    for variant in ("fp32", "openvino_static"):
        pairs = [
            [{arm: (0.1 * np.exp(rng.normal(0, 0.01, 2))).tolist() for arm in "AB"} for _ in range(6)] for _ in range(4)
        ]
        (folder / f"aa_{variant}.json").write_text(json.dumps({"pairs": pairs}))
        processes += [{"variant": variant, "latencies": [0.1, 0.11, 0.1, 0.12]} for _ in range(14)]
    (folder / "processes.json").write_text(json.dumps({"processes": processes}))
    return folder


def test_gate_power(run, traces):
    document, text = run("gate_power", "--gates=8", "--peer-gates=2", f"--traces={traces}")
    assert list(document["machines"]) == [
        *("quiet", "VM", "shared", "VM, heavy-tailed", "shared, heavy-tailed"),
        *("fitted to recorded fp32", "fitted to recorded openvino_static"),
        *("recorded fp32", "recorded openvino_static"),
    ]
    for found in document["machines"].values():
        for entry in found["gate"].values():
            assert sum(entry["decisions"].values()) == 8
            assert 4 <= entry["pairs_mean"] <= 24
            assert 3 <= entry["rounds_of_a_pair_mean"] <= 40
            assert entry["seconds_mean"] <= entry["seconds_95_percent"] <= 600
        assert "tango" in found["peers"]["0.05"]
        missing = {name for name, version in document["peer_versions"].items() if version is None}
        assert ("asv --factor 1.05" in found["peers"]["0.05"]) == ("asv" not in missing)
        assert ("**left out, not installed (dependency group `peers`): " in text) == bool(missing)
    assert document["machines"]["quiet"]["gate"]["0.1"]["decisions"] == {"regressed": 8}


def test_gate_power_with_rounds_of_ones_own_and_no_time(run):
    document, text = run("gate_power", "--gates=2", "--peer-gates=1", "--rounds=5", "--budget-s=40")
    # A pair of 8 + 5 x 0.6 s: the fourth does not fit
    entry = document["machines"]["quiet"]["gate"]["0.1"]
    assert entry["decisions"] == {"inconclusive": 2}
    assert (entry["pairs_mean"], entry["rounds_of_a_pair_mean"], entry["seconds_mean"]) == (3, 5, 40)
    assert "5 rounds of 0.6 s" in text


def test_real_gates(run):
    """One gate through pytest in a git repository of its own, with the real libraries in both arms."""
    document, text = run("real_gates", "--variants=fp32", "--slowdowns=0.5", "--gates=1", "--steps=1")
    [gate] = document["gates"]
    assert 0.1 < document["unet_share"]["fp32"] < 1
    assert gate["status"] in ("REGRESSED", "INCONCLUSIVE", "INVALID ENVIRONMENT"), gate
    assert {"base_ms", "head_ms", "kernel_ms", "drew_first", "spent_s"} <= gate["pairs"][0].keys()
    assert all(len(pair["base_ms"]) == len(pair["head_ms"]) >= 3 for pair in gate["pairs"])
    assert "## fp32" in text


def made_gate(slowdown, status, *, ratio, stage="unet", variant="fp32"):
    pairs = [
        {
            "base_ms": [100.0, 101.0, 99.0, 100.0],
            "head_ms": [100.0 * ratio + n + k for k in range(4)],
            "kernel_ms": {"base": [9.0, 9.1, 9.2, 9.0], "head": [9.0 + n / 10, 9.2, 9.1, 9.3 + n / 10]},
            "dropped": "",
            "spent_s": {"start": 8.0, "rounds": 2.0, "end": 0.5},
        }
        for n in range(4)
    ]
    figures = {"ratio": ratio}
    kinds = {"variant": variant, "slowdown": slowdown, "status": status, "figures": figures, "stage": stage}
    return {**kinds, "wall_s": 60.0, "pairs": pairs}


def test_the_table_of_real_gates_counts_every_verdict(module):
    header = module("machine").header(["real_gates.py"])
    gates = [
        made_gate(0.0, "PASSED", ratio=1.001, stage=""),
        made_gate(0.0, "REGRESSED", ratio=1.04, stage="rest"),
        made_gate(0.1, "REGRESSED", ratio=1.10),
        made_gate(0.1, "INCONCLUSIVE", ratio=1.06),
        {"variant": "fp32", "slowdown": 0.1, "status": "no report", "output": "it broke"},
    ]
    text = module("real_gates_table").render({"header": header, "steps": 10, "gates": gates})
    assert "| 0% | 2 | 1 | 1 | 0 | 0 | 0 | 0 | 0 of 1 | +2.0% |" in text
    assert "| 10% | 3 | 1 | 0 | 0 | 1 | 0 | 1 | 1 of 1 | +8.0% |" in text
    assert "| 10% | 4.0 (4 to 4) | 4 | 0 | 60 s | 32 s | 8 s | 2 s | 18 s |" in text
    assert "| fp32 | 8 | " in text


def test_regimes(run):
    document, text = run("regimes", "--variants=fp32", "--jobs=1", "--processes=1", "--rounds=2", "--steps=1")
    own = document["traces"]["This study"]
    assert [len(process) for process in own["jobs"][0]["processes"]] == [2]
    assert (len(own["pairs"][0]["base"]), len(own["pairs"][0]["head"])) == (2, 2)
    assert "| fp32 | 1 | 1 |" in text


def test_the_table_of_regimes_takes_what_is_of_another_one_out(module, tmp_path):
    def job(*far):
        process = [[300e6 if n in far else 200e6, 400.0 if n in far else 100.0] for n in range(12)]
        return {"at_s": 0, "variant": "fp32", "processes": [process]}

    probes = [[n, 400 if 50 <= n < 70 else 100, 12_000] for n in range(200)]
    trace = {"jobs": [job(), job(*range(8)), job(1)], "pairs": [], "probes": probes}
    header = module("machine").header(["regimes.py"])
    text = module("regimes_table").render({"header": header, "traces": {"Made": trace}})
    assert "| fp32 | 3 | 0 | 25.0 % | 50.0 % | 1.00 | 23.4 % / 0.0 % | 100.0 % | 23.4 % / 0.0 % | 100.0 % |  |" in text
    assert (
        "- Made: 200 probes in 3 minutes, usual level 100 ns; 10.1 % of the time in another regime, in spells of 20.0 s (median), the "
        "longest 20 s" in text
    )


def test_stored_power(run):
    document, text = run("stored_power", "--heads=40")
    quiet = document["machines"]["watched"]["quiet"]
    assert list(quiet) == ["1", "2", "3", "10"]
    for rates in quiet.values():
        assert rates["false_alarms"] == 0.0
        assert 0.05 < rates["smallest_seen"] < 0.2
        assert 2 <= rates["processes_gross"] <= rates["processes"] <= 6
    assert "| quiet | " in text


@pytest.mark.parametrize("runs", [1, 3, 10])
def test_the_rule_on_arrays_is_the_packages(module, measured, runs):
    rules, rng = module("stored_rules"), np.random.default_rng(runs)
    for slower in (0.0, 0.05, 0.1, 0.3) * 5:
        y = rng.normal(0, rng.choice([0.01, 0.03]), (2, runs + 1, 6)) + rng.normal(0, 0.02, (2, runs + 1, 1))
        y[0, runs] += slower
        recorded = [[measured(np.exp(run[:5])) for run in variant[:runs]] for variant in y]
        spread = run_spread(recorded)
        base = y[None, :, :runs, :5]
        found = rules.gate(base[:, 0], rules.pooled_variance(base), y[:1, runs], watched=True, most=6)
        [verdict], [processes] = rules.ended(found, 0.0, math.log1p(0.05))
        head = next(
            head
            for head in (measured(np.exp(y[0, runs, :count])) for count in range(2, 7))
            if len(head.processes) == 6 or has_enough_processes(head, recorded[0], spread, max_slowdown=0.05, most=6)
        )
        screened = screen(head, recorded[0], 0.05, spread)["64x64"]
        at = found[len(head.processes) - 2]
        assert len(head.processes) == processes
        assert screened.difference.standard_error == pytest.approx(at.error[0])
        assert screened.difference.degrees == pytest.approx(at.degrees[0])
        words = {Decision.REGRESSED: rules.REGRESSED, Decision.INCONCLUSIVE: rules.INCONCLUSIVE}
        assert words.get(screened.decision, rules.PASSED) == verdict


def test_real_screens_are_counted(module):
    header = module("machine").header(["real_screens.py"])
    case = {
        "status": "REGRESSED", "sentence": "", "side_by_side": False, "processes": 3, "process_medians_ms": [],
        "unet_share": 0.9, "recorded": False, "detectable": 0.12, "runs": 3, "ratio": 1.2,
    }  # fmt: skip
    run = {"arguments": [], "started": 0, "wall_s": 60.0, "cases": {"fp32": case}}
    paired = {**run, "cases": {"fp32": {**case, "side_by_side": True, "status": "PASSED"}}}
    text = module("real_screens").render(
        {
            "header": header, "variants": ["fp32"], "steps": 20, "recorded": [run], "same": [run],
            "screens": {"0.0 off": [], "0.15 off": [run, run], "0.15 auto": [run, paired]},
        }
    )  # fmt: skip
    assert "| 0%, off | 0 | 0 | 0 | 0 | 0 | 0 | - | - |" in text
    assert "| 15%, off | 2 | 2 | 0 | 0 | 0 | 0 | 3.0 | 60 s |" in text
    assert "| 15%, auto | 2 | 1 | 1 | 0 | 0 | 1 | 3.0 | 60 s |" in text
    assert "| fp32 | - | - | 12% (5) | - |" in text
    assert "| as it is | 60 s | 1 REGRESSED |" in text


def test_what_was_measured_is_not_measured_again(module):
    plan = module("real_gates").plan
    every = plan(["a", "b"], {0.0: 2, 0.1: 1}, [], 0)
    assert sorted(every) == [("a", 0.0), ("a", 0.0), ("a", 0.1), ("b", 0.0), ("b", 0.0), ("b", 0.1)]
    done = [{"variant": variant, "slowdown": slowdown} for variant, slowdown in every[:4]]
    assert plan(["a", "b"], {0.0: 2, 0.1: 1}, done, 0) == every[4:]


@pytest.mark.parametrize(
    ("name", "slowdown", "decisions", "held"),
    [
        ("quiet", 0.0, {"regressed": 1, "passed": 99}, True),
        ("quiet", 0.0, {"regressed": 2, "passed": 98}, False),
        ("quiet", 0.0, {"faster": 2, "passed": 98}, False),
        ("quiet", 0.01, {"regressed": 2, "passed": 98}, False),
        ("quiet", 0.03, {"regressed": 50, "inconclusive": 50}, True),
        ("quiet", 0.05, {"regressed": 99, "passed": 1}, True),
        ("VM, heavy-tailed", 0.05, {"regressed": 98, "inconclusive": 2}, False),
        ("shared", 0.05, {"regressed": 90, "passed": 5, "inconclusive": 5}, True),
        ("shared", 0.05, {"regressed": 89, "passed": 5, "inconclusive": 6}, False),
        ("shared", 0.05, {"regressed": 94, "passed": 5, "faster": 1}, False),
    ],
)
def test_both_sides_of_gate_powers_targets(module, name, slowdown, decisions, held):
    assert module("gate_power").held(name, slowdown, {"decisions": decisions}) is held


def test_a_fit_finds_the_noise_that_was_put_in(module):
    profiles = module("noise_profiles")
    put_in = profiles.Profile("made", 0.03, 0.02, 0.1, 0.01, spike_share=0.02, spike=0.5)
    rng = np.random.default_rng(0)
    arms = np.stack(put_in.pairs(rng, 1.0, 400, 30), axis=1)
    jobs = [put_in.jobs(rng, 1.0, 1, 30)[0][0] for _ in range(400)]
    found = profiles.fitted(profiles.Recorded("made", arms, jobs))
    assert found.rounds == pytest.approx(0.03, rel=0.1)
    assert found.process == pytest.approx(0.02, rel=0.1)
    assert found.job == pytest.approx(math.hypot(0.1, 0.02), rel=0.1)
    assert found.drift == pytest.approx(0.01, rel=0.25)  # spikes widen it a little
    assert found.spike_share == pytest.approx(0.02, rel=0.3)
    assert found.spike == pytest.approx(0.5, rel=0.2)


def test_heavy_tails_keep_the_spread(module):
    profiles = module("noise_profiles")
    drawn = profiles.Profile("made", 0, 0.02, 0, 0, 0, 0, tails=8).pairs(np.random.default_rng(0), 1.0, 50_000, 1)[0]
    assert np.log(drawn).std() == pytest.approx(0.02, rel=0.02)
    assert np.abs(np.log(drawn / 0.1)).max() > 6 * 0.02
