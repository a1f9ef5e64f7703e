#!/usr/bin/env python3
"""sha256.py [-n N]: what examples/sha256.tg must give, as JSON, by hashlib.

Input: the option. Output: the number from 0 to N-1 whose digest of b"throng: " and its eight bytes has the least first word.
"""
import argparse
import hashlib
import json


def first_word(number):
    return int.from_bytes(hashlib.sha256(b"throng: " + number.to_bytes(8, "big")).digest()[:4], "big")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("-n", type=int, default=10000)
    words = [first_word(i) for i in range(options.parse_args().n)]
    least = min(words)
    print(json.dumps({"bits": 32 - least.bit_length(), "number": words.index(least), "digest": least, "total": sum(words)}))


if __name__ == "__main__":
    main()
