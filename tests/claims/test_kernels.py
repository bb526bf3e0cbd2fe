import pytest

from pytest_sdperf.claims.kernels import (
    ISA_RANKS,
    canonical_isa,
    canonical_precision,
    is_reference_kernel,
    isa_of,
    share_of_time,
)

# The names below were printed by oneDNN in torch 2.8 and by OpenVINO 2026.4, on a machine with
# avx512_bf16, with and without ONEDNN_MAX_CPU_ISA; those with amx are oneDNN's and OpenVINO's own spelling.


@pytest.mark.parametrize(
    ("implementation", "isa"),
    [
        ("brg_conv_fwd:avx512_core_amx", "amx"),
        ("brg_matmul:avx512_core_amx_fp16", "amx"),
        ("brg_matmul:avx10_1_512_amx", "amx"),
        ("brg_matmul:avx10_1_512", "avx512_fp16"),
        ("brg_conv_fwd:avx512_core_bf16", "avx512_bf16"),
        ("brgconv_1x1:avx512_core_bf16", "avx512_bf16"),
        ("brg_deconv:avx512_core_bf16+brgconv_strided:avx512_core_bf16", "avx512_bf16"),
        ("brg_deconv:avx512_core_bf16+jit_bf16:avx512_core", "avx512"),
        ("conv:any+jit_bf16:avx512_core", "avx512"),
        ("brg_conv_fwd:avx512_core_vnni", "avx512_vnni"),
        ("jit_bf16:avx512_core", "avx512"),
        ("jit_bf16_1x1:avx512_core", "avx512"),
        ("brg_conv_fwd:avx512_core", "avx512"),
        ("brg_conv_fwd:avx2", "avx2"),
        ("brg_conv_fwd:avx2_vnni_2", "avx2_vnni_2"),
        ("gemm:jit:bf16", None),
        ("ref:any", None),
        ("brgemm:sve_256", None),
        ("brgconv_avx512_amx_bf16", "amx"),
        ("brgemm_avx512_amx_bf16", "amx"),
        ("brgconv_avx512_1x1_bf16", "avx512_bf16"),
        ("brgconv_avx512_bf16", "avx512_bf16"),
        ("brgemm_avx512_bf16", "avx512_bf16"),
        ("brgemm_avx512_i8", "avx512_vnni"),
        ("brgemm_avx512_f16", "avx512_fp16"),
        ("brgconv_avx512_f32", "avx512"),
        ("jit_avx512_bf16", "avx512"),
        ("jit_avx512_1x1_bf16", "avx512"),
        ("jit_gemm_bf16", None),
        ("gemm_mlas_f32", None),
        ("brgconv_avx2_1x1_f32", "avx2"),
        ("ref_any_bf16", None),
        ("", None),
    ],
)
def test_instruction_set_is_read_from_real_names(implementation, isa):
    assert isa_of(implementation) == isa


@pytest.mark.parametrize(
    ("name", "isa"),
    [("amx", "amx"), ("AMX_BF16", "amx"), ("avx512_core_bf16", "avx512_bf16"), ("avx512f", "avx512"), ("mmx", None)],
)
def test_names_of_instruction_sets(name, isa):
    assert canonical_isa(name) == isa


def test_better_sets_rank_higher():
    order = ["base", "avx2", "avx512", "avx512_vnni", "avx512_bf16", "amx"]
    assert sorted(order, key=ISA_RANKS.__getitem__) == order


@pytest.mark.parametrize(
    ("implementation", "is_reference"),
    [
        ("ref:any", True),
        ("ref_any_bf16", True),
        ("conv:any+ref:any", True),
        ("gemm:ref", True),
        ("brg_matmul:avx512_core_bf16", False),
        ("prefetch_avx512_f32", False),
    ],
)
def test_reference_kernels_are_told_by_a_whole_word(implementation, is_reference):
    assert is_reference_kernel(implementation) is is_reference


def test_share_without_any_time_is_unknown(kernel):
    assert share_of_time([kernel("a", time_ms=0)], lambda _: True) == (None, "")


def test_precision_names():
    assert [canonical_precision(n) for n in ("FP32", "bfloat16", "u8", "f16", "odd")] == [
        "f32",
        "bf16",
        "i8",
        "f16",
        "odd",
    ]
