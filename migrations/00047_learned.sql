-- What is learned from the committee's work. A calibration item is a text with
-- one error put in on purpose, reviewed like any other: only so can be known
-- how many errors pass. It can never be applied, and that it is one is known to
-- nobody on the panel before it is over. A case is either an example that may
-- be shown to a model or an item that measures one, never both.
-- +goose Up
create table calibration (
  review_id bigint primary key references review,
  claim integer not null check (claim >= 1),
  kind text not null check (kind in ('number', 'modal', 'party', 'provision', 'negation', 'repealed', 'other')),
  note text not null default '',
  seeded_by bigint not null references account,
  at timestamptz not null
);
create table case_use (
  application_id bigint primary key references application,
  use text not null check (use in ('evaluation', 'example')),
  at timestamptz not null
);
alter table calibration enable row level security;
alter table case_use enable row level security;
-- To the office while nobody of it sits on the panel, to everybody concerned once it is over.
create policy calibration_read on calibration for select to advisor_app using (exists (select from review r where r.id = review_id
  and (r.state in ('returned', 'rejected', 'withdrawn') or (select review_office()) and review_seat(r.id) is null)));
create policy calibration_add on calibration for insert to advisor_app with check (seeded_by = (select acting()) and (select review_office()));
create policy case_use_read on case_use for select to advisor_app using (exists (select from application a where a.id = application_id));
grant select, insert on calibration to advisor_app;
grant select on case_use to advisor_app, advisor_worker;

-- A seeded error is never acted on, whatever was voted.
-- +goose StatementBegin
create function application_calibration() returns trigger language plpgsql security definer set search_path = pg_catalog, public as $$
begin
  if exists (select from public.calibration c where c.review_id = new.review_id) then
    raise exception 'a calibration item is not applied' using errcode = '23514', constraint = 'application_calibration';
  end if;
  -- Every fourth question, by its words, measures; the others may serve as examples.
  -- The same question always falls on the same side, whoever asks it again.
  insert into public.case_use (application_id, use, at)
    select new.id, case when get_byte(sha256(convert_to(regexp_replace(r.body::jsonb ->> 'question', '[[:space:][:punct:]，。？！、；：]', '', 'g'), 'UTF8')), 0) % 4 = 0 then 'evaluation' else 'example' end, new.applied_at
    from public.revision r where r.draft_id = new.draft_id and r.number = new.revision;
  return null;
end $$;
-- +goose StatementEnd
create trigger application_calibration after insert on application for each row execute function application_calibration();

-- The figures are over everybody's ballots and rounds that are over; the office
-- and the auditor get figures, not ballots.
-- +goose StatementBegin
create function learned_ballots() returns table (review bigint, round integer, account bigint, score integer, reason text, claim integer, seconds double precision,
  drafter text, model text, prompt text, seeded integer, seed_kind text)
language sql stable security definer set search_path = pg_catalog, public as $$
  select b.review_id, b.round, b.account_id, b.score, b.reason, b.claim,
    case when b.claim is null then extract(epoch from b.at - o.at)::double precision end,
    d.drafter, d.model, d.prompt, c.claim, c.kind
  from public.ballot b join public.review r on r.id = b.review_id join public.draft d on d.id = r.draft_id
  left join public.item_opened o on o.account_id = b.account_id and o.review_id = b.review_id and o.round = b.round
  left join public.calibration c on c.review_id = b.review_id
  where b.carried_from is null and (public.review_office() or public.acting_has('auditor') or public.acting_has('admin'))
    and r.scope = any (public.acting_scopes())
    and (b.round < r.round or r.state not in ('screened', 'routed', 'round1', 'round2', 'stalled'))
    and not exists (select from public.panel_member m where m.review_id = r.id and m.account_id = public.acting() and m.conflict <> 'declared' and r.state in ('screened', 'routed', 'round1', 'round2', 'stalled')) $$;
-- +goose StatementEnd

-- +goose Down
drop function learned_ballots();
drop trigger application_calibration on application;
drop function application_calibration();
drop table case_use, calibration;
