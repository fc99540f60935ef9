/* The self-test of a model that is linked in, as ternary-run has it for libraries: the weights are
 * whole, and a prompt as a whole and token by token has the logits that the compiler had computed
 * by the reference. */

#include "m.h"

#include "ternary/crc32.h"
#include "ternary/selftest.h"

#include <stdio.h>
#include <stdlib.h>

static uint32_t checksum(const float *logits) {
  static ternary_crc32_tables tables;
  const m_descriptor *info = m_info();
  ternary_crc32_build(&tables);
  return ternary_crc32_update(&tables, 0, logits, info->self_test_tokens * M_VOCAB * sizeof(float));
}

static void print_status(const char *what, m_status status) {
  if (status != M_OK) {
    printf("%s: %s\n", what, m_error_string(status));
    exit(1);
  }
}

int main(void) {
  const int64_t tokens = m_info()->self_test_tokens;
  m_model *model = NULL;
  m_session *session = NULL;
  int32_t *ids = malloc(tokens * sizeof(*ids));
  float *logits = malloc(tokens * M_VOCAB * sizeof(*logits));
  if (tokens == 0 || M_BATCH != 1 || !ids || !logits)
    return 2;
  for (int64_t t = 0; t < tokens; ++t)
    ids[t] = ternary_self_test_id(M_BATCH, M_VOCAB, 0, t);
  print_status("open", m_open(NULL, &model));
  print_status("verify", m_verify(model));
  print_status("session", m_session_new(model, 1, &session));
  print_status("whole", m_prefill_all(session, ids, tokens, logits));
  printf("whole: %d\n", checksum(logits) == m_info()->self_test_crc32);
  m_reset(session);
  for (int64_t i = 0; i < tokens * M_VOCAB; ++i)
    logits[i] = 0;
  for (int64_t t = 0; t < tokens; ++t)
    print_status("decode", m_decode(session, &ids[t], logits + t * M_VOCAB));
  printf("token by token: %d\n", checksum(logits) == m_info()->self_test_crc32);
  m_session_free(session);
  m_close(model);
  free(ids);
  free(logits);
  return 0;
}
