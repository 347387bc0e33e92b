package retrieval

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// A snapshot is the index on disk: immutable shard files and one manifest that
// names them. The manifest is replaced by rename, so a reader finds the old
// snapshot or the new one. Everything is checksummed; whatever does not fit is
// thrown away and built again from the database.

const manifestName = "manifest"

// manifest is what the snapshot was made from and consists of.
type manifest struct {
	Terms  string     `json:"terms"`           // fingerprint of segmentation and field weights
	Seq    int64      `json:"seq"`             // the last change that is in it
	Words  []string   `json:"words,omitempty"` // the office's own, with which the passages were cut
	Anchor string     `json:"anchor"`          // hash of the audit leaf of that change: another database has another
	Shards []fileInfo `json:"shards"`
}

type fileInfo struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
	CRC  uint32 `json:"crc"`
	Dead bitset `json:"dead,omitempty"`
	// Vectors is the file of the shard's plane, when it has one.
	Vectors *fileInfo `json:"vectors,omitempty"`
}

// saved remembers under which file names shards and planes stand in the snapshot.
type saved struct {
	shards map[*shard]string
	planes map[*plane]string
}

func newSaved() saved { return saved{make(map[*shard]string), make(map[*plane]string)} }

// lacks counts the passages whose shard or vectors are not on disk.
func (s saved) lacks(parts []part) (n int) {
	for _, p := range parts {
		if s.shards[p.shard] == "" || p.plane != nil && s.planes[p.plane] == "" {
			n += p.n
		}
	}
	return n
}

// loadSnapshot opens the snapshot in dir. A missing one is fs.ErrNotExist, a
// damaged one errCorrupt.
func loadSnapshot(dir string) (manifest, []part, saved, error) {
	// A writer may remove files between our reading the manifest and opening
	// them; then there is a newer manifest to read.
	for try := 0; ; try++ {
		m, err := readManifest(dir)
		if err != nil {
			return manifest{}, nil, saved{}, err
		}
		parts, names, err := openParts(dir, m)
		if err == nil {
			return m, parts, names, nil
		}
		if !errors.Is(err, os.ErrNotExist) {
			return manifest{}, nil, saved{}, err
		}
		if try == 3 {
			return manifest{}, nil, saved{}, fmt.Errorf("%w: %w", errCorrupt, err)
		}
	}
}

func readManifest(dir string) (manifest, error) {
	var m manifest
	b, err := os.ReadFile(filepath.Join(dir, manifestName))
	if err != nil {
		return m, err
	}
	body, sum, ok := bytes.Cut(b, []byte("\n"))
	if !ok || string(bytes.TrimSpace(sum)) != manifestSum(body) {
		return m, fmt.Errorf("%w: manifest", errCorrupt)
	}
	if err := json.Unmarshal(body, &m); err != nil {
		return m, fmt.Errorf("%w: manifest: %w", errCorrupt, err)
	}
	return m, nil
}

func manifestSum(body []byte) string {
	return fmt.Sprintf("%08x", crc32.Checksum(body, castagnoli))
}

func openParts(dir string, m manifest) ([]part, saved, error) {
	parts, names := make([]part, 0, len(m.Shards)), newSaved()
	for _, f := range m.Shards {
		s, err := openFile(filepath.Join(dir, filepath.Base(f.Name)), f, openShard)
		if err != nil {
			return nil, saved{}, err
		}
		if len(f.Dead) > (s.n+63)/64 {
			return nil, saved{}, fmt.Errorf("%w: %s", errCorrupt, f.Name)
		}
		x := part{shard: s}
		if f.Dead != nil {
			x.dead = f.Dead
			x = x.bury(nil)
		}
		names.shards[s] = f.Name
		if f.Vectors != nil {
			if x.plane, err = openFile(filepath.Join(dir, filepath.Base(f.Vectors.Name)), *f.Vectors, openPlane); err != nil {
				return nil, saved{}, err
			}
			if x.plane.n != s.n {
				return nil, saved{}, fmt.Errorf("%w: %s", errCorrupt, f.Vectors.Name)
			}
			names.planes[x.plane] = f.Vectors.Name
		}
		parts = append(parts, x)
	}
	return parts, names, nil
}

// piece is what a file of the snapshot holds.
type piece interface{ crc() uint32 }

// openFile verifies a file and maps it. It is verified by reading, not through
// the mapping, so that only pages that searches touch count as memory.
func openFile[T piece](path string, want fileInfo, open func([]byte, func([]byte)) (T, error)) (none T, err error) {
	f, err := os.Open(path)
	if err != nil {
		return none, err
	}
	defer func() { _ = f.Close() }()
	head := make([]byte, 12)
	if st, err := f.Stat(); err != nil || st.Size() != want.Size {
		return none, fmt.Errorf("%w: %s has another size", errCorrupt, path)
	}
	if _, err := io.ReadFull(f, head); err != nil {
		return none, fmt.Errorf("%w: %s: %w", errCorrupt, path, err)
	}
	sum := crc32.New(castagnoli)
	if _, err := io.CopyBuffer(struct{ io.Writer }{sum}, struct{ io.Reader }{f}, make([]byte, 1<<18)); err != nil {
		return none, fmt.Errorf("%w: %s: %w", errCorrupt, path, err)
	}
	if sum.Sum32() != want.CRC {
		return none, fmt.Errorf("%w: %s", errCorrupt, path)
	}
	raw, err := syscall.Mmap(int(f.Fd()), 0, int(want.Size), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return none, fmt.Errorf("map %s: %w", path, err)
	}
	s, err := open(raw, func(b []byte) { _ = syscall.Munmap(b) })
	if err != nil {
		_ = syscall.Munmap(raw)
		return none, err
	}
	if s.crc() != want.CRC {
		return none, fmt.Errorf("%w: %s", errCorrupt, path)
	}
	return s, nil
}

// errBusy says that another process keeps the snapshot or has a newer one.
var errBusy = errors.New("another process keeps the snapshot")

// saveSnapshot writes the shards that are not on disk yet, then the manifest,
// then removes what the manifest no longer names. It returns the parts with
// shards mapped from their files instead of held in memory.
func saveSnapshot(dir string, m manifest, parts []part, names saved) ([]part, saved, error) {
	unlock, err := lock(dir)
	if err != nil {
		return nil, saved{}, err
	}
	defer unlock()
	if old, err := readManifest(dir); err == nil && old.Terms == m.Terms && old.Anchor != m.Anchor && old.Seq > m.Seq {
		return nil, saved{}, errBusy
	}
	m.Shards = nil
	out, kept := make([]part, 0, len(parts)), newSaved()
	for _, x := range parts {
		y, info, err := savePart(dir, x, names)
		if err != nil {
			return nil, saved{}, err
		}
		kept.shards[y.shard] = info.Name
		if y.plane != nil {
			kept.planes[y.plane] = info.Vectors.Name
		}
		m.Shards, out = append(m.Shards, info), append(out, y)
	}
	if err := writeManifest(dir, m); err != nil {
		return nil, saved{}, err
	}
	return out, kept, sweep(dir, m)
}

// savePart makes sure that a part's files are there and gives the part mapped from them.
func savePart(dir string, x part, names saved) (part, fileInfo, error) {
	info, err := saveFile(dir, x.raw, x.crc(), names.shards[x.shard], ".shard")
	if err != nil {
		return x, info, err
	}
	if names.shards[x.shard] == "" {
		if x.shard, err = openFile(filepath.Join(dir, info.Name), info, openShard); err != nil {
			return x, info, err
		}
	}
	info.Dead = x.dead
	if x.plane == nil {
		return x, info, nil
	}
	vectors, err := saveFile(dir, x.plane.raw, x.plane.crc(), names.planes[x.plane], ".plane")
	if err != nil {
		return x, info, err
	}
	if names.planes[x.plane] == "" {
		x.plane, err = openFile(filepath.Join(dir, vectors.Name), vectors, openPlane)
	}
	info.Vectors = &vectors
	return x, info, err
}

// lock takes the folder for one writer; errBusy when another has it.
func lock(dir string) (unlock func(), err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, errBusy
	}
	return func() { _ = f.Close() }, nil
}

// saveFile makes sure that a file of the snapshot is there. Files are named by
// their content, so an existing one of the right size need not be written again.
func saveFile(dir string, raw []byte, crc uint32, name, kind string) (fileInfo, error) {
	info := fileInfo{Name: name, Size: int64(len(raw)), CRC: crc}
	if name == "" {
		sum := sha256.Sum256(raw)
		info.Name = hex.EncodeToString(sum[:12]) + kind
	}
	path := filepath.Join(dir, info.Name)
	if st, err := os.Stat(path); name != "" && err == nil && st.Size() == info.Size {
		return info, nil
	}
	return info, writeFile(path, raw)
}

func writeManifest(dir string, m manifest) error {
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	body = append(body, '\n')
	body = append(body, manifestSum(body[:len(body)-1])...)
	return writeFile(filepath.Join(dir, manifestName), append(body, '\n'))
}

// writeFile replaces path: under another name first, synced, renamed, and the folder synced.
func writeFile(path string, b []byte) (err error) {
	tmp := path + ".new"
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(tmp)
		}
	}()
	if _, err = f.Write(b); err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	return err
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if e := d.Close(); err == nil {
		err = e
	}
	return err
}

// sweep removes files that the manifest does not name.
func sweep(dir string, m manifest) error {
	keep := make(map[string]bool)
	for _, f := range m.Shards {
		keep[f.Name] = true
		if f.Vectors != nil {
			keep[f.Vectors.Name] = true
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		kind := filepath.Ext(strings.TrimSuffix(e.Name(), ".new"))
		if (kind == ".shard" || kind == ".plane") && !keep[e.Name()] {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}
