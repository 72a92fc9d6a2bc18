#include "os/usage.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/process_tree.h"
#include "os/usage_summary.h"
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

TEST(TellsOfAProcessThatHasEnded) {
  const pid_t pid = fork();
  if (pid == 0) {
    const std::string page(4096, 'x');
    const int sink = open("/dev/null", O_WRONLY);
    for (int i = 0; i < 1000; ++i) {
      if (write(sink, page.data(), page.size()) < 0) _exit(1);
    }
    _exit(7);
  }
  siginfo_t ended{};
  EXPECT_EQ(waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | WNOWAIT), 0);
  int status = 0;
  const Usage usage = TakeUsage(pid, &status);
  EXPECT_EQ(WEXITSTATUS(status), 7);
  EXPECT_EQ(usage.written_bytes, 1000 * 4096);
  EXPECT_TRUE(usage.resident_bytes > 0 && usage.cpu_ms >= usage.system_ms);
  EXPECT_EQ(waitpid(pid, &status, WNOHANG), -1);  // nobody waits for it again
}

TEST(TakesTheMostOfTwo) {
  Usage one, other;
  one.cpu_ms = 5;
  one.resident_bytes = 1;
  other.resident_bytes = 2;
  other.virtual_bytes = 3;
  const Usage most = MostOf(one, other);
  EXPECT_EQ(most.cpu_ms, 5);
  EXPECT_EQ(most.resident_bytes, 2);
  EXPECT_EQ(most.virtual_bytes, 3);
}

TEST(SumsUpTasksInWhateverOrderTheyEnd) {
  Usage small, large;
  small.cpu_ms = 10;
  small.system_ms = 4;
  small.resident_bytes = 1024;
  large.cpu_ms = 30;
  large.system_ms = 1;
  large.resident_bytes = 4096;
  UsageSummary summary;
  EXPECT_TRUE(summary.is_empty());
  summary.Add(3, 1, large);
  summary.Add(0, 0, small);
  summary.Add(2, 1, large);
  EXPECT_EQ(summary.cpu_ms(), 70);
  EXPECT_EQ(summary.resident_bytes(), 9216);
  EXPECT_EQ(summary.Json(),
            "{\"tasks\":3,\"system\":6,\"cpu\":[70,30,2,1,10,0,0],\"rss\":[9216,4096,2,1,1024,0,0],\"vmem\":[0,0,0,0,0,0,0],"
            "\"pages\":[0,0,0,0,0,0,0],\"read\":[0,0,0,0,0,0,0],\"written\":[0,0,0,0,0,0,0]}");
}

TEST(MeasuresThisProcess) {
  const Usage usage = MeasureUsage({getpid()});
  EXPECT_TRUE(usage.resident_bytes > 100 * 1024 && usage.virtual_bytes >= usage.resident_bytes);
  EXPECT_TRUE(usage.read_bytes > 0);
  EXPECT_EQ(ProcessTree().Below(getpid()), std::vector<pid_t>{});
}

}  // namespace
}  // namespace launcher
