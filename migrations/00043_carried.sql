-- What an edit leaves standing. A ballot names a hash and is never moved; where
-- an edit did not touch what it depended on, a new row for the new hash is made
-- from it, under the voter's name and with its own leaf, and says what it was
-- carried from. revision_meaning holds what a text means, whatever its blanks
-- and widths, as a whole and claim by claim: no ballot is carried to a text
-- that means something else.
-- +goose Up
alter table ballot add column carried_from bigint references ballot;
-- Who only adjusted the form of the present text: like its author they do not vote on it.
alter table review add column editors bigint[] not null default '{}';

create table revision_meaning (
  draft_id bigint not null,
  number integer not null,
  hash text not null,
  whole text not null,
  claims text[] not null,
  primary key (draft_id, number),
  constraint revision_meaning_hash unique (draft_id, hash),
  foreign key (draft_id, number, hash) references revision (draft_id, number, hash)
);
alter table revision_meaning enable row level security;
create policy revision_meaning_read on revision_meaning for select to advisor_app using (exists (select from draft d where d.id = draft_id));
create policy revision_meaning_add on revision_meaning for insert to advisor_app with check (exists (select from draft d where d.id = draft_id));
create policy revision_meaning_audit on revision_meaning for select to advisor_auditor using (true);
grant select, insert on revision_meaning to advisor_app;
grant select on revision_meaning to advisor_auditor;
grant update (editors) on review to advisor_app;

-- +goose StatementBegin
create function same_meaning(draft bigint, a text, b text) returns boolean language sql stable security definer set search_path = pg_catalog, public as
$$ select exists (select from public.revision_meaning x join public.revision_meaning y using (draft_id, whole)
                  where x.draft_id = draft and x.hash = a and y.hash = b) $$;
-- +goose StatementEnd

-- Carries one ballot to the present text, for whoever has just edited it.
-- +goose StatementBegin
create function carry_ballot(source bigint, to_claim integer, new_salt bytea, now_at timestamptz) returns bigint
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  b public.ballot;
  r public.review;
  id_ bigint;
begin
  select * into strict b from public.ballot where id = source;
  select * into strict r from public.review where id = b.review_id;
  if public.acting() is distinct from r.author and not public.acting() = any (r.editors) then
    raise exception 'only the editor carries ballots over' using errcode = '23514', constraint = 'ballot_carried';
  end if;
  if (b.claim is null) <> (to_claim is null)
     or b.claim is null and not public.same_meaning(r.draft_id, b.hash, r.hash)
     or b.claim is not null and not exists (select from public.revision_meaning x, public.revision_meaning y
          where x.draft_id = r.draft_id and x.hash = b.hash and y.draft_id = r.draft_id and y.hash = r.hash and x.claims[b.claim] = y.claims[to_claim]) then
    raise exception 'what the ballot depended on was changed' using errcode = '23514', constraint = 'ballot_carried';
  end if;
  insert into public.ballot (review_id, account_id, round, hash, score, reason, text, claim, marks, salt, at, carried_from)
    values (b.review_id, b.account_id, r.round, r.hash, b.score, b.reason, b.text, to_claim, b.marks, new_salt, now_at, b.id) returning id into id_;
  return id_;
end $$;
-- +goose StatementEnd

-- The two guards let through what carries meaning over unchanged, and nothing
-- else of what they stopped before. They are patched as they stand, so that
-- their other rules stay where they are written.
-- +goose StatementBegin
do $patch$
declare
  was text := pg_get_functiondef('review_guard()'::regprocedure);
  now_ text := replace(was, 'if new.hash <> old.hash and (new.revision',
    'if new.hash <> old.hash and not (new.revision > old.revision and new.round = old.round and new.state = old.state and public.same_meaning(new.draft_id, old.hash, new.hash)) and (new.revision');
begin
  if now_ = was then raise exception 'review_guard is not as expected'; end if;
  execute now_;
  was := pg_get_functiondef('ballot_guard()'::regprocedure);
  now_ := replace(was, 'elsif r.state not in (', 'elsif new.account_id = any (r.editors) then
    raise exception ''nobody votes on the own text'' using errcode = ''23514'', constraint = ''ballot_own'';
  elsif new.carried_from is null and r.state not in (');
  if now_ = was then raise exception 'ballot_guard is not as expected'; end if;
  execute now_;
end $patch$;
-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin
do $patch$
begin
  execute replace(pg_get_functiondef('review_guard()'::regprocedure),
    'if new.hash <> old.hash and not (new.revision > old.revision and new.round = old.round and new.state = old.state and public.same_meaning(new.draft_id, old.hash, new.hash)) and (new.revision',
    'if new.hash <> old.hash and (new.revision');
  execute replace(pg_get_functiondef('ballot_guard()'::regprocedure), 'elsif new.account_id = any (r.editors) then
    raise exception ''nobody votes on the own text'' using errcode = ''23514'', constraint = ''ballot_own'';
  elsif new.carried_from is null and r.state not in (', 'elsif r.state not in (');
end $patch$;
-- +goose StatementEnd
drop function carry_ballot(bigint, integer, bytea, timestamptz);
drop function same_meaning(bigint, text, text);
drop table revision_meaning;
alter table review drop column editors;
alter table ballot drop column carried_from;
