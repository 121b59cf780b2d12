#include "core/loader/samples/image_folders.h"

#include <dirent.h>
#include <sys/stat.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/thread_pool.h"
#include "core/io/file_list.h"
#include "core/io/utf8.h"
#include "core/loader/samples/sample_file.h"
#include "core/loader/samples/source_list.h"

namespace penstock::core {
namespace {

struct CloseFolder {
  void operator()(DIR *folder) const { closedir(folder); }
};

std::vector<std::string> entries_of(const std::string &path) {
  const std::unique_ptr<DIR, CloseFolder> folder(opendir(path.c_str()));
  if (folder == nullptr) fail_on_path("list", path, errno);
  std::vector<std::string> names;
  while (true) {
    errno = 0;
    const dirent *entry = readdir(folder.get());
    if (entry == nullptr && errno != 0) fail_on_path("list", path, errno);
    if (entry == nullptr) break;
    if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0)
      names.emplace_back(entry->d_name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string lower_ending(std::string_view name) {
  std::string ending(name.substr(name.rfind('.') + 1));
  for (char &letter : ending)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  return ending;
}

// A folder as the system knows it: where links lead around in a circle, one lies in itself.
struct FolderIdentity {
  dev_t device;
  ino_t number;
  friend bool operator==(const FolderIdentity &, const FolderIdentity &) = default;
};

// The images of a class, in the order of ImageFolder: by folder, then by name.  Links to folders are followed.
class ClassLister {
 public:
  explicit ClassLister(std::string root) : root_(std::move(root)) {}

  std::vector<SourceFile> list(const std::string &class_name) {
    visit(class_name);
    std::stable_sort(found_.begin(), found_.end(), [](const Found &one, const Found &other) {
      return one.folder != other.folder ? one.folder < other.folder : one.file.name < other.file.name;
    });
    std::vector<SourceFile> files;
    for (Found &found : found_) files.push_back(std::move(found.file));
    return files;
  }

 private:
  struct Found {
    std::string folder;
    SourceFile file;
  };

  void visit(const std::string &folder) {
    struct stat about;
    if (stat((root_ + "/" + folder).c_str(), &about) != 0) fail_on_path("list", root_ + "/" + folder, errno);
    const FolderIdentity identity{about.st_dev, about.st_ino};
    if (std::find(above_.begin(), above_.end(), identity) != above_.end()) return;
    above_.push_back(identity);
    for (const std::string &name : entries_of(root_ + "/" + folder)) visit_entry(folder, name);
    above_.pop_back();
  }

  void visit_entry(const std::string &folder, const std::string &name) {
    const std::string below_root = folder + "/" + name, path = root_ + "/" + below_root;
    struct stat about;
    if (stat(path.c_str(), &about) != 0) {
      if (is_image(name)) fail_on_path("follow", path, errno);
      return;
    }
    if (S_ISDIR(about.st_mode))
      visit(below_root);
    else if (is_image(name))
      found_.push_back({folder, describe_file(path, below_root)});
  }

  const std::string root_;
  std::vector<FolderIdentity> above_;
  std::vector<Found> found_;
};

class ImageFolders : public SampleSet {
 public:
  ImageFolders(const SampleSource &source, const Progress &progress) : policy_(source.read) {
    if (!source.fields.empty())
      fail(Status::invalid_argument, "fields are given, but folders of images have theirs: the image and \"cls\"");
    list(single_folder(source), progress);
    set_field_name();
  }

  uint64_t count() const override { return images_.size(); }
  std::string address(uint64_t number) const override { return in_quotes(images_.at(number).file.path); }
  std::span<const std::string> class_names() const override { return class_names_; }

  void read(uint64_t number, SampleRoom &room, Sample &out) const override {
    if (number >= count()) fail(Status::out_of_range, "sample ", number, " is outside 0 to ", count() - 1);
    const Image &image = images_[number];
    Stretch stretch{0, image.file.size, {}};
    SampleFile(image.file, policy_).read({&stretch, 1}, room.bytes);
    out.key = image.file.name;
    out.fields.resize(2);
    out.fields[0] = {field_name_, stretch.bytes, false, DType::uint8, {}};
    out.fields[1] = {"cls", std::as_bytes(std::span(&image.class_number, 1)), true, DType::int64, {}};
  }

  uint64_t fingerprint() const override {
    std::string words;
    for (const Image &image : images_) append_part(words, text(image.file.name, '\0', image.file.size, '\n'));
    return std::max<uint64_t>(XXH3_64bits(words.data(), words.size()), 1);
  }

 private:
  struct Image {
    SourceFile file;
    int64_t class_number;
  };

  static std::string single_folder(const SampleSource &source) {
    const std::vector<std::string> paths = resolve_sources(source.sources);
    if (paths.size() > 1)
      fail(Status::invalid_argument, paths.size(),
           " sources are given: images lie in one folder, with a folder a class");
    struct stat about;
    if (stat(paths[0].c_str(), &about) != 0) fail_on_path("open", paths[0], errno);
    if (!S_ISDIR(about.st_mode))
      fail(Status::invalid_argument, in_quotes(paths[0]), " is no folder: images lie in one, with a folder a class");
    return paths[0];
  }

  void list(const std::string &root, const Progress &progress) {
    for (std::string &name : entries_of(root))
      if (is_folder(text(root, "/", name))) class_names_.push_back(std::move(name));
    if (class_names_.empty())
      fail(Status::not_found, in_quotes(root), " has no folder in it: expected one for each class");
    std::vector<std::vector<SourceFile>> of_class(class_names_.size());
    const auto list_class = [&](int64_t number) {
      const auto index = static_cast<size_t>(number);
      of_class[index] = ClassLister(root).list(class_names_[index]);
    };
    process_pool().run(static_cast<int64_t>(class_names_.size()), list_class, progress);
    require_images(root, of_class);
    for (size_t number = 0; number < of_class.size(); ++number)
      for (SourceFile &file : of_class[number]) images_.push_back({std::move(file), static_cast<int64_t>(number)});
  }

  void require_images(const std::string &root, const std::vector<std::vector<SourceFile>> &of_class) const {
    std::vector<std::string> empty;
    for (size_t number = 0; number < of_class.size(); ++number)
      if (of_class[number].empty()) empty.push_back(in_quotes(class_names_[number]));
    if (empty.empty()) return;
    constexpr size_t most_named = 10;
    const size_t count = empty.size();
    empty.resize(std::min(count, most_named));
    fail(Status::not_found, in_quotes(root), " has ", count, " of ", class_names_.size(),
         " classes without an image: ", listed(empty, [](const std::string &name) { return name; }),
         count > most_named ? ", ..." : "", "; images end in .jpg .jpeg .png .ppm .bmp .pgm .tif .tiff .webp");
  }

  // The ending that all have, so that it says what the bytes are; "image" where they have several.
  void set_field_name() {
    field_name_ = lower_ending(images_.front().file.name);
    for (const Image &image : images_)
      if (lower_ending(image.file.name) != field_name_) {
        field_name_ = "image";
        return;
      }
  }

  const ReadPolicy policy_;
  std::vector<std::string> class_names_;
  std::vector<Image> images_;
  std::string field_name_;
};

}  // namespace

bool is_image(std::string_view name) {
  constexpr std::array<std::string_view, 9> endings = {"jpg", "jpeg", "png",  "ppm", "bmp",
                                                       "pgm", "tif",  "tiff", "webp"};
  return name.find('.') != std::string_view::npos &&
         std::find(endings.begin(), endings.end(), lower_ending(name)) != endings.end();
}

std::unique_ptr<SampleSet> open_image_folders(const SampleSource &source, const Progress &progress) {
  return std::make_unique<ImageFolders>(source, progress);
}

}  // namespace penstock::core
