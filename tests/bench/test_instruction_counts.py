"""No exchange and no step of worlds executes more of penstock's instructions than it did: what no time can show."""

import instructions
import pytest

# Counted in a release build by GCC 12.  When one has become less, put the lower number here: it is what is held.
HELD = {
    "a capsule that nobody takes": 436,
    "lent to NumPy": 469,
    "lent to NumPy as a buffer": 293,
    "lent through the C table": 248,
    "borrowed from NumPy": 1442,
    "lent and borrowed through the C table": 1569,
    "a step of 4096 worlds of CartPole": 439_921,
}
HEADROOM = 1.25  # another compiler's code may be so much longer


@pytest.mark.parametrize("name", instructions.STATEMENTS)
def test_a_statement_stays_as_short_as_it_was(name: str) -> None:
    counted = instructions.count(instructions.STATEMENTS[name])
    assert 0 < counted <= HEADROOM * HELD[name]
