/* Uses a compiled model, linked in or, if the first argument names a library, loaded from there:
 * prints what opening it says, and logits of two tokens if it can be opened. */

#include "m.h"

#include <stdio.h>
#ifdef LOADS
#include <dlfcn.h>
#define FUNCTION(name) ((__typeof__(&m_##name))dlsym(library, "ternary_" #name))
#else
#define FUNCTION(name) m_##name
#endif

int main(int argc, char **argv) {
  m_model *model = NULL;
  m_session *session = NULL;
  static float logits[M_VOCAB];
  const int32_t ids[2] = {1, 5};
  m_status status;
#ifdef LOADS
  void *library = argc > 1 ? dlopen(argv[1], RTLD_NOW) : NULL;
  if (!library) {
    fprintf(stderr, "%s\n", dlerror());
    return 2;
  }
#else
  (void)argc, (void)argv;
#endif
  status = FUNCTION(open)(NULL, &model);
  printf("%s\n", FUNCTION(error_string)(status));
  if (status == M_OK)
    status = FUNCTION(session_new)(model, 1, &session);
  if (status == M_OK)
    status = FUNCTION(prefill)(session, ids, 2, logits);
  for (int i = 0; status == M_OK && i < 4; ++i)
    printf("%a\n", logits[i]);
  FUNCTION(session_free)(session);
  FUNCTION(close)(model);
  return status != M_OK;
}
