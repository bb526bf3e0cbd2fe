"""A case side by side with another arm: pair after pair, until enough is known."""
