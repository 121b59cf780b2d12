// A folder of one test's own, with files as the test wants them.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace penstock::core {

class FileTree {
 public:
  FileTree() : root_(::testing::TempDir() + "penstock_tree_XXXXXX") {
    if (mkdtemp(root_.data()) == nullptr) throw std::runtime_error("no folder can be made like " + root_);
  }
  ~FileTree() { std::filesystem::remove_all(root_); }
  FileTree(const FileTree &) = delete;
  FileTree &operator=(const FileTree &) = delete;

  const std::string &root() const { return root_; }
  std::string path(const std::string &name) const { return root_ + "/" + name; }

  // name may have folders, which are made.
  void write(const std::string &name, const std::string &content) const {
    std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
    std::ofstream(path(name)) << content;
  }

 private:
  std::string root_;
};

}  // namespace penstock::core
