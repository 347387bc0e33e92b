-- A draw by lot that anybody can check: seals, then the frozen pool, then the
-- opened secrets. Nothing is ever changed but that a sealed secret is opened.
-- +goose Up
create table draw_seal (
  review_id bigint not null references review,
  account_id bigint not null references account,
  office boolean not null,
  commitment text not null,
  at timestamptz not null,
  secret text,
  opened_at timestamptz,
  primary key (review_id, account_id),
  constraint draw_seal_side unique (review_id, office),
  check (num_nulls(secret, opened_at) in (0, 2))
);
create table draw_pool (
  review_id bigint primary key references review,
  lines text[] not null,
  hash text not null,
  frozen_by bigint not null references account,
  at timestamptz not null
);
-- +goose StatementBegin
create function draw_guard() returns trigger language plpgsql security definer set search_path = pg_catalog, public as $$
begin
  if tg_table_name = 'draw_pool' then
    if (select count(*) from public.draw_seal s where s.review_id = new.review_id and s.secret is null) <> 2 then
      raise exception 'the pool is frozen after both seals and before either is opened' using errcode = '23514', constraint = 'draw_order';
    end if;
  elsif tg_op = 'INSERT' then
    if new.secret is not null or exists (select from public.draw_pool p where p.review_id = new.review_id) then
      raise exception 'seals come before the pool' using errcode = '23514', constraint = 'draw_order';
    end if;
  elsif not exists (select from public.draw_pool p where p.review_id = new.review_id)
     or new.commitment <> old.commitment or old.secret is not null then
    raise exception 'secrets are opened once, after the pool was frozen' using errcode = '23514', constraint = 'draw_order';
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger draw_guard before insert or update on draw_seal for each row execute function draw_guard();
create trigger draw_guard before insert on draw_pool for each row execute function draw_guard();

alter table draw_seal enable row level security;
alter table draw_pool enable row level security;
create policy seal_read on draw_seal for select to advisor_app using (exists (select from review r where r.id = review_id));
create policy seal_add on draw_seal for insert to advisor_app with check (account_id = (select acting()) and office = (select review_office())
  and exists (select from review r where r.id = review_id and (r.asker = (select acting()) or (select review_office()) or (select acting_has('decider')) or (select acting_has('auditor')))));
create policy seal_open on draw_seal for update to advisor_app using (account_id = (select acting())) with check (account_id = (select acting()));
create policy pool_read on draw_pool for select to advisor_app using (exists (select from review r where r.id = review_id));
create policy pool_freeze on draw_pool for insert to advisor_app with check (frozen_by = (select acting()) and (select review_office()));
grant select, insert on draw_seal, draw_pool to advisor_app;
grant update (secret, opened_at) on draw_seal to advisor_app;
grant select on draw_seal, draw_pool to advisor_worker, advisor_auditor;
create policy seal_audit on draw_seal for select to advisor_auditor using (true);
create policy pool_audit on draw_pool for select to advisor_auditor using (true);

-- +goose Down
drop table draw_pool, draw_seal cascade;
drop function draw_guard();
