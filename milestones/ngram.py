"""The best that counting can do: what a language model has to beat."""

import math
from collections import Counter


def ngram_bits(n: int, learned: str, held_out: str) -> float:
    """Bits per character of `held_out` by an interpolated n-gram model with the counts of `learned`.

    Absolute discounting, and for shorter contexts the number of different contexts in place of counts: Reinhard Kneser
    and Hermann Ney, "Improved backing-off for m-gram language modeling", 1995.
    """
    grams = [Counter(learned[i : i + k] for i in range(len(learned) - k + 1)) for k in range(1, n + 1)]
    counts = [Counter(gram[1:] for gram in longer) for longer in grams[1:]] + grams[-1:]
    totals, kinds, discounts = [], [], []
    for table in counts:
        total = Counter()
        for gram, count in table.items():
            total[gram[:-1]] += count
        totals.append(total)
        kinds.append(Counter(gram[:-1] for gram in table))
        once, twice = (sum(count == times for count in table.values()) for times in (1, 2))
        discounts.append(once / (once + 2 * twice) if once else 0.5)
    alphabet, bits = len(set(learned + held_out)), 0.0
    for i in range(len(held_out)):
        p = 1 / alphabet
        for k in range(min(n, i + 1)):
            gram = held_out[i - k : i + 1]
            if seen := totals[k][gram[:-1]]:
                p = (max(counts[k][gram] - discounts[k], 0) + discounts[k] * kinds[k][gram[:-1]] * p) / seen
        bits -= math.log2(p)
    return bits / len(held_out)
