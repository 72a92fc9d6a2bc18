#include "step/step_queue.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "step/step_layout.h"

namespace launcher {

void StepQueue::Add(const Client& client, StepRequest request, double quiet_seconds) {
  const int patience = request.resources.immediate_seconds;
  if (patience == 1) return hooks_.refuse(client, kNodesBusy);
  waiting_.push_back({client, std::move(request)});
  client->Listen(
      [this, client](Frame type, std::string_view) {
        if (type == Frame::kTerminate) Refuse(client, kStepIsOver);
      },
      [this, client] {
        Forget(client);
        hooks_.gone(client);
      });
  if (patience > 0) {
    loop_->After(patience, [this, client] { Refuse(client, kNodesBusy); });
    return;
  }
  const auto tell = [this, client] {
    if (Find(client) != waiting_.end()) client->Send(Frame::kStepWaits, Packer().Text(kNodesBusy).payload());
  };
  if (quiet_seconds == 0) return tell();
  loop_->After(quiet_seconds, tell);
}

void StepQueue::Retry() {
  std::vector<Client> clients;  // a start that fails may change the list
  for (const Waiting& waiting : waiting_) clients.push_back(waiting.client);
  for (const Client& client : clients) {
    const auto found = Find(client);
    if (found != waiting_.end() && hooks_.start(client, found->request)) Forget(client);
  }
}

void StepQueue::RefuseAll(const char* why) {
  for (const Waiting& waiting : std::exchange(waiting_, {})) hooks_.refuse(waiting.client, why);
}

std::list<StepQueue::Waiting>::iterator StepQueue::Find(const Client& client) {
  return std::find_if(waiting_.begin(), waiting_.end(), [&](const Waiting& one) { return one.client == client; });
}

void StepQueue::Forget(const Client& client) {
  const auto found = Find(client);
  if (found != waiting_.end()) waiting_.erase(found);
}

void StepQueue::Refuse(const Client& client, const char* why) {
  if (Find(client) == waiting_.end()) return;
  Forget(client);
  hooks_.refuse(client, why);
}

}  // namespace launcher
