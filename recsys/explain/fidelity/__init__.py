"""How far an explanation can be trusted: deletion and insertion curves, and benchmarks over many users."""
