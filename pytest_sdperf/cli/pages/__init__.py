"""What the command shows, each page made from values alone: `render(x, width=, colour=) -> str`."""
