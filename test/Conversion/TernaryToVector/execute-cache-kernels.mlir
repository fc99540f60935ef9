// RUN: %execute_loops_test
