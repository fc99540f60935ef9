// The row kernel of the loops' test, run: the same inputs, the same values, to the bit.

// RUN: %execute_loops_test
