package formattest

import (
	"fmt"
	"html"
	"strings"
)

// OFD is the text as an OFD.
func (t Text) OFD() []byte { return OFD(t.Set()) }

// OFD draws lines on pages. The running head, the first line of each page,
// goes into a template, as many programs do.
func OFD(pages [][]Line) []byte {
	const ns = ` xmlns:ofd="http://www.ofdspec.org/2016"`
	parts := map[string]string{
		"OFD.xml":             `<?xml version="1.0" encoding="UTF-8"?><ofd:OFD` + ns + ` Version="1.0" DocType="OFD"><ofd:DocBody><ofd:DocInfo><ofd:DocID>1</ofd:DocID></ofd:DocInfo><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>`,
		"Doc_0/PublicRes.xml": `<ofd:Res` + ns + ` BaseLoc="Res"><ofd:Fonts><ofd:Font ID="1" FontName="仿宋"/></ofd:Fonts></ofd:Res>`,
	}
	var list strings.Builder
	for i, page := range pages {
		fmt.Fprintf(&list, `<ofd:Page ID="%d" BaseLoc="Pages/Page_%d/Content.xml"/>`, 100+i, i)
		body := page
		if len(body) > 0 {
			parts["Doc_0/Tpls/Tpl_0/Content.xml"] = ofdPage(ns, body[:1], "")
			body = body[1:]
		}
		parts[fmt.Sprintf("Doc_0/Pages/Page_%d/Content.xml", i)] = ofdPage(ns, body, `<ofd:Template TemplateID="2" ZOrder="Background"/>`)
	}
	parts["Doc_0/Document.xml"] = fmt.Sprintf(`<ofd:Document`+ns+`><ofd:CommonData><ofd:MaxUnitID>9999</ofd:MaxUnitID><ofd:PageArea><ofd:PhysicalBox>0 0 %.3f %.3f</ofd:PhysicalBox></ofd:PageArea><ofd:PublicRes>PublicRes.xml</ofd:PublicRes><ofd:TemplatePage ID="2" BaseLoc="Tpls/Tpl_0/Content.xml"/></ofd:CommonData><ofd:Pages>%s</ofd:Pages></ofd:Document>`,
		PageWidth*25.4/72, PageHeight*25.4/72, list.String())
	return Zip(parts)
}

func ofdPage(ns string, lines []Line, template string) string {
	const mm = 25.4 / 72
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?><ofd:Page` + ns + `>` + template + `<ofd:Content><ofd:Layer ID="10" Type="Body">`)
	for i, l := range lines {
		s := l.Size * mm
		w := width(l.Text) * s
		// Every other line comes scaled by a matrix, as it does from converters.
		matrix, unit := "", 1.0
		if i%2 == 1 {
			matrix, unit = fmt.Sprintf(` CTM="%.5f 0 0 %.5f 0 0"`, mm, mm), mm
		}
		fmt.Fprintf(&b, `<ofd:TextObject ID="%d" Boundary="%.3f %.3f %.3f %.3f" Font="1" Size="%.4f"%s><ofd:TextCode X="0" Y="%.4f" DeltaX="%s">%s</ofd:TextCode></ofd:TextObject>`,
			1000+i, l.X*mm, l.Y*mm, w, s, s/unit, matrix, 0.88*s/unit, steps(l.Text, s/unit), html.EscapeString(l.Text))
	}
	return b.String() + `</ofd:Layer></ofd:Content></ofd:Page>`
}

// steps writes the distances between characters, equal ones shortly.
func steps(s string, size float64) string {
	r := []rune(s)
	var parts []string
	for i := 0; i+1 < len(r); {
		j := i
		for j+1 < len(r) && (r[j] < 0x2e80) == (r[i] < 0x2e80) {
			j++
		}
		j = max(j, i+1)
		step := size
		if r[i] < 0x2e80 {
			step /= 2
		}
		if n := j - i; n > 1 {
			parts = append(parts, fmt.Sprintf("g %d %.4f", n, step))
		} else {
			parts = append(parts, fmt.Sprintf("%.4f", step))
		}
		i = j
	}
	return strings.Join(parts, " ")
}
