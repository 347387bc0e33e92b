package localpg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"advisor/internal/problem"
)

// Roles are the four that the program takes, in the order doctor shows them.
var roles = []string{"advisor_owner", "advisor_app", "advisor_worker", "advisor_auditor"}

// settings keep the whole system small (a budget of 600 MB for program and
// database together) and every acknowledged write durable. The connections are
// for many commands at once: an idle slot costs some kilobytes.
var settings = map[string]string{
	"listen_addresses":                    "",
	"unix_socket_permissions":             "0700",
	"max_connections":                     "250",
	"shared_buffers":                      "64MB",
	"work_mem":                            "4MB",
	"maintenance_work_mem":                "64MB",
	"max_wal_size":                        "512MB",
	"wal_level":                           "minimal",
	"max_wal_senders":                     "0",
	"fsync":                               "on",
	"synchronous_commit":                  "on",
	"full_page_writes":                    "on",
	"max_worker_processes":                "4",
	"max_parallel_workers_per_gather":     "0",
	"max_logical_replication_workers":     "0",
	"autovacuum_max_workers":              "2",
	"huge_pages":                          "off",
	"jit":                                 "off",
	"timezone":                            "UTC",
	"log_timezone":                        "UTC",
	"lc_messages":                         "C",
	"log_checkpoints":                     "off",
	"log_min_messages":                    "warning",
	"log_min_error_statement":             "panic", // statements can hold what people wrote
	"log_parameter_max_length_on_error":   "0",
	"idle_in_transaction_session_timeout": "10min",
}

// major is the version of the data, or of the programs in bin when data is empty.
func (s *Server) major() (int, error) {
	out, err := exec.Command(filepath.Join(s.bin, "postgres"), "--version").Output()
	if err != nil {
		return 0, problem.New(problem.Failed, "pg-bin", "启动私有数据库", "数据库程序 "+s.bin+"/postgres 不能在本机运行", "请检查系统版本（需要 glibc 2.28 以上），或设置 ADVISOR_PG_BIN").Because(err)
	}
	words := strings.Fields(string(out)) // postgres (PostgreSQL) 18.4
	if len(words) < 3 {
		return 0, fmt.Errorf("unexpected version line %q", out)
	}
	number, _, _ := strings.Cut(words[2], ".")
	n, err := strconv.Atoi(strings.TrimRightFunc(number, func(r rune) bool { return r < '0' || r > '9' }))
	if err != nil {
		return 0, fmt.Errorf("unexpected version line %q: %w", out, err)
	}
	return n, nil
}

// prepare makes the cluster if there is none and writes its configuration.
func (s *Server) prepare(ctx context.Context) error {
	major, err := s.major()
	if err != nil {
		return err
	}
	have, err := os.ReadFile(filepath.Join(s.data(), "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		err = s.initialise(ctx, major)
		have = []byte(strconv.Itoa(major))
	}
	if err != nil {
		return err
	}
	if v := strings.TrimSpace(string(have)); v != strconv.Itoa(major) {
		return problem.New(problem.Refused, "pg-major", "打开私有数据库", fmt.Sprintf("数据由 PostgreSQL %s 建立，而现有程序是 %d，两者的数据文件不通用", v, major),
			"请用原来的程序执行 advisor backup 导出，再用现在的程序 advisor restore 导入；或用 ADVISOR_PG_BIN 指向 PostgreSQL "+v)
	}
	return s.configure(major)
}

// initialise runs initdb beside the data's place and renames the result, so
// that an interrupted one is never taken for a cluster.
func (s *Server) initialise(ctx context.Context, major int) error {
	if entries, err := os.ReadDir(s.data()); err == nil && len(entries) > 0 {
		return problem.New(problem.Refused, "pg-data", "建立私有数据库", s.data()+" 不是空的，也不是数据库", "请移走它后重试")
	}
	unfinished, _ := filepath.Glob(s.data() + ".new-*")
	for _, dir := range unfinished {
		os.RemoveAll(dir) // what a killed program's initdb still writes to goes next time
	}
	fresh, err := os.MkdirTemp(s.dir, "data.new-")
	if err != nil {
		return fmt.Errorf("make cluster folder: %w", err)
	}
	defer os.RemoveAll(fresh)
	who := s.owner
	if !who.self {
		if who, err = initAccount(); err != nil {
			return err
		}
		who.gid = s.owner.gid // by which it comes to the programs
		if err := who.own(fresh); err != nil {
			return err
		}
	}
	args := []string{"--username", Superuser, "--encoding", "UTF8", "--auth", "peer", "--no-instructions", "--locale", "C"}
	if major >= 17 { // the same on every system; older ones sort by bytes as well, but know only ASCII letters
		args = append(args, "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8")
	}
	path, file, err := s.door(fresh)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin, "initdb"), append(args, "--pgdata", path)...)
	cmd.SysProcAttr, cmd.Dir = who.attr(), "/"
	cmd.Env = environment()
	if file != nil {
		defer file.Close()
		cmd.ExtraFiles = []*os.File{file}
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return problem.New(problem.Failed, "initdb", "建立私有数据库", "initdb 失败："+lastLine(out), "请按原因处理后重试（常见：磁盘已满、目录不可写）").Because(fmt.Errorf("initdb: %w: %s", err, out))
	}
	if err := s.handOver(fresh); err != nil {
		return err
	}
	os.Remove(s.data()) // an empty folder, if anything
	if err := os.Rename(fresh, s.data()); err != nil {
		return fmt.Errorf("place cluster: %w", err)
	}
	return syncDir(s.dir)
}

// handOver gives a freshly made cluster to the server's account.
func (s *Server) handOver(dir string) error {
	if s.owner.self {
		return nil
	}
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return s.owner.own(path)
	})
}

// door gives the path by which the server's account comes to dir, which may lie
// under folders closed to it (/root, a private temporary folder): through a
// descriptor that it inherits as number 3. File is nil when dir's path serves.
func (s *Server) door(dir string) (string, *os.File, error) {
	if s.owner.self || runtime.GOOS != "linux" {
		return dir, nil, nil
	}
	f, err := os.Open(dir)
	if err != nil {
		return "", nil, fmt.Errorf("open cluster folder: %w", err)
	}
	return "/proc/self/fd/3", f, nil
}

// configure writes the three configuration files anew at each start: they
// belong to the program's version. local.conf is the administrator's.
func (s *Server) configure(major int) error {
	all := maps.Clone(settings)
	if major >= 18 {
		all["io_method"] = "sync" // no worker processes
	}
	if room, known := sharedMemory(); known && room < 256<<20 {
		all["max_parallel_maintenance_workers"] = "0" // they share memory there; containers have 64 MB
	}
	maps.Copy(all, s.cfg.Settings)
	var conf strings.Builder
	conf.WriteString("# Written by the advisor at each start. Put your own lines into local.conf beside this file.\n")
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&conf, "%s = '%s'\n", name, all[name])
	}
	if _, err := os.Stat(filepath.Join(s.data(), "local.conf")); err == nil {
		conf.WriteString("include = 'local.conf'\n")
	}
	var ident strings.Builder
	for _, name := range s.owner.names() {
		for _, role := range append([]string{Superuser}, roles...) {
			fmt.Fprintf(&ident, "advisor \"%s\" %s\n", name, role)
		}
	}
	for name, text := range map[string]string{
		"postgresql.conf": conf.String(),
		"pg_hba.conf":     "# Only the operating-system user that the data belongs to, and root.\nlocal all all peer map=advisor\n",
		"pg_ident.conf":   ident.String(),
	} {
		path := filepath.Join(s.data(), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
		if err := s.owner.own(path); err != nil {
			return err
		}
	}
	return nil
}

// sharedMemory is the room in /dev/shm.
func sharedMemory() (uint64, bool) {
	var st syscall.Statfs_t
	if runtime.GOOS != "linux" || syscall.Statfs("/dev/shm", &st) != nil {
		return 0, false
	}
	return st.Bavail * uint64(st.Bsize), true
}

// environment is ours without what would steer PostgreSQL's programs elsewhere.
func environment() []string {
	return slices.DeleteFunc(append(os.Environ(), "LC_ALL=C"), func(v string) bool {
		return strings.HasPrefix(v, "PG") || strings.HasPrefix(v, "ADVISOR_")
	})
}

func lastLine(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1]
}

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	defer f.Close()
	return f.Sync()
}

func ownedByRoot(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && st.Uid == 0 && info.Mode()&0o022 == 0
}
