-- Why jobs failed, what they do while they run, what each FFmpeg can, probes. Runs before the new code.

ALTER TABLE jobs
    ADD COLUMN error    json,                             -- why it failed, for programs; null unless failed
    ADD COLUMN program  text NOT NULL DEFAULT 'ffmpeg'    -- a probe is a job of the other program
        CHECK (program IN ('ffmpeg', 'ffprobe')),
    ADD CHECK (status = 'failed' OR error IS NULL);
-- Ends of an account's jobs in their order, for streams that are resumed.
CREATE INDEX jobs_ended ON jobs (account_id, finished_at, id) WHERE finished_at IS NOT NULL;
-- Probes of which nobody knows any more.
CREATE INDEX jobs_probes ON jobs (finished_at) WHERE program = 'ffprobe';

-- The newest lines of a running attempt and what it has kept: news as progress is, and lost as easily.
ALTER TABLE job_progress
    ADD COLUMN frame          bigint,                        -- written by the command at work
    ADD COLUMN bytes_written  bigint,                        -- by the command at work
    ADD COLUMN commands_total integer,                       -- of the job, whose commands may be long to count
    ADD COLUMN log_lines      integer NOT NULL DEFAULT 0,    -- so far
    ADD COLUMN log_tail       text NOT NULL DEFAULT '',      -- the last of them
    ADD COLUMN outputs        json NOT NULL DEFAULT '[]';    -- [{name, bytes}] in the store by now

ALTER TABLE job_logs
    ADD COLUMN lines    integer,  -- in all, those left out of a long log too; null of logs of before
    ADD COLUMN attempt  integer;  -- whose log it is; null of logs of before

-- What each FFmpeg can, told by itself; by what it says of its version and configuration.
CREATE TABLE ffmpeg_builds (
    id           text PRIMARY KEY,   -- SHA-256 of what `ffmpeg -version` prints
    version      text NOT NULL,
    lists        json NOT NULL,
    gathered_at  timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE workers
    ADD COLUMN ffmpeg_build  text REFERENCES ffmpeg_builds (id);  -- null as long as it is a worker of before
