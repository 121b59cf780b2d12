#include "core/loader/catalog.h"

#include <sys/stat.h>
#include <xxhash.h>

#include <algorithm>
#include <cerrno>

#include "core/base/trace.h"
#include "core/io/utf8.h"

namespace penstock::core {

Catalog::Catalog(const LoaderOptions &options, std::vector<SourceFile> known, uint64_t fingerprint)
    : options_(options),
      known_(std::move(known)),
      expected_fingerprint_(fingerprint),
      paths_(options.path_queue),
      opened_(options.source_queue),
      indexed_(options.source_queue) {
  if (options.watch) watch_.emplace(options.recursive);
  try {
    threads_.emplace_back([this] { run(&Catalog::provide); });
    for (int32_t index = 0; index < options.source_threads; ++index)
      threads_.emplace_back([this] { run(&Catalog::open); });
    for (int32_t index = 0; index < options.indexing_threads; ++index)
      threads_.emplace_back([this] { run(&Catalog::index); });
    threads_.emplace_back([this] { run(&Catalog::collect); });
  } catch (...) {
    close();
    for (std::thread &thread : threads_) thread.join();
    throw;
  }
}

Catalog::~Catalog() {
  close();
  for (std::thread &thread : threads_) thread.join();
}

void Catalog::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }
  paths_.close();
  opened_.close();
  indexed_.close();
  if (watch_) watch_->stop();
}

// Nothing that a thread throws gets lost.
void Catalog::run(void (Catalog::*work)()) {
  try {
    (this->*work)();
  } catch (const Error &error) {
    fail_with(error);
  } catch (const std::bad_alloc &) {
    fail_with(Error(Status::out_of_memory, "no memory to list files"));
  } catch (const std::exception &error) {
    fail_with(Error(Status::internal, error.what()));
  }
}

void Catalog::fail_with(const Error &error) {
  const std::lock_guard lock(mutex_);
  if (!error_) error_ = error;
  changed_.notify_all();
}

// ---------------------------------------------------------------------------------------------------------------------
// Finding files.

void Catalog::provide() {
  if (watch_) watch_folders();
  std::vector<SourceFile> listed = list_files(options_.sources, options_.recursive);
  pass_anchor(listed);
  require_known(listed);
  if (listed.empty() && !options_.watch)
    fail(Status::not_found, "there is no file to read in ", in_quotes(options_.sources.front()),
         options_.sources.size() > 1 ? " and the other sources" : "");
  for (const SourceFile &file : known_) provide_file(file);
  for (SourceFile &file : listed) provide_file(std::move(file));
  {
    const std::lock_guard lock(mutex_);
    files_at_first_ = files_found_;
    changed_.notify_all();
  }
  if (watch_)
    watch_->run([this](SourceFile file) { provide_file(std::move(file)); });
  else
    paths_.end(provided_.size());
}

// Before they are listed: what appears meanwhile is seen twice rather than never.
void Catalog::watch_folders() {
  for (const std::string &source : options_.sources) {
    struct stat about;
    if (stat(source.c_str(), &about) != 0) fail_on_path("watch", source, errno);
    if (!S_ISDIR(about.st_mode))
      fail(Status::invalid_argument, "cannot watch ", in_quotes(source), ": it is no folder");
    watch_->add(source);
  }
}

void Catalog::provide_file(SourceFile file) {
  const uint64_t number = provided_.size();
  if (!provided_.emplace(file.path, number).second) return;
  {
    const std::lock_guard lock(mutex_);
    ++files_found_;
  }
  ++provider_meter.items;
  paths_.put(number, std::move(file));
}

// Files that come before the anchor are not used; those of the arrivals that are known come in their own order.
void Catalog::pass_anchor(std::vector<SourceFile> &listed) const {
  if (options_.anchor.empty()) return;
  const auto is_anchor = [&](const SourceFile &file) {
    return file.name == options_.anchor || file.path == options_.anchor ||
           file.name.substr(file.name.rfind('/') + 1) == options_.anchor;
  };
  const auto anchor = std::find_if(listed.begin(), listed.end(), is_anchor);
  if (anchor == listed.end())
    fail(Status::not_found, "the anchor ", in_quotes(options_.anchor), " is none of the ", listed.size(),
         " files of the sources");
  listed.erase(listed.begin(), anchor);
}

void Catalog::require_known(const std::vector<SourceFile> &listed) const {
  std::map<std::string, const SourceFile *> by_path;
  for (const SourceFile &file : listed) by_path[file.path] = &file;
  for (const SourceFile &file : known_) {
    const auto found = by_path.find(file.path);
    if (found == by_path.end())
      fail(Status::not_found, in_quotes(file.path), ", which the state names, is not there any more");
    if (found->second->size != file.size || found->second->modified_ns != file.modified_ns)
      fail(Status::data_error, in_quotes(file.path), " has changed since the state was taken");
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Looking into them.

void Catalog::open() {
  while (auto taken = paths_.take()) {
    const TraceSpan span("open file");
    const BusyTime busy(loader_meter);
    auto file = std::make_shared<IndexedFile>(std::move(taken->entry));
    file->open();
    opened_.put(taken->number, std::move(file));
  }
  if (!paths_.is_closed()) opened_.end(files_provided());
}

void Catalog::index() {
  while (auto taken = opened_.take()) {
    const TraceSpan span("index file");
    if (options_.before_work) options_.before_work(taken->number);
    taken->entry->index(options_.save_index);
    indexed_.put(taken->number, std::move(taken->entry));
  }
  if (!opened_.is_closed()) indexed_.end(files_provided());
}

void Catalog::collect() {
  while (auto taken = indexed_.take()) append(std::move(taken->entry));
}

void Catalog::append(std::shared_ptr<const IndexedFile> file) {
  const std::lock_guard lock(mutex_);
  first_chunks_.push_back(chunk_count_);
  chunk_count_ += file->chunks().size() + file->failures().size();
  loader_meter.items += file->chunks().size();
  files_.push_back(std::move(file));
  changed_.notify_all();
}

// ---------------------------------------------------------------------------------------------------------------------
// What is there.

std::optional<uint64_t> Catalog::wait_until_indexed() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] {
    const bool all_indexed = files_at_first_ && files_.size() >= *files_at_first_;
    return closed_ || error_ || (all_indexed && (chunk_count_ > 0 || !options_.watch));
  });
  if (closed_) return std::nullopt;
  if (error_) throw Error(*error_);
  if (chunk_count_ == 0)
    fail(Status::data_error, "the ", files_.size(), " files of the sources have no chunk in them, as ",
         in_quotes(files_.front()->source().path));
  if (!options_.watch && fingerprint_ == 0) fingerprint_ = compute_fingerprint();
  if (expected_fingerprint_ != 0 && fingerprint_ != expected_fingerprint_)
    fail(Status::data_error, "the ", files_.size(),
         " files of the sources are not those that the state was taken with: ",
         "names, sizes and order must be the same");
  return chunk_count_;
}

ChunkAddress Catalog::chunk(uint64_t number) const {
  const std::lock_guard lock(mutex_);
  const auto after = std::upper_bound(first_chunks_.begin(), first_chunks_.end(), number);
  const auto index = static_cast<size_t>(after - first_chunks_.begin()) - 1;
  return {files_[index], number - first_chunks_[index]};
}

std::vector<SourceFile> Catalog::arrivals(uint64_t chunk_count) const {
  const std::lock_guard lock(mutex_);
  std::vector<SourceFile> arrived;
  for (size_t index = 0; index < files_.size() && first_chunks_[index] < chunk_count; ++index)
    arrived.push_back(files_[index]->source());
  return arrived;
}

uint64_t Catalog::fingerprint() const {
  const std::lock_guard lock(mutex_);
  return fingerprint_;
}

// With mutex_ held.
uint64_t Catalog::compute_fingerprint() const {
  std::string words;
  for (const auto &file : files_) append_part(words, text(file->source().name, '\0', file->source().size, '\n'));
  return std::max<uint64_t>(XXH3_64bits(words.data(), words.size()), 1);
}

uint64_t Catalog::files_provided() const {
  const std::lock_guard lock(mutex_);
  return files_found_;
}

Catalog::Counts Catalog::counts() const {
  const std::lock_guard lock(mutex_);
  return {files_found_, files_.size(), chunk_count_};
}

}  // namespace penstock::core
