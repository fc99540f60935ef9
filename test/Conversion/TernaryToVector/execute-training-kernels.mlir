// The kernels of gradients of the loops' test, run: the same inputs, the same values with
// the vectors and blocks of every microkernel.

// RUN: %execute_loops_test
