// The loops' test of matrices in panels, with the vectors of every microkernel.

// RUN: %execute_loops_test
