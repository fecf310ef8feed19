-- Shares of accounts, priorities, metadata, requests that are repeated, and more about workers. Runs before the new code.

ALTER TABLE accounts
    ADD COLUMN weight       real NOT NULL DEFAULT 1 CHECK (weight > 0), -- its share of the workers beside others
    ADD COLUMN max_running  integer CHECK (max_running > 0);            -- jobs at work at once; null: no ceiling

ALTER TABLE api_keys ADD COLUMN admin boolean NOT NULL DEFAULT false;   -- may see the whole installation
UPDATE api_keys SET admin = true FROM accounts WHERE accounts.id = account_id AND accounts.name = 'owner';

ALTER TABLE workers
    ADD COLUMN ffmpeg_version text NOT NULL DEFAULT '';

ALTER TABLE jobs
    ADD COLUMN priority smallint NOT NULL DEFAULT 0 CHECK (priority BETWEEN -10 AND 10),
    ADD COLUMN metadata jsonb NOT NULL DEFAULT '{}';

ALTER TABLE job_progress ADD COLUMN input_bytes bigint;

-- A line for each account that has jobs queued for a pool. The claim walks the lines, not the jobs: one account's
-- hundred thousand are one line. A line is there whenever a job of it is queued (jobs/attempts.py, jobs/lines.py).
CREATE TABLE lines (
    machine     text NOT NULL,
    account_id  uuid NOT NULL REFERENCES accounts (id),
    served_at   timestamptz NOT NULL DEFAULT now(), -- when a job of it was claimed last
    PRIMARY KEY (machine, account_id)
) WITH (fillfactor = 50);
INSERT INTO lines (machine, account_id) SELECT DISTINCT machine, account_id FROM jobs WHERE status = 'queued';

DROP INDEX jobs_queued;
CREATE INDEX jobs_queued ON jobs (machine, account_id, priority DESC, queued_at, id) WHERE status = 'queued';
CREATE INDEX jobs_at_work ON jobs (account_id) WHERE status = 'running';
CREATE INDEX jobs_by_status ON jobs (account_id, status, created_at DESC, id DESC);
CREATE INDEX jobs_by_machine ON jobs (account_id, machine, created_at DESC, id DESC) WHERE machine <> 'cpu';
CREATE INDEX jobs_by_metadata ON jobs USING gin (metadata jsonb_path_ops) WHERE metadata <> '{}';

-- A worker takes the next job of a pool. Of the accounts in line, the one with the smallest share at work comes first, of
-- several the one that was served longest ago; of its jobs, the one of highest priority, then the oldest. Claims come one
-- after the other, so that each sees what the last one took; the lock is in here, where it is held over no message from
-- a worker, which may be late.
CREATE FUNCTION ffmill_claim_v1(_machine text, _worker uuid, _ticket bigint)
RETURNS TABLE (job jobs, has_ceiling boolean, wait_seconds double precision)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('ffmill claims'), 0);
    RETURN QUERY
    WITH at_work AS MATERIALIZED ( -- index jobs_at_work
        SELECT jobs.account_id, count(*) AS jobs FROM jobs WHERE jobs.status = 'running' GROUP BY jobs.account_id
    ), waiting AS (
        SELECT lines.account_id, coalesce(at_work.jobs, 0) / accounts.weight AS share, lines.served_at
        FROM lines JOIN accounts ON accounts.id = lines.account_id
        LEFT JOIN at_work ON at_work.account_id = lines.account_id
        WHERE lines.machine = _machine
          AND (accounts.max_running IS NULL OR coalesce(at_work.jobs, 0) < accounts.max_running)
        ORDER BY share, lines.served_at
    ), next AS MATERIALIZED ( -- index jobs_queued
        SELECT head.id, waiting.account_id FROM waiting CROSS JOIN LATERAL (
            SELECT jobs.id FROM jobs
            WHERE jobs.machine = _machine AND jobs.account_id = waiting.account_id AND jobs.status = 'queued'
              AND (jobs.wait_until IS NULL OR jobs.wait_until > now())
            ORDER BY jobs.priority DESC, jobs.queued_at, jobs.id LIMIT 1 FOR UPDATE SKIP LOCKED
        ) AS head
        ORDER BY waiting.share, waiting.served_at LIMIT 1
    ), served AS (
        UPDATE lines SET served_at = clock_timestamp() FROM next
        WHERE lines.machine = _machine AND lines.account_id = next.account_id
    )
    UPDATE jobs SET status = 'running', attempt = jobs.attempt + 1, worker = _worker, ticket = _ticket,
           started_at = now(), updated_at = now()
    FROM next WHERE jobs.id = next.id
    RETURNING jobs, (SELECT accounts.max_running IS NOT NULL FROM accounts WHERE accounts.id = jobs.account_id),
              extract(epoch FROM jobs.wait_until - now())::double precision;
END
$$;

-- Requests to create jobs that carried an Idempotency-Key: what a repetition is answered with.
CREATE TABLE idempotency_keys (
    account_id  uuid NOT NULL REFERENCES accounts (id),
    key         text NOT NULL,
    digest      bytea NOT NULL,     -- SHA-256 of the body
    job_ids     uuid[] NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

-- What one worker at a time does for all of them, at its pace, however many there are.
CREATE TABLE chores (
    name     text PRIMARY KEY,
    done_at  timestamptz NOT NULL
);
INSERT INTO chores (name, done_at) VALUES ('housekeeping', '-infinity');
