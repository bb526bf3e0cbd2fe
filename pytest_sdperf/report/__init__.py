"""How a report is told: one file per rendering, each with `render(report) -> str`; only the shell prints."""
