"""Tasks read by people: what they are shown, how they vote, who reads what next, how far they agree."""
