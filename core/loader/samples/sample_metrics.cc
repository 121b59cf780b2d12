#include "core/loader/samples/sample_metrics.h"

#include "core/base/text.h"

namespace penstock::core {
namespace {

const char *name_of(LoadingMode mode) {
  constexpr const char *names[] = {"prefetch", "sequential", "streaming", "async_pool"};
  return names[static_cast<size_t>(mode)];
}

const char *truth(bool value) { return value ? "true" : "false"; }

std::string tuning_json(const AssemblyLine::Figures &line) {
  if (!line.tunes) return "null";
  std::string trials;
  for (const LoaderTuner::Trial &trial : line.trials)
    trials += text(trials.empty() ? "" : ",", "{\"workers\":", trial.setting.workers,
                   ",\"prefetch\":", trial.setting.prefetch, ",\"rate\":", trial.rate, "}");
  return text("{\"settled\":", truth(line.is_settled), ",\"trials\":[", trials, "]}");
}

std::string line_json(const AssemblyLine::Figures &line, double seconds) {
  std::string stages;
  for (const StageFigures &stage : line.stages) stages += (stages.empty() ? "" : ",") + stage_json(stage, seconds);
  return text(",\"workers\":", line.workers, ",\"active_workers\":", line.active_workers,
              ",\"prefetch\":", line.prefetch, ",\"active_prefetch\":", line.active_prefetch,
              ",\"collate_buffer_size\":", line.collate, ",\"memory_limit\":", line.memory_limit,
              ",\"batch_bytes\":", line.batch_nbytes, ",\"auto_tune\":", tuning_json(line), ",\"stages\":[", stages,
              "]");
}

}  // namespace

std::string as_json(const SampleLoaderFigures &figures) {
  std::string examples;
  for (const std::string &sentence : figures.bad_examples)
    examples += (examples.empty() ? "" : ",") + quoted_json(sentence);
  return text("{\"running\":", truth(figures.is_running), ",\"seconds\":", figures.seconds,
              ",\"epoch\":", figures.epoch, ",\"epoch_batches\":", figures.batches_of_epoch,
              ",\"batches\":", figures.batches, ",\"samples\":", figures.samples, ",\"bytes\":", figures.bytes,
              ",\"wait_seconds\":", figures.waited_seconds, ",\"set_samples\":", figures.set_samples,
              ",\"drops\":0,\"retries\":0,\"bad_samples\":", figures.bad_samples, ",\"bad_sample_examples\":[",
              examples, "],\"loading_mode\":\"", name_of(figures.loading_mode), "\",\"pin_memory\":\"",
              figures.pin_memory, "\",\"non_blocking\":\"", figures.non_blocking, "\"",
              figures.line ? line_json(*figures.line, figures.seconds) : "", "}");
}

}  // namespace penstock::core
