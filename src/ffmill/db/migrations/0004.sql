-- Terms of accounts, scopes of keys, rate limits, deliveries that are signed and tried again, retention, usage, an audit
-- log. Stop the old code before it: keys have scopes in place of `admin`, deliveries ids.

-- What an account may and gets. Null: as the installation's settings say, or without a limit where those name none.
ALTER TABLE accounts
    ADD COLUMN rate_limit         integer CHECK (rate_limit >= 0),              -- requests a second; 0: any number
    ADD COLUMN machines           text[],                                       -- the pools it may use
    ADD COLUMN max_timeout_seconds integer CHECK (max_timeout_seconds > 0),     -- its longest job
    ADD COLUMN max_input_bytes    bigint CHECK (max_input_bytes > 0),           -- its largest input
    ADD COLUMN max_month_bytes    bigint CHECK (max_month_bytes >= 0),          -- in and out, in a calendar month of UTC
    ADD COLUMN max_stored_bytes   bigint CHECK (max_stored_bytes >= 0),         -- outputs and uploads kept
    ADD COLUMN keep_outputs_days  double precision CHECK (keep_outputs_days > 0),
    ADD COLUMN keep_uploads_days  double precision CHECK (keep_uploads_days > 0),
    ADD COLUMN keep_logs_days     double precision CHECK (keep_logs_days > 0),
    ADD COLUMN keep_jobs_days     double precision CHECK (keep_jobs_days > 0);

ALTER TABLE api_keys
    ADD COLUMN scopes        text[] NOT NULL DEFAULT '{jobs:read,jobs:write,files:write,usage:read}',
    ADD COLUMN expires_at    timestamptz,
    ADD COLUMN last_used_at  timestamptz;  -- to the minute
UPDATE api_keys SET scopes = '{admin}' WHERE admin;
ALTER TABLE api_keys DROP COLUMN admin;

-- Requests: by account, or by address where no key is known. The bucket of a key holds two seconds of its rate; it is
-- full again at full_at. Unlogged: after a crash of the server everybody's is full.
CREATE UNLOGGED TABLE rate_limits (
    key      text PRIMARY KEY,
    full_at  timestamptz NOT NULL
) WITH (fillfactor = 50);

-- Takes one request out of a bucket of so many requests a second, if it is not empty (the generic cell rate algorithm).
-- full_in: seconds until the bucket is full, as it is afterwards. Both are null for a rate of 0, which is no limit.
CREATE FUNCTION ffmill_take_v1(_key text, _rate integer, OUT taken boolean, OUT full_in double precision)
LANGUAGE plpgsql AS $$
BEGIN
    IF _rate = 0 THEN
        RETURN;
    END IF;
    INSERT INTO rate_limits AS kept (key, full_at) VALUES (_key, now() + make_interval(secs => 1.0 / _rate))
    ON CONFLICT (key) DO UPDATE SET full_at = greatest(kept.full_at, now()) + make_interval(secs => 1.0 / _rate)
    WHERE greatest(kept.full_at, now()) + make_interval(secs => 1.0 / _rate) <= now() + interval '2 seconds'
    RETURNING extract(epoch FROM full_at - now()) INTO full_in;
    taken := FOUND;
    IF NOT taken THEN
        SELECT extract(epoch FROM rate_limits.full_at - now()) INTO full_in FROM rate_limits WHERE key = _key;
    END IF;
END
$$;

-- Secrets that sign an account's webhooks. One is in force; those before it sign too until they expire.
CREATE TABLE webhook_secrets (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    account_id  uuid NOT NULL REFERENCES accounts (id),
    secret      bytea NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz
);
CREATE UNIQUE INDEX webhook_secrets_in_force ON webhook_secrets (account_id) WHERE expires_at IS NULL;
CREATE INDEX webhook_secrets_of_account ON webhook_secrets (account_id, created_at);

-- One record a job and event. A round is what follows from the event, or from a wish to deliver again; its tries are
-- counted. The engine's task says for which round it was made: one of a round before does nothing.
ALTER TABLE deliveries
    DROP CONSTRAINT deliveries_pkey,
    ADD COLUMN id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    ADD COLUMN event         text NOT NULL DEFAULT 'job.ended',
    ADD COLUMN state         text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed')),
    ADD COLUMN round         integer NOT NULL DEFAULT 1,
    ADD COLUMN tries         integer NOT NULL DEFAULT 0,  -- of this round
    ADD COLUMN calls         integer NOT NULL DEFAULT 0,  -- of all rounds
    ADD COLUMN next_try_at   timestamptz,                 -- of one that waits to be tried again
    ADD COLUMN delivered_at  timestamptz,
    ADD UNIQUE (job_id, event);

CREATE INDEX deliveries_pending ON deliveries (id) WHERE state = 'pending';

-- What became of each call; written after it, and never changed.
CREATE TABLE delivery_attempts (
    delivery_id       uuid NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
    number            integer NOT NULL,           -- from 1, over all rounds
    started_at        timestamptz NOT NULL,
    duration_seconds  double precision NOT NULL,
    status_code       integer,                    -- what the receiver answered
    error             text,                       -- why it is not delivered; null: it is
    answer            text NOT NULL,              -- the first KiB of the answer's body
    xid               xid8 NOT NULL DEFAULT pg_current_xact_id(), -- in whose order they become visible
    PRIMARY KEY (delivery_id, number)
);
CREATE INDEX delivery_attempts_by_xid ON delivery_attempts (xid);

UPDATE deliveries SET state = CASE WHEN error IS NULL THEN 'delivered' ELSE 'failed' END, tries = 1, calls = 1,
       delivered_at = CASE WHEN error IS NULL THEN attempted_at END
WHERE attempted_at IS NOT NULL;
INSERT INTO delivery_attempts (delivery_id, number, started_at, duration_seconds, status_code, error, answer)
SELECT id, 1, attempted_at, 0, status_code, error, '' FROM deliveries WHERE attempted_at IS NOT NULL;
ALTER TABLE deliveries DROP COLUMN attempted_at, DROP COLUMN status_code, DROP COLUMN error;
-- Tasks that the old code enqueued: it made the record at the first call.
INSERT INTO deliveries (job_id, url)
SELECT jobs.id, jobs.webhook_url FROM procrastinate_jobs AS tasks JOIN jobs ON jobs.id = (tasks.args ->> 'job_id')::uuid
WHERE tasks.task_name = 'delivery' AND jobs.webhook_url IS NOT NULL
ON CONFLICT DO NOTHING;
UPDATE procrastinate_jobs SET args = jsonb_build_object('delivery_id', deliveries.id, 'round', 1)
FROM deliveries WHERE task_name = 'delivery' AND deliveries.job_id = (args ->> 'job_id')::uuid;

ALTER TABLE jobs
    ADD COLUMN files_deleted_at  timestamptz,               -- from then on it has no outputs
    ADD COLUMN timings           json NOT NULL DEFAULT '{}', -- seconds that each step of the last attempt took
    ADD COLUMN traceparent       text;                       -- of the request that made it: W3C Trace Context
CREATE INDEX jobs_with_files ON jobs (account_id, finished_at) INCLUDE (total_output_bytes)
    WHERE status = 'succeeded' AND files_deleted_at IS NULL;

ALTER TABLE job_logs
    ADD COLUMN account_id  uuid REFERENCES accounts (id),
    ADD COLUMN written_at  timestamptz NOT NULL DEFAULT now();
UPDATE job_logs SET account_id = jobs.account_id, written_at = coalesce(jobs.finished_at, now())
FROM jobs WHERE jobs.id = job_id;
ALTER TABLE job_logs ALTER COLUMN account_id SET NOT NULL;
CREATE INDEX job_logs_by_age ON job_logs (account_id, written_at);

CREATE INDEX tmp_files_by_age ON tmp_files (account_id, created_at) INCLUDE (bytes);

-- A job that will read the files of another job, or a temporary file: these are kept while it is queued or running.
CREATE TABLE file_references (
    job_id    uuid NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    owner_id  uuid NOT NULL,  -- the job, or the temporary file, whose files it reads
    PRIMARY KEY (job_id, owner_id)
);
CREATE INDEX file_references_by_owner ON file_references (owner_id);
INSERT INTO file_references (job_id, owner_id)
SELECT DISTINCT jobs.id, split_part(inputs.key, '/', 2)::uuid
FROM jobs, json_each_text(jobs.input_keys) AS inputs (name, key)
WHERE jobs.status IN ('queued', 'running');

-- Objects that are to go, by the prefix of their keys: written with what makes them needless, gone once they are. Some
-- only after a while: an attempt that is being stopped may still keep some.
CREATE TABLE deletions (
    prefix    text PRIMARY KEY,
    due_at    timestamptz NOT NULL DEFAULT now()
);

-- What every finished attempt used. Never changed.
CREATE TABLE usage (
    job_id             uuid NOT NULL,
    attempt            integer NOT NULL,
    account_id         uuid NOT NULL REFERENCES accounts (id),
    ended_at           timestamptz NOT NULL DEFAULT now(),
    machine            text NOT NULL,
    status             text NOT NULL CHECK (status IN ('succeeded', 'failed', 'cancelled')),
    metadata           jsonb NOT NULL,              -- the job's
    input_bytes        bigint NOT NULL,             -- that came over the wire, or out of the store
    output_bytes       bigint NOT NULL,             -- kept
    cpu_seconds        double precision NOT NULL,   -- of the commands
    gpu_seconds        double precision NOT NULL,   -- for which commands had a GPU
    wall_seconds       double precision NOT NULL,   -- from claim to end
    queue_seconds      double precision NOT NULL,   -- that the job had waited before
    run_seconds        double precision NOT NULL,   -- of the commands, by the clock
    peak_memory_bytes  bigint NOT NULL,             -- of the largest command
    xid                xid8 NOT NULL DEFAULT pg_current_xact_id(), -- in whose order they become visible
    PRIMARY KEY (job_id, attempt)
);
CREATE INDEX usage_of_account ON usage (account_id, ended_at) INCLUDE (input_bytes, output_bytes);
CREATE INDEX usage_by_xid ON usage (xid);

-- Who did what to accounts, keys, secrets and limits. Never changed.
CREATE TABLE audit_log (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at       timestamptz NOT NULL DEFAULT now(),
    actor    text NOT NULL,              -- a key by its prefix and account, or who used the command line
    action   text NOT NULL,              -- as `key.created`
    subject  text NOT NULL,              -- as `account:owner`, `key:ffm_abcdefgh`
    details  jsonb NOT NULL DEFAULT '{}'
);

CREATE FUNCTION ffmill_never_changed_v1() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed', TG_TABLE_NAME;
END
$$;
CREATE TRIGGER usage_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON usage
    FOR EACH STATEMENT EXECUTE FUNCTION ffmill_never_changed_v1();
CREATE TRIGGER audit_log_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION ffmill_never_changed_v1();
