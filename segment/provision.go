package segment

// Ref is a place in a law or document that a text names.
type Ref struct {
	Title      string // as written, without book marks; empty when the text names none
	Article    int    // 第N条; 0 when none is named
	ArticleSub int    // 之N, 0 for none
	Paragraph  int    // 款
	Item       int    // 项
	Start, End int    // where the text says so, in bytes
}

// ParseProvision finds the places that text names, in order.
func ParseProvision(text string) []Ref { return nil }

// Numeral reads a whole number in Chinese or Arabic digits.
func Numeral(text string) (int, bool) { return 0, false }
