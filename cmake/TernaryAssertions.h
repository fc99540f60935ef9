// Included before all else where assertions are on but LLVM was built without: its headers
// choose the layout of statistics by NDEBUG, and passes share theirs with libMLIR.so.
#ifndef TERNARY_ASSERTIONS_H
#define TERNARY_ASSERTIONS_H

#ifdef __cplusplus
#define NDEBUG
#include "llvm/ADT/Statistic.h"
#undef NDEBUG
#include <cassert>
#endif

#endif // TERNARY_ASSERTIONS_H
