"""`python -m pytest_sdperf`: the same as the command `sdperf`."""

from __future__ import annotations

from pytest_sdperf.cli import main

if __name__ == "__main__":
    main()
