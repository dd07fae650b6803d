"""A spec that is edited in a browser: what is wrong with it, what it compiles to, what its proof says."""
