"""No order of destruction, thread, fork or interpreter exit breaks a loan: each program here is its own process."""

import pytest
from children import run

# What a program lends: memory of the engine, and memory whose owner is a NumPy array.
OWNERS = {
    "engine": "def make():\n    return penstock.arange(1000)",
    "numpy": "def make():\n    return penstock.from_numpy(numpy.arange(1000))",
}
START = """
import gc, os, sys, threading, weakref
import numpy, penstock, torch
{make}
def live():
    gc.collect()
    penstock.zeros(1).__dlpack__()  # an entry into the extension, which gives owners back
    return penstock.memory_stats()._replace(peak_bytes=0)
before = live()
def check(*held):
    # held still has its numbers, while the memory behind it would be asked for again
    others = [bytearray(8000) for _ in range(20)]
    for array in held:
        assert numpy.array_equal(numpy.from_dlpack(array), numpy.arange(1000)[-len(array):])
"""


@pytest.fixture(params=OWNERS)
def start(request: pytest.FixtureRequest) -> str:
    """The first lines of a program, with make() for memory of each kind of owner."""
    return START.format(make=OWNERS[request.param])


def test_unconsumed_capsules_leave_nothing(start: str) -> None:
    program = """
for _ in range(1000):
    make().__dlpack__(), make().__dlpack__(max_version=(1, 0))
    capsule = make()[1:].__dlpack__()
check(torch.from_dlpack(capsule))
del capsule
assert live() == before, (live(), before)
"""
    run(start + program)


@pytest.mark.parametrize("order", ["parent, capsule, view", "capsule, view, parent", "view, parent, capsule"])
def test_holds_may_go_in_any_order(start: str, order: str) -> None:
    program = f"""
parent = make()
capsule = parent[1:].__dlpack__()
view = torch.from_dlpack(parent[2:])
for name in {order!r}.split(", "):
    del globals()[name]
    if "view" in globals():
        check(view)
assert live() == before, (live(), before)
"""
    run(start + program)


@pytest.mark.parametrize("consumer", ["torch", "numpy"])
def test_a_consumer_outlives_the_parent(start: str, consumer: str) -> None:
    program = f"""
taken = {consumer}.from_dlpack(make())
check(taken)
del taken
assert live() == before, (live(), before)
"""
    run(start + program)


def test_the_last_hold_goes_on_another_thread(start: str) -> None:
    program = """
held = [torch.from_dlpack(make()) for _ in range(100)]
check(*held)
thread = threading.Thread(target=held.clear)
thread.start()
thread.join()
assert live() == before, (live(), before)
"""
    run(start + program)


# pthread_create calls the deleter itself: a thread that Python does not know, without the GIL.
def test_the_last_hold_goes_on_a_thread_of_cpp(start: str) -> None:
    program = """
import ctypes
DELETER = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
capsules = ctypes.PyDLL(None)
capsules.PyCapsule_GetPointer.restype = ctypes.c_void_p
capsules.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
capsules.PyCapsule_SetName.argtypes = [ctypes.py_object, ctypes.c_char_p]
used = b"used_dltensor"
capsule = make().__dlpack__()
managed = capsules.PyCapsule_GetPointer(capsule, b"dltensor")
capsules.PyCapsule_SetName(capsule, used)
deleter = ctypes.c_void_p.from_address(managed + 56).value
numbers = (ctypes.c_int64 * 1000).from_address(ctypes.c_void_p.from_address(managed).value)
others = [bytearray(8000) for _ in range(20)]
assert list(numbers) == list(range(1000))
libc = ctypes.CDLL(None)  # calls made through it hold no GIL
thread = ctypes.c_ulong()
assert libc.pthread_create(ctypes.byref(thread), None, ctypes.c_void_p(deleter), ctypes.c_void_p(managed)) == 0
assert libc.pthread_join(thread, None) == 0
assert live() == before, (live(), before)
"""
    run(start + program)


def test_pending_owners_are_given_back_without_an_entry() -> None:
    program = (
        START.format(make=OWNERS["numpy"])
        + """
array = numpy.arange(3)
gone = threading.Event()
weakref.finalize(array, gone.set)
held = [torch.from_dlpack(penstock.from_numpy(array))]
del array
assert held[0].tolist() == [0, 1, 2] and not gone.is_set()
thread = threading.Thread(target=held.clear)
thread.start()
thread.join()
for _ in range(1000):
    if gone.wait(0.01): break
assert gone.is_set()
"""
    )
    run(program)


@pytest.mark.parametrize("holder", ["torch.from_dlpack(make())", "numpy.from_dlpack(make())", "make()",
                                    "make().__dlpack__()", "memoryview(make())"])  # fmt: skip
def test_the_interpreter_ends_while_something_is_held(start: str, holder: str) -> None:
    program = f"""
import builtins
held = {holder}
sys.held, builtins.held = held, [{holder}]
if not "__dlpack__" in {holder!r}:
    check(torch.frombuffer(held, dtype=torch.int64) if isinstance(held, memoryview) else held)
"""
    run(start + program)


# NumPy as the consumer: torch ends the process when a daemon thread of its own is cut off, penstock or not.
def test_the_interpreter_ends_while_a_daemon_thread_exchanges(start: str) -> None:
    program = """
def work():
    while True:
        check(numpy.from_dlpack(make()))
for _ in range(2):
    threading.Thread(target=work, daemon=True).start()
import time
time.sleep(0.2)
"""
    run(start + program)


def test_a_hold_kept_by_an_atexit_function_goes_after_ours(start: str) -> None:
    early = "import atexit\nheld = []\natexit.register(lambda: (check(*held), held.clear()))\n"
    run(early + start + "held.append(torch.from_dlpack(make()))\n")


def test_a_forked_child_lets_go_of_what_it_holds(start: str) -> None:
    program = """
held = [torch.from_dlpack(make()), make().__dlpack__(), make()]
child = os.fork()
if child == 0:
    check(held[0], held[2])
    held.clear()
    fine = live() == before
    sys.stdout.flush()
    os._exit(0 if fine else 3)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
check(held[0], held[2])
held.clear()
assert live() == before, (live(), before)
"""
    run(start + program)


def test_a_forked_child_ends_with_what_it_holds(start: str) -> None:
    program = """
held = [torch.from_dlpack(make()), make().__dlpack__(), make()]
child = os.fork()
check(held[0], held[2])
if child != 0:
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""
    run(start + program)


def test_what_borrows_an_array_keeps_it_and_lets_it_go() -> None:
    program = (
        START.format(make="")
        + """
array = numpy.arange(1000)
references = sys.getrefcount(array)
for borrow in (penstock.from_dlpack, penstock.from_numpy):
    views = [borrow(array)[index:] for index in range(10)]
    assert sys.getrefcount(array) > references
    views.clear()
    assert live() == before
    assert sys.getrefcount(array) == references
"""
    )
    run(program)


@pytest.mark.parametrize("order", ["torch, penstock", "penstock, torch"])
def test_torch_may_be_imported_before_or_after(order: str) -> None:
    program = f"""
import {order}
taken = torch.from_dlpack(penstock.arange(3))
borrowed = penstock.from_dlpack(torch.arange(3))
assert taken.tolist() == borrowed.tolist()
"""
    run(program)


def test_torch_imported_after_penstock_is_known_for_its_conjugate_views() -> None:
    program = """
import numpy, penstock
penstock.from_dlpack(numpy.arange(3))
import torch
try:
    penstock.from_dlpack(torch.zeros(3, dtype=torch.complex64).conj())
except BufferError:
    print("refused")
"""
    assert run(program) == "refused\n"


# A million exchanges, half of them dropped unconsumed, on four threads at once.
def test_a_million_exchanges_leave_memory_as_it_was(start: str) -> None:
    program = """
import resource
def exchange(rounds):
    tensor, lent = make(), torch.arange(10)
    for number in range(rounds):
        tensor.__dlpack__(), tensor.__dlpack__(max_version=(1, 0))
        make().__dlpack__(), lent.__dlpack__(), tensor.__dlpack__(copy=True)
        torch.from_dlpack(tensor), numpy.from_dlpack(tensor), penstock.from_dlpack(lent), tensor.to_torch()
        penstock.from_dlpack(numpy.from_dlpack(make()))
def exchange_on_threads(rounds):
    threads = [threading.Thread(target=exchange, args=(rounds // 4,)) for _ in range(4)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
def resident():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()
exchange_on_threads(10_000)
resident_before = resident()
exchange_on_threads(90_000)
assert live() == before, (live(), before)
assert resident() - resident_before < 2**20, resident() - resident_before
"""
    run(start + program)
