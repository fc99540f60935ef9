/* Classifies the images in digits.bin, which train.py writes, one at a time, and says how many are
 * right and how long one takes. */
#include "classify.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { PIXELS = 64, DIGITS = 10, TURNS = 100 };

static double now(void) {
  struct timespec time;
  timespec_get(&time, TIME_UTC);
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

int main(int argc, char **argv) {
  FILE *file = fopen(argc > 1 ? argv[1] : "digits.bin", "rb");
  int32_t count = 0, right = 0;
  float *images = NULL;
  int32_t *digits = NULL;
  void *workspace = malloc((size_t)classify_workspace(1, NULL));
  double start;
  if (file && fread(&count, sizeof count, 1, file) == 1 && count > 0 && count < 1 << 20) {
    images = malloc((size_t)count * PIXELS * sizeof *images);
    digits = malloc((size_t)count * sizeof *digits);
  }
  if (!images || !digits || !workspace ||
      fread(images, sizeof *images * PIXELS, (size_t)count, file) != (size_t)count ||
      fread(digits, sizeof *digits, (size_t)count, file) != (size_t)count) {
    fprintf(stderr, "cannot read the images\n");
    return 1;
  }
  fclose(file);
  start = now();
  for (int turn = 0; turn < TURNS; ++turn) {
    right = 0;
    for (int32_t i = 0; i < count; ++i) {
      float scores[DIGITS];
      int best = 0;
      int status = classify(images + i * PIXELS, 1, scores, workspace);
      if (status != 0) {
        fprintf(stderr, "this machine cannot run it: status %d\n", status);
        return 1;
      }
      for (int d = 1; d < DIGITS; ++d)
        best = scores[d] > scores[best] ? d : best;
      right += best == digits[i];
    }
  }
  printf("%d of %d images right, %.1f %%; %.2f microseconds an image\n", right, count,
         100.0 * right / count, (now() - start) / TURNS / count * 1e6);
  free(images);
  free(digits);
  free(workspace);
  return 0;
}
