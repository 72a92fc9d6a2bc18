BEGIN TRANSACTION;
CREATE TABLE environment (digest TEXT PRIMARY KEY, variables BLOB NOT NULL);
INSERT INTO "environment" VALUES('6ee74802d75138b3630516adebd71cfd33a961b7cacecc19ebf9ae61334a1af8',X'789CAB56F2F0F77555B25250D2CFC8CF4DD54FCCCB53AA050040720648');
CREATE TABLE history (
        job_id INTEGER NOT NULL, restart INTEGER NOT NULL, time INTEGER NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL
    );
INSERT INTO "history" VALUES(1,0,1795506995,'PENDING','None');
INSERT INTO "history" VALUES(1,0,1795506995,'RUNNING','None');
INSERT INTO "history" VALUES(1,0,1795506995,'FAILED','NonZeroExitCode');
INSERT INTO "history" VALUES(3,0,1795506995,'PENDING','None');
CREATE TABLE job (
        job_id INTEGER PRIMARY KEY AUTOINCREMENT,
        array_job_id INTEGER, array_task_id INTEGER, array_spec TEXT,
        het_job_id INTEGER, het_offset INTEGER,
        name TEXT NOT NULL, user TEXT NOT NULL, uid INTEGER NOT NULL, grp TEXT NOT NULL, gid INTEGER NOT NULL,
        account TEXT, partition TEXT NOT NULL, qos TEXT,
        state TEXT NOT NULL, reason TEXT NOT NULL, exit_code INTEGER NOT NULL DEFAULT 0, exit_signal INTEGER NOT NULL DEFAULT 0,
        priority INTEGER NOT NULL, nice INTEGER NOT NULL DEFAULT 0, restart_count INTEGER NOT NULL DEFAULT 0,
        submit_time INTEGER NOT NULL, eligible_time INTEGER, start_time INTEGER, end_time INTEGER, time_limit INTEGER,
        nodes INTEGER NOT NULL, node_list TEXT NOT NULL DEFAULT '', tasks INTEGER NOT NULL, tasks_requested INTEGER NOT NULL,
        cpus INTEGER NOT NULL, cpus_per_task INTEGER, memory_mib INTEGER NOT NULL, gpus INTEGER NOT NULL,
        batch INTEGER NOT NULL, requeue INTEGER NOT NULL, command TEXT NOT NULL, work_dir TEXT NOT NULL, comment TEXT,
        region TEXT NOT NULL, instance_type TEXT NOT NULL, platform_job TEXT NOT NULL DEFAULT '',
        alloc_node TEXT NOT NULL, alloc_sid INTEGER NOT NULL, cancelled_by INTEGER,
        details TEXT NOT NULL,
        request TEXT NOT NULL, environment TEXT NOT NULL REFERENCES environment(digest)
    );
INSERT INTO "job" VALUES(1,NULL,NULL,NULL,NULL,NULL,'first','ann',0,'staff',0,NULL,'debug',NULL,'FAILED','NonZeroExitCode',3,0,4294901759,0,0,1795506995,1795506995,1795506995,1795506995,NULL,1,'n1',2,1,2,NULL,24104,0,1,1,'/home/ann/a.sh x y','/home/ann',NULL,'SR006','cpu.2C.24104M','lm-mpi-job-6c27f024-df7e-4298-bd2a-574be5908ddc','laptop',1093,NULL,'{"values": {"job-name": "first", "ntasks": 2, "wait": true}, "geometry": {"nodes": 1, "tasks": 2, "tasks_requested": true, "tasks_per_node": [2], "ntasks_per_node": null, "cpus_per_task": null, "cpus_per_node": [2], "memory_mib_per_node": [24104], "mem_per_cpu": 12052, "mem_per_node": null, "gpus_per_node": 0, "distribution": "block"}, "files": {"out": {"path": "/home/ann/slurm-%j.out", "inode": 2154731, "owner": 0}}, "submit_dir": "/home/ann", "umask": 18, "rlimits": {"AS": -1, "CORE": 0, "CPU": -1, "DATA": -1, "FSIZE": -1, "MEMLOCK": 8388608, "NOFILE": 20000, "NPROC": 96365, "RSS": -1, "STACK": 8388608}, "submit_line": "sbatch --wait a.sh x y"}','{"program": "sbatch", "components": [{"values": {"job-name": "first", "ntasks": 2, "wait": true}, "origins": {"job-name": "line 2 of a.sh", "ntasks": "line 2 of a.sh", "wait": "the command line"}}], "script": {"text": "#!/bin/sh\n#SBATCH -J first -n2\nsrun -n2 hostname\nexit 3\n", "arguments": ["x", "y"], "path": "/home/ann/a.sh"}, "command": null}','6ee74802d75138b3630516adebd71cfd33a961b7cacecc19ebf9ae61334a1af8');
INSERT INTO "job" VALUES(3,NULL,NULL,NULL,NULL,NULL,'waits','ann',0,'staff',0,NULL,'debug',NULL,'PENDING','None',0,0,4294901757,0,0,1795506995,1795506995,NULL,NULL,NULL,1,'',1,0,1,NULL,12052,0,1,1,'','/home/ann',NULL,'SR006','cpu.1C.12052M','lm-mpi-job-578834d6-cc66-4579-a034-4d3879d61031','laptop',1093,NULL,'{"values": {"job-name": "waits", "wrap": "true"}, "geometry": {"nodes": 1, "tasks": 1, "tasks_requested": false, "tasks_per_node": [1], "ntasks_per_node": null, "cpus_per_task": null, "cpus_per_node": [1], "memory_mib_per_node": [12052], "mem_per_cpu": 12052, "mem_per_node": null, "gpus_per_node": 0, "distribution": "block"}, "files": {"out": {"path": "/home/ann/slurm-%j.out", "inode": 2154731, "owner": 0}}, "submit_dir": "/home/ann", "umask": 18, "rlimits": {"AS": -1, "CORE": 0, "CPU": -1, "DATA": -1, "FSIZE": -1, "MEMLOCK": 8388608, "NOFILE": 20000, "NPROC": 96365, "RSS": -1, "STACK": 8388608}, "submit_line": "sbatch -J waits --wrap true"}','{"program": "sbatch", "components": [{"values": {"job-name": "waits", "wrap": "true"}, "origins": {"job-name": "the command line", "wrap": "the command line"}}], "script": {"text": "#!/bin/sh\n# This script was created by sbatch --wrap.\n\ntrue\n", "arguments": [], "path": ""}, "command": null}','6ee74802d75138b3630516adebd71cfd33a961b7cacecc19ebf9ae61334a1af8');
CREATE TABLE poll (region TEXT PRIMARY KEY, time REAL NOT NULL);
INSERT INTO "poll" VALUES('SR006',1.79550699521950268746e+09);
CREATE TABLE step (
        job_id INTEGER NOT NULL REFERENCES job(job_id), restart INTEGER NOT NULL, step INTEGER NOT NULL,
        name TEXT NOT NULL, state TEXT NOT NULL, node_list TEXT NOT NULL, tasks INTEGER NOT NULL,
        start_time INTEGER, end_time INTEGER, exit_code INTEGER NOT NULL DEFAULT 0, exit_signal INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (job_id, restart, step)
    );
INSERT INTO "step" VALUES(1,0,0,'hostname','COMPLETED','n1',2,1795506995,1795506995,0,0);
CREATE TABLE submission (
        submission TEXT PRIMARY KEY, job_id INTEGER NOT NULL REFERENCES job(job_id),
        restart INTEGER NOT NULL, attempt INTEGER NOT NULL, secret TEXT NOT NULL,
        phase TEXT NOT NULL, owner TEXT NOT NULL DEFAULT '', posted_at REAL,
        region TEXT NOT NULL, platform_job TEXT NOT NULL DEFAULT '', platform_status TEXT NOT NULL DEFAULT ''
    );
INSERT INTO "submission" VALUES('1e2fadf9edd2ee3746b299d1f708cfc0',1,0,1,'0000000000000000000000000000000000000000000000000000000000000000','ended','vm 515 723355',1795506995.13732,'SR006','lm-mpi-job-6c27f024-df7e-4298-bd2a-574be5908ddc','');
INSERT INTO "submission" VALUES('c9c2dab20b7b002abe8f58855f71dc9d',3,0,1,'0000000000000000000000000000000000000000000000000000000000000000','posted','vm 549 723399',1.79550699550024938583e+09,'SR006','lm-mpi-job-578834d6-cc66-4579-a034-4d3879d61031','');
CREATE INDEX job_by_state ON job(state);
CREATE INDEX job_by_end ON job(end_time);
CREATE INDEX submission_by_job ON submission(job_id);
CREATE INDEX submission_by_phase ON submission(phase);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('job',3);
COMMIT;
