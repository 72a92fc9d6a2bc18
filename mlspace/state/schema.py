"""The registry's tables, and the statements that lead to them from those of each version before."""

from __future__ import annotations

VERSION = 9

FIRST_PRIORITY = 4294901760
"""Slurm's priority/basic starts here (2^32 - 2^16) and counts down."""

SUBMISSION_PHASES = ("committed", "posting", "posted", "ended")
"""committed: nothing was sent yet. posting: a request may have been sent, no answer was recorded. posted: the platform's job is
known. ended: nothing more is expected of it."""

QUEUE = (
    "CREATE INDEX job_by_array ON job(array_job_id)",
    "CREATE INDEX job_by_het ON job(het_job_id)",
    "CREATE INDEX history_by_job ON history(job_id)",
    # How many jobs were given their place in the queue by the order of their coming; Slurm's priorities count down by that.
    "CREATE TABLE queued (number INTEGER NOT NULL)",
    "INSERT INTO queued VALUES (0)",
    "UPDATE queued SET number = (SELECT coalesce(max(job_id), 0) FROM job)",
)
"""What came with version 2."""

DOUBLES = (
    # When the answer to a request for the submission was lost, of which there may be a job; NULL: there is none, or it was found.
    "ALTER TABLE submission ADD COLUMN lost_at REAL",
    "UPDATE submission SET lost_at = posted_at WHERE phase = 'posting'",
    "CREATE INDEX submission_by_loss ON submission(lost_at) WHERE lost_at IS NOT NULL",
    # Jobs of the platform's that were one too many, each deleted at that time.
    "CREATE TABLE double (platform_job TEXT PRIMARY KEY, submission TEXT NOT NULL, time REAL NOT NULL)",
    "CREATE INDEX double_by_submission ON double(submission)",
)
"""What came with version 3."""

LEADER = (
    # One row, of the process that decides what may start. owner: who it is (process_identity), "" for nobody. epoch: which term this is.
    # beat: counts its writes. seen: when the last of them was, by the clock of its host. wish: what others want of it, as "stop".
    "CREATE TABLE leader (owner TEXT NOT NULL DEFAULT '', epoch INTEGER NOT NULL DEFAULT 0, beat INTEGER NOT NULL DEFAULT 0,"
    " since REAL, seen REAL, wish TEXT NOT NULL DEFAULT '')",
    "INSERT INTO leader DEFAULT VALUES",
)
"""What came with version 5."""

DEPOSED = "UPDATE leader SET owner = '', epoch = epoch + 1"
"""At the end of each upgrade: a leader of an older version does not know these tables."""

USAGE = (
    # What a step, or a whole job, used of its nodes, as `launch` reports it. step: as StepView has it, or WHOLE_JOB (slurm/step.py).
    """
    CREATE TABLE usage (
        job_id INTEGER NOT NULL, restart INTEGER NOT NULL, step INTEGER NOT NULL, content TEXT NOT NULL,
        PRIMARY KEY (job_id, restart, step)
    ) WITHOUT ROWID
    """,
)
"""What came with version 6."""

PLACES = (
    # What jobs compete for: region, instance type, allocation and queue, with slashes between. What the system has to say of a job.
    "ALTER TABLE job ADD COLUMN place TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE job ADD COLUMN system_comment TEXT",
    "UPDATE job SET place = region || '/' || instance_type || '//'",
    # Places where a job was refused for what others hold.
    """
    CREATE TABLE place (
        place TEXT PRIMARY KEY, refusals INTEGER NOT NULL, refused_at REAL NOT NULL, next_try REAL NOT NULL,
        reason TEXT NOT NULL, words TEXT NOT NULL
    )
    """,
)
"""What came with version 7."""

MAIL = (
    # Events that the mail program was called for, or is just about to be: never a second time. restart: of an array's, 0.
    "CREATE TABLE mail (job_id INTEGER NOT NULL, restart INTEGER NOT NULL, event TEXT NOT NULL, PRIMARY KEY (job_id, restart, event))"
    " WITHOUT ROWID",
    # One row: how far the history was looked through for such events.
    "CREATE TABLE mailed (history INTEGER NOT NULL)",
    "INSERT INTO mailed SELECT coalesce(max(rowid), 0) FROM history",
)
"""What came with version 8."""

LINE = (
    # Jobs that wait, in the order in which they are to start, and what tells of each whether there is something to decide.
    "CREATE INDEX job_in_line ON job(priority DESC, job_id, place, reason, dependency, begin_time, deadline, array_limit)"
    " WHERE state = 'PENDING'",
)
"""What came with version 9."""

STATEMENTS = (
    # AUTOINCREMENT: an id is never given twice, not even after the newest job was removed.
    """
    CREATE TABLE job (
        job_id INTEGER PRIMARY KEY AUTOINCREMENT,
        array_job_id INTEGER, array_task_id INTEGER, array_spec TEXT, array_limit INTEGER,
        het_job_id INTEGER, het_offset INTEGER,
        name TEXT NOT NULL, user TEXT NOT NULL, uid INTEGER NOT NULL, grp TEXT NOT NULL, gid INTEGER NOT NULL,
        account TEXT, partition TEXT NOT NULL, qos TEXT,
        state TEXT NOT NULL, reason TEXT NOT NULL, dependency TEXT NOT NULL DEFAULT '', wish TEXT NOT NULL DEFAULT '',
        exit_code INTEGER NOT NULL DEFAULT 0, exit_signal INTEGER NOT NULL DEFAULT 0,
        priority INTEGER NOT NULL, nice INTEGER NOT NULL DEFAULT 0, restart_count INTEGER NOT NULL DEFAULT 0,
        submit_time INTEGER NOT NULL, begin_time INTEGER, eligible_time INTEGER, start_time INTEGER, end_time INTEGER,
        time_limit INTEGER, time_min INTEGER, deadline INTEGER,
        nodes INTEGER NOT NULL, node_list TEXT NOT NULL DEFAULT '', tasks INTEGER NOT NULL, tasks_requested INTEGER NOT NULL,
        cpus INTEGER NOT NULL, cpus_per_task INTEGER, memory_mib INTEGER NOT NULL, gpus INTEGER NOT NULL,
        batch INTEGER NOT NULL, requeue INTEGER NOT NULL, command TEXT NOT NULL, work_dir TEXT NOT NULL, comment TEXT,
        region TEXT NOT NULL, instance_type TEXT NOT NULL, platform_job TEXT NOT NULL DEFAULT '',
        alloc_node TEXT NOT NULL, alloc_sid INTEGER NOT NULL, cancelled_by INTEGER,
        details TEXT NOT NULL,
        request TEXT NOT NULL REFERENCES text(digest), environment TEXT NOT NULL REFERENCES text(digest)
    )
    """,
    "CREATE INDEX job_by_state ON job(state)",
    "CREATE INDEX job_by_end ON job(end_time)",
    # Requests and environments, each stored once, however many jobs and elements were submitted with it.
    "CREATE TABLE text (digest TEXT PRIMARY KEY, content BLOB NOT NULL)",
    # One row for each attempt to have the platform run a job.
    """
    CREATE TABLE submission (
        submission TEXT PRIMARY KEY, job_id INTEGER NOT NULL REFERENCES job(job_id),
        restart INTEGER NOT NULL, attempt INTEGER NOT NULL, secret TEXT NOT NULL,
        phase TEXT NOT NULL, owner TEXT NOT NULL DEFAULT '', posted_at REAL,
        region TEXT NOT NULL, platform_job TEXT NOT NULL DEFAULT '', platform_status TEXT NOT NULL DEFAULT ''
    )
    """,
    "CREATE INDEX submission_by_job ON submission(job_id)",
    "CREATE INDEX submission_by_phase ON submission(phase)",
    """
    CREATE TABLE step (
        job_id INTEGER NOT NULL REFERENCES job(job_id), restart INTEGER NOT NULL, step INTEGER NOT NULL,
        name TEXT NOT NULL, state TEXT NOT NULL, node_list TEXT NOT NULL, tasks INTEGER NOT NULL,
        start_time INTEGER, end_time INTEGER, exit_code INTEGER NOT NULL DEFAULT 0, exit_signal INTEGER NOT NULL DEFAULT 0,
        cpus INTEGER, gpus INTEGER, memory_mib INTEGER, distribution TEXT NOT NULL DEFAULT '', limit_seconds INTEGER,
        srun TEXT NOT NULL DEFAULT '',
        PRIMARY KEY (job_id, restart, step)
    )
    """,
    # Every change of a job's state, for accounting.
    """
    CREATE TABLE history (
        job_id INTEGER NOT NULL, restart INTEGER NOT NULL, time INTEGER NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL,
        node_list TEXT NOT NULL
    )
    """,
    "CREATE TABLE poll (region TEXT PRIMARY KEY, time REAL NOT NULL)",
    *QUEUE,
    *DOUBLES,
    *LEADER,
    *USAGE,
    *PLACES,
    *MAIL,
    *LINE,
)

UPGRADES = {
    # To 2: what the queue needs; requests are stored as environments are. digest() and packed() are those of database.py.
    1: (
        "ALTER TABLE job ADD COLUMN array_limit INTEGER",
        "ALTER TABLE job ADD COLUMN dependency TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE job ADD COLUMN wish TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE job ADD COLUMN begin_time INTEGER",
        "ALTER TABLE job ADD COLUMN time_min INTEGER",
        "ALTER TABLE job ADD COLUMN deadline INTEGER",
        "ALTER TABLE history ADD COLUMN node_list TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE environment RENAME COLUMN variables TO content",
        "ALTER TABLE environment RENAME TO text",
        "INSERT OR IGNORE INTO text SELECT digest(request), packed(request) FROM job",
        f"UPDATE job SET request = digest(request), priority = {FIRST_PRIORITY} - job_id",
        *QUEUE,
    ),
    2: DOUBLES,
    # To 4: what a step holds, and who runs it.
    3: (
        "ALTER TABLE step ADD COLUMN cpus INTEGER",
        "ALTER TABLE step ADD COLUMN gpus INTEGER",
        "ALTER TABLE step ADD COLUMN memory_mib INTEGER",
        "ALTER TABLE step ADD COLUMN distribution TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE step ADD COLUMN limit_seconds INTEGER",
        "ALTER TABLE step ADD COLUMN srun TEXT NOT NULL DEFAULT ''",
    ),
    4: ("DROP TABLE IF EXISTS leader", *LEADER),
    5: USAGE,
    6: PLACES,
    7: MAIL,
    8: LINE,
}
"""Version -> statements to the next one."""
