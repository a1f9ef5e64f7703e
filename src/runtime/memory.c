/* memory.c: workspaces and buffers. Both are plain host memory as long as every back-end runs on the host. */
#include "runtime/kernel.h"

#include <string.h>

/* ---- workspaces ---- */

enum { WORKSPACE_ALIGN = 64 };

tg_status tg_workspace_create(tg_context *context, size_t bytes, tg_workspace **out)
{
  const tg_allocator *a = &context->allocator;
  *out = NULL;
  if (bytes > SIZE_MAX - sizeof(tg_workspace) - WORKSPACE_ALIGN) {
    return TG_LIMIT;
  }
  size_t total = sizeof(tg_workspace) + WORKSPACE_ALIGN + bytes;
  tg_workspace *workspace = a->resize(a->self, NULL, 0, total);
  if (workspace == NULL) {
    return TG_NOMEM;
  }
  uintptr_t start = (uintptr_t)(workspace + 1);
  workspace->context = context;
  workspace->bytes = bytes;
  workspace->data = (unsigned char *)(workspace + 1) + (0 - start) % WORKSPACE_ALIGN;
  *out = workspace;
  return TG_OK;
}

void tg_workspace_destroy(tg_workspace *workspace)
{
  if (workspace != NULL) {
    size_t total = sizeof *workspace + WORKSPACE_ALIGN + workspace->bytes;
    alloc_free(&workspace->context->allocator, workspace, 1, total);
  }
}

/* ---- buffers ---- */

static tg_status new_buffer(tg_context *context, tg_buffer **out)
{
  *out = alloc_zeroed(&context->allocator, 1, sizeof **out);
  if (*out == NULL) {
    return TG_NOMEM;
  }
  (*out)->context = context;
  return TG_OK;
}

tg_status tg_buffer_create(tg_context *context, size_t bytes, tg_buffer **out)
{
  tg_buffer *buffer;
  *out = NULL;
  TG_TRY(new_buffer(context, &buffer));
  buffer->bytes = bytes;
  if (bytes > 0) {
    buffer->data = alloc_zeroed(&context->allocator, bytes, 1);
    if (buffer->data == NULL) {
      buffer->bytes = 0;
      tg_buffer_destroy(buffer);
      return TG_NOMEM;
    }
  }
  *out = buffer;
  return TG_OK;
}

tg_status tg_buffer_wrap(tg_context *context, void *data, size_t bytes, tg_buffer **out)
{
  *out = NULL;
  if (data == NULL && bytes > 0) {
    return TG_ARGUMENT;
  }
  TG_TRY(new_buffer(context, out));
  (*out)->data = data;
  (*out)->bytes = bytes;
  (*out)->is_wrapped = true;
  return TG_OK;
}

void tg_buffer_destroy(tg_buffer *buffer)
{
  if (buffer == NULL) {
    return;
  }
  const tg_allocator *a = &buffer->context->allocator;
  if (!buffer->is_wrapped) {
    alloc_free(a, buffer->data, buffer->bytes, 1);
  }
  alloc_free(a, buffer, 1, sizeof *buffer);
}

size_t tg_buffer_bytes(const tg_buffer *buffer)
{
  return buffer->bytes;
}

static tg_status check_range(const tg_buffer *buffer, size_t offset, size_t bytes, tg_error *error)
{
  if (offset > buffer->bytes || bytes > buffer->bytes - offset) {
    return error_set(error, TG_BOUNDS, "%zu bytes at offset %zu do not lie in a buffer of %zu bytes", bytes, offset,
                     buffer->bytes);
  }
  return TG_OK;
}

tg_status tg_buffer_read(tg_buffer *buffer, size_t offset, void *to, size_t bytes, tg_error *error)
{
  TG_TRY(check_range(buffer, offset, bytes, error));
  if (bytes > 0) {
    memcpy(to, buffer->data + offset, bytes);
  }
  return TG_OK;
}

tg_status tg_buffer_write(tg_buffer *buffer, size_t offset, const void *from, size_t bytes, tg_error *error)
{
  TG_TRY(check_range(buffer, offset, bytes, error));
  if (bytes > 0) {
    memcpy(buffer->data + offset, from, bytes);
  }
  return TG_OK;
}

tg_status tg_buffer_map(tg_buffer *buffer, void **data, tg_error *error)
{
  *data = NULL;
  if (buffer->is_mapped) {
    return error_set(error, TG_ARGUMENT, "the buffer is mapped already");
  }
  buffer->is_mapped = true;
  *data = buffer->data;
  return TG_OK;
}

void tg_buffer_unmap(tg_buffer *buffer)
{
  buffer->is_mapped = false;
}
