/* Calls the function of layer.mlir, with numbers that leave what it clips to. */
#include "layer.h"
#include <stdio.h>
#include <stdlib.h>

int main(void) {
  static const float x[4] = {0.5f, -0.25f, 10, -10};
  static const float w[2 * 4] = {1, 1, 1, 1, 1, -1, 1, -1};
  float y[2];
  void *workspace = malloc((size_t)layer_workspace(NULL));
  int status = workspace ? layer(x, w, y, workspace) : 1;
  if (status == 0)
    printf("%.4f %.4f\n", y[0], y[1]);
  free(workspace);
  return status;
}
