-- What a member has typed and not yet sent, kept as it is typed; and when
-- somebody first opened a matter in a round, for the time that judging it took.
-- Neither is a state of a review, and neither is anybody's business but the own.
-- +goose Up
create table scribble (
  account_id bigint not null references account,
  review_id bigint not null references review,
  -- The form and the field: "vote:text", "edit:claim-2".
  field text not null check (char_length(field) between 1 and 100),
  text text not null check (char_length(text) <= 20000),
  hash text not null,
  at timestamptz not null,
  primary key (account_id, review_id, field)
);
create table item_opened (
  account_id bigint not null references account,
  review_id bigint not null references review,
  round integer not null,
  at timestamptz not null,
  primary key (account_id, review_id, round)
);
alter table scribble enable row level security;
alter table item_opened enable row level security;
create policy scribble_own on scribble for all to advisor_app using (account_id = (select acting()))
  with check (account_id = (select acting()) and exists (select from review r where r.id = review_id));
create policy item_opened_own on item_opened for select to advisor_app using (account_id = (select acting()));
create policy item_opened_add on item_opened for insert to advisor_app
  with check (account_id = (select acting()) and exists (select from review r where r.id = review_id));
grant select, insert, update, delete on scribble to advisor_app;
grant select, insert on item_opened to advisor_app;

-- The lists at ten thousand reviews: what is still open, and whose.
create index review_open_state on review (state, id desc) where state not in ('returned', 'rejected', 'withdrawn', 'applied', 'suspended', 'superseded', 'retired');
create index review_asker_id on review (asker, id desc);

-- +goose Down
drop index review_asker_id;
drop index review_open_state;
drop table item_opened, scribble;
