"""Where a text stops, whatever pieces it comes in."""

from hypothesis import given
from hypothesis import strategies as st
from ternary._generation import StopFilter

LETTERS = st.text("ab\u00e9", max_size=12)
STOPS = st.lists(st.text("ab\u00e9", min_size=1, max_size=4), max_size=3)


def cut(text: str, stops: list[str]) -> tuple[str, bool]:
    """By definition: before the stop text that is complete first."""
    for end in range(len(text) + 1):
        starts = [end - len(stop) for stop in stops if text[:end].endswith(stop)]
        if starts:
            return text[: min(starts)], True
    return text, False


@given(pieces=st.lists(LETTERS, max_size=6), stops=STOPS)
def test_stops_where_it_should(pieces, stops):
    filter = StopFilter(stops)
    passed = ""
    for piece in pieces:
        passed += filter.feed(piece)
        if filter.found:
            break
    if not filter.found:
        passed += filter.finish()
    assert (passed, filter.found) == cut("".join(pieces), stops)


@given(text=LETTERS, stops=STOPS)
def test_holds_back_no_more_than_it_must(text, stops):
    filter = StopFilter(stops)
    passed = filter.feed(text)
    if not filter.found:
        held = text[len(passed) :]
        assert held == "" or any(stop.startswith(held) for stop in stops)
