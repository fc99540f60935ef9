//===- ternary.c - Test of the C API ----------------------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// RUN: ternary-capi-test 2>&1 | FileCheck %s

#include "mlir-c/BuiltinAttributes.h"
#include "mlir-c/Diagnostics.h"
#include "mlir-c/IR.h"
#include "mlir-c/Pass.h"
#include "ternary-c/Dialect.h"
#include "ternary-c/Passes.h"
#include <stdio.h>

static const char *const layer =
    "func.func @layer(%x: tensor<2x4xf32>, %w: tensor<3x4xf32>) -> tensor<2x3xf32> {\n"
    "  %0 = ternary.bit_linear %x, %w : tensor<2x4xf32>, tensor<3x4xf32> -> tensor<2x3xf32>\n"
    "  return %0 : tensor<2x3xf32>\n"
    "}\n";

static MlirStringRef str(const char *text) { return mlirStringRefCreateFromCString(text); }

static void print(MlirStringRef text, void *userData) {
  (void)userData;
  fwrite(text.data, 1, text.length, stderr);
}

static MlirLogicalResult printDiagnostic(MlirDiagnostic diagnostic, void *userData) {
  fprintf(stderr, "diagnostic: ");
  mlirDiagnosticPrint(diagnostic, print, userData);
  fprintf(stderr, "\n");
  return mlirLogicalResultSuccess();
}

static MlirContext createContext(void) {
  MlirDialectRegistry registry = mlirDialectRegistryCreate();
  ternaryRegisterAllDialects(registry);
  MlirContext context = mlirContextCreateWithRegistry(registry, /*threadingEnabled=*/false);
  mlirDialectRegistryDestroy(registry);
  mlirContextAttachDiagnosticHandler(context, printDiagnostic, NULL, NULL);
  return context;
}

// CHECK-LABEL: testHandle
static void testHandle(void) {
  fprintf(stderr, "testHandle\n");
  MlirContext context = mlirContextCreate();
  MlirDialectHandle handle = mlirGetDialectHandle__ternary__();
  mlirDialectHandleRegisterDialect(handle, context);
  MlirDialect dialect = mlirDialectHandleLoadDialect(handle, context);
  // CHECK-NEXT: namespace: ternary
  fprintf(stderr, "namespace: ");
  print(mlirDialectGetNamespace(dialect), NULL);
  fprintf(stderr, "\n");

  MlirType trit = ternaryTritTypeGet(context);
  // CHECK-NEXT: !ternary.trit
  mlirTypeDump(trit);
  // CHECK-NEXT: the same: 1, a trit: 1, index: 0
  fprintf(stderr, "the same: %d, a trit: %d, index: %d\n",
          mlirTypeEqual(trit, mlirTypeParseGet(context, str("!ternary.trit"))),
          ternaryTypeIsATrit(trit), ternaryTypeIsATrit(mlirTypeParseGet(context, str("index"))));
  mlirContextDestroy(context);
}

// CHECK-LABEL: testAttributes
static void testAttributes(void) {
  fprintf(stderr, "testAttributes\n");
  MlirContext context = createContext();
  mlirDialectHandleLoadDialect(mlirGetDialectHandle__ternary__(), context);
  MlirLocation location = mlirLocationUnknownGet(context);

  MlirAttribute packed = ternaryPackedAttrGetChecked(location, 16, 4, 4, 2, 1);
  // CHECK-NEXT: #ternary.packed<lanes = 16, depth = 4, planes = 4, vectors = 2>
  mlirAttributeDump(packed);
  // CHECK-NEXT: packed: 1, panels: 0; 16 4 4 2 1
  fprintf(stderr, "packed: %d, panels: %d; %d %d %d %d %d\n", ternaryAttributeIsAPacked(packed),
          ternaryAttributeIsAPanels(packed), (int)ternaryPackedAttrGetLanes(packed),
          (int)ternaryPackedAttrGetDepth(packed), (int)ternaryPackedAttrGetPlanes(packed),
          (int)ternaryPackedAttrGetVectors(packed), (int)ternaryPackedAttrGetHalves(packed));
  // CHECK-NEXT: diagnostic: {{.*}}planes
  // CHECK-NEXT: null: 1
  fprintf(stderr, "null: %d\n",
          mlirAttributeIsNull(ternaryPackedAttrGetChecked(location, 16, 4, 3, 2, 1)));

  MlirAttribute panels = ternaryPanelsAttrGetChecked(location, 64);
  // CHECK-NEXT: #ternary.panels<64>
  mlirAttributeDump(panels);
  // CHECK-NEXT: panels: 1, packed: 0; 64
  fprintf(stderr, "panels: %d, packed: %d; %d\n", ternaryAttributeIsAPanels(panels),
          ternaryAttributeIsAPacked(panels), (int)ternaryPanelsAttrGetRows(panels));

  MlirAttribute cpu = ternaryCPUTargetAttrGet(context, str("avx2"), /*threads=*/true);
  // CHECK-NEXT: #ternary.cpu<kernel = "avx2", threads = team>
  mlirAttributeDump(cpu);
  // CHECK-NEXT: cpu: 1, reference: 0; avx2, threads: 1
  fprintf(stderr, "cpu: %d, reference: %d; ", ternaryAttributeIsACPUTarget(cpu),
          ternaryAttributeIsAReferenceTarget(cpu));
  print(ternaryCPUTargetAttrGetKernel(cpu), NULL);
  fprintf(stderr, ", threads: %d\n", ternaryCPUTargetAttrGetThreads(cpu));
  // CHECK-NEXT: #ternary.reference
  MlirAttribute reference = ternaryReferenceTargetAttrGet(context);
  mlirAttributeDump(reference);
  // CHECK-NEXT: cpu: 0, reference: 1
  fprintf(stderr, "cpu: %d, reference: %d\n", ternaryAttributeIsACPUTarget(reference),
          ternaryAttributeIsAReferenceTarget(reference));
  mlirContextDestroy(context);
}

// CHECK-LABEL: testPass
static void testPass(void) {
  fprintf(stderr, "testPass\n");
  MlirContext context = createContext();
  MlirModule module = mlirModuleCreateParse(context, str(layer));
  MlirPassManager pm = mlirPassManagerCreate(context);
  mlirOpPassManagerAddOwnedPass(mlirPassManagerGetNestedUnder(pm, str("func.func")),
                                mlirCreateTernaryTransformsTernaryDecompose());
  // CHECK-NEXT: any(func.func(ternary-decompose))
  mlirPrintPassPipeline(mlirPassManagerGetAsOpPassManager(pm), print, NULL);
  fprintf(stderr, "\n");
  MlirLogicalResult result = mlirPassManagerRunOnOp(pm, mlirModuleGetOperation(module));
  // CHECK: func.func @layer
  // CHECK-NOT: ternary.bit_linear
  // CHECK: ternary.accumulate
  // CHECK: ternary.dequantize
  mlirOperationDump(mlirModuleGetOperation(module));
  // CHECK: succeeded: 1
  fprintf(stderr, "succeeded: %d\n", mlirLogicalResultIsSuccess(result));
  mlirPassManagerDestroy(pm);
  mlirModuleDestroy(module);
  mlirContextDestroy(context);
}

static void runPipeline(MlirModule module, const char *pipeline) {
  MlirPassManager pm = mlirPassManagerCreate(mlirModuleGetContext(module));
  if (mlirLogicalResultIsFailure(
          mlirParsePassPipeline(mlirPassManagerGetAsOpPassManager(pm), str(pipeline), print, NULL)))
    fprintf(stderr, "\nno such pipeline\n");
  else if (mlirLogicalResultIsFailure(mlirPassManagerRunOnOp(pm, mlirModuleGetOperation(module))))
    fprintf(stderr, "the pipeline failed\n");
  else
    mlirOperationDump(mlirModuleGetOperation(module));
  mlirPassManagerDestroy(pm);
}

// CHECK-LABEL: testPipelines
static void testPipelines(void) {
  fprintf(stderr, "testPipelines\n");
  ternaryRegisterPasses();
  MlirContext context = createContext();
  MlirModule module = mlirModuleCreateParse(context, str(layer));
  mlirOperationSetAttributeByName(mlirModuleGetOperation(module), str("ternary.target"),
                                  ternaryReferenceTargetAttrGet(context));
  // The target is the module's.
  // CHECK: module attributes {{.*}}ternary.target = #ternary.reference
  // CHECK: ternary.linear_kernel
  runPipeline(module, "builtin.module(ternary-to-fuse)");
  // CHECK: llvm.func @layer(
  // CHECK-NOT: ternary
  // CHECK: llvm.func @_mlir_ciface_layer(
  runPipeline(module, "builtin.module(ternary-to-reference)");

  // CHECK: 'ternary-to-somewhere' does not refer to a registered pass or pass pipeline
  // CHECK: no such pipeline
  runPipeline(module, "builtin.module(ternary-to-somewhere)");
  // CHECK: diagnostic: expected {{.*}}got
  // CHECK-NEXT: the pipeline failed
  runPipeline(module, "builtin.module(ternary-set-target{target=abacus})");
  mlirModuleDestroy(module);
  mlirContextDestroy(context);
}

// CHECK-LABEL: testErrors
static void testErrors(void) {
  fprintf(stderr, "testErrors\n");
  MlirContext context = createContext();
  // CHECK-NEXT: diagnostic: {{.*}}expected a static weight with 4 columns to match the input
  // CHECK: null: 1
  MlirModule module = mlirModuleCreateParse(
      context,
      str("func.func @layer(%x: tensor<2x4xf32>, %w: tensor<3x5xf32>) -> tensor<2x3xf32> {\n"
          "  %0 = ternary.bit_linear %x, %w : tensor<2x4xf32>, tensor<3x5xf32> -> "
          "tensor<2x3xf32>\n"
          "  return %0 : tensor<2x3xf32>\n"
          "}\n"));
  fprintf(stderr, "null: %d\n", mlirModuleIsNull(module));
  mlirContextDestroy(context);
}

int main(void) {
  testHandle();
  testAttributes();
  testPass();
  testPipelines();
  testErrors();
  return 0;
}
