"""Free time between appointments. Times are minutes after midnight."""


def free_slots(busy, start, end, least=15):
    """The free spans (begin, end) from `start` to `end` that last `least` minutes or more.

    `busy` holds spans in any order; they may overlap, touch, and reach over the day's ends.
    """
    free = []
    at = start
    for begin, finish in busy:
        if begin - at > least:
            free.append((at, begin))
        at = finish
    if end - at > least:
        free.append((at, end))
    return free


def clock(minutes):
    """600 as "10:00"."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
