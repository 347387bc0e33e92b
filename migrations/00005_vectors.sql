-- One vector for each passage and model. Model and dimension stand with every
-- row, so that a new model can be filled in while the old one serves. The HNSW
-- index is partial and over an expression, one for each (model, dim); the owner
-- makes it when there is something to index (retrieval.EnsureVectorIndex).
-- +goose Up
create table passage_vector (
  passage_id bigint not null references passage on delete cascade,
  scope text not null,
  model text not null,
  -- halfvec indexes up to 4,000 dimensions.
  dim integer not null check (dim between 1 and 4000),
  embedding halfvec not null,
  primary key (passage_id, model),
  constraint passage_vector_dim check (vector_dims(embedding) = dim)
);
alter table passage_vector enable row level security;
create policy passage_vector_read on passage_vector for select to advisor_app
  using (scope = any ((select acting_scopes())::text[]));
create policy passage_vector_add on passage_vector for insert to advisor_app
  with check (scope = any ((select acting_scopes())::text[]));
grant select, insert on passage_vector to advisor_app;
-- The worker fills in vectors of a new model.
grant select, insert on passage_vector to advisor_worker;

-- +goose Down
drop table passage_vector;
