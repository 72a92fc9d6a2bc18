#include "node/slurm_env.h"

#include "contract.h"
#include "test.h"

namespace launcher {
namespace {

Environment ReadEnvironment(const nlohmann::json& row) {
  Environment environment;
  for (const auto& item : row.items()) environment.Set(item.key(), item.value().get<std::string>());
  return environment;
}

/// The job and the place of node 0 that a case was captured in.
std::pair<LaunchSpec, Place> ReadJob(const nlohmann::json& row) {
  LaunchSpec spec;
  JobFacts job;
  job.id = row["id"];
  job.name = row["name"];
  job.user = row["user"];
  job.partition = row["partition"];
  job.cluster = row["cluster"];
  job.submit_host = row["submit_host"];
  job.submit_dir = row["submit_dir"];
  job.uid = row["uid"];
  job.gid = row["gid"];
  job.cpus_per_node = row["cpus_per_node"].get<std::vector<int>>();
  job.tasks_per_node = row["tasks_per_node"].get<std::vector<int>>();
  job.gpus_per_node = row["gpus_per_node"];
  job.env = row["env"].get<std::map<std::string, std::string>>();
  Place place;
  place.names = row["nodes"].get<std::vector<std::string>>();
  job.nodes = static_cast<int>(place.names.size());
  spec.job = job;
  return {spec, place};
}

StepFacts ReadStep(const nlohmann::json& row) {
  StepFacts step;
  step.id = row["id"];
  step.nodes = row["nodes"].get<std::vector<std::string>>();
  step.tasks = row["tasks"].get<TaskIds>();
  step.distribution = ParseDistribution(row["distribution"].get<std::string>()).value();
  step.distribution_given = row["given"];
  step.inside_job = row["inside_job"];
  step.label = row["label"];
  step.umask = 0022;
  step.launcher_address = "127.0.0.1";
  step.launcher_port = 40000;
  return step;
}

Environment Made(const nlohmann::json& row) {
  const auto [spec, place] = ReadJob(row["job"]);
  if (row["kind"] == "batch") return BatchEnvironment({}, spec, place, {});
  const StepFacts step = ReadStep(row["step"]);
  const Environment base =
      StepEnvironment(ReadEnvironment(row["base"]), JobEnvironment(spec, place), step);
  const auto gpus = row["gpus"].get<std::vector<int>>();
  const StepNode node = {row["step"]["node"], row["cpus"], gpus, gpus};
  return TaskEnvironment(base, step, node, row["local"]);
}

TEST(EnvironmentIsRealSlurms) {
  for (const auto& row : test::Contract("environment.json", "cases")) {
    const std::string call = row["call"];
    const Environment expected = ReadEnvironment(row["env"]);
    const Environment made = Made(row);
    for (const auto& [name, value] : expected.variables()) {
      EXPECT_EQ_WITH(made.Get(name, "(not set)"), value, call + ": " + name);
    }
    for (const auto& variable : made.variables()) {
      EXPECT_EQ_WITH(expected.Has(variable.first), true,
                     call + ": " + variable.first + " must not be set");
    }
  }
}

// Only SLURM_JOB_ID may be left of SLURM_*: the job's facts come back.
TEST(StepFillsInWhatIsMissing) {
  const nlohmann::json cases = test::Contract("environment.json", "cases");
  for (const auto& row : cases) {
    if (row["kind"] != "task") continue;
    const auto [spec, place] = ReadJob(row["job"]);
    const Environment step = StepEnvironment({{"SLURM_JOB_ID", "42"}}, JobEnvironment(spec, place),
                                             ReadStep(row["step"]));
    EXPECT_EQ(step.Get("SLURM_JOB_NODELIST"), row["env"]["SLURM_JOB_NODELIST"].get<std::string>());
    EXPECT_EQ(step.Get("SLURM_NTASKS"), row["env"]["SLURM_NTASKS"].get<std::string>());
  }
}

TEST(KeepsWhatTheUserSet) {
  const auto [spec, place] = ReadJob(test::Contract("environment.json", "cases")[0]["job"]);
  const Environment batch = BatchEnvironment(
      {{"TMPDIR", "/scratch"}, {"A", "1"}, {"SLURM_JOB_ID", "7"}}, spec, place, {});
  EXPECT_EQ(batch.Get("TMPDIR"), std::string("/scratch"));
  EXPECT_EQ(batch.Get("A"), std::string("1"));
  EXPECT_EQ(batch.Get("SLURM_JOB_ID"), std::string("42"));
  StepFacts step;
  step.nodes = {"n1"};
  step.tasks = {{0}};
  step.umask = 0077;
  EXPECT_EQ(StepEnvironment({}, {}, step).Get("SLURM_UMASK"), std::string("0077"));
  EXPECT_EQ(StepEnvironment({{"SLURM_UMASK", "0002"}}, {}, step).Get("SLURM_UMASK"),
            std::string("0002"));
  EXPECT_FALSE(StepEnvironment({}, {}, step).Has("SLURM_STEP_LAUNCHER_PORT"));
}

TEST(CountsRestarts) {
  auto [spec, place] = ReadJob(test::Contract("environment.json", "cases")[0]["job"]);
  EXPECT_FALSE(JobEnvironment(spec, place).Has("SLURM_RESTART_COUNT"));
  spec.job->restart = 2;
  EXPECT_EQ(JobEnvironment(spec, place).Get("SLURM_RESTART_COUNT"), std::string("2"));
}

TEST(TakesTheGpusThatThePlatformGave) {
  const auto gpus = [](const char* name, const char* value, int count) {
    return VisibleGpus({{name, value}}, count);
  };
  using Indices = std::vector<int>;
  EXPECT_EQ(gpus("CUDA_VISIBLE_DEVICES", "2,3", 2), (Indices{2, 3}));
  EXPECT_EQ(gpus("NVIDIA_VISIBLE_DEVICES", "5", 1), (Indices{5}));
  EXPECT_EQ(gpus("NVIDIA_VISIBLE_DEVICES", "4,5,6,7", 2), (Indices{4, 5}));
  EXPECT_EQ(gpus("OTHER", "4", 2), (Indices{0, 1}));
  EXPECT_EQ(gpus("CUDA_VISIBLE_DEVICES", "2,3", 0), Indices{});
  for (const char* other :
       {"", "all", "void", "GPU-1f3a", "1,", ",1", "1,,2", "3", "-1,2", "1, 2"}) {
    EXPECT_EQ_WITH(gpus("NVIDIA_VISIBLE_DEVICES", other, 2), (Indices{0, 1}), other);
  }
}

}  // namespace
}  // namespace launcher
