-- The first schema: accounts and keys, jobs and what belongs to them, workers. Times are timestamptz.

CREATE TABLE accounts (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name        text NOT NULL UNIQUE,
    paid        boolean NOT NULL DEFAULT false,
    created_at  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE api_keys (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    account_id  uuid NOT NULL REFERENCES accounts (id),
    name        text NOT NULL,
    prefix      text NOT NULL,         -- the first characters of the key, to tell keys apart
    hash        bytea NOT NULL UNIQUE, -- SHA-256 of the key, which holds 256 random bits
    created_at  timestamptz NOT NULL DEFAULT now(),
    revoked_at  timestamptz
);
CREATE INDEX api_keys_of_account ON api_keys (account_id, created_at);

-- Keys that sign our URLs; the newest signs, all verify.
CREATE TABLE signing_keys (
    id          text PRIMARY KEY,
    secret      bytea NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now()
);

-- Temporary uploads: the first complete upload writes object_key, guarded by its being null.
CREATE TABLE tmp_files (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    account_id  uuid NOT NULL REFERENCES accounts (id),
    object_key  text,
    bytes       bigint,
    media_type  text,
    created_at  timestamptz NOT NULL DEFAULT now(),
    uploaded_at timestamptz,
    CHECK ((object_key IS NULL) = (uploaded_at IS NULL))
);

-- Who works: a row for each worker process, renewed by its heartbeat. A process that starts under the same name
-- takes the place of the one before; a worker whose row is gone can claim nothing (jobs.worker refers to it).
CREATE TABLE workers (
    id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name          text NOT NULL,
    host          text NOT NULL,
    machine       text NOT NULL,
    concurrency   integer NOT NULL,
    started_at    timestamptz NOT NULL DEFAULT now(),
    heartbeat_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX workers_by_name ON workers (name);

CREATE TABLE jobs (
    id                 uuid PRIMARY KEY,
    account_id         uuid NOT NULL REFERENCES accounts (id),
    status             text NOT NULL DEFAULT 'queued',
    machine            text NOT NULL,
    input_files        json NOT NULL,                 -- json, not jsonb: keeps the client's order
    input_keys         json NOT NULL DEFAULT '{}',
    output_files       json NOT NULL,
    ffmpeg_commands    json NOT NULL,
    webhook_url        text,
    timeout_seconds    integer NOT NULL,
    wait_until         timestamptz,
    warnings           json NOT NULL DEFAULT '[]',
    created_at         timestamptz NOT NULL DEFAULT now(),
    queued_at          timestamptz NOT NULL DEFAULT now(),
    started_at         timestamptz,
    finished_at        timestamptz,
    updated_at         timestamptz NOT NULL DEFAULT now(),
    attempt            integer NOT NULL DEFAULT 0,    -- fences writes: counts every claim
    attempts_lost      integer NOT NULL DEFAULT 0,    -- of those, the ones whose worker died
    worker             uuid REFERENCES workers (id),  -- of the running attempt
    ticket             bigint,                        -- the engine's task of the running attempt, for its abort
    error_message      text NOT NULL DEFAULT '',
    outputs            json NOT NULL DEFAULT '[]',    -- [{name, key, bytes}]
    total_input_bytes  bigint,
    total_output_bytes bigint,
    command_index      integer NOT NULL DEFAULT 0,
    CHECK (status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
    CHECK ((status IN ('succeeded', 'failed', 'cancelled')) = (finished_at IS NOT NULL)),
    CHECK ((status = 'running') = (worker IS NOT NULL)),
    CHECK (status = 'failed' OR error_message = '')
);
CREATE INDEX jobs_of_account ON jobs (account_id, created_at DESC, id DESC);
CREATE INDEX jobs_queued ON jobs (machine, queued_at, id) WHERE status = 'queued';
CREATE INDEX jobs_running ON jobs (worker) WHERE status = 'running';
CREATE INDEX jobs_waited_for ON jobs (wait_until) WHERE status = 'queued' AND wait_until IS NOT NULL;

-- News of running attempts: narrow and unlogged, lost with a crash of the server and nothing else with it.
CREATE UNLOGGED TABLE job_progress (
    job_id            uuid PRIMARY KEY,
    attempt           integer NOT NULL,
    command_index     integer NOT NULL,
    percent           real,
    fps               real,
    speed             real,
    eta_seconds       real,
    out_time_seconds  double precision
) WITH (fillfactor = 50);

CREATE TABLE job_logs (
    job_id   uuid PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
    log      text NOT NULL
);

CREATE TABLE deliveries (
    job_id        uuid PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
    url           text NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    attempted_at  timestamptz,
    status_code   integer,           -- what the receiver answered
    error         text               -- why there was no answer
);
