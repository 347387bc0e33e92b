-- A text returned to the machine comes back with the reasons as constraints of
-- the next draft, and with a report of which of them it obeyed.
-- +goose Up
create table redraft (
  draft_id bigint primary key references draft,
  review_id bigint not null references review,
  constraints jsonb not null,
  report jsonb not null,
  by_account bigint not null references account,
  at timestamptz not null
);
create index redraft_review on redraft (review_id);
alter table redraft enable row level security;
-- Whoever may read the new draft may know what it was asked to mend.
create policy redraft_read on redraft for select to advisor_app using (exists (select from draft d where d.id = draft_id));
create policy redraft_add on redraft for insert to advisor_app with check (by_account = (select acting()) and exists (select from draft d where d.id = draft_id));
create policy redraft_audit on redraft for select to advisor_auditor using (true);
grant select, insert on redraft to advisor_app;
grant select on redraft to advisor_auditor;

-- +goose Down
drop table redraft;
