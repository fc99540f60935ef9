/* Calls the function of classify.mlir.
 *
 *   ternary-compile classify.mlir -o classify.o
 *   cc main.c classify.o -I. -lm -o classify && ./classify
 */
#include "classify.h"
#include <stdio.h>
#include <stdlib.h>

int main(void) {
  static float x[4 * 64], gain[64], weight[10 * 64], y[4 * 10];
  void *workspace = malloc((size_t)classify_workspace(NULL));
  int status;
  int i;
  for (i = 0; i < 4 * 64; ++i)
    x[i] = (float)(i * 37 % 101) / 50 - 1;
  for (i = 0; i < 64; ++i)
    gain[i] = 1;
  for (i = 0; i < 10 * 64; ++i)
    weight[i] = (float)(i * 29 % 97) / 48 - 1;
  status = workspace ? classify(x, gain, weight, y, workspace) : 1;
  for (i = 0; status == 0 && i < 4 * 10; ++i)
    printf("%8.4f%s", y[i], i % 10 == 9 ? "\n" : "");
  free(workspace);
  return status;
}
