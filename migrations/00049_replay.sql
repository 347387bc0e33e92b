-- The auditor lays the panels, declarations and the history beside the log too:
-- replaying the log gives all of the committee's tables back.
-- +goose Up
create policy panel_audit on panel_member for select to advisor_auditor using (true);
create policy declaration_audit on declaration for select to advisor_auditor using (true);
create policy review_event_audit on review_event for select to advisor_auditor using (true);
grant select on panel_member, review_event to advisor_auditor;
-- Not what was written in a declaration: that is the member's and the office's.
grant select (id, review_id, account_id, conflict, at, found_by) on declaration to advisor_auditor;

-- The office that finds a conflict after the application flags it, as the
-- member's own late declaration does. Replaying the log found that it could not.
drop policy application_change on application;
create policy application_change on application for update to advisor_app using (scope = any ((select acting_scopes())::text[])
  and ((select acting_has('decider')) or (select review_office()) or review_seat(review_id) is not null)) with check (scope = any ((select acting_scopes())::text[]));
create index application_superseded on application (superseded_by) where superseded_by is not null;

-- +goose Down
drop index application_superseded;
drop policy application_change on application;
create policy application_change on application for update to advisor_app using (scope = any ((select acting_scopes())::text[])
  and ((select acting_has('decider')) or review_seat(review_id) is not null)) with check (scope = any ((select acting_scopes())::text[]));
revoke select on panel_member, review_event from advisor_auditor;
revoke select (id, review_id, account_id, conflict, at, found_by) on declaration from advisor_auditor;
drop policy review_event_audit on review_event;
drop policy declaration_audit on declaration;
drop policy panel_audit on panel_member;
