"""Tuning of glibc's malloc for a server that allocates arrays of the same sizes again and again."""

import ctypes

MMAP_THRESHOLD, TRIM_THRESHOLD, ARENA_MAX = -3, -1, -8  # as in glibc's malloc.h


def reuse_memory(size: int) -> None:
    """Reuse the memory of freed arrays of up to `size` bytes, where the C library is glibc.

    By default it returns the memory of large arrays to the system, and each new one is paged in
    afresh, which takes half of the time of a picture's preprocessing.  At most twice
    `size` is retained, and all threads share it.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    mallopt(MMAP_THRESHOLD, size)
    mallopt(TRIM_THRESHOLD, min(2 * size, (1 << 31) - 1))
    mallopt(ARENA_MAX, 1)
