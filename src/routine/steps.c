/* steps.c: the list of steps, block after block. */
#include "routine/steps.h"

#include <string.h>

/* ---- making ---- */

static bool add_list(steps *s, const prog_stmt *first, uint32_t parent)
{
  const tg_allocator *a = &s->memory->allocator;
  step_list list = {(uint32_t)s->all.n, 0};
  uint32_t depth = parent == NO_STEP ? 0 : s->all.data[parent].depth + 1;
  for (; first != NULL; first = first->next) {
    if (!vec_room(a, &s->all, 1)) {
      return false;
    }
    s->all.data[s->all.n++] = (step){.stmt = first, .parent = parent, .depth = depth};
    list.n++;
  }
  if (!vec_room(a, &s->lists, 1)) {
    return false;
  }
  s->lists.data[s->lists.n++] = list;
  return true;
}

static bool add_blocks(steps *s, uint32_t k)
{
  const prog_stmt *stmt = s->all.data[k].stmt;
  uint32_t first = (uint32_t)s->lists.n;
  bool is_good = true;
  switch ((prog_stmt_kind)stmt->kind) {
  case STMT_IF: is_good = add_list(s, stmt->body, k) && add_list(s, stmt->otherwise, k); break;
  case STMT_WHILE:
  case STMT_FOR:
  case STMT_REPEAT:
  case STMT_BLOCK: is_good = add_list(s, stmt->body, k); break;
  case STMT_MATCH:
    for (uint32_t arm = 0; arm < stmt->n_arms && is_good; arm++) {
      is_good = add_list(s, stmt->arms[arm].body, k);
    }
    is_good = is_good && add_list(s, stmt->otherwise, k);
    break;
  case STMT_DECLARE:
  case STMT_ASSIGN:
  case STMT_CALL:
  case STMT_BREAK:
  case STMT_CONTINUE:
  case STMT_RETURN:
  case STMT_ASSERT:
  case STMT_SYNC: break;
  }
  s->all.data[k].first_list = first;
  s->all.data[k].n_lists = (uint32_t)s->lists.n - first;
  return is_good;
}

bool steps_make(steps *s, const program *p, const prog_entry *entry, arena *memory)
{
  uint32_t n_items = entry->body.n_variables + N_EXTRAS;
  *s = (steps){.p = p, .entry = entry, .memory = memory, .n_items = n_items, .n_words = (n_items + 63) / 64};
  bool is_good = add_list(s, entry->body.body, NO_STEP);
  for (uint32_t k = 0; k < s->all.n && is_good; k++) {
    is_good = add_blocks(s, k);
  }
  memory->failed = memory->failed || !is_good;
  return is_good;
}

void steps_free(steps *s)
{
  if (s->memory != NULL) {
    vec_free(&s->memory->allocator, &s->all);
    vec_free(&s->memory->allocator, &s->lists);
  }
}

/* ---- items ---- */

item_word *items_none(const steps *s)
{
  return arena_array(s->memory, item_word, s->n_words);
}

enum { STRIDE = 16 }; /* words: sets of large programs are mostly empty, and looked at for each step */

/* The first word from `word` on that is not empty, or n_words. */
static uint32_t next_word(const steps *s, const item_word *set, uint32_t word)
{
  static const item_word nothing[STRIDE];
  while (word + STRIDE <= s->n_words && memcmp(set + word, nothing, sizeof nothing) == 0) {
    word += STRIDE;
  }
  while (word < s->n_words && set[word] == 0) {
    word++;
  }
  return word;
}

uint32_t item_next(const steps *s, const item_word *set, uint32_t item)
{
  while (item < s->n_items && !item_is_in(set, item)) {
    item = set[item / 64] >> (item % 64) == 0 ? next_word(s, set, item / 64 + 1) * 64 : item + 1;
  }
  return item < s->n_items ? item : s->n_items;
}

item_list items_list(const steps *s, const item_word *set, uint32_t most)
{
  item_list list = {0, NULL};
  for (uint32_t k = item_next(s, set, 0); list.n < most && k < s->n_items; k = item_next(s, set, k + 1)) {
    list.n++;
  }
  list.at = arena_array(s->memory, uint32_t, list.n);
  uint32_t n = 0;
  for (uint32_t k = item_next(s, set, 0); list.at != NULL && n < list.n; k = item_next(s, set, k + 1)) {
    list.at[n++] = k;
  }
  list.n = n;
  return list;
}
