"""The tools of clawc for coding agents, by the Model Context Protocol."""
