package segment

import (
	"cmp"
	"encoding/binary"
	"errors"
	"math"
	"slices"
)

// lexicon is an immutable dictionary: a double array in which each word carries
// its distance (how unlikely it is, in bits). A character is followed in two
// steps, the upper and the lower half of its code, each one look at one
// eight-byte cell. (In one step it is an eighth faster and twice as large:
// sets of children that spread over 10,000 codes do not pack.)
type lexicon struct {
	runes []rune          // by code; code 0 stands for "in no word"
	codes []uint16        // by character below 0x10000
	rare  map[rune]uint16 // the characters above
	dist  []float32       // distinct distances; cells name them by place, 0 for no word
	cells []uint64        // base of children <<32 | place in dist <<16 | code that leads here
}

// entry is one word and its distance.
type entry struct {
	word []rune
	dist float32
}

const (
	lexiconMagic = "advisor lexicon 1\n"
	root         = 1 // the root's base
	half         = 6 // bits of a code's lower half
	lows         = 1 // added to a lower half, so that 0 leads nowhere
	// patience is how many free places are tried for one set of children before
	// it goes to the end: ten times as many save 3 % and take four times as long.
	patience = 3000
)

var errLexicon = errors.New("dictionary file is damaged")

// code gives the lexicon's number for a character, 0 when no word has it.
func (x *lexicon) code(r rune) uint16 {
	if uint32(r) < uint32(len(x.codes)) {
		return x.codes[r]
	}
	return x.rare[r]
}

// step follows one character from a node's base. ok is false at a dead end.
func (x *lexicon) step(base uint32, code uint16) (cell uint64, ok bool) {
	high, low := code>>half, code&(1<<half-1)+lows
	i := int(base) + int(high)
	if i >= len(x.cells) {
		return 0, false
	}
	if cell = x.cells[i]; uint16(cell) != high {
		return 0, false
	}
	if i = int(cell>>32) + int(low); i >= len(x.cells) {
		return 0, false
	}
	cell = x.cells[i]
	return cell, uint16(cell) == low
}

// branch is a node of the trie while it is built.
type branch struct {
	codes []uint16  // of the children, ascending
	kids  []*branch // beside codes
	value uint16
	base  uint32
}

// compile builds a lexicon. Of a word given twice the first counts.
func compile(words []entry) *lexicon {
	x := &lexicon{dist: []float32{0}}
	x.number(words)
	places := map[float32]uint16{}
	top := &branch{base: root}
	all := []*branch{top}
	for _, w := range words {
		at := top
		for _, r := range w.word {
			code := x.code(r)
			at = at.child(code>>half, &all).child(code&(1<<half-1)+lows, &all)
		}
		if at.value != 0 || at == top {
			continue
		}
		p, ok := places[w.dist]
		if !ok {
			p = uint16(len(x.dist))
			places[w.dist] = p
			x.dist = append(x.dist, w.dist)
		}
		at.value = p
	}
	x.place(top, all)
	return x
}

// number gives the most used characters the smallest codes, which keeps the
// array dense.
func (x *lexicon) number(words []entry) {
	count := map[rune]int{}
	for _, w := range words {
		for _, r := range w.word {
			count[r]++
		}
	}
	x.runes = append(x.runes, -1)
	for r := range count {
		x.runes = append(x.runes, r)
	}
	slices.SortFunc(x.runes[1:], func(a, b rune) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b))
	})
	x.index()
}

func (x *lexicon) index() {
	x.codes, x.rare = make([]uint16, 0x10000), map[rune]uint16{}
	for i, r := range x.runes[1:] {
		if r < 0x10000 {
			x.codes[r] = uint16(i + 1<<half)
		} else {
			x.rare[r] = uint16(i + 1<<half)
		}
	}
}

func (b *branch) child(code uint16, all *[]*branch) *branch {
	i, found := slices.BinarySearch(b.codes, code)
	if !found {
		kid := &branch{}
		b.codes, b.kids = slices.Insert(b.codes, i, code), slices.Insert(b.kids, i, kid)
		*all = append(*all, kid)
	}
	return b.kids[i]
}

// place finds a base for every node, those with most children first, and
// writes the cells.
func (x *lexicon) place(top *branch, all []*branch) {
	var s space
	s.take(top)
	slices.SortStableFunc(all, func(a, b *branch) int { return cmp.Compare(len(b.codes), len(a.codes)) })
	for _, b := range all {
		if b != top && len(b.codes) > 0 {
			s.settle(b)
		}
	}
	x.cells = make([]uint64, s.last+1)
	for _, b := range all {
		for i, c := range b.codes {
			kid := b.kids[i]
			x.cells[int(b.base)+int(c)] = uint64(kid.base)<<32 | uint64(kid.value)<<16 | uint64(c)
		}
	}
}

// space keeps which cells and bases are free while nodes are placed.
type space struct {
	used  []bool // cells
	based []bool // bases: no two nodes share one, so a cell's code tells its parent
	next  []int  // for a used cell, a later place where a free one may be
	last  int
}

func (s *space) grow(n int) {
	for len(s.used) <= n {
		s.used, s.based, s.next = append(s.used, false), append(s.based, false), append(s.next, len(s.next))
	}
}

// free gives the first free cell at or after i, shortening the way for the next time.
func (s *space) free(i int) int {
	start := i
	for {
		s.grow(i)
		if !s.used[i] {
			break
		}
		i = max(s.next[i], i+1)
	}
	for start < i {
		start, s.next[start] = max(s.next[start], start+1), i
	}
	return i
}

func (s *space) settle(b *branch) {
	first := int(b.codes[0])
	at := s.free(root + 1 + first)
	for try := 0; ; try++ {
		if try == patience {
			at = s.free(len(s.used))
		}
		if base := at - first; s.fits(base, b.codes) {
			b.base = uint32(base)
			s.take(b)
			return
		}
		at = s.free(at + 1)
	}
}

func (s *space) fits(base int, codes []uint16) bool {
	s.grow(base + int(codes[len(codes)-1]))
	if s.based[base] {
		return false
	}
	for _, c := range codes {
		if s.used[base+int(c)] {
			return false
		}
	}
	return true
}

func (s *space) take(b *branch) {
	if len(b.codes) == 0 {
		return
	}
	s.grow(int(b.base) + int(b.codes[len(b.codes)-1]))
	s.based[b.base] = true
	for _, c := range b.codes {
		s.used[int(b.base)+int(c)] = true
		s.last = max(s.last, int(b.base)+int(c))
	}
}

// bytes writes the lexicon for the file that goes into the program.
func (x *lexicon) bytes() []byte {
	out := []byte(lexiconMagic)
	for _, n := range []int{len(x.runes), len(x.dist), len(x.cells)} {
		out = binary.LittleEndian.AppendUint32(out, uint32(n))
	}
	for _, r := range x.runes {
		out = binary.LittleEndian.AppendUint32(out, uint32(r))
	}
	for _, d := range x.dist {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(d))
	}
	for _, c := range x.cells {
		out = binary.LittleEndian.AppendUint64(out, c)
	}
	return out
}

// readLexicon reads what bytes wrote.
func readLexicon(raw string) (*lexicon, error) {
	head := len(lexiconMagic) + 12
	if len(raw) < head || raw[:len(lexiconMagic)] != lexiconMagic {
		return nil, errLexicon
	}
	var n [3]int
	for i := range n {
		n[i] = int(word32(raw[len(lexiconMagic)+4*i:]))
	}
	raw = raw[head:]
	if len(raw) != 4*n[0]+4*n[1]+8*n[2] || n[0] == 0 {
		return nil, errLexicon
	}
	x := &lexicon{runes: make([]rune, n[0]), dist: make([]float32, n[1]), cells: make([]uint64, n[2])}
	for i := range x.runes {
		x.runes[i] = rune(word32(raw[4*i:]))
	}
	raw = raw[4*n[0]:]
	for i := range x.dist {
		x.dist[i] = math.Float32frombits(word32(raw[4*i:]))
	}
	raw = raw[4*n[1]:]
	for i := range x.cells {
		b := raw[8*i:][:8]
		x.cells[i] = uint64(word32(b)) | uint64(word32(b[4:]))<<32
	}
	x.index()
	return x, nil
}

func word32(s string) uint32 {
	return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
}
