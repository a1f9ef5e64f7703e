"""philox.py: the random words of instances, as docs/language.md (chapter 7) numbers them, in NumPy.

Input: a seed and instance numbers. Output: arrays of u32 words, u64 pairs and floats. The idea: it shares no code with
Throng, and its own test is the published answers in tests/lang/oracle/philox.txt.
"""
import numpy as np

M0, M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
W0, W1 = 0x9E3779B9, 0xBB67AE85
LOW = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)


def philox4x32(counter, key, rounds=10):
    """Four arrays of words, as u64, from four arrays of counter words and two key words."""
    c0, c1, c2, c3 = (np.asarray(c, dtype=np.uint64) for c in counter)
    k0, k1 = key
    for _ in range(rounds):
        a, b = c0 * M0, c2 * M1
        c0, c1, c2, c3 = (b >> HALF) ^ c1 ^ np.uint64(k0), b & LOW, (a >> HALF) ^ c3 ^ np.uint64(k1), a & LOW
        k0, k1 = (k0 + W0) & 0xFFFFFFFF, (k1 + W1) & 0xFFFFFFFF
    return c0, c1, c2, c3


def words(seed, ids, first, count):
    """Words first .. first+count-1 of each instance: an array of u32 with a row for each word."""
    ids = np.asarray(ids, dtype=np.uint64)
    key = (seed & 0xFFFFFFFF, seed >> 32 & 0xFFFFFFFF)
    rows = []
    for block in range(first // 4, (first + count + 3) // 4):
        low, high = np.full(ids.shape, block & 0xFFFFFFFF, np.uint64), np.full(ids.shape, block >> 32, np.uint64)
        rows += philox4x32((low, high, ids & LOW, ids >> HALF), key)
    skip = first % 4
    return np.array(rows[skip:skip + count]).astype(np.uint32)


def uniform_f64(pair):
    """What uniform_f64() makes of two words, rows 0 and 1 of an array."""
    wide = pair[0].astype(np.uint64) | (pair[1].astype(np.uint64) << HALF)
    return (wide >> np.uint64(11)).astype(np.float64) * 2.0**-53
