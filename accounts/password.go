package accounts

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"advisor/internal/problem"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// argon2id parameters: OWASP's second recommendation (19 MiB, two passes, one
// lane), about 25 ms on the machines this was written on. They travel inside
// each stored hash, so they can be raised without breaking older ones.
const (
	argonMemory = 19 * 1024
	argonTime   = 2
	argonLanes  = 1
	argonKey    = 32
	argonSalt   = 16
	hashers     = 4
)

const (
	minPassword = 10
	maxPassword = 128
)

// nobody is the hash that is checked when there is no such account or it has no
// password, so that a stranger cannot tell by the time taken. No password fits it.
var nobody = encodeHash(make([]byte, argonSalt), make([]byte, argonKey))

// checkPassword says why a password cannot be used.
func checkPassword(login, password string) error {
	n := utf8.RuneCountInString(password)
	why := ""
	switch {
	case !utf8.ValidString(password):
		why = "密码里有无法识别的字符"
	case n < minPassword:
		why = fmt.Sprintf("密码不足 %d 个字符", minPassword)
	case n > maxPassword:
		why = fmt.Sprintf("密码超过 %d 个字符", maxPassword)
	case strings.Contains(strings.ToLower(password), login) && n < len(login)+minPassword:
		why = "密码不能由登录名加少量字符组成"
	case distinct(password) < 5:
		why = "密码里不同的字符太少"
	}
	if why == "" {
		return nil
	}
	return problem.New(problem.Invalid, "weak-password", "密码未被接受", why, "请换一个较长、不易猜到的密码，例如四个互不相干的词")
}

func distinct(s string) int {
	seen := map[rune]bool{}
	for _, r := range s {
		seen[r] = true
	}
	return len(seen)
}

// hash derives what is stored for a password, waiting for its turn.
func (s *Store) hash(ctx context.Context, password string) (string, error) {
	if err := s.turn(ctx); err != nil {
		return "", err
	}
	defer s.leave()
	salt := make([]byte, argonSalt)
	rand.Read(salt)
	return encodeHash(salt, derive(password, salt, argonTime, argonMemory, argonLanes)), nil
}

// turn waits until fewer than hashers are at work; leave makes room again.
func (s *Store) turn(ctx context.Context) error {
	select {
	case s.hashing <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for password hashing: %w", ctx.Err())
	}
}

func (s *Store) leave() { <-s.hashing }

func derive(password string, salt []byte, time, memory uint32, lanes uint8) []byte {
	// The same password typed through different input methods must be the same bytes.
	return argon2.IDKey([]byte(norm.NFC.String(password)), salt, time, memory, lanes, argonKey)
}

func encodeHash(salt, key []byte) string {
	b := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonLanes,
		b.EncodeToString(salt), b.EncodeToString(key))
}

// verify reports whether the password fits the stored hash. An empty hash fits
// nothing and costs as much as a real one. The caller holds a turn.
func verify(stored, password string) (bool, error) {
	if stored == "" {
		stored = nobody
	}
	var version, memory, time uint32
	var lanes uint8
	parts := strings.Split(stored, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, errors.New("stored password hash is not argon2id")
	}
	_, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=%d", &version, &memory, &time, &lanes)
	if err != nil {
		return false, fmt.Errorf("read stored password hash: %w", err)
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false, fmt.Errorf("read stored password salt: %w", err)
	}
	key, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil {
		return false, fmt.Errorf("read stored password key: %w", err)
	}
	got := derive(password, salt, time, memory, lanes)
	return subtle.ConstantTimeCompare(got, key) == 1, nil
}

// letters are those of generated passwords: none that is mistaken for another.
const letters = "abcdefghjkmnpqrstuvwxyz23456789"

// Generate makes a random password that can be read out: five groups of four, 99 bits.
func Generate() string {
	var b strings.Builder
	for i := range 20 {
		if i > 0 && i%4 == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(letters[randomBelow(len(letters))])
	}
	return b.String()
}

// randomBelow draws evenly from [0, n), n ≤ 256.
func randomBelow(n int) int {
	var b [1]byte
	for {
		rand.Read(b[:])
		if int(b[0]) < 256-256%n {
			return int(b[0]) % n
		}
	}
}
