"""The C library's memory, kept for the arrays to come."""

import ctypes

MMAP_THRESHOLD, TRIM_THRESHOLD, ARENA_MAX = -3, -1, -8  # as in glibc's malloc.h


def keep_memory(size: int) -> None:
    """Keep the memory of arrays of up to `size` bytes that are gone, where the C library is glibc.

    Left alone it hands the memory of big arrays back to the system, and each new one is paged in
    afresh, which takes half of the time of a picture's preprocessing.  At most twice
    `size` is kept, and all threads share it.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    mallopt(MMAP_THRESHOLD, size)
    mallopt(TRIM_THRESHOLD, min(2 * size, (1 << 31) - 1))
    mallopt(ARENA_MAX, 1)
