package accounts

import (
	"context"

	"advisor/audit"
	"advisor/internal/problem"

	"github.com/jackc/pgx/v5"
)

// LetModelRead says whether a scope's text may be sent to the configured model.
// A scope's is not until an administrator has said so, and each change is logged.
func (s *Store) LetModelRead(ctx context.Context, actor Account, scope string, allow bool) error {
	if err := s.needAdmin(ctx, actor, "改变知悉范围能否发送给模型"); err != nil {
		return err
	}
	err := s.db.As(ctx, actor.ID, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `update scope set send_to_model = $2 where name = $1`, scope, allow)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return problem.New(problem.NotFound, "no-scope", "没有改变设置", "没有代号为“"+scope+"”的知悉范围", "advisor scope list 列出全部范围")
		}
		_, err = audit.Append(ctx, tx, s.now(), audit.Leaf{Kind: "scope.set", Actor: actor.ID, Subject: "scope/" + scope, Data: map[string]any{"send_to_model": allow}})
		return err
	})
	return wrap("set scope", err)
}
