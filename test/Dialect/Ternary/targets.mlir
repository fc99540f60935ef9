// RUN: ternary-opt %s -split-input-file | ternary-opt -split-input-file | FileCheck %s

// CHECK: module attributes {ternary.target = #ternary.cpu<kernel = "avx512vnni", threads = team>}
module attributes {ternary.target = #ternary.cpu<kernel = "avx512vnni", threads = team>} {
}

// -----

// CHECK: module attributes {ternary.target = #ternary.reference}
module attributes {ternary.target = #ternary.reference} {
}
