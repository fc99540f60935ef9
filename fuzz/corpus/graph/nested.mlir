#map = affine_map<(d0, d1) -> (d0 + d1 * 2 mod 7, d1)>
!row = tensor<?x8xf32>
module {
  func.func @f(%x: !row, %n: index) -> !row attributes {note = "a \"b\" // c"} {
    %0 = affine.apply affine_map<(d0) -> (d0 floordiv 4 - 1)>(%n)
    %1 = scf.for %i = %n to %0 step %n iter_args(%y = %x) -> (!row) {
      scf.yield %y : !row
    }
    return %1 : !row
  }
}
