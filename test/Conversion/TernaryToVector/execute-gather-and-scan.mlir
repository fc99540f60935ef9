// The embeddings and scans of the loops' test, run: the same inputs, the same values.

// RUN: %execute_loops_test
