-- The file that a version was read from, where it has pages or came by upload:
-- kept so that people can see the page itself, with the cited words marked.
-- +goose Up
create table original (
  version_id bigint primary key,
  scope text not null,
  name text not null,
  size bigint not null,
  pages bytea not null default '',  -- their sizes, as corpus.packPages writes them
  spots bytea not null default '',  -- where the text stands, as corpus.packSpots writes it
  constraint original_of_version foreign key (version_id, scope) references version (id, scope) on delete cascade,
  constraint original_scoped unique (version_id, scope)
);
create table original_chunk (
  version_id bigint not null,
  scope text not null,
  seq integer not null,
  data bytea not null,
  primary key (version_id, seq),
  constraint original_chunk_of_original foreign key (version_id, scope) references original (version_id, scope) on delete cascade
);
alter table original_chunk alter column data set storage external;

alter table original enable row level security;
alter table original_chunk enable row level security;
create policy original_read on original for select to advisor_app using (scope = any ((select acting_scopes())::text[]));
create policy original_keep on original for all to advisor_app
  using (scope = any ((select acting_scopes())::text[]) and (select may_keep()))
  with check (scope = any ((select acting_scopes())::text[]) and (select may_keep()));
create policy original_chunk_read on original_chunk for select to advisor_app using (scope = any ((select acting_scopes())::text[]));
create policy original_chunk_keep on original_chunk for all to advisor_app
  using (scope = any ((select acting_scopes())::text[]) and (select may_keep()))
  with check (scope = any ((select acting_scopes())::text[]) and (select may_keep()));
grant select, insert, delete on original, original_chunk to advisor_app;

-- +goose Down
drop table original_chunk, original;
