package intake

import (
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/ulikunitz/xz"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// entryName reads an entry's name: Chinese Windows writes GBK where it does not
// say UTF-8.
func entryName(name string, unsure bool) string {
	if unsure && !utf8.ValidString(name) {
		if plain, err := simplifiedchinese.GB18030.NewDecoder().String(name); err == nil {
			name = plain
		}
	}
	return strings.ReplaceAll(name, "\\", "/")
}

// maxDictionary is how far back an XZ may refer: the reader sets aside as much
// memory at once. The strongest setting of the usual programs takes 64 MB.
const maxDictionary = 64 << 20

var errXZ = errors.New("not a sound XZ file, or one that needs too much memory")

// openXZ opens an XZ after looking, by its index, at what every block demands.
func openXZ(r io.ReaderAt, size int64) (io.Reader, error) {
	foot := make([]byte, 12)
	if size < 32 || size%4 != 0 {
		return nil, errXZ
	}
	if _, err := r.ReadAt(foot, size-12); err != nil || string(foot[10:]) != "YZ" {
		return nil, errXZ
	}
	length := (int64(binary.LittleEndian.Uint32(foot[4:])) + 1) * 4
	if length > 1<<20 || length > size-24 {
		return nil, errXZ
	}
	index := make([]byte, length)
	if _, err := r.ReadAt(index, size-12-length); err != nil || index[0] != 0 {
		return nil, errXZ
	}
	records, n := binary.Uvarint(index[1:])
	if n <= 0 || records > 100_000 {
		return nil, errXZ
	}
	at, index := int64(12), index[1+n:]
	for range records {
		block, n := binary.Uvarint(index)
		if n <= 0 || block == 0 || block > uint64(size) {
			return nil, errXZ
		}
		_, m := binary.Uvarint(index[n:])
		if m <= 0 || !modest(r, at) {
			return nil, errXZ
		}
		index = index[n+m:]
		at += int64(block+3) / 4 * 4
	}
	if at+length+12 != size { // several streams in one file, or a false index
		return nil, errXZ
	}
	return xz.ReaderConfig{SingleStream: true}.NewReader(io.NewSectionReader(r, 0, size))
}

// modest reads the header of the block at a place: its last filter must be
// LZMA2 with a dictionary of bounded size, and be the only one.
func modest(r io.ReaderAt, at int64) bool {
	head := make([]byte, 64)
	if n, err := r.ReadAt(head, at); n < 12 || err != nil && err != io.EOF {
		return false
	}
	flags, rest := head[1], head[2:]
	if flags&3 != 0 { // more than one filter
		return false
	}
	for _, bit := range []byte{0x40, 0x80} { // sizes, when given
		if flags&bit != 0 {
			_, n := binary.Uvarint(rest)
			if n <= 0 {
				return false
			}
			rest = rest[n:]
		}
	}
	if len(rest) < 3 || rest[0] != 0x21 || rest[1] != 1 || rest[2] > 40 {
		return false
	}
	dictionary := int64(2|rest[2]&1) << (rest[2]/2 + 11)
	return dictionary <= maxDictionary
}
