// Folders of images, one a class, as torchvision's ImageFolder takes them.
#pragma once

#include <memory>
#include <string_view>

#include "core/base/progress.h"
#include "core/loader/samples/sample_set.h"
#include "core/loader/samples/sample_source.h"

namespace penstock::core {

// By its ending, in letters of either case: .jpg .jpeg .png .ppm .bmp .pgm .tif .tiff .webp
bool is_image(std::string_view name);

// Throws as open_sample_set() does; not_found too for a class without an image, as ImageFolder has it.
std::unique_ptr<SampleSet> open_image_folders(const SampleSource &source, const Progress &progress);

}  // namespace penstock::core
