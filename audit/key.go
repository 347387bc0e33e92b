package audit

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"advisor/internal/problem"

	"golang.org/x/mod/sumdb/note"
)

// The files of a key folder. Older public keys, kept so that old receipts stay
// valid, lie beside the present one as audit-*.pub.
const (
	privateFile = "audit.key"
	publicFile  = "audit.pub"
)

// Key signs checkpoints. Its name is the log's origin: the first line of every
// checkpoint, made at random once so that no two logs share it.
type Key struct {
	dir    string
	signer note.Signer
	public string
}

// OpenKey reads the signing key from dir and makes one there at first use.
func OpenKey(dir string) (*Key, error) {
	file := filepath.Join(dir, privateFile)
	if err := onlyOurs(file); err != nil {
		return nil, err
	}
	secret, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeKey(dir); err != nil {
			return nil, fmt.Errorf("make the log's signing key: %w", err)
		}
		secret, err = os.ReadFile(file)
	}
	if err != nil {
		return nil, fmt.Errorf("read the log's signing key: %w", err)
	}
	key, err := parseKey(strings.TrimSpace(string(secret)))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	key.dir = dir
	return key, writePublic(dir, key.public)
}

// onlyOurs refuses a private key that others may read: whoever has it can sign
// a rewritten log. What nobody but the account that runs the program (and root)
// may read is mode 0600.
func onlyOurs(file string) error {
	info, err := os.Stat(file)
	if err != nil {
		return nil //nolint:nilerr // not there yet: it is made, or reading says why not
	}
	if info.Mode().Perm()&0o077 != 0 {
		return problem.New(problem.Failed, "key-open", "未能使用签名密钥", fmt.Sprintf("%s 的权限是 %04o，本账号以外的人也能读取", file, info.Mode().Perm()),
			"请执行 chmod 600 "+file+"；如果可能已被他人读取，请随后执行 advisor audit rotate 更换密钥")
	}
	return nil
}

// present is the key as it now lies in its folder: another program may have
// rotated it.
func (k *Key) present() (*Key, error) {
	if k.dir == "" {
		return k, nil
	}
	return OpenKey(k.dir)
}

// Publics are the public keys whose signatures count: the present one and those
// that it followed.
func (k *Key) Publics() ([]string, error) {
	if k.dir == "" {
		return []string{k.public}, nil
	}
	return PublicKeys(k.dir)
}

// Public is the key that others verify with: origin, key id and key in one word.
func (k *Key) Public() string { return k.public }

// Origin names the log this key signs for.
func (k *Key) Origin() string { return k.signer.Name() }

// PublicKeys reads every public key kept in dir.
func PublicKeys(dir string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "audit*.pub"))
	if err != nil {
		return nil, err
	}
	var keys []string
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read a public key: %w", err)
		}
		keys = append(keys, strings.TrimSpace(string(b)))
	}
	return keys, nil
}

func parseKey(secret string) (*Key, error) {
	signer, err := note.NewSigner(secret)
	if err != nil {
		return nil, errors.New("not a signing key")
	}
	// PRIVATE+KEY+name+id+base64(algorithm byte, Ed25519 seed); the base64 part
	// may itself hold a plus sign, the parts before it cannot.
	parts := strings.SplitN(secret, "+", 5)
	raw, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	if err != nil || len(raw) != 1+ed25519.SeedSize {
		return nil, errors.New("not an Ed25519 key")
	}
	public := ed25519.NewKeyFromSeed(raw[1:]).Public().(ed25519.PublicKey)
	vkey, err := note.NewEd25519VerifierKey(signer.Name(), public)
	if err != nil {
		return nil, err
	}
	return &Key{signer: signer, public: vkey}, nil
}

// makeKey writes a new key whole under another name and links it into place,
// so that of two programs starting at once one wins and both read the same key.
func makeKey(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	name := make([]byte, 4)
	if _, err := rand.Read(name); err != nil {
		return err
	}
	tmp, err := newSecret(dir, "advisor-"+hex.EncodeToString(name))
	if err != nil {
		return err
	}
	defer os.Remove(tmp)
	err = os.Link(tmp, filepath.Join(dir, privateFile))
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

// newSecret makes a key for an origin and writes it whole to a file of its own, mode 0600.
func newSecret(dir, origin string) (file string, err error) {
	secret, _, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		return "", err
	}
	tmp, err := os.CreateTemp(dir, privateFile+"-*") // CreateTemp makes it 0600
	if err != nil {
		return "", err
	}
	_, err = tmp.WriteString(secret + "\n")
	return tmp.Name(), errors.Join(err, tmp.Sync(), tmp.Close())
}

// writePublic lays the public key beside the private one for people to copy.
func writePublic(dir, public string) error {
	file := filepath.Join(dir, publicFile)
	if old, err := os.ReadFile(file); err == nil && strings.TrimSpace(string(old)) == public {
		return nil
	}
	if err := os.WriteFile(file, []byte(public+"\n"), 0o644); err != nil {
		return fmt.Errorf("write the log's public key: %w", err)
	}
	return nil
}

// verifiers turns public keys into what note.Open wants.
func verifiers(keys []string) (note.Verifiers, error) {
	var list []note.Verifier
	for _, key := range keys {
		v, err := note.NewVerifier(strings.TrimSpace(key))
		if err != nil {
			return nil, badKey.Because(err)
		}
		list = append(list, v)
	}
	return note.VerifierList(list...), nil
}
