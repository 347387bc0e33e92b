// Package draw is a lottery that anybody can check. Two parties seal a secret
// each; then the pool is frozen and logged; then both secrets are opened. The
// seed is a hash of the frozen pool and both secrets: who froze the pool did not
// know the other's secret, and neither party can choose the outcome. The package
// is pure; it knows nothing of reviews and needs no database to verify.
package draw

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
)

// Commit is the sealed form of a secret.
func Commit(secret string) string {
	sum := sha256.Sum256([]byte("advisor draw commitment\n" + secret))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// PoolHash is what is logged of a frozen pool: its lines in order.
func PoolHash(pool []string) string {
	body, err := json.Marshal(pool)
	if err != nil {
		panic("draw: encode strings: " + err.Error()) // strings always encode
	}
	sum := sha256.Sum256(append([]byte("advisor draw pool\n"), body...))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Seed binds pool and secrets; the secrets count in the order of their commitments.
func Seed(poolHash string, secrets []string) [32]byte {
	sorted := slices.Clone(secrets)
	slices.SortFunc(sorted, func(a, b string) int {
		return slices.Compare([]byte(Commit(a)), []byte(Commit(b)))
	})
	body, err := json.Marshal(append([]string{poolHash}, sorted...))
	if err != nil {
		panic("draw: encode strings: " + err.Error())
	}
	return sha256.Sum256(append([]byte("advisor draw seed\n"), body...))
}

// Order is a permutation of 0…n−1 drawn from the seed: Fisher–Yates over a
// stream of SHA-256, each number drawn without bias.
func Order(seed [32]byte, n int) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	s := stream{seed: seed}
	for i := n - 1; i > 0; i-- {
		j := s.below(uint64(i + 1))
		order[i], order[j] = order[j], order[i]
	}
	return order
}

type stream struct {
	seed  [32]byte
	count uint64
	rest  []byte
}

func (s *stream) next() uint64 {
	if len(s.rest) < 8 {
		var block [40]byte
		copy(block[:], s.seed[:])
		binary.BigEndian.PutUint64(block[32:], s.count)
		s.count++
		sum := sha256.Sum256(block[:])
		s.rest = sum[:]
	}
	n := binary.BigEndian.Uint64(s.rest)
	s.rest = s.rest[8:]
	return n
}

// below draws a number below n; what would favour the low ones is drawn again.
func (s *stream) below(n uint64) uint64 {
	limit := ^uint64(0) - ^uint64(0)%n
	for {
		if x := s.next(); x < limit {
			return x % n
		}
	}
}

// Check says whether secrets open commitments, one each and in any order.
func Check(commitments, secrets []string) error {
	left := slices.Clone(commitments)
	for _, secret := range secrets {
		i := slices.Index(left, Commit(secret))
		if i < 0 {
			return fmt.Errorf("no commitment is opened by one of the secrets")
		}
		left = slices.Delete(left, i, i+1)
	}
	if len(left) > 0 {
		return fmt.Errorf("%d commitments are not opened", len(left))
	}
	return nil
}
