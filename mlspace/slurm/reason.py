"""Why a job waits, or how it ended, in squeue's words: those that are given here. Source: squeue(1), JOB REASON CODES."""

from __future__ import annotations

NONE = "None"

BEGIN_TIME = "BeginTime"
DEPENDENCY = "Dependency"
NEVER_SATISFIED = "DependencyNeverSatisfied"
HELD_USER = "JobHeldUser"
HELD_ADMIN = "JobHeldAdmin"
REQUEUED_HELD = "job requeued in held state"
MAX_REQUEUE = "JobHoldMaxRequeue"
ARRAY_LIMIT = "JobArrayTaskLimit"
RESOURCES = "Resources"
GPU_LIMIT = "AssocGrpGRES"
PRIORITY = "Priority"

PAST_DEADLINE = "DeadLine"
NODE_DOWN = "NodeDown"
LAUNCH_FAILURE = "JobLaunchFailure"
