"""Shows the engine's memory changing under a tensor of torch's, or an array of NumPy's where torch is not installed."""

import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import penstock

failures: list[str] = []


def show(what: str, seen: object) -> None:
    """Prints one thing that can be seen."""
    print(f"   {what:<28}{seen}")


def conclude(holds: bool, sentence: str) -> None:
    """Says what is to be seen above; a demo that shows something else has failed."""
    print(f"   -> {sentence}" if holds else f"   -> NOT SO: {sentence}")
    if not holds:
        failures.append(sentence)


def borrower() -> tuple[str, Any, Any]:
    """Who borrows: its name, its from_dlpack, and how to ask one of its arrays for its address."""
    if find_spec("torch"):
        torch = import_module("torch")
        return f"torch {torch.__version__}", torch.from_dlpack, torch.Tensor.data_ptr
    numpy = import_module("numpy")
    return f"NumPy {numpy.__version__} (torch is not installed)", numpy.from_dlpack, lambda array: array.ctypes.data


def main() -> int:
    """The demo; the status is 0 when all it says was so."""
    name, from_dlpack, address = borrower()
    print(f"penstock {penstock.__version__} lends memory to {name}.\n")
    at_start = penstock.memory_stats().live_bytes

    print("1. The engine makes a tensor, and the memory is lent.")
    tensor = penstock.zeros((2, 3))
    lent = from_dlpack(tensor)
    show("address in the engine", hex(tensor.data_ptr))
    show("address in the borrower", hex(address(lent)))
    conclude(tensor.data_ptr == address(lent), "The addresses are equal: nothing was copied.")

    print("\n2. The engine writes: tensor[0] = 7")
    tensor[0] = 7
    show("the borrower sees", lent.tolist())
    conclude(lent.tolist() == [[7, 7, 7], [0, 0, 0]], "The engine's memory changed under the borrower's array.")

    print("\n3. The borrower writes: lent[1] = 5")
    lent[1] = 5
    show("the engine sees", tensor.tolist())
    conclude(tensor.tolist() == [[7, 7, 7], [5, 5, 5]], "It works both ways: there is only one memory.")

    print("\n4. The engine's tensor is deleted; the borrower keeps its array.")
    del tensor
    show("the borrower sees", lent.tolist())
    show("bytes the engine holds", penstock.memory_stats().live_bytes - at_start)
    conclude(lent.tolist() == [[7, 7, 7], [5, 5, 5]], "The memory lives as long as somebody holds it: nothing dangles.")

    print("\n5. The borrower's array is deleted too.")
    del lent
    left = penstock.memory_stats().live_bytes - at_start
    show("bytes the engine holds", left)
    conclude(left == 0, "Whoever lets go last frees the memory: nothing leaks.")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
