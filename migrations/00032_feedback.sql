-- What an asker thought of an answer: useful or not, why, in words. One per
-- person and draft; a change of mind replaces it and is a leaf of its own.
-- +goose Up
create table feedback (
  draft_id bigint not null references draft,
  account_id bigint not null references account,
  useful boolean not null,
  reason text not null default '' check (reason in ('', 'off-topic', 'missing', 'outdated', 'unclear', 'wrong', 'other')),
  text text not null default '' check (length(text) <= 2000),
  at timestamptz not null,
  primary key (draft_id, account_id)
);
alter table feedback enable row level security;
-- Whoever sees the draft may say something about it; the office reads all of what it may see.
create policy feedback_read on feedback for select to advisor_app
  using (exists (select from draft d where d.id = draft_id)
    and (account_id = (select acting()) or (select acting_has('secretary')) or (select acting_has('admin')) or (select acting_has('auditor'))));
create policy feedback_add on feedback for insert to advisor_app
  with check (account_id = (select acting()) and exists (select from draft d where d.id = draft_id));
create policy feedback_change on feedback for update to advisor_app
  using (account_id = (select acting())) with check (account_id = (select acting()));
grant select, insert on feedback to advisor_app;
grant update (useful, reason, text, at) on feedback to advisor_app;

-- +goose Down
drop table feedback;
