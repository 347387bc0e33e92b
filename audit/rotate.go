package audit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"advisor/internal/problem"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/note"
)

// Rotate puts a new key for the same log in the old one's place. The old public
// key stays beside it, so that every receipt and checkpoint signed with it stays
// valid; the old private key is gone. The succession it returns, signed by both
// keys, is for those who hold the old public key: it tells them that the new one
// is its rightful follower. That there was a rotation stands in the log, under
// a checkpoint of the new key.
func (w Witness) Rotate(ctx context.Context, actor int64) (succession []byte, err error) {
	old, err := w.Key.present()
	if err != nil {
		return nil, err
	}
	// All that came before is signed by the old key while it still can.
	if _, err := w.Checkpoint(ctx); err != nil && !errors.Is(err, emptyLog) {
		return nil, err
	}
	next, err := old.follow()
	if err != nil {
		return nil, fmt.Errorf("rotate the log's signing key: %w", err)
	}
	succession, err = note.Sign(&note.Note{Text: successionText(old, next)}, old.signer, next.signer)
	if err != nil {
		return nil, fmt.Errorf("sign the succession: %w", err)
	}
	file := filepath.Join(old.dir, "succession-"+keyID(next.public)+".txt")
	if err := os.WriteFile(file, succession, 0o644); err != nil {
		return nil, fmt.Errorf("write the succession: %w", err)
	}
	err = w.append(ctx, actor, Leaf{Kind: "audit.rotated", Actor: actor, Subject: "key/" + keyID(next.public),
		Data: map[string]any{"old": old.public, "new": next.public}})
	if err != nil {
		return nil, err
	}
	_, err = w.Checkpoint(ctx)
	return succession, err
}

func (w Witness) append(ctx context.Context, actor int64, leaf Leaf) error {
	return w.DB.As(ctx, actor, func(tx pgx.Tx) error {
		_, err := Append(ctx, tx, w.Now(), leaf)
		return err
	})
}

// follow makes the next key of the same origin and moves it into place: first
// the old public key is kept under a name of its own, then one rename changes keys.
func (k *Key) follow() (*Key, error) {
	if k.dir == "" {
		return nil, errors.New("this key lies in no folder")
	}
	kept := filepath.Join(k.dir, "audit-"+keyID(k.public)+".pub")
	if err := os.WriteFile(kept, []byte(k.public+"\n"), 0o644); err != nil {
		return nil, err
	}
	tmp, err := newSecret(k.dir, k.Origin())
	if err != nil {
		return nil, err
	}
	defer os.Remove(tmp)
	if err := os.Rename(tmp, filepath.Join(k.dir, privateFile)); err != nil {
		return nil, err
	}
	return OpenKey(k.dir)
}

func successionText(old, next *Key) string {
	return "advisor key succession\n" + old.public + "\n" + next.public + "\n" + time.Now().UTC().Format(time.RFC3339) + "\n"
}

// keyID is a public key's short name for files.
func keyID(public string) string {
	sum := sha256.Sum256([]byte(public))
	return hex.EncodeToString(sum[:6])
}

var badSuccession = problem.New(problem.Failed, "bad-succession", "密钥更换声明未通过核验", "格式不对，或者不是由原密钥签署的", "请向出具单位索取原件")

// Succeed follows a succession from one of keys to the key that came after it.
func Succeed(file []byte, keys []string) (next string, err error) {
	lines := strings.Split(string(file), "\n")
	if len(lines) < 4 || lines[0] != "advisor key succession" {
		return "", badSuccession
	}
	old, next := lines[1], lines[2]
	for _, k := range keys {
		if strings.TrimSpace(k) != old {
			continue
		}
		// Signed by the old key, which says who follows, and by the new one, which
		// shows that whoever announced it has it.
		known, err := verifiers([]string{old, next})
		if err != nil {
			return "", badSuccession.Because(err)
		}
		n, err := note.Open(file, known)
		if err != nil || len(n.Sigs) != 2 {
			return "", badSuccession.Because(err)
		}
		return next, nil
	}
	return "", badSuccession.Because(errors.New("no key that is trusted signed it"))
}
