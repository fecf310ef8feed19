-- How each worker confines commands. Runs before the new code.

ALTER TABLE workers
    ADD COLUMN sandbox text NOT NULL DEFAULT ''; -- the level in force; '' as long as it is a worker of before
