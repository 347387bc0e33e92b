package web

import "advisor/accounts"

// routes is every page and every form. What is not open asks for a signed-in
// account; roles narrow it where a whole page belongs to an office. The finer
// rules (whose review, which scope) are the rooms'.
var routes = []route{
	{pattern: "GET /{$}", do: (*Server).home},
	{pattern: "GET /login", open: true, do: (*Server).loginForm},
	{pattern: "POST /login", open: true, do: (*Server).login},
	{pattern: "POST /logout", do: (*Server).logout},
	{pattern: "GET /setup", open: true, do: (*Server).setupForm},
	{pattern: "POST /setup", open: true, do: (*Server).setup},
	{pattern: "GET /password", do: (*Server).passwordForm},
	{pattern: "POST /password", do: (*Server).password},

	{pattern: "GET /chat", do: (*Server).chat},
	{pattern: "GET /chat/{id}", do: (*Server).chat},
	{pattern: "POST /chat", do: (*Server).ask},
	{pattern: "POST /chat/asks", do: (*Server).startAsk},
	{pattern: "POST /chat/asks/{id}/stop", do: (*Server).stopAsk},
	{pattern: "POST /drafts/{id}/submit", do: (*Server).submit},
	{pattern: "POST /drafts/{id}/feedback", do: (*Server).rate},
	{pattern: "GET /drafts/{id}/export", do: (*Server).export},
	{pattern: "GET /reviews", do: (*Server).reviews},
	{pattern: "GET /reviews/{id}", do: (*Server).review},
	{pattern: "POST /reviews/{id}/route", do: act("routed", (*Server).route)},
	{pattern: "POST /reviews/{id}/declare", do: act("declared", (*Server).declare)},
	{pattern: "POST /reviews/{id}/vote", do: act("voted", (*Server).vote)},
	{pattern: "POST /reviews/{id}/edit", do: (*Server).edit},
	{pattern: "POST /reviews/{id}/return", do: act("returned", (*Server).giveBack)},
	{pattern: "POST /reviews/{id}/reject", do: act("rejected", (*Server).reject)},
	{pattern: "POST /reviews/{id}/withdraw", do: act("withdrawn", (*Server).withdraw)},
	{pattern: "POST /reviews/{id}/opinion", do: act("opined", (*Server).opine)},
	{pattern: "POST /reviews/{id}/dispose", do: act("disposed", (*Server).dispose)},
	{pattern: "POST /reviews/{id}/close", do: act("closed", (*Server).close)},
	{pattern: "POST /reviews/{id}/apply", do: (*Server).apply},
	{pattern: "GET /ledger", do: (*Server).ledger},
	{pattern: "GET /ledger/{id}", do: (*Server).application},
	{pattern: "GET /ledger/{id}/receipt", do: (*Server).receipt},
	{pattern: "GET /corpus", do: (*Server).corpus},
	{pattern: "GET /corpus/{id}", do: (*Server).document},
	{pattern: "GET /corpus/versions/{id}/original", do: (*Server).original},
	{pattern: "GET /corpus/versions/{id}/pages/{page}", do: (*Server).pageImage},
	{pattern: "GET /corpus/versions/{id}/file", do: (*Server).originalFile},
	{pattern: "GET /corpus/records", roles: keepers, do: (*Server).records},
	{pattern: "POST /corpus/records", roles: keepers, files: true, do: (*Server).addRecords},
	{pattern: "POST /corpus/records/files/{id}/cancel", roles: keepers, do: turnRecord("cancel")},
	{pattern: "POST /corpus/records/files/{id}/retry", roles: keepers, do: turnRecord("retry")},
	{pattern: "POST /corpus/records/batches/{id}/cancel", roles: keepers, do: turnBatch("cancel")},
	{pattern: "POST /corpus/records/batches/{id}/retry", roles: keepers, do: turnBatch("retry")},
	{pattern: "GET /corpus/{id}/compare", do: (*Server).compareVersions},
	{pattern: "GET /corpus/doubts", roles: []string{accounts.Keeper, accounts.Admin}, do: (*Server).doubts},
	{pattern: "POST /corpus/doubts", roles: []string{accounts.Keeper, accounts.Admin}, do: (*Server).answerDoubt},
	{pattern: "POST /corpus/{id}/validity", roles: []string{accounts.Keeper, accounts.Admin}, do: (*Server).setValidity},
	{pattern: "GET /source", do: (*Server).source},

	{pattern: "GET /admin", roles: []string{accounts.Admin}, do: (*Server).admin},
	{pattern: "POST /admin/accounts", roles: []string{accounts.Admin}, do: (*Server).addPerson},
	{pattern: "POST /admin/scopes", roles: []string{accounts.Admin}, do: (*Server).addScope},
	{pattern: "GET /admin/accounts/{login}", roles: []string{accounts.Admin}, do: (*Server).person},
	{pattern: "POST /admin/accounts/{login}/roles", roles: []string{accounts.Admin}, do: (*Server).setRoles},
	{pattern: "POST /admin/accounts/{login}/password", roles: []string{accounts.Admin}, do: (*Server).resetPassword},
	{pattern: "POST /admin/accounts/{login}/sessions", roles: []string{accounts.Admin}, do: (*Server).endSessions},
	{pattern: "POST /admin/accounts/{login}/active", roles: []string{accounts.Admin}, do: (*Server).setActive},
	{pattern: "POST /admin/accounts/{login}/keys", roles: []string{accounts.Admin}, do: (*Server).addKey},
	{pattern: "POST /admin/accounts/{login}/keys/{key}/revoke", roles: []string{accounts.Admin}, do: (*Server).revokeKey},
}

// keepers are who keeps the documents.
var keepers = []string{accounts.Keeper, accounts.Admin}
