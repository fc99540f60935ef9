// The loops' test at the edge of floats and shapes, with the vectors of every microkernel.

// RUN: %execute_loops_test
