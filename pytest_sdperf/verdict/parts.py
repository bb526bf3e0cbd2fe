"""The parts of a verdict: what people name with --sdperf-gate, and what each promises."""

PARTS: dict[str, str] = {
    "latency": "a picture takes no longer than the limits allow",
    "picture": "it shows what the reference shows",
    "proof": "every claim of the variant is seen in its process",
    "memory": "the process needs no more than the limits allow",
}
"""In the order in which they are listed."""

NEED_BASELINE = ("latency", "memory")
"""Parts that a run which records a baseline cannot judge."""
