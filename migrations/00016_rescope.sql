-- A version that is taken into another scope takes its parts along: what was
-- public and is imported anew for a narrower circle leaves the public's sight
-- with its number, so that what cites it stays true.
-- +goose Up
alter table version drop constraint version_of_document,
  add constraint version_of_document foreign key (document_id, scope) references document (id, scope) on update cascade;
alter table provision drop constraint provision_of_version,
  add constraint provision_of_version foreign key (version_id, scope) references version (id, scope) on update cascade on delete cascade;
alter table passage drop constraint passage_of_version,
  add constraint passage_of_version foreign key (version_id, scope) references version (id, scope) on update cascade on delete cascade;
-- A vector's scope follows its passage's by hand: a foreign key over both would
-- cost every passage one more index entry.
create policy passage_vector_move on passage_vector for update to advisor_app
  using (scope = any ((select acting_scopes())::text[]) and (select may_keep()))
  with check (scope = any ((select acting_scopes())::text[]) and (select may_keep()));
grant update (scope) on passage_vector to advisor_app;

-- +goose Down
revoke update (scope) on passage_vector from advisor_app;
drop policy passage_vector_move on passage_vector;
alter table passage drop constraint passage_of_version,
  add constraint passage_of_version foreign key (version_id, scope) references version (id, scope) on delete cascade;
alter table provision drop constraint provision_of_version,
  add constraint provision_of_version foreign key (version_id, scope) references version (id, scope) on delete cascade;
alter table version drop constraint version_of_document,
  add constraint version_of_document foreign key (document_id, scope) references document (id, scope);
