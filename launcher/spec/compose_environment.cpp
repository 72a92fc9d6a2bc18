#include "spec/compose_environment.h"

#include <algorithm>

namespace launcher {
namespace {

// What an image defines and a submitter's shell must not overwrite (protocol.md §2, `env`): the
// paths and drivers in the container are not those of the submit host.
constexpr std::string_view kImageNames[] = {"PATH", "LD_LIBRARY_PATH", "HOME",
                                            "USER", "HOSTNAME",        "TMPDIR"};
constexpr std::string_view kImagePrefixes[] = {"NVIDIA_", "CUDA_", "NCCL_", "OMPI_", "PMIX_"};

bool IsImages(std::string_view name) {
  const auto is_start = [&](std::string_view prefix) {
    return name.substr(0, prefix.size()) == prefix;
  };
  return std::find(std::begin(kImageNames), std::end(kImageNames), name) != std::end(kImageNames) ||
         std::any_of(std::begin(kImagePrefixes), std::end(kImagePrefixes), is_start);
}

bool Contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

Environment ComposeEnvironment(const EnvPlan& plan, const Environment& container) {
  Environment environment;
  if (plan.mode == EnvPlan::Mode::kImage) environment = container;
  for (const std::string& name : plan.unset) environment.Unset(name);
  for (const auto& [name, value] : plan.set) {
    const bool image_wins = plan.mode == EnvPlan::Mode::kImage && IsImages(name) &&
                            container.Has(name) && !Contains(plan.named, name);
    if (!image_wins) environment.Set(name, value);
  }
  return environment;
}

}  // namespace launcher
