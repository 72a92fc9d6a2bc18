#include "binding/cpu_plan.h"

#include <dirent.h>
#include <sched.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>

namespace launcher {
namespace {

using Kind = CpuBind::Kind;
using Numbers = std::vector<int>;

constexpr int kMostCpus = 8192;  ///< as many as Linux knows (CONFIG_NR_CPUS at most)

int ReadNumber(const std::string& path, int fallback) {
  std::ifstream file(path);
  int number = fallback;
  return file >> number ? number : fallback;
}

/// CPU -> NUMA node, from the links `cpu3/node1`.
int DomainOf(const std::string& directory) {
  DIR* entries = opendir(directory.c_str());
  if (!entries) return 0;
  int domain = 0;
  while (const dirent* entry = readdir(entries)) {
    if (sscanf(entry->d_name, "node%d", &domain) == 1) break;
  }
  closedir(entries);
  return domain;
}

Numbers Allowed() {
  cpu_set_t* set = CPU_ALLOC(kMostCpus);
  const size_t size = CPU_ALLOC_SIZE(kMostCpus);
  Numbers numbers;
  if (sched_getaffinity(0, size, set) == 0) {
    for (int cpu = 0; cpu < kMostCpus; ++cpu) {
      if (CPU_ISSET_S(static_cast<size_t>(cpu), size, set)) numbers.push_back(cpu);
    }
  }
  CPU_FREE(set);
  return numbers;
}

/// The bits of a hexadecimal mask.
Numbers BitsOf(const std::string& digits) {
  Numbers bits;
  for (size_t i = 0; i < digits.size(); ++i) {
    const int nibble = static_cast<int>(std::strtol(digits.substr(digits.size() - 1 - i, 1).c_str(), nullptr, 16));
    for (int bit = 0; bit < 4; ++bit) {
      if (nibble & (1 << bit)) bits.push_back(static_cast<int>(4 * i) + bit);
    }
  }
  return bits;
}

int NumberOf(const std::string& text) { return static_cast<int>(std::strtol(text.c_str(), nullptr, text.compare(0, 1, "0") == 0 ? 0 : 10)); }

class Planner {
 public:
  explicit Planner(const CpuRequest& request) : request_(request) {
    std::map<int, int> threads;  // by core
    for (const int place : request.held) {
      if (!IsThere(place)) continue;
      const Cpu& cpu = request.machine[static_cast<size_t>(place)];
      if (request.threads_per_core == 0 || ++threads[cpu.core] <= request.threads_per_core) held_.push_back(cpu);
    }
    std::set<int> domains;
    for (const Cpu& cpu : request.machine) domains.insert(cpu.domain);
    domains_.assign(domains.begin(), domains.end());
  }

  CpuPlan Plan() {
    for (int task = 0; task < request_.tasks; ++task) {
      Numbers cpus = request_.bind.is_automatic() ? Automatic() : Explicit(task);
      std::sort(cpus.begin(), cpus.end());
      cpus.erase(std::unique(cpus.begin(), cpus.end()), cpus.end());
      plan_.tasks.push_back(cpus);
    }
    std::sort(plan_.missing.begin(), plan_.missing.end());
    plan_.missing.erase(std::unique(plan_.missing.begin(), plan_.missing.end()), plan_.missing.end());
    return plan_;
  }

 private:
  bool IsThere(int place) {
    const bool is_there = place >= 0 && place < static_cast<int>(request_.machine.size());
    if (!is_there) plan_.missing.push_back(place);
    return is_there;
  }

  Numbers Places(const Numbers& places) {
    Numbers cpus;
    for (const int place : places) {
      if (IsThere(place)) cpus.push_back(request_.machine[static_cast<size_t>(place)].number);
    }
    return cpus;
  }

  Numbers Domains(const Numbers& places) const {
    Numbers cpus;
    for (const int place : places) {
      if (place < 0 || place >= static_cast<int>(domains_.size())) continue;
      for (const Cpu& cpu : request_.machine) {
        if (cpu.domain == domains_[static_cast<size_t>(place)]) cpus.push_back(cpu.number);
      }
    }
    return cpus;
  }

  Numbers Explicit(int task) {
    const auto& list = request_.bind.list;
    const std::string item = list.empty() ? "" : list[static_cast<size_t>(task) % list.size()];
    const auto wrapped = [task](size_t count) { return count == 0 ? 0 : task % static_cast<int>(count); };
    switch (request_.bind.kind) {
      case Kind::kRank: return Places({wrapped(request_.machine.size())});
      case Kind::kMap: return Places({NumberOf(item)});
      case Kind::kMask: return Places(BitsOf(item));
      case Kind::kDomainRank: return Domains({wrapped(domains_.size())});
      case Kind::kDomainMap: return Domains({NumberOf(item)});
      case Kind::kDomainMask: return Domains(BitsOf(item));
      default: return {};
    }
  }

  /// The next task's own CPUs, and what belongs to them by the kind.
  Numbers Automatic() {
    Numbers cpus;
    for (const Cpu& own : Take()) {
      for (const Cpu& cpu : held_) {
        if (IsTogether(own, cpu)) cpus.push_back(cpu.number);
      }
    }
    return cpus;
  }

  bool IsTogether(const Cpu& own, const Cpu& cpu) const {
    switch (request_.bind.kind) {
      case Kind::kCores: return cpu.core == own.core;
      case Kind::kSockets: return cpu.socket == own.socket;
      case Kind::kDomains: return cpu.domain == own.domain;
      default: return cpu.number == own.number;
    }
  }

  /// Takes as many CPUs as a task has from one socket, or where that has no more, from the next ones. When all are
  /// taken, with --overcommit, they are dealt again.
  std::vector<Cpu> Take() {
    std::vector<Cpu> taken;
    if (held_.empty()) return taken;
    int wanted = std::min<int>(std::max(1, request_.cpus_per_task), static_cast<int>(held_.size()));
    if (free_count() < wanted) Refill();
    if (request_.sockets == SocketOrder::kBlock) {
      for (auto& socket : free_) TakeFrom(&socket.second, wanted - static_cast<int>(taken.size()), &taken);
      return taken;
    }
    auto socket = free_.upper_bound(last_socket_);
    while (static_cast<int>(taken.size()) < wanted) {
      if (socket == free_.end()) socket = free_.begin();
      if (!socket->second.empty()) last_socket_ = socket->first;
      const int missing = wanted - static_cast<int>(taken.size());
      TakeFrom(&socket->second, request_.sockets == SocketOrder::kFullCyclic ? 1 : missing, &taken);
      ++socket;
    }
    return taken;
  }

  static void TakeFrom(std::vector<Cpu>* from, int count, std::vector<Cpu>* taken) {
    const auto end = from->begin() + std::min<long>(count, static_cast<long>(from->size()));
    taken->insert(taken->end(), from->begin(), end);
    from->erase(from->begin(), end);
  }

  int free_count() const {
    size_t count = 0;
    for (const auto& socket : free_) count += socket.second.size();
    return static_cast<int>(count);
  }

  void Refill() {
    free_.clear();
    for (const Cpu& cpu : held_) free_[cpu.socket].push_back(cpu);
  }

  const CpuRequest& request_;
  CpuPlan plan_;
  std::vector<Cpu> held_;
  Numbers domains_;
  std::map<int, std::vector<Cpu>> free_;  ///< by socket
  int last_socket_ = -1;
};

}  // namespace

std::vector<Cpu> OwnCpus(const std::string& system) {
  std::vector<Cpu> cpus;
  std::map<std::pair<int, int>, int> cores;
  for (const int number : Allowed()) {
    const std::string directory = system + "/cpu/cpu" + std::to_string(number);
    Cpu cpu;
    cpu.number = number;
    cpu.socket = std::max(0, ReadNumber(directory + "/topology/physical_package_id", 0));
    const int core = ReadNumber(directory + "/topology/core_id", -1 - number);
    cpu.core = cores.emplace(std::make_pair(cpu.socket, core), static_cast<int>(cores.size())).first->second;
    cpu.domain = DomainOf(directory);
    cpus.push_back(cpu);
  }
  return cpus;
}

CpuPlan PlanCpus(const CpuRequest& request) { return Planner(request).Plan(); }

std::string CpuMask(const std::vector<int>& cpus) {
  std::string digits(cpus.empty() ? 1 : static_cast<size_t>(*std::max_element(cpus.begin(), cpus.end())) / 4 + 1, '0');
  for (const int cpu : cpus) {
    char& digit = digits[digits.size() - 1 - static_cast<size_t>(cpu) / 4];
    const int value = (digit <= '9' ? digit - '0' : digit - 'a' + 10) | (1 << (cpu % 4));
    digit = "0123456789abcdef"[value];
  }
  return "0x" + digits;
}

CpuBind ToldBind(const CpuBind& bind, const CpuPlan& plan) {
  if (!bind.is_automatic()) return bind;
  CpuBind told = bind;
  told.kind = Kind::kMask;
  for (const auto& cpus : plan.tasks) told.list.push_back(CpuMask(cpus));
  return told;
}

}  // namespace launcher
