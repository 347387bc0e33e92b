package docx

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

func sampleDocument() Document {
	d := Document{Title: "关于“数据共享”的建议稿 & <x>", Creator: "云川市人民政府", Header: "机器草稿", Footer: "sha256:ab", At: time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC),
		Properties: []Property{{"AIGC", `{"Label":"1"}`}}}
	d.Add(Notice, "机器草稿 · 未经专家审议")
	d.Add(Title, d.Title)
	d.Add(Body, "第一行\n第二行\x00\x0b<w:t>注入</w:t> \xff")
	d.Add(Body, "  ")
	return d
}

// Every part is well-formed, whatever the text holds, and the text is in it.
func TestBytes(t *testing.T) {
	raw, err := sampleDocument().Bytes()
	if err != nil {
		t.Fatal(err)
	}
	again, err := sampleDocument().Bytes()
	if err != nil || !bytes.Equal(raw, again) {
		t.Error("the same document gives other bytes")
	}
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	if len(z.File) != 9 || z.File[0].Name != "[Content_Types].xml" {
		t.Errorf("parts: %d, first %s", len(z.File), z.File[0].Name)
	}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text := &strings.Builder{}
		dec := xml.NewDecoder(io.TeeReader(r, text))
		for {
			if _, err := dec.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v\n%s", f.Name, err, text)
			}
		}
		if f.Name == "word/document.xml" && (!strings.Contains(text.String(), "第一行</w:t><w:br/>") || !strings.Contains(text.String(), "&lt;w:t&gt;注入")) {
			t.Errorf("text: %s", text)
		}
		if f.Name == "docProps/custom.xml" && !strings.Contains(text.String(), "AIGC") {
			t.Errorf("properties: %s", text)
		}
	}
}
