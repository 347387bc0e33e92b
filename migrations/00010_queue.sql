-- Rights on the job queue. Its tables are River's own, in the schema river and
-- made before this file runs; they hold ids only, so they carry no policies.
-- The app adds jobs and can neither take nor change one; the worker works them.
-- +goose Up
grant usage on schema river to advisor_app, advisor_worker;
grant select, insert on river.river_job to advisor_app;
-- River's insert touches kind, to itself, where a unique job exists already.
grant update (kind) on river.river_job to advisor_app;
grant usage on sequence river.river_job_id_seq to advisor_app;
grant select, insert, update, delete on all tables in schema river to advisor_worker;
grant usage on all sequences in schema river to advisor_worker;

-- +goose Down
revoke all on all sequences in schema river from advisor_app, advisor_worker;
revoke update (kind) on river.river_job from advisor_app;
revoke all on all tables in schema river from advisor_app, advisor_worker;
revoke usage on schema river from advisor_app, advisor_worker;
