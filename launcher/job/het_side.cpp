#include "job/het_side.h"

#include <csignal>
#include <utility>

#include "job/het_component.h"
#include "job/het_leader.h"

namespace launcher {

std::unique_ptr<HetSide> MakeHetSide(Loop* loop, const LaunchSpec& spec, const Place& place, const Environment& job_environment,
                                     HetSide::Hooks hooks) {
  if (!spec.job->het) return nullptr;
  if (spec.job->is_component()) return std::make_unique<HetComponent>(loop, spec, job_environment, std::move(hooks));
  return std::make_unique<HetLeader>(loop, spec, place, job_environment, std::move(hooks));
}

bool IsForOther(const Peer& peer, const HetFacts& het) {
  return (peer.kind == "client" || peer.kind == "owner") && peer.node != 0 && peer.node != het.offset + 1;
}

Outcome NodeFailure() { return {"NODE_FAIL", "NodeDown", 0, SIGTERM}; }

std::string PackEnd(const Outcome& outcome, const std::string& why) {
  return Packer().Text(outcome.state).Text(outcome.reason).Number(outcome.code).Number(outcome.signal).Text(why).payload();
}

ComponentEnd UnpackEnd(std::string_view payload) {
  Unpacker fields(payload);
  ComponentEnd end;
  end.outcome.state = fields.Text();
  end.outcome.reason = fields.Text();
  end.outcome.code = static_cast<int>(fields.Number());
  end.outcome.signal = static_cast<int>(fields.Number());
  end.why = fields.Text();
  return end;
}

}  // namespace launcher
