package format

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
)

// decode turns a text file into UTF-8: by its byte order mark, else as UTF-8
// when it is valid, else as UTF-16, GB18030 or Big5, whichever reads as Chinese.
func decode(data []byte, out *sink) (string, error) {
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		data = data[3:]
	case bytes.HasPrefix(data, []byte("\x84\x31\x95\x33")): // the mark in GB18030
		return decoded(data[4:], simplifiedchinese.GB18030, out)
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		return decoded(data, unicode.UTF16(unicode.BigEndian, unicode.UseBOM), out)
	}
	if utf8.Valid(data) {
		if bytes.IndexByte(data, 0) < 0 {
			return string(data), nil
		}
	} else if at := damaged(data); at >= 0 {
		return "", out.refuse("encoding", "文字编码（UTF-8）在第 "+strconv.Itoa(at+1)+" 个字节处损坏", "请用编辑器打开，改正后另存为 UTF-8")
	}
	if order, ok := wide(data); ok {
		return decoded(data, unicode.UTF16(order, unicode.IgnoreBOM), out)
	}
	if bytes.IndexByte(data, 0) >= 0 {
		return "", out.refuse("not-text", "文件含有空字节（NUL），不是文本", "请确认文件类型；表格和文档请保存为 XLSX 或 DOCX")
	}
	gb, gbErr := decoded(data, simplifiedchinese.GB18030, out)
	big, bigErr := decoded(data, traditionalchinese.Big5, out)
	switch {
	case gbErr != nil && bigErr != nil:
		return "", gbErr
	case gbErr != nil, bigErr == nil && common(big) > common(gb):
		return big, nil
	}
	return gb, nil
}

func decoded(data []byte, enc encoding.Encoding, out *sink) (string, error) {
	text, err := enc.NewDecoder().Bytes(data)
	if err != nil || bytes.ContainsRune(text, utf8.RuneError) || bytes.IndexByte(text, 0) >= 0 {
		return "", out.refuse("encoding", "文字编码无法识别", "请用编辑器打开，另存为 UTF-8 后再导入").Because(err)
	}
	return string(text), nil
}

// damaged finds the first bad byte of text that is UTF-8 but for a few places,
// or -1. Without it such text would pass as GB18030 and read as nonsense.
func damaged(data []byte) int {
	first, bad, good := -1, 0, 0
	for i := 0; i < len(data); {
		if data[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			if bad++; first < 0 {
				first = i
			}
		} else {
			good++
		}
		i += n
	}
	if good > 20*bad {
		return first
	}
	return -1
}

// wide recognises UTF-16 without a mark: nearly all units of a sample are
// Chinese, ASCII or line breaks in one of the two byte orders.
func wide(data []byte) (unicode.Endianness, bool) {
	if len(data) < 4 || len(data)%2 != 0 {
		return unicode.BigEndian, false
	}
	sample := data[:min(len(data), 8192)]
	little, big := 0, 0
	for i := 0; i+1 < len(sample); i += 2 {
		little += plain(rune(sample[i]) | rune(sample[i+1])<<8)
		big += plain(rune(sample[i+1]) | rune(sample[i])<<8)
	}
	need := len(sample) / 2 * 9 / 10
	if little >= big && little > need && bytes.Contains(sample, []byte{0}) {
		return unicode.LittleEndian, true
	}
	return unicode.BigEndian, big > need && bytes.Contains(sample, []byte{0})
}

func plain(r rune) int {
	if r == '\n' || r == '\r' || r == '\t' || r >= 0x20 && r < 0x7f || r >= 0x3000 && r < 0x3020 || r >= 0x4e00 && r < 0x9fa6 || r >= 0xff00 && r < 0xff60 {
		return 1
	}
	return 0
}

// common counts characters that every Chinese text is full of, to tell which of
// two decodings reads.
func common(text string) int {
	n := 0
	for _, r := range text[:min(len(text), 1<<16)] {
		if strings.ContainsRune("的一是在不了有和人中大为為上个個国國，。、；：以及应應当當规規定条條第", r) {
			n++
		}
	}
	return n
}
