#include "ternary/abi.h"
#include <stdio.h>

int main(void) {
  printf("device: ABI version %d\n", TERNARY_ABI_VERSION);
  return 0;
}
