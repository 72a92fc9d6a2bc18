#ifndef LAUNCHER_STEP_STEP_LAYOUT_H_
#define LAUNCHER_STEP_STEP_LAYOUT_H_

#include <optional>
#include <string>
#include <vector>

#include "node/nodes.h"
#include "os/env.h"
#include "spec/layout.h"
#include "spec/spec.h"
#include "step/step_request.h"
#include "step/step_resources.h"
#include "text/error.h"

namespace launcher {

/// What a step is laid out on.
struct StepGround {
  const LaunchSpec* spec;
  const Place* place;
  Environment job_environment;  ///< SLURM_* of the job, under what srun sends
};

/// The nodes and tasks that a request gets, and what of each node.
struct StepLayout {
  std::vector<int> nodes;  ///< numbers within the job
  TaskIds tasks;
  Distribution distribution;
  std::vector<NodeHolding> holdings;  ///< one for each of `nodes`
  bool shares = false;                ///< --overlap: others may hold the same at the same time
};

/// A step that can never be. what() is why; srun says `before` first.
class StepRefusal : public LaunchError {
 public:
  explicit StepRefusal(const std::string& why, std::vector<std::string> before = {})
      : LaunchError(why, 1), before_(std::move(before)) {}
  const std::vector<std::string>& before() const { return before_; }

 private:
  std::vector<std::string> before_;
};

/// What `layout` holds is no longer free, or free again.
void Take(const StepLayout& layout, StepLedger* ledger);
void GiveBack(const StepLayout& layout, StepLedger* ledger);

constexpr const char* kNodesBusy = "Requested nodes are busy";

/// Lays a step out on what no other step holds; nothing when it has to wait for that. Throws StepRefusal, with Slurm's
/// words, when it would not fit into the job even if it were alone there.
/// Source: srun(1); compat/captures/*/steps.
std::optional<StepLayout> LayOutStep(const StepRequest& request, const StepGround& ground, const StepLedger& ledger);

}  // namespace launcher

#endif  // LAUNCHER_STEP_STEP_LAYOUT_H_
