"""Pages that the command shows, each made from values alone: `render(x, width=, colour=) -> str`."""
