"""The variants of ship-server for pytest-sdperf; imported when tests are collected, so it imports nothing heavy."""

from pytest_sdperf import Claim, Variant

PROTOCOL = Claim("fact", "protocol=2")

VARIANTS = [
    Variant(
        name="ship_server",
        factory="ship_server.sdperf:build",
        summary="the server as it is delivered",
        claims=(PROTOCOL, Claim("fact", "tiles=1")),
        reference=None,  # its own stored picture is the truth
        needs_model=False,
    ),
    Variant(
        name="ship_server_tiled",
        factory="ship_server.sdperf:build",
        summary="the picture drawn in two halves",
        params={"tiles": 2},
        claims=(PROTOCOL, Claim("fact", "tiles=2")),
        reference="ship_server",  # tiling must not change the picture
        needs_model=False,
    ),
    Variant(
        name="ship_server_gpu",
        factory="ship_server.sdperf:build",
        requirements=("package:ship-server-gpu>=3",),
        reference="ship_server",
        needs_model=False,
    ),
]


def build(context):
    """Runs in the worker: only here is the product imported."""
    with context.phase("import"):
        from ship_server.client import Client, Server
    with context.phase("load"):
        return Client(Server(tiles=context.params.get("tiles", 1)))
