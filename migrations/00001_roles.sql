-- The three login roles that are not the owner, and the extension.
-- On an external server an administrator makes roles and extension beforehand
-- (docs/operations.md); then these statements find them and change nothing.
-- +goose Up
-- +goose StatementBegin
do $$
declare r text;
begin
  foreach r in array array['advisor_app', 'advisor_worker', 'advisor_auditor'] loop
    if not exists (select from pg_roles where rolname = r) then
      execute format('create role %I login', r);
    end if;
  end loop;
end $$;
-- +goose StatementEnd
create extension if not exists vector;
revoke create on schema public from public;
grant usage on schema public to advisor_app, advisor_worker, advisor_auditor;

-- +goose Down
revoke usage on schema public from advisor_app, advisor_worker, advisor_auditor;
