func.func private @clip(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %0 = mylib.clip %x to 2.0 : tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

func.func @clipped(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %0 = call @clip(%x) : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}
