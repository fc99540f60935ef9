// The kernels of RWKV in the loops' test, run: the same inputs, the same values.

// RUN: %execute_loops_test
