// Made by make_exported_golden.py: layers as torch-mlir exports them.
#map = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map1 = affine_map<(d0, d1, d2) -> (d0, d1, 0)>
#map2 = affine_map<(d0, d1, d2) -> (d2)>
#map3 = affine_map<(d0, d1, d2) -> (d0, d1)>
#map4 = affine_map<(d0, d1) -> (d0, d1)>
#map5 = affine_map<(d0, d1) -> ()>
#map6 = affine_map<() -> ()>
module {
  func.func @f(%arg0: tensor<3x5x20xf32>) -> tensor<3x5x6xf32> {
    %cst = arith.constant 0.000000e+00 : f32
    %c0_i64 = arith.constant 0 : i64
    %cst_0 = arith.constant 0xFF800000 : f32
    %cst_1 = arith.constant 1.000000e+00 : f32
    %cst_2 = arith.constant 5.000000e-01 : f32
    %cst_3 = arith.constant 0.000000e+00 : f64
    %cst_4 = arith.constant dense_resource<torch_tensor_6_12_torch.float32> : tensor<6x12xf32>
    %cst_5 = arith.constant dense_resource<torch_tensor_12_torch.float32_3> : tensor<12xf32>
    %cst_6 = arith.constant dense_resource<torch_tensor_12_12_torch.float32> : tensor<12x12xf32>
    %cst_7 = arith.constant dense_resource<torch_tensor_12_torch.float32_2> : tensor<12xf32>
    %cst_8 = arith.constant dense_resource<torch_tensor_12_torch.float32_1> : tensor<12xf32>
    %cst_9 = arith.constant dense_resource<torch_tensor_12_torch.float32> : tensor<12xf32>
    %cst_10 = arith.constant dense_resource<torch_tensor_12_20_torch.float32> : tensor<12x20xf32>
    %cst_11 = arith.constant 1.000000e-05 : f64
    %cst_12 = arith.constant 9.9999999999999995E-7 : f64
    %cst_13 = arith.constant dense_resource<torch_tensor_20_torch.float32> : tensor<20xf32>
    %cst_14 = arith.constant 2.000000e+01 : f32
    %cst_15 = arith.constant 1.270000e+02 : f32
    %cst_16 = arith.constant -1.280000e+02 : f32
    %cst_17 = arith.constant 2.400000e+02 : f32
    %cst_18 = arith.constant -1.000000e+00 : f32
    %cst_19 = arith.constant 1.41421354 : f32
    %cst_20 = arith.constant 1.200000e+01 : f64
    %cst_21 = arith.constant 1.200000e+01 : f32
    %cst_22 = arith.constant 1.440000e+02 : f32
    %cst_23 = arith.constant 7.200000e+01 : f32
    %0 = tensor.empty() : tensor<3x5x20xf32>
    %1 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0, %arg0 : tensor<3x5x20xf32>, tensor<3x5x20xf32>) outs(%0 : tensor<3x5x20xf32>) {
    ^bb0(%in: f32, %in_33: f32, %out: f32):
      %131 = arith.mulf %in, %in_33 : f32
      linalg.yield %131 : f32
    } -> tensor<3x5x20xf32>
    %2 = tensor.empty() : tensor<3x5x1xf32>
    %3 = linalg.fill ins(%cst : f32) outs(%2 : tensor<3x5x1xf32>) -> tensor<3x5x1xf32>
    %4 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "reduction"]} ins(%1 : tensor<3x5x20xf32>) outs(%3 : tensor<3x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = arith.addf %in, %out : f32
      linalg.yield %131 : f32
    } -> tensor<3x5x1xf32>
    %5 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%4 : tensor<3x5x1xf32>) outs(%2 : tensor<3x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = arith.divf %in, %cst_14 : f32
      linalg.yield %131 : f32
    } -> tensor<3x5x1xf32>
    %6 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%5 : tensor<3x5x1xf32>) outs(%2 : tensor<3x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = arith.truncf %cst_12 : f64 to f32
      %132 = arith.addf %in, %131 : f32
      linalg.yield %132 : f32
    } -> tensor<3x5x1xf32>
    %7 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%6 : tensor<3x5x1xf32>) outs(%2 : tensor<3x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = math.rsqrt %in : f32
      linalg.yield %131 : f32
    } -> tensor<3x5x1xf32>
    %8 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0, %7 : tensor<3x5x20xf32>, tensor<3x5x1xf32>) outs(%0 : tensor<3x5x20xf32>) {
    ^bb0(%in: f32, %in_33: f32, %out: f32):
      %131 = arith.mulf %in, %in_33 : f32
      linalg.yield %131 : f32
    } -> tensor<3x5x20xf32>
    %9 = linalg.generic {indexing_maps = [#map, #map2, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%8, %cst_13 : tensor<3x5x20xf32>, tensor<20xf32>) outs(%0 : tensor<3x5x20xf32>) {
    ^bb0(%in: f32, %in_33: f32, %out: f32):
      %131 = arith.mulf %in, %in_33 : f32
      linalg.yield %131 : f32
    } -> tensor<3x5x20xf32>
    %10 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%9 : tensor<3x5x20xf32>) outs(%0 : tensor<3x5x20xf32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = math.absf %in : f32
      linalg.yield %131 : f32
    } -> tensor<3x5x20xf32>
    %11 = tensor.empty() : tensor<3x5xi64>
    %12 = linalg.fill ins(%c0_i64 : i64) outs(%11 : tensor<3x5xi64>) -> tensor<3x5xi64>
    %13 = tensor.empty() : tensor<3x5xf32>
    %14 = linalg.fill ins(%cst_0 : f32) outs(%13 : tensor<3x5xf32>) -> tensor<3x5xf32>
    %15:2 = linalg.generic {indexing_maps = [#map, #map3, #map3], iterator_types = ["parallel", "parallel", "reduction"]} ins(%10 : tensor<3x5x20xf32>) outs(%14, %12 : tensor<3x5xf32>, tensor<3x5xi64>) {
    ^bb0(%in: f32, %out: f32, %out_33: i64):
      %131 = linalg.index 2 : index
      %132 = arith.index_cast %131 : index to i64
      %133 = arith.maximumf %in, %out : f32
      %134 = arith.cmpf ogt, %in, %out : f32
      %135 = arith.select %134, %132, %out_33 : i64
      linalg.yield %133, %135 : f32, i64
    } -> (tensor<3x5xf32>, tensor<3x5xi64>)
    %expanded = tensor.expand_shape %15#0 [[0], [1, 2]] output_shape [3, 5, 1] : tensor<3x5xf32> into tensor<3x5x1xf32>
    %16 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded : tensor<3x5x1xf32>) outs(%2 : tensor<3x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = arith.truncf %cst_11 : f64 to f32
      %132 = arith.cmpf ult, %in, %131 : f32
      %133 = arith.select %132, %131, %in : f32
      linalg.yield %133 : f32
    } -> tensor<3x5x1xf32>
    %17 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%16 : tensor<3x5x1xf32>) outs(%2 : tensor<3x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = arith.cmpf one, %in, %cst : f32
      cf.assert %131, "unimplemented: tensor with zero element"
      %132 = arith.divf %cst_1, %in : f32
      linalg.yield %132 : f32
    } -> tensor<3x5x1xf32>
    %18 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%17 : tensor<3x5x1xf32>) outs(%2 : tensor<3x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = arith.mulf %in, %cst_15 : f32
      linalg.yield %131 : f32
    } -> tensor<3x5x1xf32>
    %19 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%9, %18 : tensor<3x5x20xf32>, tensor<3x5x1xf32>) outs(%0 : tensor<3x5x20xf32>) {
    ^bb0(%in: f32, %in_33: f32, %out: f32):
      %131 = arith.mulf %in, %in_33 : f32
      linalg.yield %131 : f32
    } -> tensor<3x5x20xf32>
    %20 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%19 : tensor<3x5x20xf32>) outs(%0 : tensor<3x5x20xf32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = math.roundeven %in : f32
      linalg.yield %131 : f32
    } -> tensor<3x5x20xf32>
    %21 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%20 : tensor<3x5x20xf32>) outs(%0 : tensor<3x5x20xf32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = arith.cmpf ult, %in, %cst_16 : f32
      %132 = arith.select %131, %cst_16, %in : f32
      %133 = arith.cmpf ugt, %132, %cst_15 : f32
      %134 = arith.select %133, %cst_15, %132 : f32
      linalg.yield %134 : f32
    } -> tensor<3x5x20xf32>
    %22 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%21, %18 : tensor<3x5x20xf32>, tensor<3x5x1xf32>) outs(%0 : tensor<3x5x20xf32>) {
    ^bb0(%in: f32, %in_33: f32, %out: f32):
      %131 = arith.divf %in, %in_33 : f32
      linalg.yield %131 : f32
    } -> tensor<3x5x20xf32>
    %23 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%22, %9 : tensor<3x5x20xf32>, tensor<3x5x20xf32>) outs(%0 : tensor<3x5x20xf32>) {
    ^bb0(%in: f32, %in_33: f32, %out: f32):
      %131 = arith.subf %in, %in_33 : f32
      linalg.yield %131 : f32
    } -> tensor<3x5x20xf32>
    %24 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%9, %23 : tensor<3x5x20xf32>, tensor<3x5x20xf32>) outs(%0 : tensor<3x5x20xf32>) {
    ^bb0(%in: f32, %in_33: f32, %out: f32):
      %131 = arith.addf %in, %in_33 : f32
      linalg.yield %131 : f32
    } -> tensor<3x5x20xf32>
    %25 = tensor.empty() : tensor<12x20xf32>
    %26 = linalg.generic {indexing_maps = [#map4, #map4], iterator_types = ["parallel", "parallel"]} ins(%cst_10 : tensor<12x20xf32>) outs(%25 : tensor<12x20xf32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = math.absf %in : f32
      linalg.yield %131 : f32
    } -> tensor<12x20xf32>
    %27 = tensor.empty() : tensor<f32>
    %28 = linalg.fill ins(%cst : f32) outs(%27 : tensor<f32>) -> tensor<f32>
    %29 = linalg.generic {indexing_maps = [#map4, #map5], iterator_types = ["reduction", "reduction"]} ins(%26 : tensor<12x20xf32>) outs(%28 : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = arith.addf %in, %out : f32
      linalg.yield %131 : f32
    } -> tensor<f32>
    %30 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = []} ins(%29 : tensor<f32>) outs(%27 : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = arith.divf %in, %cst_17 : f32
      linalg.yield %131 : f32
    } -> tensor<f32>
    %31 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = []} ins(%30 : tensor<f32>) outs(%27 : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = arith.truncf %cst_11 : f64 to f32
      %132 = arith.cmpf ult, %in, %131 : f32
      %133 = arith.select %132, %131, %in : f32
      linalg.yield %133 : f32
    } -> tensor<f32>
    %32 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = []} ins(%31 : tensor<f32>) outs(%27 : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = arith.cmpf one, %in, %cst : f32
      cf.assert %131, "unimplemented: tensor with zero element"
      %132 = arith.divf %cst_1, %in : f32
      linalg.yield %132 : f32
    } -> tensor<f32>
    %33 = linalg.generic {indexing_maps = [#map4, #map5, #map4], iterator_types = ["parallel", "parallel"]} ins(%cst_10, %32 : tensor<12x20xf32>, tensor<f32>) outs(%25 : tensor<12x20xf32>) {
    ^bb0(%in: f32, %in_33: f32, %out: f32):
      %131 = arith.mulf %in, %in_33 : f32
      linalg.yield %131 : f32
    } -> tensor<12x20xf32>
    %34 = linalg.generic {indexing_maps = [#map4, #map4], iterator_types = ["parallel", "parallel"]} ins(%33 : tensor<12x20xf32>) outs(%25 : tensor<12x20xf32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = math.roundeven %in : f32
      linalg.yield %131 : f32
    } -> tensor<12x20xf32>
    %35 = linalg.generic {indexing_maps = [#map4, #map4], iterator_types = ["parallel", "parallel"]} ins(%34 : tensor<12x20xf32>) outs(%25 : tensor<12x20xf32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = arith.cmpf ult, %in, %cst_18 : f32
      %132 = arith.select %131, %cst_18, %in : f32
      %133 = arith.cmpf ugt, %132, %cst_1 : f32
      %134 = arith.select %133, %cst_1, %132 : f32
      linalg.yield %134 : f32
    } -> tensor<12x20xf32>
    %36 = linalg.generic {indexing_maps = [#map4, #map5, #map4], iterator_types = ["parallel", "parallel"]} ins(%35, %32 : tensor<12x20xf32>, tensor<f32>) outs(%25 : tensor<12x20xf32>) {
    ^bb0(%in: f32, %in_33: f32, %out: f32):
      %131 = arith.divf %in, %in_33 : f32
      linalg.yield %131 : f32
    } -> tensor<12x20xf32>
    %37 = linalg.generic {indexing_maps = [#map4, #map4, #map4], iterator_types = ["parallel", "parallel"]} ins(%36, %cst_10 : tensor<12x20xf32>, tensor<12x20xf32>) outs(%25 : tensor<12x20xf32>) {
    ^bb0(%in: f32, %in_33: f32, %out: f32):
      %131 = arith.subf %in, %in_33 : f32
      linalg.yield %131 : f32
    } -> tensor<12x20xf32>
    %38 = linalg.generic {indexing_maps = [#map4, #map4, #map4], iterator_types = ["parallel", "parallel"]} ins(%cst_10, %37 : tensor<12x20xf32>, tensor<12x20xf32>) outs(%25 : tensor<12x20xf32>) {
    ^bb0(%in: f32, %in_33: f32, %out: f32):
      %131 = arith.addf %in, %in_33 : f32
      linalg.yield %131 : f32
    } -> tensor<12x20xf32>
    %39 = tensor.empty() : tensor<20x12xf32>
    %transposed = linalg.transpose ins(%38 : tensor<12x20xf32>) outs(%39 : tensor<20x12xf32>) permutation = [1, 0] 
    %collapsed = tensor.collapse_shape %24 [[0, 1], [2]] : tensor<3x5x20xf32> into tensor<15x20xf32>
    %40 = tensor.empty() : tensor<15x12xf32>
    %41 = linalg.fill ins(%cst : f32) outs(%40 : tensor<15x12xf32>) -> tensor<15x12xf32>
    %42 = linalg.matmul ins(%collapsed, %transposed : tensor<15x20xf32>, tensor<20x12xf32>) outs(%41 : tensor<15x12xf32>) -> tensor<15x12xf32>
    %expanded_24 = tensor.expand_shape %42 [[0, 1], [2]] output_shape [3, 5, 12] : tensor<15x12xf32> into tensor<3x5x12xf32>
    %43 = tensor.empty() : tensor<3x5x12xf32>
    %44 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_24 : tensor<3x5x12xf32>) outs(%43 : tensor<3x5x12xf32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = arith.divf %in, %cst_19 : f32
      %132 = math.erf %131 : f32
      %133 = arith.addf %132, %cst_1 : f32
      %134 = arith.mulf %133, %cst_2 : f32
      %135 = arith.mulf %in, %134 : f32
      linalg.yield %135 : f32
    } -> tensor<3x5x12xf32>
    %45 = tensor.empty() : tensor<3x5x12xf64>
    %46 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%44 : tensor<3x5x12xf32>) outs(%45 : tensor<3x5x12xf64>) {
    ^bb0(%in: f32, %out: f64):
      %131 = arith.extf %in : f32 to f64
      linalg.yield %131 : f64
    } -> tensor<3x5x12xf64>
    %47 = tensor.empty() : tensor<3x5x1xf64>
    %48 = linalg.fill ins(%cst_3 : f64) outs(%47 : tensor<3x5x1xf64>) -> tensor<3x5x1xf64>
    %49 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "reduction"]} ins(%46 : tensor<3x5x12xf64>) outs(%48 : tensor<3x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %131 = arith.addf %in, %out : f64
      linalg.yield %131 : f64
    } -> tensor<3x5x1xf64>
    %50 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%49 : tensor<3x5x1xf64>) outs(%47 : tensor<3x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %131 = arith.divf %in, %cst_20 : f64
      linalg.yield %131 : f64
    } -> tensor<3x5x1xf64>
    %51 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%46, %50 : tensor<3x5x12xf64>, tensor<3x5x1xf64>) outs(%45 : tensor<3x5x12xf64>) {
    ^bb0(%in: f64, %in_33: f64, %out: f64):
      %131 = arith.subf %in, %in_33 : f64
      linalg.yield %131 : f64
    } -> tensor<3x5x12xf64>
    %52 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%51, %51 : tensor<3x5x12xf64>, tensor<3x5x12xf64>) outs(%45 : tensor<3x5x12xf64>) {
    ^bb0(%in: f64, %in_33: f64, %out: f64):
      %131 = arith.mulf %in, %in_33 : f64
      linalg.yield %131 : f64
    } -> tensor<3x5x12xf64>
    %53 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "reduction"]} ins(%52 : tensor<3x5x12xf64>) outs(%48 : tensor<3x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %131 = arith.addf %in, %out : f64
      linalg.yield %131 : f64
    } -> tensor<3x5x1xf64>
    %54 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%53 : tensor<3x5x1xf64>) outs(%47 : tensor<3x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %131 = arith.divf %in, %cst_20 : f64
      linalg.yield %131 : f64
    } -> tensor<3x5x1xf64>
    %55 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%54 : tensor<3x5x1xf64>) outs(%2 : tensor<3x5x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %131 = arith.truncf %in : f64 to f32
      linalg.yield %131 : f32
    } -> tensor<3x5x1xf32>
    %56 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "reduction"]} ins(%44 : tensor<3x5x12xf32>) outs(%3 : tensor<3x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = arith.addf %in, %out : f32
      linalg.yield %131 : f32
    } -> tensor<3x5x1xf32>
    %57 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%56 : tensor<3x5x1xf32>) outs(%2 : tensor<3x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = arith.divf %in, %cst_21 : f32
      linalg.yield %131 : f32
    } -> tensor<3x5x1xf32>
    %58 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%55 : tensor<3x5x1xf32>) outs(%2 : tensor<3x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = arith.truncf %cst_11 : f64 to f32
      %132 = arith.addf %in, %131 : f32
      linalg.yield %132 : f32
    } -> tensor<3x5x1xf32>
    %59 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%58 : tensor<3x5x1xf32>) outs(%2 : tensor<3x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = math.rsqrt %in : f32
      linalg.yield %131 : f32
    } -> tensor<3x5x1xf32>
    %60 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%44, %57 : tensor<3x5x12xf32>, tensor<3x5x1xf32>) outs(%43 : tensor<3x5x12xf32>) {
    ^bb0(%in: f32, %in_33: f32, %out: f32):
      %131 = arith.subf %in, %in_33 : f32
      linalg.yield %131 : f32
    } -> tensor<3x5x12xf32>
    %61 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%60, %59 : tensor<3x5x12xf32>, tensor<3x5x1xf32>) outs(%43 : tensor<3x5x12xf32>) {
    ^bb0(%in: f32, %in_33: f32, %out: f32):
      %131 = arith.mulf %in, %in_33 : f32
      linalg.yield %131 : f32
    } -> tensor<3x5x12xf32>
    %62 = linalg.generic {indexing_maps = [#map, #map2, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%61, %cst_9 : tensor<3x5x12xf32>, tensor<12xf32>) outs(%43 : tensor<3x5x12xf32>) {
    ^bb0(%in: f32, %in_33: f32, %out: f32):
      %131 = arith.mulf %in, %in_33 : f32
      linalg.yield %131 : f32
    } -> tensor<3x5x12xf32>
    %63 = linalg.generic {indexing_maps = [#map, #map2, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%62, %cst_8 : tensor<3x5x12xf32>, tensor<12xf32>) outs(%43 : tensor<3x5x12xf32>) {
    ^bb0(%in: f32, %in_33: f32, %out: f32):
      %131 = arith.addf %in, %in_33 : f32
      linalg.yield %131 : f32
    } -> tensor<3x5x12xf32>
    %64 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%63, %63 : tensor<3x5x12xf32>, tensor<3x5x12xf32>) outs(%43 : tensor<3x5x12xf32>) {
    ^bb0(%in: f32, %in_33: f32, %out: f32):
      %131 = arith.mulf %in, %in_33 : f32
      linalg.yield %131 : f32
    } -> tensor<3x5x12xf32>
    %65 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "reduction"]} ins(%64 : tensor<3x5x12xf32>) outs(%3 : tensor<3x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = arith.addf %in, %out : f32
      linalg.yield %131 : f32
    } -> tensor<3x5x1xf32>
    %66 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%65 : tensor<3x5x1xf32>) outs(%2 : tensor<3x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = arith.divf %in, %cst_21 : f32
      linalg.yield %131 : f32
    } -> tensor<3x5x1xf32>
    %67 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%66 : tensor<3x5x1xf32>) outs(%2 : tensor<3x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = arith.truncf %cst_12 : f64 to f32
      %132 = arith.addf %in, %131 : f32
      linalg.yield %132 : f32
    } -> tensor<3x5x1xf32>
    %68 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%67 : tensor<3x5x1xf32>) outs(%2 : tensor<3x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = math.rsqrt %in : f32
      linalg.yield %131 : f32
    } -> tensor<3x5x1xf32>
    %69 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%63, %68 : tensor<3x5x12xf32>, tensor<3x5x1xf32>) outs(%43 : tensor<3x5x12xf32>) {
    ^bb0(%in: f32, %in_33: f32, %out: f32):
      %131 = arith.mulf %in, %in_33 : f32
      linalg.yield %131 : f32
    } -> tensor<3x5x12xf32>
    %70 = linalg.generic {indexing_maps = [#map, #map2, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%69, %cst_7 : tensor<3x5x12xf32>, tensor<12xf32>) outs(%43 : tensor<3x5x12xf32>) {
    ^bb0(%in: f32, %in_33: f32, %out: f32):
      %131 = arith.mulf %in, %in_33 : f32
      linalg.yield %131 : f32
    } -> tensor<3x5x12xf32>
    %71 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%70 : tensor<3x5x12xf32>) outs(%43 : tensor<3x5x12xf32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = math.absf %in : f32
      linalg.yield %131 : f32
    } -> tensor<3x5x12xf32>
    %72:2 = linalg.generic {indexing_maps = [#map, #map3, #map3], iterator_types = ["parallel", "parallel", "reduction"]} ins(%71 : tensor<3x5x12xf32>) outs(%14, %12 : tensor<3x5xf32>, tensor<3x5xi64>) {
    ^bb0(%in: f32, %out: f32, %out_33: i64):
      %131 = linalg.index 2 : index
      %132 = arith.index_cast %131 : index to i64
      %133 = arith.maximumf %in, %out : f32
      %134 = arith.cmpf ogt, %in, %out : f32
      %135 = arith.select %134, %132, %out_33 : i64
      linalg.yield %133, %135 : f32, i64
    } -> (tensor<3x5xf32>, tensor<3x5xi64>)
    %expanded_25 = tensor.expand_shape %72#0 [[0], [1, 2]] output_shape [3, 5, 1] : tensor<3x5xf32> into tensor<3x5x1xf32>
    %73 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_25 : tensor<3x5x1xf32>) outs(%2 : tensor<3x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = arith.truncf %cst_11 : f64 to f32
      %132 = arith.cmpf ult, %in, %131 : f32
      %133 = arith.select %132, %131, %in : f32
      linalg.yield %133 : f32
    } -> tensor<3x5x1xf32>
    %74 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%73 : tensor<3x5x1xf32>) outs(%2 : tensor<3x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = arith.cmpf one, %in, %cst : f32
      cf.assert %131, "unimplemented: tensor with zero element"
      %132 = arith.divf %cst_1, %in : f32
      linalg.yield %132 : f32
    } -> tensor<3x5x1xf32>
    %75 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%74 : tensor<3x5x1xf32>) outs(%2 : tensor<3x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = arith.mulf %in, %cst_15 : f32
      linalg.yield %131 : f32
    } -> tensor<3x5x1xf32>
    %76 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%70, %75 : tensor<3x5x12xf32>, tensor<3x5x1xf32>) outs(%43 : tensor<3x5x12xf32>) {
    ^bb0(%in: f32, %in_33: f32, %out: f32):
      %131 = arith.mulf %in, %in_33 : f32
      linalg.yield %131 : f32
    } -> tensor<3x5x12xf32>
    %77 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%76 : tensor<3x5x12xf32>) outs(%43 : tensor<3x5x12xf32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = math.roundeven %in : f32
      linalg.yield %131 : f32
    } -> tensor<3x5x12xf32>
    %78 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%77 : tensor<3x5x12xf32>) outs(%43 : tensor<3x5x12xf32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = arith.cmpf ult, %in, %cst_16 : f32
      %132 = arith.select %131, %cst_16, %in : f32
      %133 = arith.cmpf ugt, %132, %cst_15 : f32
      %134 = arith.select %133, %cst_15, %132 : f32
      linalg.yield %134 : f32
    } -> tensor<3x5x12xf32>
    %79 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%78, %75 : tensor<3x5x12xf32>, tensor<3x5x1xf32>) outs(%43 : tensor<3x5x12xf32>) {
    ^bb0(%in: f32, %in_33: f32, %out: f32):
      %131 = arith.divf %in, %in_33 : f32
      linalg.yield %131 : f32
    } -> tensor<3x5x12xf32>
    %80 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%79, %70 : tensor<3x5x12xf32>, tensor<3x5x12xf32>) outs(%43 : tensor<3x5x12xf32>) {
    ^bb0(%in: f32, %in_33: f32, %out: f32):
      %131 = arith.subf %in, %in_33 : f32
      linalg.yield %131 : f32
    } -> tensor<3x5x12xf32>
    %81 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%70, %80 : tensor<3x5x12xf32>, tensor<3x5x12xf32>) outs(%43 : tensor<3x5x12xf32>) {
    ^bb0(%in: f32, %in_33: f32, %out: f32):
      %131 = arith.addf %in, %in_33 : f32
      linalg.yield %131 : f32
    } -> tensor<3x5x12xf32>
    %82 = tensor.empty() : tensor<12x12xf32>
    %83 = linalg.generic {indexing_maps = [#map4, #map4], iterator_types = ["parallel", "parallel"]} ins(%cst_6 : tensor<12x12xf32>) outs(%82 : tensor<12x12xf32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = math.absf %in : f32
      linalg.yield %131 : f32
    } -> tensor<12x12xf32>
    %84 = linalg.generic {indexing_maps = [#map4, #map5], iterator_types = ["reduction", "reduction"]} ins(%83 : tensor<12x12xf32>) outs(%28 : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = arith.addf %in, %out : f32
      linalg.yield %131 : f32
    } -> tensor<f32>
    %85 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = []} ins(%84 : tensor<f32>) outs(%27 : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = arith.divf %in, %cst_22 : f32
      linalg.yield %131 : f32
    } -> tensor<f32>
    %86 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = []} ins(%85 : tensor<f32>) outs(%27 : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = arith.truncf %cst_11 : f64 to f32
      %132 = arith.cmpf ult, %in, %131 : f32
      %133 = arith.select %132, %131, %in : f32
      linalg.yield %133 : f32
    } -> tensor<f32>
    %87 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = []} ins(%86 : tensor<f32>) outs(%27 : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = arith.cmpf one, %in, %cst : f32
      cf.assert %131, "unimplemented: tensor with zero element"
      %132 = arith.divf %cst_1, %in : f32
      linalg.yield %132 : f32
    } -> tensor<f32>
    %88 = linalg.generic {indexing_maps = [#map4, #map5, #map4], iterator_types = ["parallel", "parallel"]} ins(%cst_6, %87 : tensor<12x12xf32>, tensor<f32>) outs(%82 : tensor<12x12xf32>) {
    ^bb0(%in: f32, %in_33: f32, %out: f32):
      %131 = arith.mulf %in, %in_33 : f32
      linalg.yield %131 : f32
    } -> tensor<12x12xf32>
    %89 = linalg.generic {indexing_maps = [#map4, #map4], iterator_types = ["parallel", "parallel"]} ins(%88 : tensor<12x12xf32>) outs(%82 : tensor<12x12xf32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = math.roundeven %in : f32
      linalg.yield %131 : f32
    } -> tensor<12x12xf32>
    %90 = linalg.generic {indexing_maps = [#map4, #map4], iterator_types = ["parallel", "parallel"]} ins(%89 : tensor<12x12xf32>) outs(%82 : tensor<12x12xf32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = arith.cmpf ult, %in, %cst_18 : f32
      %132 = arith.select %131, %cst_18, %in : f32
      %133 = arith.cmpf ugt, %132, %cst_1 : f32
      %134 = arith.select %133, %cst_1, %132 : f32
      linalg.yield %134 : f32
    } -> tensor<12x12xf32>
    %91 = linalg.generic {indexing_maps = [#map4, #map5, #map4], iterator_types = ["parallel", "parallel"]} ins(%90, %87 : tensor<12x12xf32>, tensor<f32>) outs(%82 : tensor<12x12xf32>) {
    ^bb0(%in: f32, %in_33: f32, %out: f32):
      %131 = arith.divf %in, %in_33 : f32
      linalg.yield %131 : f32
    } -> tensor<12x12xf32>
    %92 = linalg.generic {indexing_maps = [#map4, #map4, #map4], iterator_types = ["parallel", "parallel"]} ins(%91, %cst_6 : tensor<12x12xf32>, tensor<12x12xf32>) outs(%82 : tensor<12x12xf32>) {
    ^bb0(%in: f32, %in_33: f32, %out: f32):
      %131 = arith.subf %in, %in_33 : f32
      linalg.yield %131 : f32
    } -> tensor<12x12xf32>
    %93 = linalg.generic {indexing_maps = [#map4, #map4, #map4], iterator_types = ["parallel", "parallel"]} ins(%cst_6, %92 : tensor<12x12xf32>, tensor<12x12xf32>) outs(%82 : tensor<12x12xf32>) {
    ^bb0(%in: f32, %in_33: f32, %out: f32):
      %131 = arith.addf %in, %in_33 : f32
      linalg.yield %131 : f32
    } -> tensor<12x12xf32>
    %transposed_26 = linalg.transpose ins(%93 : tensor<12x12xf32>) outs(%82 : tensor<12x12xf32>) permutation = [1, 0] 
    %collapsed_27 = tensor.collapse_shape %81 [[0, 1], [2]] : tensor<3x5x12xf32> into tensor<15x12xf32>
    %94 = linalg.matmul ins(%collapsed_27, %transposed_26 : tensor<15x12xf32>, tensor<12x12xf32>) outs(%41 : tensor<15x12xf32>) -> tensor<15x12xf32>
    %expanded_28 = tensor.expand_shape %94 [[0, 1], [2]] output_shape [3, 5, 12] : tensor<15x12xf32> into tensor<3x5x12xf32>
    %95 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_28 : tensor<3x5x12xf32>) outs(%43 : tensor<3x5x12xf32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = arith.negf %in : f32
      %132 = math.exp %131 : f32
      %133 = arith.addf %132, %cst_1 : f32
      %134 = arith.divf %cst_1, %133 : f32
      linalg.yield %134 : f32
    } -> tensor<3x5x12xf32>
    %96 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_28, %95 : tensor<3x5x12xf32>, tensor<3x5x12xf32>) outs(%43 : tensor<3x5x12xf32>) {
    ^bb0(%in: f32, %in_33: f32, %out: f32):
      %131 = arith.mulf %in, %in_33 : f32
      linalg.yield %131 : f32
    } -> tensor<3x5x12xf32>
    %97 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%96, %96 : tensor<3x5x12xf32>, tensor<3x5x12xf32>) outs(%43 : tensor<3x5x12xf32>) {
    ^bb0(%in: f32, %in_33: f32, %out: f32):
      %131 = arith.mulf %in, %in_33 : f32
      linalg.yield %131 : f32
    } -> tensor<3x5x12xf32>
    %98 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "reduction"]} ins(%97 : tensor<3x5x12xf32>) outs(%3 : tensor<3x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = arith.addf %in, %out : f32
      linalg.yield %131 : f32
    } -> tensor<3x5x1xf32>
    %99 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%98 : tensor<3x5x1xf32>) outs(%2 : tensor<3x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = arith.divf %in, %cst_21 : f32
      linalg.yield %131 : f32
    } -> tensor<3x5x1xf32>
    %100 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%99 : tensor<3x5x1xf32>) outs(%2 : tensor<3x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = arith.truncf %cst_12 : f64 to f32
      %132 = arith.addf %in, %131 : f32
      linalg.yield %132 : f32
    } -> tensor<3x5x1xf32>
    %101 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%100 : tensor<3x5x1xf32>) outs(%2 : tensor<3x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = math.rsqrt %in : f32
      linalg.yield %131 : f32
    } -> tensor<3x5x1xf32>
    %102 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%96, %101 : tensor<3x5x12xf32>, tensor<3x5x1xf32>) outs(%43 : tensor<3x5x12xf32>) {
    ^bb0(%in: f32, %in_33: f32, %out: f32):
      %131 = arith.mulf %in, %in_33 : f32
      linalg.yield %131 : f32
    } -> tensor<3x5x12xf32>
    %103 = linalg.generic {indexing_maps = [#map, #map2, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%102, %cst_5 : tensor<3x5x12xf32>, tensor<12xf32>) outs(%43 : tensor<3x5x12xf32>) {
    ^bb0(%in: f32, %in_33: f32, %out: f32):
      %131 = arith.mulf %in, %in_33 : f32
      linalg.yield %131 : f32
    } -> tensor<3x5x12xf32>
    %104 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%103 : tensor<3x5x12xf32>) outs(%43 : tensor<3x5x12xf32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = math.absf %in : f32
      linalg.yield %131 : f32
    } -> tensor<3x5x12xf32>
    %105:2 = linalg.generic {indexing_maps = [#map, #map3, #map3], iterator_types = ["parallel", "parallel", "reduction"]} ins(%104 : tensor<3x5x12xf32>) outs(%14, %12 : tensor<3x5xf32>, tensor<3x5xi64>) {
    ^bb0(%in: f32, %out: f32, %out_33: i64):
      %131 = linalg.index 2 : index
      %132 = arith.index_cast %131 : index to i64
      %133 = arith.maximumf %in, %out : f32
      %134 = arith.cmpf ogt, %in, %out : f32
      %135 = arith.select %134, %132, %out_33 : i64
      linalg.yield %133, %135 : f32, i64
    } -> (tensor<3x5xf32>, tensor<3x5xi64>)
    %expanded_29 = tensor.expand_shape %105#0 [[0], [1, 2]] output_shape [3, 5, 1] : tensor<3x5xf32> into tensor<3x5x1xf32>
    %106 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_29 : tensor<3x5x1xf32>) outs(%2 : tensor<3x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = arith.truncf %cst_11 : f64 to f32
      %132 = arith.cmpf ult, %in, %131 : f32
      %133 = arith.select %132, %131, %in : f32
      linalg.yield %133 : f32
    } -> tensor<3x5x1xf32>
    %107 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%106 : tensor<3x5x1xf32>) outs(%2 : tensor<3x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = arith.cmpf one, %in, %cst : f32
      cf.assert %131, "unimplemented: tensor with zero element"
      %132 = arith.divf %cst_1, %in : f32
      linalg.yield %132 : f32
    } -> tensor<3x5x1xf32>
    %108 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%107 : tensor<3x5x1xf32>) outs(%2 : tensor<3x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = arith.mulf %in, %cst_15 : f32
      linalg.yield %131 : f32
    } -> tensor<3x5x1xf32>
    %109 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%103, %108 : tensor<3x5x12xf32>, tensor<3x5x1xf32>) outs(%43 : tensor<3x5x12xf32>) {
    ^bb0(%in: f32, %in_33: f32, %out: f32):
      %131 = arith.mulf %in, %in_33 : f32
      linalg.yield %131 : f32
    } -> tensor<3x5x12xf32>
    %110 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%109 : tensor<3x5x12xf32>) outs(%43 : tensor<3x5x12xf32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = math.roundeven %in : f32
      linalg.yield %131 : f32
    } -> tensor<3x5x12xf32>
    %111 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%110 : tensor<3x5x12xf32>) outs(%43 : tensor<3x5x12xf32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = arith.cmpf ult, %in, %cst_16 : f32
      %132 = arith.select %131, %cst_16, %in : f32
      %133 = arith.cmpf ugt, %132, %cst_15 : f32
      %134 = arith.select %133, %cst_15, %132 : f32
      linalg.yield %134 : f32
    } -> tensor<3x5x12xf32>
    %112 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%111, %108 : tensor<3x5x12xf32>, tensor<3x5x1xf32>) outs(%43 : tensor<3x5x12xf32>) {
    ^bb0(%in: f32, %in_33: f32, %out: f32):
      %131 = arith.divf %in, %in_33 : f32
      linalg.yield %131 : f32
    } -> tensor<3x5x12xf32>
    %113 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%112, %103 : tensor<3x5x12xf32>, tensor<3x5x12xf32>) outs(%43 : tensor<3x5x12xf32>) {
    ^bb0(%in: f32, %in_33: f32, %out: f32):
      %131 = arith.subf %in, %in_33 : f32
      linalg.yield %131 : f32
    } -> tensor<3x5x12xf32>
    %114 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%103, %113 : tensor<3x5x12xf32>, tensor<3x5x12xf32>) outs(%43 : tensor<3x5x12xf32>) {
    ^bb0(%in: f32, %in_33: f32, %out: f32):
      %131 = arith.addf %in, %in_33 : f32
      linalg.yield %131 : f32
    } -> tensor<3x5x12xf32>
    %115 = tensor.empty() : tensor<6x12xf32>
    %116 = linalg.generic {indexing_maps = [#map4, #map4], iterator_types = ["parallel", "parallel"]} ins(%cst_4 : tensor<6x12xf32>) outs(%115 : tensor<6x12xf32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = math.absf %in : f32
      linalg.yield %131 : f32
    } -> tensor<6x12xf32>
    %117 = linalg.generic {indexing_maps = [#map4, #map5], iterator_types = ["reduction", "reduction"]} ins(%116 : tensor<6x12xf32>) outs(%28 : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = arith.addf %in, %out : f32
      linalg.yield %131 : f32
    } -> tensor<f32>
    %118 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = []} ins(%117 : tensor<f32>) outs(%27 : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = arith.divf %in, %cst_23 : f32
      linalg.yield %131 : f32
    } -> tensor<f32>
    %119 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = []} ins(%118 : tensor<f32>) outs(%27 : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = arith.truncf %cst_11 : f64 to f32
      %132 = arith.cmpf ult, %in, %131 : f32
      %133 = arith.select %132, %131, %in : f32
      linalg.yield %133 : f32
    } -> tensor<f32>
    %120 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = []} ins(%119 : tensor<f32>) outs(%27 : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = arith.cmpf one, %in, %cst : f32
      cf.assert %131, "unimplemented: tensor with zero element"
      %132 = arith.divf %cst_1, %in : f32
      linalg.yield %132 : f32
    } -> tensor<f32>
    %121 = linalg.generic {indexing_maps = [#map4, #map5, #map4], iterator_types = ["parallel", "parallel"]} ins(%cst_4, %120 : tensor<6x12xf32>, tensor<f32>) outs(%115 : tensor<6x12xf32>) {
    ^bb0(%in: f32, %in_33: f32, %out: f32):
      %131 = arith.mulf %in, %in_33 : f32
      linalg.yield %131 : f32
    } -> tensor<6x12xf32>
    %122 = linalg.generic {indexing_maps = [#map4, #map4], iterator_types = ["parallel", "parallel"]} ins(%121 : tensor<6x12xf32>) outs(%115 : tensor<6x12xf32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = math.roundeven %in : f32
      linalg.yield %131 : f32
    } -> tensor<6x12xf32>
    %123 = linalg.generic {indexing_maps = [#map4, #map4], iterator_types = ["parallel", "parallel"]} ins(%122 : tensor<6x12xf32>) outs(%115 : tensor<6x12xf32>) {
    ^bb0(%in: f32, %out: f32):
      %131 = arith.cmpf ult, %in, %cst_18 : f32
      %132 = arith.select %131, %cst_18, %in : f32
      %133 = arith.cmpf ugt, %132, %cst_1 : f32
      %134 = arith.select %133, %cst_1, %132 : f32
      linalg.yield %134 : f32
    } -> tensor<6x12xf32>
    %124 = linalg.generic {indexing_maps = [#map4, #map5, #map4], iterator_types = ["parallel", "parallel"]} ins(%123, %120 : tensor<6x12xf32>, tensor<f32>) outs(%115 : tensor<6x12xf32>) {
    ^bb0(%in: f32, %in_33: f32, %out: f32):
      %131 = arith.divf %in, %in_33 : f32
      linalg.yield %131 : f32
    } -> tensor<6x12xf32>
    %125 = linalg.generic {indexing_maps = [#map4, #map4, #map4], iterator_types = ["parallel", "parallel"]} ins(%124, %cst_4 : tensor<6x12xf32>, tensor<6x12xf32>) outs(%115 : tensor<6x12xf32>) {
    ^bb0(%in: f32, %in_33: f32, %out: f32):
      %131 = arith.subf %in, %in_33 : f32
      linalg.yield %131 : f32
    } -> tensor<6x12xf32>
    %126 = linalg.generic {indexing_maps = [#map4, #map4, #map4], iterator_types = ["parallel", "parallel"]} ins(%cst_4, %125 : tensor<6x12xf32>, tensor<6x12xf32>) outs(%115 : tensor<6x12xf32>) {
    ^bb0(%in: f32, %in_33: f32, %out: f32):
      %131 = arith.addf %in, %in_33 : f32
      linalg.yield %131 : f32
    } -> tensor<6x12xf32>
    %127 = tensor.empty() : tensor<12x6xf32>
    %transposed_30 = linalg.transpose ins(%126 : tensor<6x12xf32>) outs(%127 : tensor<12x6xf32>) permutation = [1, 0] 
    %collapsed_31 = tensor.collapse_shape %114 [[0, 1], [2]] : tensor<3x5x12xf32> into tensor<15x12xf32>
    %128 = tensor.empty() : tensor<15x6xf32>
    %129 = linalg.fill ins(%cst : f32) outs(%128 : tensor<15x6xf32>) -> tensor<15x6xf32>
    %130 = linalg.matmul ins(%collapsed_31, %transposed_30 : tensor<15x12xf32>, tensor<12x6xf32>) outs(%129 : tensor<15x6xf32>) -> tensor<15x6xf32>
    %expanded_32 = tensor.expand_shape %130 [[0, 1], [2]] output_shape [3, 5, 6] : tensor<15x6xf32> into tensor<3x5x6xf32>
    return %expanded_32 : tensor<3x5x6xf32>
  }
}

{-#
  dialect_resources: {
    builtin: {
      torch_tensor_6_12_torch.float32: "0x0400000071713ABD317F023D606211BD9F788C3DDB101ABD0BDB76BEFED802BECA11CEBB6A2D1BBC68FF6CBED2F4633DA8214F3D0110AABC490E8E3DC2D22B3D1FA4663EA435C03D32F3113EDB731A3EDBAD2C3C035A24BEB1672EBCC1FCC93C28E27A3DEC82973D2B4F92BC1999003C442634BDEEC713BDC63301BE7F10443E2F983EBE3D9F7DBA3F4FD53CB80AE73C5399D33CDFB62EBD9CDBC83DA9593E3E05A5DFBD48439C3D6176BA3CD43115BE23872E3EB35AA7BE038E423DBA7F58BEA29F19BEFAFDDA3D9164133E1F724F3D2F35AB3D67B3F03D9D210CBD0E951EBDAA51603D0467AF3DE7D6AAB92945A23D68A20ABD93CD123E40E2FF3C97BBFC3DED77F9BB5F2107BE47CE283ED792033EE317A7BD53A7DD3D8F2D963CEB6E253DF497243E",
      torch_tensor_12_torch.float32_3: "0x040000005191673F0233343FD5E0493F5DA80E3F5256A73F6DB2623F2E3D2F3FA8A9903F1B4B203FA4CCAC3F0ECDA43F8236023F",
      torch_tensor_12_12_torch.float32: "0x040000009737773EFF03D13D136C34BD2B9431BEC30DD2BDFA81553D639339BD5A774EBCF3ED70BD70F9583EC5145EBDE3D37BBE349CC2BD5795FDBC78522A3EFFE04E3DE861A1BC8FDD5ABB974F933DFBFDD93D2CB7AABD084CF4BD372F6CBEFD41773D180F013DE5EEE93D2F45FA3C271C6DBDD228673D40ADB3BD5B92DCBC2758063E665D1FBEF34FDCBD673DB3BDA4AA41BDC33A9ABD17E830BDA912893DB039853D095AA13DC7230C3EA638AEBDCAF6513D0171083DFDE6E23D771B983C3B64E2BCDF837ABD531FA73D47EFCA3C3C671EBD6931A4BCAD86ABBD67E91EBEF9E6BCBB7062F53D3FCE69BE3F74CFBD0ED7B5BDCB5C6B3CF759A63C47DBD73D1DBB573C4B990F3ECF4B463DCFFB8FBD5B52A9BD38D0253C0EE89F3C8094F1BD51B113BE19D190BDA9089A3D4AC4FBBA6DF6E13D7FDE5B3DB1CCC83D7289F4BDEB7C49BDA6F5933DD8137A3C8A806D3C4F0C70BE6E353DBD4EFB16BD59D5163DB3A3463D4BE2A23CBBDB5E3D21F222BD588A45BEE6B7BD3DFA12BB3DC8D4A1BD1FD26EBD842AA0BDA8C811BEFAC4243E75E056BB7F3F31BDC7603CBC5BF3373EE38B43BD15348BBE20CCB5BC351E0C3DC531E33D581758BD0F0C0B3C075E9F3CB4E0C0BD6B15CCBD4B58A53D7369F03D067BC0BDB1291E3D637ED63DDC0F96BD81C1BBBD55A08C3D1C632C3DC52DD1BD5D75CA3D47DD9F3D60C961BE6C5719BE0FCBB8BD8300A43DF39087BD6FA5003E38CC4C3DCCB3833BC6523E3DAE04ADBE5052C73DA5927DBDD75182BD41BC2DBDF7944FBEEA44053E5FE080BDBAD2DFBB573B8E3D",
      torch_tensor_12_torch.float32_2: "0x04000000992D653F35770C3FD4AE3D3FF951253FDDC5AB3FD51B653F72E2693F77AB9E3FCE0B9A3F2C862B3F1296973F4B309B3F",
      torch_tensor_12_torch.float32_1: "0x04000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
      torch_tensor_12_torch.float32: "0x040000000000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F",
      torch_tensor_12_20_torch.float32: "0x0400000095381CBEC1A599BD6FEF85BDAECF24BE291D24BC178679BD49A8C8BD7FC524BEE3D891BD1FCFF83CA8319FBDFDFDCDBC8015B6BCABC22C3E3B20BB3C238B3F3D6EBD8EBD55B9EDBD2B448F3D7216A33C374BB13D3737C83CA6C387BD3456A53DCB9FE13D772090BCF3F165BE071E14BEC564C83B33077DBDD871A3BDC7A657BCEC71403E875CECBBE53E813C50679EBD2D11A33C45C2953BC89A7A3C8AD642BD17E535BC08CFEF3C874E81BCCFA83CBB405E713E6D72D4BD6342213E23FE80BD09EEBDBD3B4A5F3DEA2FD93BFB0233BD3C2E9C3DC7D7343DD09EEE3D4A604E3EF722613C043CC03D425F98BCAB0584BD689E1D3E6F17B2BD198EAABE0B2A99BD082227BBFF93D1BD8B3274BDC5EECDBD5887ACBC9ADA45BAE45B2B3EC890873A9B2B90BD0EC597BC6907CCBDB73DAABDAAD53CBDE76865BD2B07223D9C2BC9BDF8744FBDD778233C0BEF85BDD3D9953D91E112BE0F224DBD149A8C3CFE1083BC8398D03C0A9A4DBDDF3CD5BDE4F7953D37B3D6BD0EDF40BDB87FEE3C1FD94B3EC976873D1BB2F33DE539A73DF316BBBDC3D60D3EFBACA6BDBAF7BDBDE7BAE33D9EB9083EAF82773DC17A29BCFAC077BCD84057BE03F67DBDF05E17BEB81FE8BD17F4B23D757B65BD12AA033E1849A73D642FA83C9DF1F93CDB6A5B3D079D30BD08FA823EF42BBFBCF794B0BA6D873E3E2ACB4ABEC62C383EE0CE263C37440B3D6BE4913D13EA35BE64F1103D48AEF53D2A37F8BC9F6934BE2404823D95BBA4BD54FA24BE36A73FBE72725E3D974E873D98076B3E83388A3DB3712F3ECDBB37BE3B990BBE075DC9BDF3C01A3E8374833DDAB9413DEE8C2FBD6AD7613D67731EBEFF37543D2B8C2E3CE28FDC3CFFA7073ED8CA323EE7F23D3E16AA90BD3EEC823EA5052B3D5342AEBCFE05ACBD110A2CBDF39A7FBD7726C8BDF62AB33DFB31CA3DDD9AFD3CFAB71B3EF8D4F63DA1EA39BE034225BDD56EC4BD4F8408BA993501BCC8C7AC3D52BCEE3DD8D4573DC1CF253E1F6CC5BDF3DD673C311286BC5CBA12BD855C303E6BB0F8BC8DAFC33C2FA0093EFF1F293C405AE13DC4F30BBDD703C23D38DD68BD2A8AAB3D98A5363E8617A0BCDFE8523D842E3DBE545695BEDA6068BD58B55DBDE754B73DC9BCB4BD73D4593D9F491EBE9BF78DBC1525953D41FABA3B2F73B93DFB47D63D8D3C55BDD8BA0A3E93ABC03CBE04443E6B0C3C3ED3A1073EFD73C6BDE62A003ED8DFF73D7D3C58BDA50CB33C7B3C6BBDA935153E8B58353E80F3283EF7F230BD7706DEBCC95E13BED564FF3D3F71023E0022203DF7991E3D97CA02BC64F80B3DE151C23D0DB70DBEE38B303EE72672BE185CBEBDB089F03C",
      torch_tensor_20_torch.float32: "0x0400000045DD163FA4C9743FB2E19A3FF84A7C3F15183F3F9476813F4DB0073FDB88253FB1CA2A3FB8B4B43F986AB83FCD85543FD4DE823FE78A9C3F16AB873F57E73F3F48E9A43FCE57A73FEA94783F2D3E703F"
    }
  }
#-}
