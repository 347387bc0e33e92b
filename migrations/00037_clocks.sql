-- Clocks: who never answers lapses and is replaced, reminders go out once a stage.
-- +goose Up
alter table panel_member add column lapsed boolean not null default false;
alter table review add column reminded_at timestamptz;
create index review_due on review (due_at) where due_at is not null;

-- The clock counts ballots too before it replaces anybody.
-- +goose StatementBegin
create or replace function case_ballots(review bigint) returns setof ballot language sql stable security definer set search_path = pg_catalog, public as
$$ select b.* from public.ballot b where b.review_id = review and (public.acting() is not null or session_user = 'advisor_worker') $$;
-- +goose StatementEnd
-- +goose StatementBegin
create or replace function case_opinions(review bigint) returns setof opinion language sql stable security definer set search_path = pg_catalog, public as
$$ select o.* from public.opinion o where o.review_id = review and (public.acting() is not null or session_user = 'advisor_worker') $$;
-- +goose StatementEnd
-- +goose StatementBegin
create or replace function case_meetings(review bigint) returns setof meeting language sql stable security definer set search_path = pg_catalog, public as
$$ select m.* from public.meeting m where m.review_id = review and (public.acting() is not null or session_user = 'advisor_worker') $$;
-- +goose StatementEnd
-- Whoever seats a panel anew lets those lapse who never answered; a lapsed
-- member neither reads the draft nor votes.
drop policy panel_recuse on panel_member;
create policy panel_recuse on panel_member for update to advisor_app using ((select review_office())) with check (conflict = 'declared' or lapsed);
grant update (lapsed) on panel_member to advisor_app;
grant update (reminded_at) on review to advisor_app, advisor_worker;
-- A null seater is the clock.
alter table panel_member alter column seated_by drop not null;
grant insert on panel_member to advisor_worker;
grant update (lapsed) on panel_member to advisor_worker;

-- +goose Down
revoke insert, update on panel_member from advisor_worker;
delete from panel_member where seated_by is null;
alter table panel_member alter column seated_by set not null;
drop policy panel_recuse on panel_member;
create policy panel_recuse on panel_member for update to advisor_app using ((select review_office())) with check (conflict = 'declared');
drop index review_due;
alter table review drop column reminded_at;
alter table panel_member drop column lapsed;
-- +goose StatementBegin
create or replace function case_ballots(review bigint) returns setof ballot language sql stable security definer set search_path = pg_catalog, public as
$$ select b.* from public.ballot b where b.review_id = review and public.acting() is not null $$;
-- +goose StatementEnd
-- +goose StatementBegin
create or replace function case_opinions(review bigint) returns setof opinion language sql stable security definer set search_path = pg_catalog, public as
$$ select o.* from public.opinion o where o.review_id = review and public.acting() is not null $$;
-- +goose StatementEnd
-- +goose StatementBegin
create or replace function case_meetings(review bigint) returns setof meeting language sql stable security definer set search_path = pg_catalog, public as
$$ select m.* from public.meeting m where m.review_id = review and public.acting() is not null $$;
-- +goose StatementEnd
