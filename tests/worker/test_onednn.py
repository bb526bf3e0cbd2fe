"""oneDNN's lines: parsed, and captured from C's stdout."""

import contextlib
import ctypes
import os
import sys
from types import ModuleType, SimpleNamespace

import pytest

from pytest_sdperf.measurement import KernelTime
from pytest_sdperf.worker.onednn import capture_kernels, parse_verbose

# printed by torch 2.8.0 and intel-extension-for-pytorch 2.8.0 (oneDNN 3.7.1, 3.7.2), shapes shortened
HEADER = """\
onednn_verbose,v1,info,oneDNN v3.7.2 (commit N/A)
onednn_verbose,v1,info,cpu,isa:Intel AVX-512 with Intel DL Boost and bfloat16 support
onednn_verbose,v1,primitive,info,template:operation,engine,primitive,implementation,prop_kind,memory_descriptors,attributes,auxiliary,problem_desc,exec_time
onednn_verbose,v1,graph,info,template:operation,engine,partition_id,partition_kind,op_names,data_formats,logical_tensors,fpmath_mode,implementation,backend,exec_time
"""
CONVOLUTION = (
    "onednn_verbose,v1,primitive,exec,cpu,convolution,brg_conv_fwd:avx512_core_bf16,forward_training,"
    "src:bf16::blocked:acdb::f0 wei:bf16:a:blocked:Acdb64a::f0 bia:bf16:a:blocked:a::f0 dst:bf16::blocked:acdb::f0,"
    "attr-scratchpad:user,alg:convolution_direct,mb2_ic4oc64_ih8oh8kh3sh1dh0ph1_iw8ow8kw3sw1dw0pw1,{}"
)
FALLBACK = CONVOLUTION.replace("brg_conv_fwd:avx512_core_bf16", "jit_bf16:avx512_core")
FP32 = (
    "onednn_verbose,v1,primitive,exec,cpu,convolution,jit:avx512_core,forward_training,src:f32:a:blocked:aBcd16b::f0 "
    "wei:f32:a:blocked:ABcd16b16a::f0 bia:undef::undef::: dst:f32:a:blocked:aBcd16b::f0,,alg:convolution_direct,x,{}"
)
MATMUL = (
    "onednn_verbose,v1,primitive,exec,cpu,matmul,brg_matmul:avx512_core_bf16,undef,"
    "src:bf16::blocked:ab::f0 wei:bf16:a:blocked:ab::f0 dst:bf16::blocked:ab::f0,attr-scratchpad:user,,154x64:64x64,{}"
)
REORDER = (
    "onednn_verbose,v1,primitive,exec,cpu,reorder,jit:uni,undef,"
    "src:f32:p:blocked:aBcd16b::f0 dst:f32::blocked:abcd::f0,,,1x3x64x64,0.0158691"
)
OLD = "dnnl_verbose,exec,cpu,inner_product,gemm:jit,forward_inference,src_f32::blocked:ab:f0 wei_f32::blocked:ba:f0,,,mb1,{}"


def test_sums_by_operation_implementation_and_precision():
    kernels = [CONVOLUTION.format(0.5), MATMUL.format(2), REORDER, CONVOLUTION.format(1), FP32.format(3)]
    assert parse_verbose([*HEADER.splitlines(), *kernels]) == [
        KernelTime("convolution", "jit:avx512_core", "f32", calls=1, time_ms=3.0),
        KernelTime("matmul", "brg_matmul:avx512_core_bf16", "bf16", calls=1, time_ms=2.0),
        KernelTime("convolution", "brg_conv_fwd:avx512_core_bf16", "bf16", calls=2, time_ms=1.5),
    ]


def test_a_silent_fallback_keeps_its_precision_and_shows_in_the_implementation():
    (kernel,) = parse_verbose([FALLBACK.format(4)])
    assert (kernel.implementation, kernel.precision) == ("jit_bf16:avx512_core", "bf16")


def test_reads_the_older_format():
    assert parse_verbose([OLD.format(1)]) == [KernelTime("inner_product", "gemm:jit", "f32", calls=1, time_ms=1.0)]


def test_a_source_without_precision_is_left_open():
    line = MATMUL.format(1).replace("src:bf16::", "wei:")
    assert parse_verbose([line])[0].precision == ""


@pytest.mark.parametrize(
    "line",
    [
        "",
        "\n",
        "a library says exec,cpu,convolution",
        CONVOLUTION.format("0.5onednn_verbose"),
        CONVOLUTION.format(""),
        "onednn_verbose,v1,primitive,exec,cpu,convolution",
        "onednn_verbose,v1,primitive,create:cache_miss,cpu,convolution,jit:avx512_core,x,src:f32::,,,,1",
        "onednn_verbose,v1,graph,exec,cpu,100002,sdp,matmul,src:bf16,,,,larger_partition_kernel_t,dnnl_backend,1.5",
        REORDER,
    ],
)
def test_passes_over_what_is_no_kernel(line):
    assert parse_verbose([line]) == []


@pytest.fixture
def torch(monkeypatch):
    """Fake torch whose verbose switch is on while entered."""
    module = ModuleType("torch")
    module.on = False

    @contextlib.contextmanager
    def verbose(level):
        module.on = level == 1
        try:
            yield
        finally:
            module.on = False

    module.backends = SimpleNamespace(
        mkldnn=SimpleNamespace(verbose=verbose, VERBOSE_ON=1, is_available=lambda: module.available)
    )
    module.available = True
    monkeypatch.setitem(sys.modules, "torch", module)
    return module


def printf(text):
    """Print as a C library does: into C's own buffer."""
    libc = ctypes.CDLL(None)
    libc.printf(b"%s", text.encode())


@pytest.mark.skipif(sys.platform == "win32", reason="workers need POSIX")
def test_captures_what_c_prints_while_drawing(torch, capfd):
    printf("before\n")

    def draw():
        assert torch.on
        printf(CONVOLUTION.format(0.25) + "\n")
        print("python's own")

    (kernel,) = capture_kernels(draw)
    printf("after\n")
    ctypes.CDLL(None).fflush(None)
    assert (kernel.calls, kernel.time_ms) == (1, 0.25)
    assert not torch.on
    out = capfd.readouterr().out
    assert "before" in out
    assert "after" in out
    assert "onednn_verbose" not in out


@pytest.mark.skipif(sys.platform == "win32", reason="workers need POSIX")
def test_gives_stdout_back_when_drawing_fails(torch, capfd):
    def draw():
        raise ValueError("torn sail")

    with pytest.raises(ValueError, match="torn sail"):
        capture_kernels(draw)
    os.write(1, b"still there\n")
    assert "still there" in capfd.readouterr().out


def test_a_torch_without_onednn_shows_nothing(torch):
    torch.available = False
    assert capture_kernels(lambda: pytest.fail("drawn for nothing")) == []
