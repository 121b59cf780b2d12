-- penstock from LuaJIT, by its ffi: luajit tensor.lua /where/it/is/libcore.so.1
--
-- Makes a tensor, fills it, views one row, releases the parent first, and reads the row; then asks for a row that is not
-- there.  Nothing is held at the end.
local ffi = require("ffi")

-- What this program uses of the headers, as C.
ffi.cdef [[
typedef int32_t ps_status;
typedef int32_t ps_dtype;
typedef int32_t ps_device_type;
typedef struct ps_tensor ps_tensor;
typedef struct ps_tensor_options ps_tensor_options;
typedef struct ps_memory_usage {
  uint32_t struct_size, reserved;
  uint64_t live_bytes, peak_bytes, live_storages, wrapped_bytes;
} ps_memory_usage;
enum { PS_OK = 0, PS_OUT_OF_RANGE = 2, PS_DEVICE_CPU = 1, PS_FLOAT32 = 12 };

const char *ps_version(void);
const char *ps_last_error(void);
const char *ps_status_name(ps_status status);
ps_status ps_memory_usage_init(ps_memory_usage *usage, uint32_t struct_size);
ps_status ps_memory_stats(ps_memory_usage *usage, ps_device_type device_type, int32_t device_id);
ps_status ps_tensor_zeros(ps_tensor **out, ps_dtype dtype, int32_t ndim, const int64_t *shape,
                          const ps_tensor_options *options);
ps_status ps_tensor_select(ps_tensor **out, ps_tensor *tensor, int32_t axis, int64_t index);
void ps_tensor_release(ps_tensor *tensor);
const void *ps_tensor_data(const ps_tensor *tensor);
void *ps_tensor_mutable_data(const ps_tensor *tensor);
const int64_t *ps_tensor_shape(const ps_tensor *tensor);
const int64_t *ps_tensor_strides(const ps_tensor *tensor);
]]
local C = ffi.C
local penstock = ffi.load(assert(arg[1], "the path of libcore.so.1 is missing"))

-- Raises penstock's sentence when a call failed.
local function check(status)
  if status ~= C.PS_OK then
    error(ffi.string(penstock.ps_status_name(status)) .. ": " .. ffi.string(penstock.ps_last_error()), 2)
  end
end

-- Runs a function that writes a tensor to its first argument.  The collector releases what nobody released by hand.
local function make(constructor, ...)
  local out = ffi.new("ps_tensor *[1]")
  check(constructor(out, ...))
  return ffi.gc(out[0], penstock.ps_tensor_release)
end

local function release(tensor)
  penstock.ps_tensor_release(ffi.gc(tensor, nil))
end

-- The elements of a float32 tensor of one axis, as a table.
local function values(tensor)
  local data = ffi.cast("const float *", penstock.ps_tensor_data(tensor))
  local stride = penstock.ps_tensor_strides(tensor)[0]
  local elements = {}
  for index = 0, tonumber(penstock.ps_tensor_shape(tensor)[0]) - 1 do
    elements[#elements + 1] = data[index * stride]
  end
  return elements
end

local matrix = make(penstock.ps_tensor_zeros, C.PS_FLOAT32, 2, ffi.new("int64_t[2]", 2, 3), nil)
local elements = ffi.cast("float *", penstock.ps_tensor_mutable_data(matrix))
for index = 0, 5 do elements[index] = index end

local row = make(penstock.ps_tensor_select, matrix, 0, 1)
release(matrix) -- the row keeps the memory alive
assert(table.concat(values(row), " ") == "3 4 5", "row 1 is 3, 4, 5")

local succeeded, message = pcall(make, penstock.ps_tensor_select, row, 0, 7)
assert(not succeeded and message:find("PS_OUT_OF_RANGE: index 7 is outside axis 0", 1, true), message)

release(row)
local usage = ffi.new("ps_memory_usage")
check(penstock.ps_memory_usage_init(usage, ffi.sizeof(usage)))
check(penstock.ps_memory_stats(usage, C.PS_DEVICE_CPU, 0))
assert(usage.live_bytes == 0 and usage.live_storages == 0, "nothing is held at the end")
print("ok: LuaJIT, penstock " .. ffi.string(penstock.ps_version()))
