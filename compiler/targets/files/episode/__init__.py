"""An episode over a task: a workspace, what the agent does in it, and its grade. Nothing but the standard library."""
