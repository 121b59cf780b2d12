#include "core/loader/metrics.h"

#include "core/base/text.h"

namespace penstock::core {

std::string as_json(const LoaderFigures &figures) {
  uint64_t drops = 0;
  std::string stages, samples;
  for (const StageFigures &stage : figures.stages) {
    drops += stage.queue.dropped;
    stages += (stages.empty() ? "" : ",") + stage_json(stage, figures.seconds);
  }
  for (const std::string &sample : figures.bad_samples) samples += (samples.empty() ? "" : ",") + quoted_json(sample);
  return text("{\"running\":", figures.is_running ? "true" : "false", ",\"seconds\":", figures.seconds,
              ",\"epoch\":", figures.epoch, ",\"epoch_batches\":", figures.batches_of_epoch,
              ",\"epoch_chunks\":", figures.chunks_of_epoch, ",\"batches\":", figures.batches,
              ",\"samples\":", figures.samples, ",\"bytes\":", figures.bytes,
              ",\"wait_seconds\":", figures.waited_seconds, ",\"files\":", figures.counts.files,
              ",\"files_indexed\":", figures.counts.indexed, ",\"chunks\":", figures.counts.chunks,
              ",\"drops\":", drops, ",\"retries\":0,\"bad_samples\":", figures.bad_chunks, ",\"bad_sample_examples\":[",
              samples, "],\"stages\":[", stages, "]}");
}

}  // namespace penstock::core
