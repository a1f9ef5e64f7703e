/* npy.c: the .npy format. In: the bytes of a file. Out: a column that looks into those bytes.
 *
 * A file is "\x93NUMPY", a version, the length of a header and the header: a Python dictionary with the dtype, the
 * order of the dimensions and the shape. The elements follow. NumPy documents it in numpy.lib.format. Lanes have one
 * dimension, so an array of more is taken in the order of its elements in the file, and C or Fortran order is the same
 * to us. NumPy has no bf16; the packages that add it write its elements as raw bytes, '<V2', so that is what bf16 is.
 */
#include "io/npy.h"

#include "base/error.h"

#include <inttypes.h>
#include <string.h>

/* The dtype of each mode. */
static const char dtypes[TG_MODE_COUNT][4] = {
    [TG_MODE_BOOL] = "|b1",  [TG_MODE_I8] = "|i1",    [TG_MODE_I16] = "<i2",    [TG_MODE_I32] = "<i4",
    [TG_MODE_I64] = "<i8",   [TG_MODE_U8] = "|u1",    [TG_MODE_U16] = "<u2",    [TG_MODE_U32] = "<u4",
    [TG_MODE_U64] = "<u8",   [TG_MODE_F32] = "<f4",   [TG_MODE_F64] = "<f8",    [TG_MODE_F16] = "<f2",
    [TG_MODE_BF16] = "<V2",  [TG_MODE_I16BE] = ">i2", [TG_MODE_I32BE] = ">i4",  [TG_MODE_I64BE] = ">i8",
    [TG_MODE_U16BE] = ">u2", [TG_MODE_U32BE] = ">u4", [TG_MODE_U64BE] = ">u8",  [TG_MODE_F32BE] = ">f4",
    [TG_MODE_F64BE] = ">f8", [TG_MODE_F16BE] = ">f2", [TG_MODE_BF16BE] = "<V2",
};

static const char magic[6] = {'\x93', 'N', 'U', 'M', 'P', 'Y'};

bool npy_is_npy(const unsigned char *bytes, size_t n)
{
  return n >= sizeof magic && memcmp(bytes, magic, sizeof magic) == 0;
}

/* ---- the header's dictionary ---- */

/* The text of the header that is not yet read. */
typedef struct scanner {
  const char *at, *end;
} scanner;

static void skip_space(scanner *s)
{
  while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' || *s->at == '\n' || *s->at == '\r')) s->at++;
}

static bool take(scanner *s, char c)
{
  skip_space(s);
  if (s->at == s->end || *s->at != c) return false;
  s->at++;
  return true;
}

/* A string without escapes: no dtype or key has any. */
static bool take_string(scanner *s, const char **text, size_t *n)
{
  skip_space(s);
  if (s->at == s->end || (*s->at != '\'' && *s->at != '"')) return false;
  const char *close = memchr(s->at + 1, *s->at, (size_t)(s->end - s->at - 1));
  if (!close) return false;
  *text = s->at + 1;
  *n = (size_t)(close - *text);
  s->at = close + 1;
  return true;
}

static bool take_word(scanner *s, const char *word)
{
  size_t n = strlen(word);
  skip_space(s);
  if ((size_t)(s->end - s->at) < n || memcmp(s->at, word, n) != 0) return false;
  s->at += n;
  return true;
}

static bool is_digit(const scanner *s)
{
  return s->at < s->end && *s->at >= '0' && *s->at <= '9';
}

/* False if there is no number; a number that is too large becomes SIZE_MAX. */
static bool take_size(scanner *s, size_t *out)
{
  size_t value = 0;
  skip_space(s);
  if (!is_digit(s)) return false;
  for (; is_digit(s); s->at++) {
    size_t digit = (size_t)(*s->at - '0');
    value = value > (SIZE_MAX - digit) / 10 ? SIZE_MAX : value * 10 + digit;
  }
  if (s->at < s->end && *s->at == 'L') s->at++; /* as Python 2 wrote large numbers */
  *out = value;
  return true;
}

static tg_status malformed(tg_error *error, const char *what)
{
  error_set(error, TG_FORMAT, "is no valid .npy file: %s", what);
  error_hint(error, "write it again with numpy.save");
  return TG_FORMAT;
}

static tg_status read_descr(scanner *s, npy_header *out, tg_error *error)
{
  const char *text;
  size_t n;
  if (take(s, '[')) {
    error_set(error, TG_FORMAT, "is an array of records, which have no single type");
    error_hint(error, "save one field of it: numpy.save(path, array['field'])");
    return TG_FORMAT;
  }
  if (!take_string(s, &text, &n)) return malformed(error, "'descr' in its header is no dtype");
  scanner number = {text + 2, text + n};
  if (n < 3 || !strchr("<>|=", text[0]) || !text[0] || !take_size(&number, &out->bytes) || number.at != number.end) {
    error_set(error, TG_FORMAT, "has dtype '%.*s', which is no bool, integer or float", n < 40 ? (int)n : 40, text);
    error_hint(error, "convert it in Python: numpy.save(path, array.astype('<f8'))");
    return TG_FORMAT;
  }
  out->order = text[0];
  out->kind = text[1];
  return TG_OK;
}

static tg_status read_shape(scanner *s, npy_header *out, tg_error *error)
{
  if (!take(s, '(')) return malformed(error, "'shape' in its header is no tuple");
  bool is_empty = false, is_large = false;
  out->n = 1;
  out->n_dims = 0;
  while (!take(s, ')')) {
    size_t length;
    if (!take_size(s, &length)) return malformed(error, "a length in its shape is no number of elements");
    is_empty |= length == 0;
    is_large |= length != 0 && out->n > SIZE_MAX / length;
    if (length != 0 && !is_large) out->n *= length;
    out->n_dims++;
    skip_space(s);
    if (!take(s, ',') && (s->at == s->end || *s->at != ')')) return malformed(error, "its shape is not closed");
  }
  if (is_empty) out->n = 0;
  return is_large && !is_empty ? malformed(error, "its shape has more elements than memory has bytes") : TG_OK;
}

/* One `key: value`; *seen collects which keys were there. */
static tg_status read_entry(scanner *s, npy_header *out, unsigned *seen, tg_error *error)
{
  static const char *const keys[] = {"descr", "fortran_order", "shape"};
  const char *key;
  size_t n, k = 0;
  if (!take_string(s, &key, &n) || !take(s, ':')) return malformed(error, "its header is no dictionary");
  while (k < 3 && (strlen(keys[k]) != n || memcmp(key, keys[k], n) != 0)) k++;
  if (k == 3 || (*seen & 1u << k)) return malformed(error, "its header has a key too many");
  *seen |= 1u << k;
  if (k == 0) return read_descr(s, out, error);
  if (k == 2) return read_shape(s, out, error);
  if (take_word(s, "True") || take_word(s, "False")) return TG_OK;
  return malformed(error, "'fortran_order' in its header is neither True nor False");
}

static tg_status read_dictionary(scanner *s, npy_header *out, tg_error *error)
{
  unsigned seen = 0;
  if (!take(s, '{')) return malformed(error, "its header is no dictionary");
  while (!take(s, '}')) {
    TG_TRY(read_entry(s, out, &seen, error));
    skip_space(s);
    if (!take(s, ',') && (s->at == s->end || *s->at != '}')) return malformed(error, "its header is not closed");
  }
  skip_space(s);
  if (s->at != s->end) return malformed(error, "something follows the dictionary in its header");
  return seen == 7 ? TG_OK : malformed(error, "its header lacks 'descr', 'fortran_order' or 'shape'");
}

/* ---- reading ---- */

/* Finds the text of the header: its length has two bytes in version 1, four in 2 and 3. */
static tg_status find_dictionary(const unsigned char *bytes, size_t n, scanner *out, tg_error *error)
{
  if (!npy_is_npy(bytes, n)) return malformed(error, "it does not begin with \\x93NUMPY");
  unsigned version = n > 6 ? bytes[6] : 0;
  if (version < 1 || version > 3) return malformed(error, "its format version is not 1, 2 or 3");
  size_t start = version == 1 ? 10 : 12;
  if (n < start) return malformed(error, "it ends in its header");
  size_t length = bytes[8] | (size_t)bytes[9] << 8;
  if (version > 1) length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
  if (length > NPY_HEADER_MOST - start) return malformed(error, "its header is longer than 1 MiB");
  if (length > n - start) return malformed(error, "it ends in its header");
  *out = (scanner){(const char *)bytes + start, (const char *)bytes + start + length};
  return TG_OK;
}

tg_status npy_read_header(const unsigned char *bytes, size_t n, npy_header *out, tg_error *error)
{
  return npy_read_start(bytes, n, n, out, error);
}

tg_status npy_read_start(const unsigned char *bytes, size_t n, uint64_t n_file, npy_header *out, tg_error *error)
{
  scanner s;
  *out = (npy_header){0};
  TG_TRY(find_dictionary(bytes, n, &s, error));
  out->data_at = (size_t)(s.end - (const char *)bytes);
  TG_TRY(read_dictionary(&s, out, error));
  if (out->bytes == 0 || out->n > SIZE_MAX / out->bytes) return malformed(error, "its size is more than memory has");
  uint64_t expected = out->n * out->bytes, found = n_file - out->data_at;
  if (found == expected) return TG_OK;
  error_set(error, TG_FORMAT, "is no valid .npy file: it has %" PRIu64 " bytes of elements, its shape wants %" PRIu64,
            found, expected);
  error_hint(error, found < expected ? "it was cut off: copy or write it again" : "it may hold one array only");
  return TG_FORMAT;
}

/* The mode whose dtype is in the header, or TG_MODE_COUNT. */
static tg_mode mode_of(const npy_header *header)
{
  bool is_big = header->order == '>' || (header->order == '=' && column_host_is_big());
  for (int k = TG_MODE_COUNT - 1; k >= 0; k--) {
    const char *dtype = dtypes[k];
    bool same_order = dtype[0] == '|' || header->bytes == 1 || (dtype[0] == '>') == is_big;
    if (dtype[1] == header->kind && (size_t)(dtype[2] - '0') == header->bytes && same_order) {
      return k == TG_MODE_BF16BE ? TG_MODE_BF16 : (tg_mode)k;
    }
  }
  return TG_MODE_COUNT;
}

static bool is_dtype_of(const npy_header *header, tg_mode mode)
{
  return dtypes[mode][1] == header->kind && (size_t)(dtypes[mode][2] - '0') == header->bytes;
}

static tg_status refuse_dtype(const npy_header *header, tg_mode mode, tg_error *error)
{
  tg_mode found = mode_of(header);
  if (found == TG_MODE_COUNT) {
    error_set(error, TG_FORMAT, "has dtype '%c%c%zu', which Throng does not have; %s is wanted", header->order,
              header->kind, header->bytes, tg_mode_name(mode));
  } else {
    error_set(error, TG_FORMAT, "has dtype '%c%c%zu' (%s), but %s is wanted ('%s')", header->order, header->kind,
              header->bytes, tg_mode_name(found), tg_mode_name(mode), dtypes[mode]);
  }
  if (found != TG_MODE_COUNT && tg_mode_type(found) == tg_mode_type(mode)) {
    error_hint(error, "declare the operand as %s, which loads as %s", tg_mode_name(found),
               tg_type_name(tg_mode_type(found)));
  } else if (dtypes[mode][1] == 'V') {
    error_hint(error, "bf16 is read from '<V2': numpy.save(path, array.view('V2'))");
  } else {
    error_hint(error, "convert it in Python: numpy.save(path, array.astype('%s'))", dtypes[mode]);
  }
  return TG_FORMAT;
}

tg_status npy_check_mode(const npy_header *header, tg_mode mode, bool *is_reversed, tg_error *error)
{
  bool is_big = header->order == '>' || (header->order == '=' && column_host_is_big());
  *is_reversed = header->bytes > 1 && is_big != column_mode_is_big(mode);
  return is_dtype_of(header, mode) ? TG_OK : refuse_dtype(header, mode, error);
}

tg_status npy_read(file_bytes *file, tg_mode mode, column *out, tg_error *error)
{
  npy_header header;
  bool is_reversed;
  TG_TRY(npy_read_header(file->data, file->n, &header, error));
  TG_TRY(npy_check_mode(&header, mode, &is_reversed, error));
  *out = (column){mode, header.n, file->data + header.data_at, file->data};
  *file = (file_bytes){NULL, 0};
  if (is_reversed) column_swap(out);
  return TG_OK;
}

/* ---- writing ---- */

bool npy_is_reversed(tg_mode mode)
{
  return dtypes[mode][0] != '|' && (dtypes[mode][0] == '>') != column_mode_is_big(mode);
}

tg_status npy_write_header(file_out *out, tg_mode mode, size_t n, size_t width, tg_error *error)
{
  char header[128], row[32] = "";
  memcpy(header, magic, sizeof magic);
  memcpy(header + 6, "\1\0\166\0", 4); /* version 1.0; 118 bytes follow, so that the elements are aligned to 128 */
  if (width > 0) snprintf(row, sizeof row, " %zu", width);
  int length = snprintf(header + 10, sizeof header - 10, "{'descr': '%s', 'fortran_order': False, 'shape': (%zu,%s), }",
                        dtypes[mode], n, row);
  memset(header + 10 + length, ' ', sizeof header - 10 - (size_t)length);
  header[sizeof header - 1] = '\n';
  return file_write(out, header, sizeof header, error);
}
