#include "binding/gpu_bind.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "text/error.h"
#include "text/word_list.h"

namespace launcher {
namespace {

using Kind = GpuBind::Kind;

constexpr int kMostGpus = 64;
constexpr int kMostTimes = 65536;

struct Prefix {
  const char* text;
  Kind kind;
};
constexpr Prefix kPrefixes[] = {
    {"closest", Kind::kClosest},  {"n", Kind::kNone},         {"single:", Kind::kSingle},
    {"map_gpu:", Kind::kMap},     {"mask_gpu:", Kind::kMask}, {"per_task:", Kind::kPerTask},
};

int ReadCount(const std::string& text) {
  return static_cast<int>(std::clamp(std::strtol(text.c_str(), nullptr, 10), 1L, static_cast<long>(kMostTimes)));
}

/// The GPUs of one item, "2" or, of a mask, "0x3".
std::vector<int> ReadItem(const std::string& item, bool is_mask, const std::string& whole) {
  char* end = nullptr;
  const uint64_t value = std::strtoull(item.c_str(), &end, is_mask ? 16 : 0);
  if (item.empty() || *end != '\0' || item[0] == '-') {
    const std::string blamed = end && *end != '\0' ? std::string(1, *end) : item;
    throw LaunchError("Failed to validate " + item + ", offending character is " + blamed +
                          "\nsrun: error: Invalid --gpu-bind argument: gpu:" + whole,
                      1);
  }
  if (!is_mask) return {static_cast<int>(std::min<uint64_t>(value, kMostGpus))};
  std::vector<int> gpus;
  for (int gpu = 0; gpu < kMostGpus; ++gpu) {
    if (value >> gpu & 1) gpus.push_back(gpu);
  }
  return gpus;
}

TaskGpus OrFirst(std::vector<int> gpus, const std::vector<int>& held) {
  const bool is_outside = gpus.empty();
  if (is_outside) gpus.push_back(held.front());
  return {true, gpus, is_outside};
}

/// The GPUs of `wanted` that are held.
TaskGpus Wanted(const std::vector<int>& wanted, const std::vector<int>& held) {
  std::vector<int> gpus;
  for (const int gpu : held) {
    if (std::find(wanted.begin(), wanted.end(), gpu) != wanted.end()) gpus.push_back(gpu);
  }
  return OrFirst(gpus, held);
}

/// So many of the held GPUs, from the place `first` on.
TaskGpus Slice(const std::vector<int>& held, int first, int count) {
  const auto begin = static_cast<size_t>(first), end = begin + static_cast<size_t>(count);
  std::vector<int> gpus;
  for (size_t i = begin; i < std::min(end, held.size()); ++i) gpus.push_back(held[i]);
  return OrFirst(gpus, held);
}

std::string Bits(const std::vector<int>& gpus) {
  uint64_t mask = 0;
  for (const int gpu : gpus) mask |= gpu < kMostGpus ? uint64_t{1} << gpu : 0;
  char text[24];
  std::snprintf(text, sizeof text, "0x%llX", static_cast<unsigned long long>(mask));
  return text;
}

}  // namespace

GpuBind ParseGpuBind(const std::string& text) {
  GpuBind bind;
  constexpr size_t kVerboseLength = sizeof("verbose,") - 1;
  std::string rest = text;
  if (LowerCase(rest).compare(0, kVerboseLength, "verbose,") == 0) {
    bind.verbose = true;
    rest.erase(0, kVerboseLength);
  }
  const std::string lower = LowerCase(rest);
  const Prefix* found = nullptr;
  for (const Prefix& prefix : kPrefixes) {
    if (lower.rfind(prefix.text, 0) == 0) found = &prefix;
  }
  if (!found) throw LaunchError("Invalid --gpu-bind argument: gpu:" + text, 1);
  bind.kind = found->kind;
  const std::string list = rest.substr(std::min(rest.find(':'), rest.size() - 1) + 1);
  if (bind.kind == Kind::kSingle || bind.kind == Kind::kPerTask) bind.count = ReadCount(list);
  if (bind.kind != Kind::kMap && bind.kind != Kind::kMask) return bind;
  for (const std::string& item : SplitWords(list)) {
    const size_t star = std::min(item.find('*'), item.size());
    const std::vector<int> gpus = ReadItem(item.substr(0, star), bind.kind == Kind::kMask, text);
    const int times = star < item.size() ? std::atoi(item.c_str() + star + 1) : 1;
    for (int i = 0; i < std::min(times, kMostTimes); ++i) bind.lists.push_back(gpus);
  }
  return bind;
}

TaskGpus GpusOfTask(const GpuBind& bind, const std::vector<int>& held, int local, int tasks) {
  if (held.empty() || tasks < 2 || bind.kind == Kind::kUnsaid) return {false, held, false};
  switch (bind.kind) {
    case Kind::kNone: return {true, {}, false};
    case Kind::kSingle: return Slice(held, local / bind.count % static_cast<int>(held.size()), 1);
    case Kind::kPerTask: return Slice(held, local * std::min(bind.count, kMostGpus), bind.count);
    case Kind::kMap:
    case Kind::kMask:
      if (bind.lists.empty()) return {true, held, false};
      return Wanted(bind.lists[static_cast<size_t>(local) % bind.lists.size()], held);
    default: return {true, held, false};
  }
}

std::string GpuBindLine(const std::vector<int>& bound, const std::vector<int>& held, const std::vector<int>& names) {
  std::vector<int> called;
  for (const int gpu : bound) called.push_back(names.at(static_cast<size_t>(gpu)));
  const std::string list = JoinNumbers(called);
  return "gpu-bind: usable_gres=" + Bits(bound) + "; bit_alloc=" + Bits(held) + "; local_inx=0; global_list=" + list +
         "; local_list=" + list + "\n";
}

}  // namespace launcher
