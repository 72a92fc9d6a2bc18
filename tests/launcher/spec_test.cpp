#include "spec/spec.h"

#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "contract.h"
#include "test.h"
#include "text/base64.h"
#include "text/error.h"
#include "text/hex.h"
#include "text/sha256.h"

namespace launcher {
namespace {

using Words = std::vector<std::string>;

Words FlagsFor(const std::string& json) {
  return {"--spec-version=1", "--spec-num-parts=1", "--spec-part-0=" + EncodeBase64(json),
          "--spec-sha256=" + ToHex(Sha256(json))};
}

/// The error line of ReadSpec and a check of its exit code; empty: no error.
std::string ErrorOf(const Words& flags) {
  try {
    ReadSpec(flags);
    return "";
  } catch (const LaunchError& error) {
    EXPECT_EQ(error.exit_code(), 78);
    return error.what();
  }
}

nlohmann::json Document(const nlohmann::json& contract, const nlohmann::json& row) {
  nlohmann::json document = contract["base"][row["of"].get<std::string>()];
  document.merge_patch(row["patch"]);
  return document;
}

LaunchSpec ReadCase(const std::string& why) {
  const auto contract = test::Contract("spec.json");
  for (const auto& row : contract["good"]) {
    if (row["why"] == why) return ReadSpec(FlagsFor(Document(contract, row).dump()));
  }
  throw std::runtime_error("no such case: " + why);
}

LaunchSpec ReadFlagsCase(const std::string& why) {
  for (const auto& row : test::Contract("spec.json", "flags")) {
    if (row["why"] == why) return ReadSpec(row["flags"].get<Words>());
  }
  throw std::runtime_error("no such case: " + why);
}

TEST(ReadsGoodDocuments) {
  const auto contract = test::Contract("spec.json");
  for (const auto& row : contract["good"]) {
    EXPECT_EQ_WITH(ErrorOf(FlagsFor(Document(contract, row).dump())), std::string(),
                   row["why"].get<std::string>());
  }
}

TEST(RefusesBadDocuments) {
  const auto contract = test::Contract("spec.json");
  for (const auto& row : contract["bad"]) {
    EXPECT_EQ_WITH(ErrorOf(FlagsFor(Document(contract, row).dump())),
                   row["error"].get<std::string>(), row["why"].get<std::string>());
  }
}

TEST(ReadsAndRefusesFlags) {
  for (const auto& row : test::Contract("spec.json", "flags")) {
    EXPECT_EQ_WITH(ErrorOf(row["flags"].get<Words>()), row.value("error", ""),
                   row["why"].get<std::string>());
  }
}

TEST(KeepsWhatAComponentIs) {
  const LaunchSpec spec = ReadCase("a component of a heterogeneous job");
  EXPECT_EQ(spec.job->het->ids, (std::vector<int>{7, 8, 9}));
  EXPECT_EQ(spec.job->het->offset, 2);
  EXPECT_EQ(spec.job->het->leader, std::string("fedcba9876543210fedcba9876543210"));
  EXPECT_EQ(spec.job->het->hosts, (Words{"10.0.0.1", "master-0"}));
  EXPECT_EQ(spec.job->het->wait, 60);
  EXPECT_EQ(spec.job->shown_id(), 7);
  EXPECT_TRUE(spec.job->is_component());
  const LaunchSpec leader = ReadCase("the leader of a heterogeneous job");
  EXPECT_EQ(leader.job->het->meeting->path, std::string("/s/7.meeting"));
  EXPECT_EQ(leader.job->het->wait, 300);
  EXPECT_FALSE(leader.job->is_component());
}

TEST(KeepsEveryField) {
  const LaunchSpec spec = ReadCase("everything that a batch job can say");
  EXPECT_TRUE(spec.role == Role::kBatch);
  EXPECT_EQ(spec.job->id, 7);
  EXPECT_EQ(spec.job->name, std::string("train"));
  EXPECT_EQ(spec.job->user, std::string("ann"));
  EXPECT_EQ(spec.job->group, std::string("staff"));
  EXPECT_EQ(spec.job->partition, std::string("debug"));
  EXPECT_EQ(spec.job->cluster, std::string("local"));
  EXPECT_EQ(spec.job->submit_host, std::string("login"));
  EXPECT_EQ(spec.job->submit_dir, std::string("/home/ann"));
  EXPECT_EQ(spec.job->uid, 1000u);
  EXPECT_EQ(spec.job->gid, 1000u);
  EXPECT_EQ(spec.job->nodes, 2);
  EXPECT_EQ(spec.job->cpus_per_node, (std::vector<int>{4, 4}));
  EXPECT_EQ(spec.job->tasks_per_node, (std::vector<int>{2, 2}));
  EXPECT_EQ(spec.job->distribution.plane_size, 2);
  EXPECT_EQ(spec.job->gpus_per_node, 4);
  EXPECT_EQ(spec.job->restart, 1);
  EXPECT_EQ(spec.job->env.at("SLURM_NTASKS"), std::string("4"));
  EXPECT_EQ(spec.script->text, std::string("#!/bin/sh\n"));
  EXPECT_EQ(spec.script->args, (Words{"a b", ""}));
  EXPECT_EQ(spec.script->name, std::string("run.sh"));
  EXPECT_TRUE(spec.env.mode == EnvPlan::Mode::kShared);
  EXPECT_EQ(spec.env.set.at("B"), std::string("x=y"));
  EXPECT_EQ(spec.env.unset, (Words{"C"}));
  EXPECT_EQ(spec.env.named, (Words{"A"}));
  EXPECT_EQ(*spec.work_dir, std::string("/work"));
  EXPECT_EQ(*spec.umask, 18u);
  EXPECT_EQ(spec.rlimits.at("STACK"), -1);
  EXPECT_EQ(spec.stdio.in->path, std::string("/dev/null"));
  EXPECT_FALSE(spec.stdio.in->inode.has_value());
  EXPECT_EQ(*spec.stdio.out->inode, 12u);
  EXPECT_EQ(*spec.stdio.out->owner, 1000u);
  EXPECT_EQ(spec.stdio.err->path, std::string("/work/%j.err"));
  EXPECT_TRUE(spec.stdio.append);
  EXPECT_FALSE(spec.stdio.label);
  EXPECT_EQ(spec.report_file->path, std::string("/work/.report"));
  EXPECT_EQ(*spec.limits.seconds, 60);
  EXPECT_EQ(*spec.limits.signal, 10);
  EXPECT_EQ(spec.limits.warn, 30);
  EXPECT_TRUE(spec.limits.batch_only);
  EXPECT_TRUE(spec.limits.no_kill);
  EXPECT_TRUE(spec.limits.wait_all_nodes);
  EXPECT_EQ(spec.limits.grace, 5);
  EXPECT_TRUE(spec.mpi == Mpi::kPmix);
  EXPECT_EQ(spec.hpcx, std::string("/opt/hpcx"));
  EXPECT_EQ(spec.submission, std::string("0123456789abcdef0123456789abcdef"));
  EXPECT_EQ(spec.secret.size(), size_t{32});
  EXPECT_EQ(*spec.commands, std::string("/opt/mlspace/bin"));
  EXPECT_FALSE(spec.is_held_allocation());
}

TEST(FillsInDefaults) {
  const LaunchSpec spec = ReadFlagsCase("one part");
  EXPECT_TRUE(spec.role == Role::kExec);
  EXPECT_TRUE(spec.env.mode == EnvPlan::Mode::kImage);
  EXPECT_FALSE(spec.job || spec.script || spec.shell || spec.work_dir || spec.umask ||
               spec.stdio.out || spec.owner);
  EXPECT_EQ(spec.limits.warn, 60);
  EXPECT_EQ(spec.limits.grace, 30);
  EXPECT_EQ(spec.hpcx, std::string("auto"));
  EXPECT_TRUE(spec.mpi == Mpi::kNone);
  EXPECT_TRUE(ReadCase("neither script nor command: a held allocation").is_held_allocation());
}

TEST(ReadsBytes) {
  const LaunchSpec spec = ReadCase("bytes that are not UTF-8");
  EXPECT_EQ(spec.command, (Words{"printf", "\xff\x01"}));
  EXPECT_EQ(spec.env.set.at("A"), std::string("\xff\x01"));
}

TEST(ReadsTheOlderDocument) {
  const LaunchSpec spec = ReadFlagsCase("the older document, no version");
  EXPECT_TRUE(spec.role == Role::kExec);
  EXPECT_EQ(spec.command, (Words{"env", "-0"}));
  EXPECT_EQ(spec.env.set.at("PATH"), std::string("/usr/bin:/bin"));
  EXPECT_EQ(spec.env.named, (Words{"PATH"}));
  EXPECT_EQ(*spec.work_dir, std::string("/tmp"));
  EXPECT_FALSE(spec.shell.has_value());
}

TEST(ReadsAFile) {
  char path[] = "/tmp/spec_test.XXXXXX";
  close(mkstemp(path));
  const std::string json = R"({"role":"exec","command":["true"]})";
  std::ofstream(path) << json;
  const std::string digest = ToHex(Sha256(json));
  const Words flags = {"--spec-version=1", std::string("--spec-file=") + path};
  EXPECT_EQ(ReadSpec({flags[0], flags[1], "--spec-sha256", digest}).command, (Words{"true"}));
  EXPECT_EQ(ErrorOf(flags), std::string("--spec-sha256 is missing"));
  EXPECT_EQ(ErrorOf({flags[0], flags[1], "--spec-sha256=" + std::string(64, '0')}),
            std::string("the specification's checksum is not the one in --spec-sha256: it was "
                        "damaged on its way"));
  EXPECT_EQ(truncate(path, (64 << 20) + 1), 0);
  EXPECT_EQ(ErrorOf({flags[0], flags[1], "--spec-sha256=" + digest}),
            flags[1] + ": larger than 64 MiB");
  unlink(path);
}

TEST(BoundsAPart) {
  const std::string json =
      R"({"role":"exec","command":["true"],"shell":")" + std::string(49110, 'x') + "\"}";
  const std::string text = EncodeBase64(json);
  EXPECT_TRUE(text.size() > 65536);
  const std::string digest = "--spec-sha256=" + ToHex(Sha256(json));
  EXPECT_EQ(ErrorOf({"--spec-version=1", "--spec-num-parts=1", "--spec-part-0=" + text, digest}),
            std::string("--spec-part-0 is longer than 65536 characters"));
  EXPECT_EQ(
      ErrorOf({"--spec-version=1", "--spec-num-parts=2", "--spec-part-0=" + text.substr(0, 65536),
               "--spec-part-1=" + text.substr(65536), digest}),
      std::string());
}

// Whatever bytes arrive: a specification, or one line and exit code 78.
TEST(SurvivesDamage) {
  const std::string json = test::Contract("spec.json")["base"]["batch"].dump();
  for (size_t i = 0; i < json.size(); ++i) {
    std::string damaged = json;
    damaged[i] = static_cast<char>(damaged[i] ^ (1 << i % 8));
    EXPECT_TRUE(ErrorOf(FlagsFor(damaged)).find('\n') == std::string::npos);
    ErrorOf(FlagsFor(json.substr(0, i)));
  }
}

}  // namespace
}  // namespace launcher
