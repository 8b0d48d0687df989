"""Python's garbage collector in a process that lives long and makes many rows at a time."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

YOUNG_OBJECTS = 20_000  # Python's own 700 makes it look 30 times for the rows of one unit


@contextmanager
def settled_collector() -> Iterator[None]:
    """Until the end of the block, never look again at what exists now: modules, models, tables, SDK descriptions.

    A full collection looks at each of some 200,000 objects and frees none of them; it took a third of a sync's time.
    At the end they are given back, because extensions complain about what nobody freed.
    """
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
