// Where memory lives, and which devices this process can use.
#pragma once

#include <cstdint>
#include <string>

namespace penstock::core {

// The same numbers as ps_device_type, which are DLPack's.
enum class DeviceType : int32_t { cpu = 1, cuda = 2 };

struct Device {
  DeviceType type = DeviceType::cpu;
  int32_t id = 0;
  friend bool operator==(const Device &, const Device &) = default;
};

void append_part(std::string &out, Device device);  // "cpu", "cuda:1"

// What an argument (type, id) means: type 0 is this thread's default device.  Throws invalid_argument for a type that is
// none, out_of_range for an id that the device type lacks, unavailable where the device cannot be used here.
Device resolve_device(int32_t type, int32_t id);

// This thread's default device; each thread starts on the CPU.
Device default_device();
void set_default_device(Device device);

}  // namespace penstock::core
