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
	signer note.Signer
	public string
}

// OpenKey reads the signing key from dir and makes one there at first use.
func OpenKey(dir string) (*Key, error) {
	file := filepath.Join(dir, privateFile)
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
	return key, writePublic(dir, key.public)
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
	secret, _, err := note.GenerateKey(rand.Reader, "advisor-"+hex.EncodeToString(name))
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, privateFile+"-*") // CreateTemp makes it 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.WriteString(secret + "\n")
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	err = os.Link(tmp.Name(), filepath.Join(dir, privateFile))
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
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
