"""Deterministic pseudo-English, made by a small grammar: text to train on that belongs to nobody.

Pure Python, so that a test can make the same bytes without PyTorch or NumPy.
"""

from __future__ import annotations

from collections.abc import Sequence

_NOUNS = (
    "river",
    "mill",
    "lantern",
    "ferry",
    "orchard",
    "harbour",
    "miller",
    "baker",
    "lamp",
    "tower",
    "bridge",
    "kettle",
    "garden",
    "meadow",
    "winter",
    "morning",
    "letter",
    "window",
    "stone",
    "wagon",
    "sailor",
    "clock",
    "market",
    "well",
)
_ADJECTIVES = (
    "old",
    "quiet",
    "bright",
    "narrow",
    "heavy",
    "little",
    "green",
    "cold",
    "distant",
    "patient",
    "broken",
    "high",
)
_VERBS = (
    "watched",
    "carried",
    "followed",
    "found",
    "mended",
    "left",
    "remembered",
    "painted",
    "passed",
    "counted",
)
_PLACES = ("by", "under", "behind", "beyond", "near", "above")
_NAMES = ("Anna", "Tomas", "Ilse", "Peter", "Marta", "Jonas")
_WHEN = ("In the evening", "At noon", "Every spring", "Long ago", "After the rain", "At last")


class SplitMix64:
    """Steele, Lea and Flood's generator of 64-bit numbers: a counter and a hash of it."""

    _MASK = (1 << 64) - 1

    def __init__(self, seed: int) -> None:
        self.state = seed & self._MASK

    def next(self) -> int:
        """The next number in [0, 2^64)."""
        self.state = (self.state + 0x9E3779B97F4A7C15) & self._MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & self._MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & self._MASK
        return z ^ (z >> 31)

    def below(self, bound: int) -> int:
        """A number in [0, bound), for bounds far below 2^64."""
        return self.next() % bound

    def choice(self, items: Sequence[str]) -> str:
        """One of the items."""
        return items[self.below(len(items))]


def _noun_phrase(random: SplitMix64) -> str:
    if random.below(5) == 0:
        return random.choice(_NAMES)
    adjective = f"{random.choice(_ADJECTIVES)} " if random.below(2) else ""
    return f"{random.choice(('the', 'the', 'a', 'her'))} {adjective}{random.choice(_NOUNS)}"


def _sentence(random: SplitMix64) -> str:
    clause = f"{_noun_phrase(random)} {random.choice(_VERBS)} {_noun_phrase(random)}"
    if random.below(2):
        clause += f" {random.choice(_PLACES)} the {random.choice(_NOUNS)}"
    if random.below(4) == 0:
        clause = f"{random.choice(_WHEN)}, {clause}"
    if random.below(5) == 0:
        clause += f", and {_noun_phrase(random)} {random.choice(_VERBS)} nothing"
    return clause[0].upper() + clause[1:] + random.choice((".", ".", ".", "!"))


def make_text(size: int, seed: int = 1) -> bytes:
    """The first `size` bytes of an endless story in ASCII, a paragraph a line."""
    random = SplitMix64(seed)
    text = ""
    while len(text) < size:
        text += " ".join(_sentence(random) for _ in range(3 + random.below(4))) + "\n"
    return text[:size].encode("ascii")
