"""A matrix product on a simulated accelerator: its values, what it took, and what a network would cost there."""
# It prints:
#   the product of int8 is exact: True
#   13872 cycles, of them 2736 waiting for memory
#   external memory moved 98304 bytes
#   the multiplications took 0.6 uJ of 26.1 uJ
#   moved by the DMA engine: b'streamed'
#   on 128 x 128, weight stationary: conv 16490 cycles, head 12256 cycles

import numpy as np
from penstock import kpu

a = np.arange(-64, 64, dtype=np.int8).repeat(128).reshape(128, 128)
b = np.eye(128, dtype=np.int8)[::-1]

with kpu.Simulator(main_memory_size=1 << 24, scratchpad_size=1 << 18, rows=16, columns=16, dtype="int8") as sim:
    c = sim.matmul(a, b)
    print("the product of int8 is exact:", np.array_equal(c.numpy(), a.astype(np.int32) @ b.astype(np.int32)))
    total = sim.report().total
    print(f"{total.cycles} cycles, of them {total.stall_cycles} waiting for memory")
    print(f"external memory moved {sum(total.traffic['dram'].values())} bytes")
    print(f"the multiplications took {total.energy_parts['mac'] / 1e6:.1f} uJ of {total.energy / 1e6:.1f} uJ")

    sim.main_memory.write(0x1000, b"streamed")
    sim.transfer("scratchpad", 0, "main_memory", 0x1000, 8)
    print("moved by the DMA engine:", sim.scratchpad.read(0, 8))

network = kpu.Topology(
    """name, image height, image width, filter height, filter width, channels, filters, stride
    conv, 56, 56, 3, 3, 64, 128, 1,
    head, 1, 1, 1, 1, 512, 1000, 1,
    """
)
estimate = kpu.estimate(network, kpu.KpuConfig(rows=128, columns=128, dataflow="ws"))
cycles = ", ".join(f"{layer.name} {layer.compute_cycles} cycles" for layer in estimate.layers)
print(f"on 128 x 128, weight stationary: {cycles}")
