package localpg

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"

	"advisor/internal/problem"
)

// account is who a process runs as. self is true when that is us, so that
// nothing needs changing hands.
type account struct {
	uid, gid int
	self     bool
}

// Numbers kept free by convention for services without an account of their own
// (systemd's DynamicUser range). The server needs no name, only a number that
// nobody else has.
const firstPrivate, lastPrivate = 61184, 65519

// serverAccount says who the server runs as: the owner of existing data, else
// us, else (we are root, whom PostgreSQL refuses) a number that no account has.
func serverAccount(data string) (account, error) {
	uid, gid := os.Geteuid(), os.Getegid()
	if info, err := os.Stat(data); err == nil {
		st := info.Sys().(*syscall.Stat_t)
		if int(st.Uid) == uid {
			return account{uid, gid, true}, nil
		}
		if uid == 0 {
			return account{int(st.Uid), int(st.Gid), false}, nil
		}
		return account{}, problem.New(problem.Refused, "home", "打开私有数据库", "数据目录属于另一个操作系统用户", "请以建立它的用户（或 root）运行，或另设 ADVISOR_HOME")
	}
	if uid != 0 {
		return account{uid, gid, true}, nil
	}
	for n := firstPrivate + 3016; n <= lastPrivate; n++ {
		_, noUser := user.LookupId(strconv.Itoa(n))
		_, noGroup := user.LookupGroupId(strconv.Itoa(n))
		if noUser != nil && noGroup != nil {
			return account{n, n, false}, nil
		}
	}
	return account{}, fmt.Errorf("no free user number in %d–%d", firstPrivate, lastPrivate)
}

// initAccount is who runs initdb when we are root: initdb insists on a uid with
// a name. Any will do for that second; the files then go to the server's own.
func initAccount() (account, error) {
	for _, name := range []string{"nobody", "daemon", "postgres", "bin"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.Atoi(u.Uid)
		gid, err2 := strconv.Atoi(u.Gid)
		if err1 == nil && err2 == nil && uid != 0 {
			return account{uid, gid, false}, nil
		}
	}
	return account{}, problem.New(problem.Failed, "no-user", "建立私有数据库", "系统里没有 nobody、daemon 这类普通用户，而数据库不能以 root 运行", "请以普通用户运行，或设置 ADVISOR_DATABASE_URL")
}

func (a account) attr() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setsid: true} // own session: Ctrl-C ends us, not the database
	if !a.self {
		attr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	}
	return attr
}

// own gives path to a.
func (a account) own(path string) error {
	if a.self {
		return nil
	}
	if err := os.Lchown(path, a.uid, a.gid); err != nil {
		return cannotHand(err)
	}
	return nil
}

// names are the operating-system users that may take any of the roles: whoever
// the data belongs to, and root.
func (a account) names() []string {
	names := []string{"root"}
	if u, err := user.LookupId(strconv.Itoa(a.uid)); err == nil && u.Username != "root" {
		names = append(names, u.Username)
	}
	return names
}

func cannotHand(err error) error {
	return problem.New(problem.Failed, "no-uid", "以 root 运行私有数据库", "数据库须换一个用户身份运行，而本环境不允许把文件交给其他用户",
		"请以普通用户运行，或设置 ADVISOR_DATABASE_URL").Because(err)
}
