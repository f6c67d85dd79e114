BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('bc908ac9a1fc');
CREATE TABLE envs (
	id INTEGER NOT NULL, 
	uuid VARCHAR(36) NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	description TEXT, 
	status VARCHAR(36) NOT NULL, 
	extras TEXT, 
	config TEXT, 
	spec TEXT, 
	created_at DATETIME, 
	updated_at DATETIME, 
	PRIMARY KEY (id)
);
INSERT INTO "envs" VALUES(1,'f1b9ee4d-75b5-46f5-b1b6-cc8f433120b6','bench','','READY','{}','{}','{}','2026-11-21 22:13:58.627350','2026-11-21 22:13:58.651385');
INSERT INTO "envs" VALUES(2,'3ceeb00b-c373-4992-9bed-3a3efa4e8eb9','other','','READY','{}','{}','{}','2026-11-21 22:14:30.131213','2026-11-21 22:14:30.156524');
CREATE TABLE platforms (
	id INTEGER NOT NULL, 
	uuid VARCHAR(36) NOT NULL, 
	env_uuid VARCHAR(36) NOT NULL, 
	status VARCHAR(36) NOT NULL, 
	plugin_name VARCHAR(36) NOT NULL, 
	plugin_spec TEXT NOT NULL, 
	plugin_data TEXT, 
	platform_name VARCHAR(36), 
	platform_data TEXT, 
	created_at DATETIME, 
	updated_at DATETIME, 
	PRIMARY KEY (id)
);
CREATE TABLE subtasks (
	id INTEGER NOT NULL, 
	uuid VARCHAR(36) NOT NULL, 
	task_uuid VARCHAR(36) NOT NULL, 
	title VARCHAR(128), 
	description TEXT, 
	contexts TEXT NOT NULL, 
	contexts_results TEXT NOT NULL, 
	sla TEXT NOT NULL, 
	run_in_parallel BOOLEAN NOT NULL, 
	duration FLOAT, 
	pass_sla BOOLEAN, 
	status VARCHAR(36), 
	created_at DATETIME, 
	updated_at DATETIME, 
	PRIMARY KEY (id), 
	FOREIGN KEY(task_uuid) REFERENCES tasks (uuid)
);
INSERT INTO "subtasks" VALUES(1,'ac3e447e-497d-4919-8a99-413c5409de12','2b08a1bd-37da-4c2f-90a1-2ccf8da04296','one','','{}','[]','{}',0,1.10149979591369628906e+00,0,'finished','2026-11-21 22:14:05.760417','2026-11-21 22:14:09.975817');
INSERT INTO "subtasks" VALUES(2,'369df1a8-5b04-4be2-a7f9-39d8693e692b','2d48412c-300d-4703-adea-2a4711b3fb12','one','','{}','[]','{}',0,0.0,1,'running','2026-11-21 22:14:18.201459','2026-11-21 22:14:18.201462');
INSERT INTO "subtasks" VALUES(3,'c1135db9-aa1b-4e79-a558-06686cadbe41','ba9ff7a4-1a49-4a4e-a30c-e13bc47bc953','one','','{}','[]','{}',0,1.10266900062561035156e+00,0,'finished','2026-11-21 22:14:37.449107','2026-11-21 22:14:41.763470');
CREATE TABLE tags (
	id INTEGER NOT NULL, 
	uuid VARCHAR(36) NOT NULL, 
	type VARCHAR(36) NOT NULL, 
	tag VARCHAR(255) NOT NULL, 
	created_at DATETIME, 
	updated_at DATETIME, 
	PRIMARY KEY (id)
);
CREATE TABLE tasks (
	id INTEGER NOT NULL, 
	uuid VARCHAR(36) NOT NULL, 
	env_uuid VARCHAR(36) NOT NULL, 
	input_task TEXT, 
	title VARCHAR(128), 
	description TEXT, 
	validation_result TEXT NOT NULL, 
	validation_duration FLOAT, 
	task_duration FLOAT, 
	pass_sla BOOLEAN, 
	status VARCHAR(36), 
	created_at DATETIME, 
	updated_at DATETIME, 
	PRIMARY KEY (id)
);
INSERT INTO "tasks" VALUES(1,'2b08a1bd-37da-4c2f-90a1-2ccf8da04296','f1b9ee4d-75b5-46f5-b1b6-cc8f433120b6','','','','{}',NULL,1.10149979591369628906e+00,0,'finished','2026-11-21 22:14:05.626077','2026-11-21 22:14:09.990464');
INSERT INTO "tasks" VALUES(2,'2d48412c-300d-4703-adea-2a4711b3fb12','f1b9ee4d-75b5-46f5-b1b6-cc8f433120b6','','','','{}',NULL,0.0,1,'running','2026-11-21 22:14:17.877899','2026-11-21 22:14:18.175403');
INSERT INTO "tasks" VALUES(3,'ba9ff7a4-1a49-4a4e-a30c-e13bc47bc953','3ceeb00b-c373-4992-9bed-3a3efa4e8eb9','','','','{}',NULL,1.10266900062561035156e+00,0,'finished','2026-11-21 22:14:37.284268','2026-11-21 22:14:41.781725');
CREATE TABLE verifications (
	id INTEGER NOT NULL, 
	uuid VARCHAR(36) NOT NULL, 
	verifier_uuid VARCHAR(36) NOT NULL, 
	env_uuid VARCHAR(36) NOT NULL, 
	run_args TEXT, 
	status VARCHAR(36) NOT NULL, 
	tests_count INTEGER, 
	failures INTEGER, 
	skipped INTEGER, 
	success INTEGER, 
	unexpected_success INTEGER, 
	expected_failures INTEGER, 
	tests_duration FLOAT, 
	tests TEXT, 
	created_at DATETIME, 
	updated_at DATETIME, 
	PRIMARY KEY (id), 
	FOREIGN KEY(verifier_uuid) REFERENCES verifiers (uuid)
);
CREATE TABLE verifiers (
	id INTEGER NOT NULL, 
	uuid VARCHAR(36) NOT NULL, 
	name VARCHAR(255), 
	description TEXT, 
	type VARCHAR(255) NOT NULL, 
	platform VARCHAR(255), 
	source VARCHAR(255), 
	version VARCHAR(255), 
	system_wide BOOLEAN, 
	status VARCHAR(36) NOT NULL, 
	extra_settings TEXT, 
	created_at DATETIME, 
	updated_at DATETIME, 
	PRIMARY KEY (id), 
	UNIQUE (name)
);
CREATE TABLE workloaddata (
	id INTEGER NOT NULL, 
	uuid VARCHAR(36) NOT NULL, 
	task_uuid VARCHAR(36) NOT NULL, 
	workload_uuid VARCHAR(36) NOT NULL, 
	chunk_order INTEGER NOT NULL, 
	chunk_data TEXT NOT NULL, 
	iteration_count INTEGER NOT NULL, 
	failed_iteration_count INTEGER NOT NULL, 
	chunk_size INTEGER NOT NULL, 
	compressed_chunk_size INTEGER NOT NULL, 
	started_at DATETIME NOT NULL, 
	finished_at DATETIME NOT NULL, 
	created_at DATETIME, 
	updated_at DATETIME, 
	PRIMARY KEY (id), 
	FOREIGN KEY(task_uuid) REFERENCES tasks (uuid), 
	FOREIGN KEY(workload_uuid) REFERENCES workloads (uuid)
);
CREATE TABLE workloads (
	id INTEGER NOT NULL, 
	uuid VARCHAR(36) NOT NULL, 
	task_uuid VARCHAR(36) NOT NULL, 
	subtask_uuid VARCHAR(36) NOT NULL, 
	name VARCHAR(64) NOT NULL, 
	description TEXT, 
	position INTEGER NOT NULL, 
	runner TEXT NOT NULL, 
	runner_type VARCHAR(64) NOT NULL, 
	contexts TEXT NOT NULL, 
	contexts_results TEXT NOT NULL, 
	sla TEXT NOT NULL, 
	sla_results TEXT NOT NULL, 
	args TEXT NOT NULL, 
	hooks TEXT NOT NULL, 
	start_time BIGINT, 
	load_duration FLOAT, 
	full_duration FLOAT, 
	min_duration FLOAT, 
	max_duration FLOAT, 
	total_iteration_count INTEGER, 
	failed_iteration_count INTEGER, 
	statistics TEXT NOT NULL, 
	pass_sla BOOLEAN, 
	_profiling_data TEXT, 
	created_at DATETIME, 
	updated_at DATETIME, 
	PRIMARY KEY (id), 
	FOREIGN KEY(task_uuid) REFERENCES tasks (uuid), 
	FOREIGN KEY(subtask_uuid) REFERENCES subtasks (uuid)
);
INSERT INTO "workloads" VALUES(1,'f304ecd3-7b48-4de9-8e07-cc3a56cd7ef9','2b08a1bd-37da-4c2f-90a1-2ccf8da04296','ac3e447e-497d-4919-8a99-413c5409de12','Dummy.dummy','Do nothing and sleep for the given number of seconds (0 by default).',0,'{"times": 1, "concurrency": 1}','constant','{}','[]','{"failure_rate": {"max": 0}}','{"sla": [{"criterion": "failure_rate", "success": true, "detail": "Failure rate criteria 0.00% <= 0.00% <= 0.00% - Passed"}]}','{"sleep": 0.1}','[]',1.7952992458349515e+15,1.0033893585205078125e-01,1.40979051589965820312e-01,1.0033893585205078125e-01,1.0033893585205078125e-01,1,0,'{"durations": {"total": {"data": {"iteration_count": 1, "min": 0.1, "median": 0.1, "90%ile": 0.1, "95%ile": 0.1, "max": 0.1, "avg": 0.1, "success": "100.0%"}, "count_per_iteration": 1, "name": "total", "display_name": "total", "children": [{"data": {"iteration_count": 1, "min": 0.1, "median": 0.1, "90%ile": 0.1, "95%ile": 0.1, "max": 0.1, "avg": 0.1, "success": "100.0%"}, "count_per_iteration": 1, "name": "duration", "display_name": "duration", "children": []}, {"data": {"iteration_count": 1, "min": 0.0, "median": 0.0, "90%ile": 0.0, "95%ile": 0.0, "max": 0.0, "avg": 0.0, "success": "100.0%"}, "count_per_iteration": 1, "name": "idle_duration", "display_name": "idle_duration", "children": []}]}, "atomics": [{"data": {"iteration_count": 1, "min": 0.1, "median": 0.1, "90%ile": 0.1, "95%ile": 0.1, "max": 0.1, "avg": 0.1, "success": "100.0%"}, "count_per_iteration": 1, "name": "foo", "display_name": "foo", "children": [{"data": {"iteration_count": 1, "min": 0.1, "median": 0.1, "90%ile": 0.1, "95%ile": 0.1, "max": 0.1, "avg": 0.1, "success": "100.0%"}, "count_per_iteration": 1, "name": "bar", "display_name": "bar", "children": []}]}]}}',1,'','2026-11-21 22:14:05.781748','2026-11-21 22:14:07.869865');
INSERT INTO "workloads" VALUES(2,'2040c7bb-8be6-4efb-b054-55ef19775145','2b08a1bd-37da-4c2f-90a1-2ccf8da04296','ac3e447e-497d-4919-8a99-413c5409de12','Dummy.dummy_exception','Throws an exception.',1,'{"times": 1, "concurrency": 1}','constant','{}','[]','{"failure_rate": {"max": 0}}','{"sla": [{"criterion": "failure_rate", "success": false, "detail": "Failure rate criteria 0.00% <= 100.00% <= 0.00% - Failed"}]}','{}','[]',1.79529924793186625e+15,1.00116086006164550781e+00,1.04822540283203125e+00,1.00116086006164550781e+00,1.00116086006164550781e+00,1,1,'{"durations": {"total": {"data": {"iteration_count": 1, "min": 1.001, "median": 1.001, "90%ile": 1.001, "95%ile": 1.001, "max": 1.001, "avg": 1.001, "success": "0.0%"}, "count_per_iteration": 1, "name": "total", "display_name": "total", "children": [{"data": {"iteration_count": 1, "min": 1.001, "median": 1.001, "90%ile": 1.001, "95%ile": 1.001, "max": 1.001, "avg": 1.001, "success": "0.0%"}, "count_per_iteration": 1, "name": "duration", "display_name": "duration", "children": []}, {"data": {"iteration_count": 1, "min": 0.0, "median": 0.0, "90%ile": 0.0, "95%ile": 0.0, "max": 0.0, "avg": 0.0, "success": "0.0%"}, "count_per_iteration": 1, "name": "idle_duration", "display_name": "idle_duration", "children": []}]}, "atomics": []}}',0,'','2026-11-21 22:14:07.886964','2026-11-21 22:14:09.953909');
INSERT INTO "workloads" VALUES(3,'6f69d0d8-c421-4350-817e-8f01eb494a58','2d48412c-300d-4703-adea-2a4711b3fb12','369df1a8-5b04-4be2-a7f9-39d8693e692b','Dummy.dummy','Do nothing and sleep for the given number of seconds (0 by default).',0,'{"times": 1, "concurrency": 1}','constant','{}','[]','{"failure_rate": {"max": 0}}','{}','{"sleep": 300}','[]',NULL,0.0,0.0,NULL,NULL,0,0,'{}',1,'','2026-11-21 22:14:18.243272','2026-11-21 22:14:18.243274');
INSERT INTO "workloads" VALUES(4,'bd3d7879-3989-4113-abe0-5e2eaf7da82c','ba9ff7a4-1a49-4a4e-a30c-e13bc47bc953','c1135db9-aa1b-4e79-a558-06686cadbe41','Dummy.dummy','Do nothing and sleep for the given number of seconds (0 by default).',0,'{"times": 1, "concurrency": 1}','constant','{}','[]','{"failure_rate": {"max": 0}}','{"sla": [{"criterion": "failure_rate", "success": true, "detail": "Failure rate criteria 0.00% <= 0.00% <= 0.00% - Passed"}]}','{"sleep": 0.1}','[]',1.79529927754819474999e+15,1.0029888153076171875e-01,1.67228460311889648437e-01,1.0029888153076171875e-01,1.0029888153076171875e-01,1,0,'{"durations": {"total": {"data": {"iteration_count": 1, "min": 0.1, "median": 0.1, "90%ile": 0.1, "95%ile": 0.1, "max": 0.1, "avg": 0.1, "success": "100.0%"}, "count_per_iteration": 1, "name": "total", "display_name": "total", "children": [{"data": {"iteration_count": 1, "min": 0.1, "median": 0.1, "90%ile": 0.1, "95%ile": 0.1, "max": 0.1, "avg": 0.1, "success": "100.0%"}, "count_per_iteration": 1, "name": "duration", "display_name": "duration", "children": []}, {"data": {"iteration_count": 1, "min": 0.0, "median": 0.0, "90%ile": 0.0, "95%ile": 0.0, "max": 0.0, "avg": 0.0, "success": "100.0%"}, "count_per_iteration": 1, "name": "idle_duration", "display_name": "idle_duration", "children": []}]}, "atomics": [{"data": {"iteration_count": 1, "min": 0.1, "median": 0.1, "90%ile": 0.1, "95%ile": 0.1, "max": 0.1, "avg": 0.1, "success": "100.0%"}, "count_per_iteration": 1, "name": "foo", "display_name": "foo", "children": [{"data": {"iteration_count": 1, "min": 0.1, "median": 0.1, "90%ile": 0.1, "95%ile": 0.1, "max": 0.1, "avg": 0.1, "success": "100.0%"}, "count_per_iteration": 1, "name": "bar", "display_name": "bar", "children": []}]}]}}',1,'','2026-11-21 22:14:37.486005','2026-11-21 22:14:39.600628');
INSERT INTO "workloads" VALUES(5,'05db517f-62b4-4ee6-9c8b-a42cb5e2c846','ba9ff7a4-1a49-4a4e-a30c-e13bc47bc953','c1135db9-aa1b-4e79-a558-06686cadbe41','Dummy.dummy_exception','Throws an exception.',1,'{"times": 1, "concurrency": 1}','constant','{}','[]','{"failure_rate": {"max": 0}}','{"sla": [{"criterion": "failure_rate", "success": false, "detail": "Failure rate criteria 0.00% <= 100.00% <= 0.00% - Failed"}]}','{}','[]',1.79529927972036575005e+15,1.00237011909484863281e+00,1.067047119140625e+00,1.00237011909484863281e+00,1.00237011909484863281e+00,1,1,'{"durations": {"total": {"data": {"iteration_count": 1, "min": 1.002, "median": 1.002, "90%ile": 1.002, "95%ile": 1.002, "max": 1.002, "avg": 1.002, "success": "0.0%"}, "count_per_iteration": 1, "name": "total", "display_name": "total", "children": [{"data": {"iteration_count": 1, "min": 1.002, "median": 1.002, "90%ile": 1.002, "95%ile": 1.002, "max": 1.002, "avg": 1.002, "success": "0.0%"}, "count_per_iteration": 1, "name": "duration", "display_name": "duration", "children": []}, {"data": {"iteration_count": 1, "min": 0.0, "median": 0.0, "90%ile": 0.0, "95%ile": 0.0, "max": 0.0, "avg": 0.0, "success": "0.0%"}, "count_per_iteration": 1, "name": "idle_duration", "display_name": "idle_duration", "children": []}]}, "atomics": []}}',0,'','2026-11-21 22:14:39.644188','2026-11-21 22:14:41.733768');
CREATE UNIQUE INDEX env_name ON envs (name);
CREATE UNIQUE INDEX env_uuid ON envs (uuid);
CREATE INDEX env_status ON envs (status);
CREATE UNIQUE INDEX platform_uuid ON platforms (uuid);
CREATE INDEX platform_env_uuid ON platforms (env_uuid);
CREATE UNIQUE INDEX task_uuid ON tasks (uuid);
CREATE INDEX task_status ON tasks (status);
CREATE UNIQUE INDEX d_type_tag ON tags (uuid, type, tag);
CREATE UNIQUE INDEX verifier_uuid ON verifiers (uuid);
CREATE UNIQUE INDEX subtask_uuid ON subtasks (uuid);
CREATE INDEX subtask_status ON subtasks (status);
CREATE UNIQUE INDEX verification_uuid ON verifications (uuid);
CREATE UNIQUE INDEX workload_uuid ON workloads (uuid);
CREATE UNIQUE INDEX workload_data_uuid ON workloaddata (uuid);
COMMIT;
