"""Makes numpy_pcg64.txt: what NumPy's Generator(PCG64(SeedSequence(seed))), the generator of Gymnasium, draws.

Run from anywhere; the file is kept in the repository, so that no test needs NumPy.
tests/cpp/engine/gymnasium_random_test.cc reads it.
"""

from pathlib import Path

import numpy

SEEDS = [
    0,
    1,
    2,
    42,
    123,
    20261121,
    2**31 - 1,
    2**32 - 1,
    2**32,
    2**32 + 1,
    0x0123456789ABCDEF,
    2**63 - 1,
    2**63,
    2**64 - 1,
]
RANGES = [(-0.05, 0.05), (-0.6, -0.4), (-1.0, 8.0), (-1e300, 1e300), (3.0, 3.0)]
HEAD = f"""\
# What numpy.random.Generator(PCG64(SeedSequence(seed))) of NumPy {numpy.__version__} draws (make_numpy_pcg64.py).
# state      seed, then state and increment after seeding, high and low half of each
# raw        seed, then the first 16 of random_raw()
# random     seed, then the first 8 of random()
# uniform    seed, low, high, then the first 4 of uniform(low, high)
# mixed      seed, then random(), random_raw(), uniform(-1, 1), random_raw() from one generator
# far        seed, then random_raw() after 100,000 others
# Integers are hexadecimal, and so are the floating-point numbers.
"""


def generator(seed: int) -> numpy.random.Generator:
    return numpy.random.Generator(numpy.random.PCG64(numpy.random.SeedSequence(seed)))


def raw(random: numpy.random.Generator) -> str:
    return f"{int(random.bit_generator.random_raw()):x}"


def halves(number: int) -> str:
    return f"{number >> 64:x} {number & (2**64 - 1):x}"


def lines(seed: int) -> list[str]:
    state = numpy.random.PCG64(numpy.random.SeedSequence(seed)).state["state"]
    random = generator(seed)
    mixed = [random.random().hex(), raw(random), random.uniform(-1, 1).hex(), raw(random)]
    made = [
        f"state {seed:x} {halves(state['state'])} {halves(state['inc'])}",
        " ".join([f"raw {seed:x}", *(f"{int(bits):x}" for bits in generator(seed).bit_generator.random_raw(16))]),
        " ".join([f"random {seed:x}", *(float(number).hex() for number in generator(seed).random(8))]),
        " ".join([f"mixed {seed:x}", *mixed]),
    ]
    for low, high in RANGES:
        numbers = generator(seed).uniform(low, high, size=4)
        made.append(" ".join([f"uniform {seed:x} {low.hex()} {high.hex()}", *(float(n).hex() for n in numbers)]))
    random = generator(seed)
    random.bit_generator.random_raw(100_000)
    return [*made, f"far {seed:x} {raw(random)}"]


if __name__ == "__main__":
    text = HEAD + "".join(line + "\n" for seed in SEEDS for line in lines(seed))
    (Path(__file__).parent / "numpy_pcg64.txt").write_text(text)
