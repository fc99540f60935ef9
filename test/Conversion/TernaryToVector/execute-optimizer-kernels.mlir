// The optimiser's kernels of the loops' test, run: the same bits with vectors.

// RUN: %execute_loops_test
