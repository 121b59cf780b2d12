// Where a set of samples lies and how it is read: what open_sample_set() is told.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/progress.h"
#include "core/tensor/dtype.h"
#include "core/tensor/extents.h"

namespace penstock::core {

// The same numbers as in the C ABI.
enum class SampleFormat : int32_t {
  automatic = 0,   // by the sources' names, and where those say nothing by their first bytes
  webdataset = 1,  // tar shards: .tar, .tar.gz, .tgz, .tar.zst
  images = 2,      // folders of images, one a class
  tfrecord = 3,    // TFRecord files of tf.train.Example, plain, gzip or zlib
  npz = 4,         // archives of arrays of one length each: a sample is a row of each
  npy = 5,         // arrays one after the other: a sample is a row
  records = 6,     // records of a fixed size, one after the other
  files = 7,       // each file a sample
};

enum class ReaderMode : int32_t {
  whole = 0,  // a sample in one read after the other
  range = 1,  // one of more than part_size bytes in several reads at once
};

enum class PageCacheMode : int32_t {
  automatic = 0,   // as normal; what is read in parts is asked for as a whole first
  normal = 1,      // the system reads ahead as it sees fit
  sequential = 2,  // it reads ahead further
  random = 3,      // it does not read ahead
  dont_need = 4,   // what was read is dropped from the page cache
  direct = 5,      // past the page cache where the file system can; logged where it cannot
};

// One field of the samples, where the sources do not say themselves what it is or not all fields are wanted.
struct FieldLayout {
  std::string name;
  std::optional<DType> dtype;  // the bytes are elements of it, and of shape; none: as the source has them
  Extents shape;
  bool optional = false;  // a sample may lack it: then it has no field of that name
};

// A call that reads from a file, as a test sees it.
struct FileCall {
  enum class Kind { read, advise } kind;
  uint64_t offset, size;
  int32_t advice;  // POSIX_FADV_...
  bool direct;
};

struct ReadOptions {
  ReaderMode reader = ReaderMode::whole;
  uint64_t part_size = uint64_t{8} << 20;
  int32_t max_inflight_parts = 4;  // of one sample
  PageCacheMode page_cache = PageCacheMode::automatic;
  std::function<void(const FileCall &)> before_call;  // for tests: called from any thread before the system is
};

struct SampleSource {
  // Paths, folders and patterns of the shell, all below a folder where recursive is set; names may have braces, as
  // shard-{000000..000009}.tar.
  std::vector<std::string> sources;
  SampleFormat format = SampleFormat::automatic;
  bool recursive = true;
  bool save_index = false;  // beside the shards: .NAME.index, taken while the shard's size and time are the same

  // webdataset and npz: the fields that are wanted (none given: those of the first sample, every array), with a dtype where
  // a member is raw elements.  tfrecord: the features (none given: those of the first record).  records: what a record is
  // made of, in order, without gaps; required.  npy and files: at most one, the only field's name and layout.  images: none.
  std::vector<FieldLayout> fields;

  ReadOptions read;
};

}  // namespace penstock::core
