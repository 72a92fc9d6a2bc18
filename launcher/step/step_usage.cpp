#include "step/step_usage.h"

#include <utility>

namespace launcher {

void PackUsage(const Usage& usage, Packer* packer) {
  packer->Number(usage.cpu_ms).Number(usage.system_ms).Number(usage.resident_bytes).Number(usage.virtual_bytes);
  packer->Number(usage.page_faults).Number(usage.read_bytes).Number(usage.written_bytes);
}

Usage UnpackUsageOfTask(Unpacker* fields) {
  Usage usage;
  usage.cpu_ms = fields->Number();
  usage.system_ms = fields->Number();
  usage.resident_bytes = fields->Number();
  usage.virtual_bytes = fields->Number();
  usage.page_faults = fields->Number();
  usage.read_bytes = fields->Number();
  usage.written_bytes = fields->Number();
  return usage;
}

void ShareUsage::Measure(int task, pid_t pid, const ProcessTree& tree) {
  std::vector<pid_t> own = tree.Below(pid);
  own.insert(own.begin(), pid);
  tasks.push_back({task, MeasureUsage(own)});
  processes.insert(processes.end(), own.begin(), own.end());
}

void ShareUsage::Pack(Packer* packer) const {
  packer->Text(node).Numbers(processes).Number(static_cast<int64_t>(tasks.size()));
  for (const TaskUsage& task : tasks) {
    PackUsage(task.usage, &packer->Number(task.task));
  }
}

ShareUsage ShareUsage::Unpack(Unpacker* fields) {
  ShareUsage share;
  share.node = fields->Text();
  share.processes = fields->Numbers();
  for (int64_t count = fields->Number(); count > 0; --count) {
    TaskUsage task;
    task.task = static_cast<int>(fields->Number());
    task.usage = UnpackUsageOfTask(fields);
    share.tasks.push_back(task);
  }
  return share;
}

UsageQuery::~UsageQuery() {
  if (client_->is_open()) client_->Send(Frame::kUsageTold, Packer().Number(count_).payload(), shares_.payload());
}

void UsageQuery::Add(int64_t step, const ShareUsage& share) {
  share.Pack(&shares_.Number(step));
  ++count_;
}

std::vector<std::pair<int64_t, ShareUsage>> UnpackUsage(std::string_view payload) {
  Unpacker fields(payload);
  std::vector<std::pair<int64_t, ShareUsage>> shares;
  for (int64_t count = fields.Number(); count > 0; --count) {
    const int64_t step = fields.Number();
    shares.emplace_back(step, ShareUsage::Unpack(&fields));
  }
  return shares;
}

}  // namespace launcher
