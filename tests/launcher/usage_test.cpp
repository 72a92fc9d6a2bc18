#include "os/usage.h"

#include <unistd.h>

#include "os/process_tree.h"
#include "test.h"

namespace launcher {
namespace {

constexpr const char* kStat = "77 (a) b (c)) S 1 77 77 0 -1 4194304 900 800 7 5 120 30 40 10 20 0 1 0 9 0 0 18446744073709551615\n";
constexpr const char* kStatus = "Name:\tVmRSS: 9\nVmPeak:\t    3000 kB\nVmSize:\t    2000 kB\nVmHWM:\t     500 kB\nVmRSS:\t     400 kB\n";
constexpr const char* kIo = "rchar: 1000\nwchar: 200\nsyscr: 5\nread_bytes: 4096\n";

TEST(AddsWhatProcSays) {
  Usage sum, most;
  AddUsage(kStat, kStatus, kIo, &sum, &most);
  AddUsage(kStat, kStatus, kIo, &sum, &most);
  EXPECT_EQ(sum.cpu_ms, 2 * 2000);  // 200 ticks of 10 ms
  EXPECT_EQ(sum.page_faults, 2 * 12);
  EXPECT_EQ(sum.resident_bytes, 2 * 400 * 1024);
  EXPECT_EQ(sum.virtual_bytes, 2 * 2000 * 1024);
  EXPECT_EQ(sum.read_bytes, 2000);
  EXPECT_EQ(sum.written_bytes, 400);
  EXPECT_EQ(most.resident_bytes, 500 * 1024);
  EXPECT_EQ(most.virtual_bytes, 3000 * 1024);
}

TEST(WhatHasEndedHasUsedNothing) {
  Usage sum, most;
  AddUsage("", "", "", &sum, &most);
  AddUsage("77 (short) S 1", kStatus, kIo, &sum, &most);
  EXPECT_EQ(sum.cpu_ms + sum.resident_bytes + sum.read_bytes + most.resident_bytes, 0);
}

TEST(MeasuresThisProcess) {
  const Usage usage = MeasureUsage({getpid()});
  EXPECT_TRUE(usage.resident_bytes > 100 * 1024 && usage.virtual_bytes >= usage.resident_bytes);
  EXPECT_TRUE(usage.read_bytes > 0);
  EXPECT_EQ(ProcessTree().Below(getpid()), std::vector<pid_t>{});
}

}  // namespace
}  // namespace launcher
