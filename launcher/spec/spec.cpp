#include "spec/spec.h"

#include <climits>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "spec/carrier.h"
#include "spec/spec_value.h"
#include "text/error.h"
#include "text/hex.h"

namespace launcher {
namespace {

constexpr int64_t kMaxSeconds = INT64_C(1) << 40;
constexpr int kMaxNodes = 65536;
constexpr size_t kMaxComponents = 128;  ///< Source: MAX_HET_JOB_COMPS of Slurm

StdioFile ReadFile(const SpecValue& value) {
  value.ExpectKeys({"path", "inode", "owner"});
  StdioFile file;
  file.path = value.Require("path").AbsolutePath();
  const auto inode = value.Find("inode");
  const auto owner = value.Find("owner");
  if (inode.has_value() != owner.has_value()) value.Fail("needs both inode and owner, or neither");
  if (inode) file.inode = static_cast<uint64_t>(inode->Integer(0, INT64_MAX));
  if (owner) file.owner = static_cast<uint32_t>(owner->Integer(0, UINT32_MAX));
  return file;
}

std::optional<StdioFile> FindFile(const SpecValue& parent, const char* key) {
  const auto value = parent.Find(key);
  if (!value) return std::nullopt;
  return ReadFile(*value);
}

std::string FindText(const SpecValue& parent, const char* key) {
  const auto value = parent.Find(key);
  return value ? value->Text() : std::string();
}

Script ReadScript(const SpecValue& value) {
  value.ExpectKeys({"text", "args", "name"});
  Script script;
  script.text = value.Require("text").Text();
  if (const auto args = value.Find("args")) script.args = args->Texts();
  script.name = FindText(value, "name");
  return script;
}

EnvPlan ReadEnv(const SpecValue& value) {
  value.ExpectKeys({"mode", "set", "unset", "named"});
  EnvPlan plan;
  if (const auto mode = value.Find("mode")) {
    plan.mode =
        mode->OneOf({"image", "shared"}) == 0 ? EnvPlan::Mode::kImage : EnvPlan::Mode::kShared;
  }
  if (const auto set = value.Find("set")) plan.set = set->Variables();
  if (const auto unset = value.Find("unset")) plan.unset = unset->Names();
  if (const auto named = value.Find("named")) plan.named = named->Names();
  return plan;
}

Stdio ReadStdio(const SpecValue& value) {
  value.ExpectKeys({"in", "out", "err", "open_mode", "label"});
  Stdio stdio;
  stdio.in = FindFile(value, "in");
  stdio.out = FindFile(value, "out");
  stdio.err = FindFile(value, "err");
  if (const auto mode = value.Find("open_mode"))
    stdio.append = mode->OneOf({"truncate", "append"}) == 1;
  if (const auto label = value.Find("label")) stdio.label = label->Bool();
  return stdio;
}

Limits ReadLimits(const SpecValue& value) {
  value.ExpectKeys({"seconds", "signal", "warn", "batch_only", "grace", "no_kill", "wait_all_nodes"});
  Limits limits;
  if (const auto seconds = value.Find("seconds")) limits.seconds = seconds->Integer(1, kMaxSeconds);
  if (const auto signal = value.Find("signal"))
    limits.signal = static_cast<int>(signal->Integer(1, 64));
  if (const auto warn = value.Find("warn")) limits.warn = warn->Integer(0, kMaxSeconds);
  if (const auto no_kill = value.Find("no_kill")) limits.no_kill = no_kill->Bool();
  if (const auto wait = value.Find("wait_all_nodes")) limits.wait_all_nodes = wait->Bool();
  if (const auto batch_only = value.Find("batch_only")) limits.batch_only = batch_only->Bool();
  if (const auto grace = value.Find("grace")) limits.grace = grace->Integer(0, kMaxSeconds);
  return limits;
}

std::vector<int> ReadPerNode(const SpecValue& job, const char* key, int nodes, int min) {
  const SpecValue value = job.Require(key);
  std::vector<int> numbers = value.Integers(min, INT_MAX);
  if (numbers.size() != static_cast<size_t>(nodes)) {
    value.Fail("must have one number for each of " + std::to_string(nodes) + " nodes");
  }
  return numbers;
}

HetFacts ReadHet(const SpecValue& value, int64_t id) {
  value.ExpectKeys({"ids", "offset", "leader", "hosts", "meeting", "wait"});
  HetFacts het;
  const SpecValue ids = value.Require("ids");
  het.ids = ids.Integers(1, INT_MAX);
  if (het.ids.size() < 2 || het.ids.size() > kMaxComponents) ids.Fail("must have 2 to 128 job ids");
  const SpecValue offset = value.Require("offset");
  het.offset = static_cast<int>(offset.Integer(0, static_cast<int64_t>(het.ids.size()) - 1));
  if (het.ids[static_cast<size_t>(het.offset)] != id) offset.Fail("is not that of the job's own id");
  het.leader = value.Require("leader").Hex(32);
  if (const auto hosts = value.Find("hosts")) het.hosts = hosts->Texts();
  het.meeting = FindFile(value, "meeting");
  if (!het.is_leader() && het.hosts.empty() && !het.meeting) value.Fail("needs a meeting or hosts");
  if (const auto wait = value.Find("wait")) het.wait = wait->Integer(1, kMaxSeconds);
  return het;
}

JobFacts ReadJob(const SpecValue& value) {
  value.ExpectKeys({"id", "name", "user", "group", "partition", "cluster", "submit_host",
                    "submit_dir", "uid", "gid", "nodes", "cpus_per_node", "tasks_per_node",
                    "distribution", "gpus_per_node", "step_gpus", "memory_per_node", "env", "restart", "het"});
  JobFacts job;
  job.id = value.Require("id").Integer(1, INT64_MAX);
  job.name = FindText(value, "name");
  job.user = FindText(value, "user");
  job.group = FindText(value, "group");
  job.partition = FindText(value, "partition");
  job.cluster = FindText(value, "cluster");
  job.submit_host = FindText(value, "submit_host");
  job.submit_dir = FindText(value, "submit_dir");
  job.uid = static_cast<uint32_t>(value.Require("uid").Integer(0, UINT32_MAX));
  job.gid = static_cast<uint32_t>(value.Require("gid").Integer(0, UINT32_MAX));
  job.nodes = static_cast<int>(value.Require("nodes").Integer(1, kMaxNodes));
  job.cpus_per_node = ReadPerNode(value, "cpus_per_node", job.nodes, 1);
  job.tasks_per_node = ReadPerNode(value, "tasks_per_node", job.nodes, 0);
  if (value.Find("memory_per_node")) job.memory_per_node = ReadPerNode(value, "memory_per_node", job.nodes, 1);
  if (const auto text = value.Find("distribution")) {
    const auto distribution = ParseDistribution(text->Text());
    if (!distribution) text->Fail("must be block, cyclic, plane=N or arbitrary");
    job.distribution = *distribution;
  }
  if (const auto gpus = value.Find("gpus_per_node")) {
    job.gpus_per_node = static_cast<int>(gpus->Integer(0, kMaxNodes));
  }
  if (const auto gpus = value.Find("step_gpus")) job.step_gpus = static_cast<int>(gpus->Integer(0, kMaxNodes));
  if (const auto env = value.Find("env")) job.env = env->Variables();
  if (const auto restart = value.Find("restart"))
    job.restart = static_cast<int>(restart->Integer(0, INT_MAX));
  if (const auto het = value.Find("het")) job.het = ReadHet(*het, job.id);
  return job;
}

Rlimits ReadRlimits(const SpecValue& value) {
  Rlimits limits;
  value.ForEach([&](const std::string& name, const SpecValue& limit) {
    if (!RlimitNumber(name)) limit.Fail("unknown limit");
    limits[name] = limit.Integer(-1, INT64_MAX);
  });
  return limits;
}

/// What each role needs and must not have.
void CheckRole(const SpecValue& document, const LaunchSpec& spec) {
  if (spec.role != Role::kExec) {
    for (const char* key : {"job", "submission", "secret"}) document.Require(key);
    if (const auto shell = document.Find("shell")) shell->Fail("is of role exec only");
  }
  if (spec.role != Role::kTasks) {
    if (const auto options = document.Find("step_options")) options->Fail("is of role tasks only");
  }
  if (spec.role != Role::kBatch) {
    if (const auto script = document.Find("script")) script->Fail("is of role batch only");
    document.Require("command");
  }
  if (spec.script && !spec.command.empty()) {
    document.Require("command").Fail("excludes a script");
  }
  if (spec.owner && !spec.is_held_allocation()) {
    document.Require("owner").Fail("is of an allocation without script and command only");
  }
}

/// What a component of a heterogeneous job must have, and must not.
void CheckComponent(const SpecValue& document, const LaunchSpec& spec) {
  if (!spec.job || !spec.job->het) return;
  const HetFacts& het = *spec.job->het;
  const SpecValue place = document.Require("job").Require("het");
  if (spec.role != Role::kBatch) place.Fail("is of role batch only");
  if (het.is_leader() != (het.leader == spec.submission)) place.Require("leader").Fail("must be the submission of component 0");
  if (het.is_leader()) return;
  for (const char* key : {"script", "command", "owner"}) {
    if (const auto value = document.Find(key)) value->Fail("is of component 0 only");
  }
}

LaunchSpec ReadDocument(const SpecValue& document) {
  document.ExpectKeys({"role", "job", "script", "command", "shell", "env", "work_dir", "umask",
                       "rlimits", "stdio", "report_file", "limits", "mpi", "step_options", "hpcx", "submission",
                       "secret", "owner", "commands"});
  LaunchSpec spec;
  constexpr Role kRoles[] = {Role::kBatch, Role::kTasks, Role::kExec};
  spec.role = kRoles[document.Require("role").OneOf({"batch", "tasks", "exec"})];
  if (const auto job = document.Find("job")) spec.job = ReadJob(*job);
  if (const auto script = document.Find("script")) spec.script = ReadScript(*script);
  if (const auto command = document.Find("command")) {
    spec.command = command->Texts();
    if (spec.command.empty()) command->Fail("must not be empty");
  }
  if (const auto shell = document.Find("shell")) spec.shell = shell->Text();
  if (const auto env = document.Find("env")) spec.env = ReadEnv(*env);
  if (const auto work_dir = document.Find("work_dir")) spec.work_dir = work_dir->AbsolutePath();
  if (const auto umask = document.Find("umask"))
    spec.umask = static_cast<unsigned>(umask->Integer(0, 0777));
  if (const auto rlimits = document.Find("rlimits")) spec.rlimits = ReadRlimits(*rlimits);
  if (const auto stdio = document.Find("stdio")) spec.stdio = ReadStdio(*stdio);
  spec.report_file = FindFile(document, "report_file");
  if (const auto limits = document.Find("limits")) spec.limits = ReadLimits(*limits);
  constexpr Mpi kMpis[] = {Mpi::kNone, Mpi::kPmix, Mpi::kOpenMpi};
  if (const auto mpi = document.Find("mpi"))
    spec.mpi = kMpis[mpi->OneOf({"none", "pmix", "openmpi"})];
  if (const auto options = document.Find("step_options")) spec.step_options = options->Texts();
  if (const auto hpcx = document.Find("hpcx")) {
    spec.hpcx = hpcx->Text();
    if (spec.hpcx != "auto" && spec.hpcx != "off" && spec.hpcx.substr(0, 1) != "/") {
      hpcx->Fail("must be auto, off or an absolute path");
    }
  }
  if (const auto submission = document.Find("submission")) spec.submission = submission->Hex(32);
  if (const auto secret = document.Find("secret")) spec.secret = FromHex(secret->Hex(64)).value();
  if (const auto owner = document.Find("owner")) spec.owner = owner->Integer(0, kMaxSeconds);
  if (const auto commands = document.Find("commands")) spec.commands = commands->AbsolutePath();
  CheckRole(document, spec);
  CheckComponent(document, spec);
  return spec;
}

/// The document of the older launcher. Its variables were the user's explicit choice: they all win.
LaunchSpec ReadOldDocument(const SpecValue& document) {
  document.ExpectKeys({"executable", "args", "env", "work_dir", "shell", "image"});
  const auto find = [&](const char* key) {
    const auto value = document.Find(key);
    return value && value->IsNull() ? std::nullopt : value;
  };
  LaunchSpec spec;
  spec.role = Role::kExec;
  spec.command = {document.Require("executable").Text()};
  if (const auto args = find("args")) {
    for (std::string& arg : args->Texts()) spec.command.push_back(std::move(arg));
  }
  if (const auto env = find("env")) spec.env.set = env->Variables();
  for (const auto& variable : spec.env.set) spec.env.named.push_back(variable.first);
  const auto find_text = [&](const char* key) -> std::optional<std::string> {
    const auto value = find(key);
    if (!value || value->Text().empty()) return std::nullopt;
    return value->Text();
  };
  spec.work_dir = find_text("work_dir");
  spec.shell = find_text("shell");
  return spec;
}

}  // namespace

LaunchSpec ReadSpec(const std::vector<std::string>& flags) {
  const Carried carried = ReadCarrier(flags);
  nlohmann::json json;
  try {
    json = nlohmann::json::parse(carried.json);
  } catch (const nlohmann::json::parse_error& error) {
    // Its own text quotes what it read, which may be secret.
    throw LaunchError("specification: not JSON at byte " + std::to_string(error.byte), kExitConfig);
  } catch (const nlohmann::json::out_of_range&) {
    throw LaunchError("specification: a number is too large", kExitConfig);
  }
  const SpecValue document(json, "");
  return carried.version == 0 ? ReadOldDocument(document) : ReadDocument(document);
}

}  // namespace launcher
