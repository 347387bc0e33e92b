package localpg

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"

	"advisor/internal/localpg/fetch"
	"advisor/internal/problem"
)

// findBin gives the folder of the server's programs: the one asked for, else
// the bundle's beside this program, else the fetched one of the checkout whose
// bin/ this program lies in.
func findBin(asked string) (string, error) {
	if asked != "" {
		if !complete(asked) {
			return "", problem.New(problem.Invalid, "pg-bin", "打开私有数据库", "ADVISOR_PG_BIN 指向的 "+asked+" 里没有 postgres、initdb、psql", "请指向 PostgreSQL 的 bin 目录")
		}
		return filepath.EvalSymlinks(asked)
	}
	self, err := os.Executable()
	if err == nil {
		self, err = filepath.EvalSymlinks(self)
	}
	if err != nil {
		return "", fmt.Errorf("find own program: %w", err)
	}
	here := filepath.Dir(self)
	for _, dir := range []string{
		filepath.Join(here, "postgres"),
		filepath.Join(here, "..", ".cache", "postgres", runtime.GOOS+"-"+runtime.GOARCH),
	} {
		if bin := filepath.Join(dir, fetch.Bin); complete(bin) {
			return filepath.EvalSymlinks(bin)
		}
	}
	return "", problem.New(problem.Failed, "no-binaries", "打开私有数据库", "没有找到数据库程序", "请在源码目录执行 make build，或用 ADVISOR_PG_BIN 指向 PostgreSQL（含 pgvector）的 bin 目录，或用 ADVISOR_DATABASE_URL 指向已有数据库")
}

func complete(bin string) bool {
	for _, p := range []string{"postgres", "initdb", "psql"} {
		if info, err := os.Stat(filepath.Join(bin, p)); err != nil || info.IsDir() {
			return false
		}
	}
	return true
}

// reachable says whether the account may walk to path, and strangers read it.
func (a account) reachable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode()&0o004 != 0 && a.passable(filepath.Dir(path))
}

// passable says whether the account may walk into dir, as anybody or by its group.
func (a account) passable(dir string) bool {
	for ; ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil {
			return false
		}
		ours := int(info.Sys().(*syscall.Stat_t).Gid) == a.gid
		if info.Mode()&0o001 == 0 && (!ours || info.Mode()&0o010 == 0) {
			return false
		}
		if dir == filepath.Dir(dir) {
			return true
		}
	}
}

// admit lets the account's group, and nobody else, walk through a folder that
// belongs to root alone.
func (a account) admit(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("look at %s: %w", dir, err)
	}
	st := info.Sys().(*syscall.Stat_t)
	if a.self || st.Uid != 0 || st.Gid != 0 || info.Mode()&0o001 != 0 {
		return nil
	}
	if err := os.Chown(dir, 0, a.gid); err != nil {
		return cannotHand(err)
	}
	return os.Chmod(dir, info.Mode().Perm()|0o010)
}

// makeHome makes what is missing of a home, open to the account's group alone.
func (a account) makeHome(dir string) error {
	if _, err := os.Stat(dir); err == nil || !os.IsNotExist(err) {
		return err
	}
	if err := a.makeHome(filepath.Dir(dir)); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !os.IsExist(err) {
		return err
	}
	return a.admit(dir)
}

// reach makes the programs reachable for the server's account. A checkout or
// bundle under /root is not: then they are copied once, into the home, or to
// /var/tmp where the home lies in a closed folder too.
func (s *Server) reach() error {
	if s.owner.self || s.owner.reachable(filepath.Join(s.bin, "postgres")) {
		return nil
	}
	hidden := problem.New(problem.Failed, "pg-bin", "以 root 启动私有数据库", "数据库要以另一个用户运行，而它读不到 "+s.bin, "请把程序放到所有用户可读的位置，例如 /opt")
	root := filepath.Clean(filepath.Join(s.bin, "../../.."))
	if filepath.Join(root, fetch.Bin) != s.bin {
		return hidden
	}
	sum, err := os.ReadFile(filepath.Join(root, fetch.Marker))
	if err != nil || len(sum) < 16 {
		return hidden.Because(err)
	}
	if err := s.owner.admit(s.cfg.Home); err != nil {
		return err
	}
	parent := s.cfg.Home
	if !s.owner.passable(parent) {
		parent = "/var/tmp"
	}
	to := filepath.Join(parent, "advisor-postgres-"+string(sum[:16]))
	if err := copyOnce(root, to); err != nil {
		return err
	}
	s.bin = filepath.Join(to, fetch.Bin)
	return nil
}

// copyOnce copies a tree unless a whole copy of ours is already there.
func copyOnce(from, to string) error {
	if info, err := os.Lstat(to); err == nil {
		if info.IsDir() && ownedByRoot(info) {
			return nil
		}
		return problem.New(problem.Refused, "pg-bin", "准备数据库程序", to+" 不是本程序建立的", "请删除它后重试")
	}
	tmp, err := os.MkdirTemp(filepath.Dir(to), ".advisor-postgres-")
	if err != nil {
		return fmt.Errorf("copy runtime: %w", err)
	}
	defer os.RemoveAll(tmp)
	if err := os.CopyFS(filepath.Join(tmp, "x"), os.DirFS(from)); err != nil {
		return fmt.Errorf("copy runtime: %w", err)
	}
	err = filepath.WalkDir(tmp, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		mode := fs.FileMode(0o644) // whatever the umask made of it
		if info, err := d.Info(); err == nil && (d.IsDir() || info.Mode()&0o100 != 0) {
			mode = 0o755
		}
		return os.Chmod(path, mode)
	})
	if err != nil {
		return fmt.Errorf("copy runtime: %w", err)
	}
	if err := os.Rename(filepath.Join(tmp, "x"), to); err != nil {
		return fmt.Errorf("place runtime: %w", err)
	}
	return nil
}
