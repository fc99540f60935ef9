// The loops' test of caches and positions, with the vectors of every microkernel.

// RUN: %execute_loops_test
