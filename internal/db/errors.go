package db

import (
	"errors"

	"github.com/jackc/pgx/v5/pgconn"

	"advisor/internal/problem"
)

// The SQL states that the code branches on.
const (
	serialization = "40001"
	deadlock      = "40P01"
	noRight       = "42501"
	diskFull      = "53100"
	// Unique is the state of a broken unique constraint, Check that of a check.
	Unique = "23505"
	Check  = "23514"
)

// Is says whether err carries the SQL state code.
func Is(err error, code string) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Code == code
}

// Constraint is the name of the constraint that err broke, empty if none.
// Rooms turn it into an error of their own.
func Constraint(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.ConstraintName
	}
	return ""
}

// explain gives people's words to the states that any statement can end in.
func explain(err error) error {
	var known *problem.Problem
	switch {
	case err == nil || errors.As(err, &known):
		return err
	case Is(err, noRight):
		return problem.New(problem.Refused, "no-right", "读写数据库", "当前账号没有这项权限", "如确需办理，请联系管理员授权").Because(err)
	case Is(err, diskFull):
		return problem.New(problem.Failed, "disk-full", "写入数据库", "磁盘已满", "请管理员清理磁盘后重试，已经保存的内容不受影响").Because(err)
	}
	return err
}
