// Samples from real files to batches, as a C program meets them.
#include <gmock/gmock.h>
#include <penstock/penstock.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "support.h"

namespace penstock::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Loader {
 public:
  Loader(const std::string &source, const std::function<void(ps_sample_loader_options &)> &change) {
    ps_sample_loader_options options = PS_SAMPLE_LOADER_OPTIONS_INIT;
    options.epochs = 1;
    change(options);
    const char *const sources[] = {source.c_str()};
    require_ok(ps_sample_loader_open(&loader_, 1, sources, &options));
  }
  Loader(const Loader &) = delete;
  Loader &operator=(const Loader &) = delete;
  ~Loader() { ps_sample_loader_release(loader_); }

  ps_sample_loader *get() { return loader_; }
  ps_status next(ps_sample_batch **batch) {
    ps_sample_batch_info info = PS_SAMPLE_BATCH_INFO_INIT;
    return ps_sample_loader_next(batch, &info, loader_, -1);
  }

 private:
  ps_sample_loader *loader_ = nullptr;
};

// The field of an index of the first batch, which the loader does not outlive.
TensorHold first_field(Loader &loader, int32_t index) {
  ps_sample_batch *batch = nullptr;
  require_ok(loader.next(&batch));
  ps_tensor *values = nullptr, *offsets = nullptr;
  require_ok(ps_sample_batch_field(&values, &offsets, batch, index));
  EXPECT_EQ(offsets, nullptr);
  ps_sample_batch_release(batch);
  return TensorHold(values);
}

template <typename Element>
std::vector<Element> elements(const ps_tensor *tensor) {
  std::vector<Element> read(static_cast<size_t>(ps_tensor_element_count(tensor)));
  require_ok(ps_tensor_to_data(read.data(), read.size() * sizeof(Element), tensor));
  return read;
}

std::vector<int64_t> sizes(const ps_tensor *tensor, const int64_t *numbers) {
  return {numbers, numbers + ps_tensor_ndim(tensor)};
}
std::vector<int64_t> shape(const TensorHold &tensor) { return sizes(tensor.get(), ps_tensor_shape(tensor.get())); }
std::vector<int64_t> strides(const TensorHold &tensor) { return sizes(tensor.get(), ps_tensor_strides(tensor.get())); }

const std::string folders = TEST_DATA_DIR "/loader_images";

void read_classes(ps_sample_loader_options &options) {
  options.format = PS_SAMPLES_IMAGES;
  options.batch_size = 3;
}

TEST(Samples, FoldersOfImagesBecomePixelsAndNumbersOfClasses) {
  Loader loader(folders, read_classes);
  EXPECT_EQ(ps_sample_loader_class_count(loader.get()), 2);
  EXPECT_STREQ(ps_sample_loader_class_name(loader.get(), 1), "dog");
  const TensorHold images = first_field(loader, 0);
  EXPECT_THAT(shape(images), ElementsAre(3, 3, 4, 5));
  const auto levels = elements<uint8_t>(images.get());  // row-major: the red plane of the first image comes first
  for (size_t pixel = 0; pixel < 20; ++pixel) {
    EXPECT_EQ(levels[pixel], 3 * pixel);
    EXPECT_EQ(levels[60 + pixel], 100 + 3 * pixel);
    EXPECT_EQ(levels[120 + 20 + pixel], (201 + 3 * pixel) % 256) << "the green plane of the third";
  }
}

TEST(Samples, NumbersOfClassesComeBesideTheImages) {
  Loader loader(folders, read_classes);
  EXPECT_THAT(elements<int64_t>(first_field(loader, 1).get()), ElementsAre(0, 0, 1));
}

TEST(Samples, MemoryFormatDecidesTheStridesAndNoLevel) {
  const auto images_as = [](ps_memory_format format) {
    Loader loader(folders, [=](ps_sample_loader_options &options) {
      read_classes(options);
      options.memory_format = format;
    });
    return first_field(loader, 0);
  };
  const TensorHold first = images_as(PS_MEMORY_FORMAT_CHANNELS_FIRST), last = images_as(PS_MEMORY_FORMAT_CHANNELS_LAST),
                   automatic = images_as(PS_MEMORY_FORMAT_AUTO);
  EXPECT_THAT(strides(first), ElementsAre(60, 20, 5, 1));
  EXPECT_THAT(strides(last), ElementsAre(60, 1, 15, 3));
  EXPECT_THAT(strides(automatic), ElementsAre(60, 1, 15, 3));
  EXPECT_EQ(elements<uint8_t>(first.get()), elements<uint8_t>(last.get()));
}

TEST(Samples, TransformsAreThoseOfTheImageHeader) {
  ps_image_step steps[2] = {PS_IMAGE_STEP_INIT, PS_IMAGE_STEP_INIT};
  steps[0].kind = PS_IMAGE_CENTER_CROP;
  steps[0].height = steps[0].width = 2;
  steps[1].kind = PS_IMAGE_TO_DTYPE;
  ps_image_transforms *transforms = nullptr;
  require_ok(ps_image_transforms_make(&transforms, steps, 2));
  Loader loader(folders, [=](ps_sample_loader_options &options) {
    read_classes(options);
    options.transforms = transforms;
  });
  ps_image_transforms_release(transforms);
  const TensorHold images = first_field(loader, 0);
  EXPECT_THAT(shape(images), ElementsAre(3, 3, 2, 2));
  EXPECT_EQ(ps_tensor_dtype(images.get()), PS_FLOAT32);
}

TEST(Samples, WithoutDecodingImagesStayBytes) {
  Loader loader(folders, [](ps_sample_loader_options &options) {
    read_classes(options);
    options.decode = 0;
  });
  ps_sample_batch *batch = nullptr;
  require_ok(loader.next(&batch));
  ps_tensor *values = nullptr, *offsets = nullptr;
  require_ok(ps_sample_batch_field(&values, &offsets, batch, 0));
  ASSERT_NE(offsets, nullptr);
  const TensorHold bytes(values), ends(offsets);
  EXPECT_EQ(elements<int64_t>(ends.get()).back(), ps_tensor_element_count(values));
  EXPECT_EQ(std::string(static_cast<const char *>(ps_tensor_data(values)) + 1, 3), "PNG");
  ps_sample_batch_release(batch);
}

TEST(Samples, ImagesOfDifferentShapesAreRefusedByBothNames) {
  const Folder folder;
  std::filesystem::create_directory(folder.path("cat"));
  std::filesystem::copy(folders + "/cat/a.png", folder.path("cat/a.png"));
  std::filesystem::copy(folders + "/large.jpg", folder.path("cat/b.jpg"));
  Loader loader(folder.path(""), read_classes);
  ps_sample_batch *batch = nullptr;
  EXPECT_EQ(loader.next(&batch), PS_INVALID_ARGUMENT);
  for (const char *part : {"(3, 64, 48)", "(3, 4, 5)", "cat/a.png", "cat/b.jpg", "resize"})
    EXPECT_THAT(ps_last_error(), HasSubstr(part));
}

TEST(Samples, ABatchOutlivesItsLoaderAndATensorItsBatch) {
  const LiveMemory before = live_memory();
  {
    auto loader = std::make_unique<Loader>(folders, read_classes);
    const TensorHold images = first_field(*loader, 0);
    const auto levels = elements<uint8_t>(images.get());
    loader.reset();
    EXPECT_EQ(elements<uint8_t>(images.get()), levels);
  }
  EXPECT_EQ(live_memory(), before);
}

}  // namespace
}  // namespace penstock::test
