"""How results are reported: one file per rendering, each with `render(report) -> str`; it prints nothing."""
