"""A byte-level BPE vocabulary in CLIP's format that can tokenise any text."""

from __future__ import annotations

from collections.abc import Sequence

START, END = "<|startoftext|>", "<|endoftext|>"
WORD_END = "</w>"

# The most frequent letter pairs of English: with them an ordinary prompt fits CLIP's 77 tokens.
_PAIRS = (
    "th he in er an re on at en nd ti es or te of ed is it al ar st to nt ng se ha as ou io le ve co me de hi ri "
    "ro ic ne ea ra ce li ch ll be ma si om ur ca el ta la ns di fo ho pe ec pr no ct us ac ot il tr ly nc et ut "
    "ss so rs un lo wa ge ie wh ee wi em ad ol rt po we na ul ni ts mo ow pa im mi ai sh ir su id os iv ia am fi "
    "ci vi pl ig tu ev ld ry mp fe bl ab gh ty op wo sa ay ex ke fr oo av ag if ap gr od bo sp rd do uc bu ei ov "
    "by rm ep tt oc fa ef cu rn sc gi da yo cr cl du ga qu ue ff ba ey ls va um pp ua up lu go ht ru ug ds lt pi "
    "rc rr eg au ck ew mu br bi pt ak pu ui rg ib tl ny ki rk ys ob mm fu ph og ms ye ud mb ip ub oi rl gu dr hr "
    "cc tw ft wn nu af hu nn eo vo rv nf xp gn sm fl iz ok nl my gl aw ju oa eq sy sl ps jo lf nv je nk kn gs dy "
    "hy ze ks"
)


def byte_symbols() -> list[str]:
    """The 256 characters that stand for the bytes 0..255 in byte-level BPE (Radford et al., GPT-2, 2019).

    Printable bytes stand for themselves; the others are moved, in order, to code points from 256 on.
    """
    printable = {*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)}
    moved = iter(range(256, 512))
    return [chr(byte) if byte in printable else chr(next(moved)) for byte in range(256)]


Merge = tuple[str, str]


def merges() -> list[Merge]:
    """Pairs in the order in which they are merged, inside words and at their end."""
    return [(pair[0], pair[1] + end) for pair in _PAIRS.split() for end in ("", WORD_END)]


def vocabulary(pairs: Sequence[Merge]) -> dict[str, int]:
    """Token -> id: bytes, bytes that end a word, merged pairs, and the two special tokens last."""
    symbols = byte_symbols()
    tokens = [*symbols, *(s + WORD_END for s in symbols), *(a + b for a, b in pairs), START, END]
    return {token: number for number, token in enumerate(tokens)}


def tokenizer_files(pairs: Sequence[Merge]) -> dict[str, object]:
    """Contents of the `tokenizer` folder: file name -> text, or an object to be written as JSON."""
    special = {"bos_token": START, "eos_token": END, "pad_token": END, "unk_token": END}
    return {
        "vocab.json": vocabulary(pairs),
        "merges.txt": "#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in pairs),
        "special_tokens_map.json": special,
        "tokenizer_config.json": {
            **special,
            "add_prefix_space": False,
            "do_lower_case": True,
            "errors": "replace",
            "model_max_length": 77,
            "tokenizer_class": "CLIPTokenizer",
        },
    }
