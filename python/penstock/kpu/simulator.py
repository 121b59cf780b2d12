"""A simulated device."""

from __future__ import annotations

import os
from types import TracebackType
from typing import Any

from penstock._native import call, ffi, lib, struct, text
from penstock.base import made
from penstock.creation import as_tensor
from penstock.errors import InvalidArgumentError
from penstock.kpu.configuration import KpuConfig
from penstock.kpu.results import Measures, Results, read_counters, sum_of
from penstock.kpu.topologies import Topology, as_topology
from penstock.tensor import Tensor

__all__ = ["Memory", "Simulator"]

MEMORIES = {"main_memory": 0, "scratchpad": 1}


class Memory:
    """One of a device's memories: bytes at addresses from 0 on. Reading and writing take no time of the device.

    >>> import penstock.kpu as kpu
    >>> with kpu.Simulator(main_memory_size=1 << 20) as sim:
    ...     sim.main_memory.write(0x1000, b"penstock")
    ...     sim.main_memory.read(0x1000, 3), len(sim.main_memory)
    (b'pen', 1048576)

    IndexError (OutOfRangeError) for a range that is not inside, with its address and the memory's size.
    """

    def __init__(self, simulator: Simulator, name: str, size: int) -> None:
        self._simulator = simulator
        self._number = MEMORIES[name]
        self._size = size
        self._name = name

    def write(self, address: int, data: Any) -> None:
        """Writes bytes, or the elements of an array.

        >>> import penstock.kpu as kpu
        >>> with kpu.Simulator(main_memory_size=1 << 20) as sim:
        ...     sim.scratchpad.write(0, bytes([1, 2, 3]))
        """
        content = data if isinstance(data, bytes | bytearray | memoryview) else bytes_of(data)
        given = ffi.from_buffer(memoryview(content).cast("B") if isinstance(content, memoryview) else content)
        call(lib.ps_kpu_write, self._simulator.handle, self._number, address, given, len(given))

    def read(self, address: int, nbytes: int) -> bytes:
        r"""Reads bytes.

        >>> import penstock.kpu as kpu
        >>> with kpu.Simulator(main_memory_size=1 << 20) as sim:
        ...     sim.main_memory.read(16, 2)
        b'\x00\x00'
        """
        if not 0 <= nbytes <= self._size:  # what is sure to fail shall not allocate first
            call(lib.ps_kpu_read, ffi.new("char[1]"), self._simulator.handle, self._number, address, nbytes)
        room = ffi.new("char[]", max(nbytes, 1))
        call(lib.ps_kpu_read, room, self._simulator.handle, self._number, address, nbytes)
        return bytes(ffi.buffer(room, nbytes))

    def __len__(self) -> int:
        return self._size

    def __repr__(self) -> str:
        return f"Memory({self._name}, {self._size} bytes)"


def bytes_of(array: Any) -> bytes:
    """The elements of an array, row-major."""
    tensor = as_tensor(array)
    if tensor.nbytes == 0:
        return b""
    room = ffi.new("char[]", tensor.nbytes)
    call(lib.ps_tensor_to_data, room, tensor.nbytes, tensor)
    return bytes(ffi.buffer(room, tensor.nbytes))


class Simulator:
    """A KPU: products and convolutions with their values, networks and programs with their time.

    config is a KpuConfig or a preset's name; other values as KpuConfig takes them.

    >>> import penstock.kpu as kpu
    >>> with kpu.Simulator(rows=8, columns=8, dram="ideal") as sim:
    ...     c = sim.matmul([[1.0, 2.0], [3.0, 4.0]], [[5.0], [6.0]])
    ...     c.tolist(), sim.report().total.cycles
    ([[17.0], [39.0]], 24)

    One thread at a time may use a simulator. It ends with close(), or with the `with` block.
    """

    def __init__(self, config: KpuConfig | str | None = None, **values: object) -> None:
        base = KpuConfig(config or "default") if config is None or isinstance(config, str) else config
        self.config = base.replace(**values) if values else base
        out = ffi.new("ps_kpu **")
        call(lib.ps_kpu_create, out, self.config._handle)
        self._handle: Any = ffi.gc(out[0], lib.ps_kpu_release)
        self.main_memory_size = int(self.config.main_memory_size)
        self.scratchpad_size = int(self.config.scratchpad_size)
        self.main_memory = Memory(self, "main_memory", self.main_memory_size)
        self.scratchpad = Memory(self, "scratchpad", self.scratchpad_size)

    @property
    def handle(self) -> Any:
        """The ps_kpu; InvalidArgumentError once it is closed.

        >>> import penstock.kpu as kpu
        >>> kpu.Simulator(main_memory_size=1 << 20).handle is not None
        True
        """
        if self._handle is None:
            raise InvalidArgumentError("the simulator is closed")
        return self._handle

    def close(self) -> None:
        """Ends the simulator and frees its memories; a second call does nothing.

        >>> import penstock.kpu as kpu
        >>> kpu.Simulator(main_memory_size=1 << 20).close()
        """
        if self._handle is not None:
            ffi.release(self._handle)
            self._handle = None

    def __enter__(self) -> Simulator:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def matmul(self, a: Any, b: Any) -> Tensor:
        """The product of two matrices, exactly as the array computes it: float32 sums, or int32 for int8.

        a and b are arrays of one dtype: float32, float16, bfloat16, float8_e4m3fn, float8_e5m2 or int8.

        >>> import numpy, penstock.kpu as kpu
        >>> with kpu.Simulator(main_memory_size=1 << 20) as sim:
        ...     sim.matmul(numpy.int8([[2]]), numpy.int8([[-3]])).tolist()
        [[-6]]
        """
        return made(lib.ps_kpu_matmul, self.handle, as_operand(a), as_operand(b))

    def conv2d(self, images: Any, filters: Any, *, stride: int = 1, padding: int = 0, groups: int = 1) -> Tensor:
        """Convolves images (batch, channels, height, width) with filters (filters, channels / groups, height, width).

        >>> import numpy, penstock.kpu as kpu
        >>> with kpu.Simulator(main_memory_size=1 << 20) as sim:
        ...     sim.conv2d(numpy.ones((1, 1, 3, 3), "f4"), numpy.ones((1, 1, 2, 2), "f4")).tolist()
        [[[[4.0, 4.0], [4.0, 4.0]]]]
        """
        options = struct("ps_kpu_conv_options", stride=stride, padding=padding, groups=groups)
        return made(lib.ps_kpu_conv2d, self.handle, as_operand(images), as_operand(filters), options)

    def transfer(self, to: str, to_address: int, source: str, source_address: int, nbytes: int) -> None:
        """Moves bytes between "main_memory" and "scratchpad" by the DMA engine.

        >>> import penstock.kpu as kpu
        >>> with kpu.Simulator(main_memory_size=1 << 20) as sim:
        ...     sim.main_memory.write(64, b"moved")
        ...     sim.transfer("scratchpad", 0, "main_memory", 64, 5)
        ...     sim.scratchpad.read(0, 5)
        b'moved'
        """
        for name in (to, source):
            if name not in MEMORIES:
                raise InvalidArgumentError(f"there is no memory {name!r}: expected main_memory or scratchpad")
        call(lib.ps_kpu_transfer, self.handle, MEMORIES[to], to_address, MEMORIES[source], source_address, nbytes)

    def run(self, network: Topology | str | os.PathLike[str], *, batch: int = 1) -> Results:
        r"""Runs a network's layers as events, without values: their cycles with all stalls.

        >>> import penstock.kpu as kpu
        >>> with kpu.Simulator(dram="ideal") as sim:
        ...     sim.run(kpu.Topology("name, M, N, K\nonly, 32, 32, 32")).total.cycles
        126
        """
        topology = as_topology(network)
        topology_handle = topology.handle(compatible=self.config.scalesim_compatible)
        first = lib.ps_kpu_job_count(self.handle)
        for index in range(lib.ps_kpu_topology_count(topology_handle)):
            call(lib.ps_kpu_simulate, self.handle, topology_handle, index, batch)
        return self._results(first)

    def run_program(self, program: str) -> Measures:
        """Runs a program: load, store, matmul, conv, activation and barrier, one a line, as ps_kpu_run() has them.

        >>> import numpy, penstock.kpu as kpu
        >>> with kpu.Simulator(main_memory_size=1 << 20) as sim:
        ...     sim.main_memory.write(0, numpy.float32([-1, 2]))
        ...     _ = sim.run_program('''
        ...         load to=0 from=0 bytes=8
        ...         activation at=0 count=2 function=relu
        ...         store to=64 from=0 bytes=8
        ...     ''')
        ...     numpy.frombuffer(sim.main_memory.read(64, 8), "f4").tolist()
        [0.0, 2.0]

        A mistake anywhere is an error with its line, and nothing has run.
        """
        call(lib.ps_kpu_run, self.handle, program.encode())
        return self._results(lib.ps_kpu_job_count(self.handle) - 1).layers[0]

    def report(self) -> Results:
        """All that has run since the start or the last reset().

        >>> import penstock.kpu as kpu
        >>> with kpu.Simulator(dram="ideal") as sim:
        ...     _ = sim.matmul([[1.0]], [[1.0]])
        ...     print(str(sim.report()).splitlines()[1])
        cycles       95 (95 compute, 0 stalled), 0.095 us
        """
        return self._results(0)

    def _results(self, first: int) -> Results:
        jobs = [
            Measures(
                text(lib.ps_kpu_job_name(self.handle, index)),
                read_counters(lib.ps_kpu_job_counters, self.handle, index),
                self.config,
            )
            for index in range(first, lib.ps_kpu_job_count(self.handle))
        ]
        return Results(self.config, jobs, sum_of(jobs, self.config))

    def reset(self) -> None:
        """Time, counters and timeline begin anew; what the memories hold stays.

        >>> import penstock.kpu as kpu
        >>> with kpu.Simulator(main_memory_size=1 << 20) as sim:
        ...     _ = sim.matmul([[1.0]], [[1.0]])
        ...     sim.reset()
        ...     sim.report().total.cycles
        0
        """
        call(lib.ps_kpu_reset, self.handle)

    def timeline(self) -> Tensor:
        """What happened when: an int64 row for each span, of its kind (ps_kpu_span), job, first and last cycle, bytes.

        >>> import penstock.kpu as kpu
        >>> with kpu.Simulator(dram="ideal") as sim:
        ...     _ = sim.matmul([[1.0]], [[1.0]])
        ...     sim.timeline().tolist()
        [[5, 0, 0, 95, 0]]
        """
        return made(lib.ps_kpu_timeline, self.handle)

    def save_timeline(self, path: str | os.PathLike[str]) -> None:
        """Writes the timeline as a trace that Perfetto opens.

        >>> import os, tempfile, penstock.kpu as kpu
        >>> path = os.path.join(tempfile.mkdtemp(), "trace.json")
        >>> with kpu.Simulator(dram="ideal") as sim:
        ...     _ = sim.matmul([[1.0]], [[1.0]])
        ...     sim.save_timeline(path)
        >>> '"name":"compute"' in open(path).read()
        True
        """
        call(lib.ps_kpu_save_timeline, self.handle, os.fsencode(path))

    def bank_activity(self, memory: str = "main_memory") -> tuple[Tensor, int]:
        """The bytes that each bank of a memory moved over time (intervals x banks), and the cycles of an interval.

        >>> import penstock.kpu as kpu
        >>> with kpu.Simulator() as sim:
        ...     _ = sim.matmul([[1.0]], [[1.0]])
        ...     activity, cycles = sim.bank_activity("scratchpad")
        ...     activity.shape[1] == sim.config.scratchpad_banks
        True
        """
        if memory not in MEMORIES:
            raise InvalidArgumentError(f"there is no memory {memory!r}: expected main_memory or scratchpad")
        cycles = ffi.new("int64_t *")
        activity = made(lib.ps_kpu_bank_activity, cycles, self.handle, MEMORIES[memory])
        return activity, int(cycles[0])

    def __repr__(self) -> str:
        return f"Simulator({self.config!r})"


def as_operand(array: Any) -> Tensor:
    """An array as a tensor; Python's own numbers as float32."""
    return Tensor(array, dtype="float32") if isinstance(array, list | tuple) else as_tensor(array)
