"""One file per optimisation: how it is built, launched, what it needs and what it claims."""
