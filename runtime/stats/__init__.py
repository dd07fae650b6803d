"""Statistics of scores on the standard library: pure functions of numbers, the same result on every machine."""
