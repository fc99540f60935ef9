"""Trains the demo model: a ternary MatMul-free LM, and a float Transformer to compare it with."""
