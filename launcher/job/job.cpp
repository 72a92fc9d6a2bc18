#include "job/job.h"

#include "job/first_node.h"
#include "job/other_node.h"

namespace launcher {

int RunJob(const LaunchSpec& spec, const Environment& own) {
  const Place place = FindPlace(own, ReadHostView(), spec.job->nodes);
  if (place.node == 0) return FirstNode(spec, place, own).Run();
  return OtherNode(spec, place, own).Run();
}

}  // namespace launcher
