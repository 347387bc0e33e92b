package localpg

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"advisor/internal/problem"
)

// chooseSocket makes the socket's folder: short, because the system limits the
// path of a socket to about a hundred bytes; named after the home; closed to
// everybody but the server's account and root.
func (s *Server) chooseSocket() (string, error) {
	home, err := filepath.EvalSymlinks(s.cfg.Home)
	if err != nil {
		return "", fmt.Errorf("resolve home: %w", err)
	}
	sum := sha256.Sum256([]byte(home))
	name := fmt.Sprintf("advisor-%d-%s", s.owner.uid, hex.EncodeToString(sum[:5]))
	for _, parent := range []string{"/run", "/tmp"} { // only root may write the first
		for _, suffix := range []string{"", "-1", "-2"} {
			dir := filepath.Join(parent, name+suffix)
			if s.claim(dir) {
				return dir, nil
			}
		}
	}
	return "", problem.New(problem.Failed, "socket", "启动私有数据库", "不能在 /run 或 /tmp 建立 "+name+" 文件夹", "请检查 /tmp 是否可写，以及同名文件夹是否属于他人")
}

// claim makes dir ours, and says no when it is somebody else's or a link.
func (s *Server) claim(dir string) bool {
	if err := os.Mkdir(dir, 0o700); err == nil {
		return s.owner.own(dir) == nil
	}
	info, err := os.Lstat(dir)
	if err != nil || !info.IsDir() {
		return false
	}
	st := info.Sys().(*syscall.Stat_t)
	if int(st.Uid) != s.owner.uid && st.Uid != 0 {
		return false
	}
	// No server of this home runs, so what a killed one left is stale, even where
	// its number is taken again.
	for _, old := range []string{".s.PGSQL.5432", ".s.PGSQL.5432.lock"} {
		if err := os.Remove(filepath.Join(dir, old)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return false
		}
	}
	return os.Chmod(dir, 0o700) == nil && s.owner.own(dir) == nil
}
