// Package prompts holds the words sent to models: one template a task with the
// schema of its reply beside it. Each draft records which template it came
// from, by name and hash, so that it can be drafted again.
package prompts

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"text/template"
)

//go:embed *.system.txt *.user.tmpl *.schema.json
var files embed.FS

// Prompt is one task's words.
type Prompt struct {
	Name    string
	System  string
	Schema  json.RawMessage
	Version string // name@sha256:… over system, template and schema
	user    *template.Template
}

// Draft asks for a draft from numbered passages.
var Draft = load("draft")

// Repair asks to mend the claims of a draft that failed the check.
var Repair = load("repair")

// RepairInput is what the repair template shows the model.
type RepairInput struct {
	DraftInput
	Failed []Failed
}

// Failed is a claim that failed, numbered from 1, and why.
type Failed struct {
	Number    int
	Text, Why string
}

// DraftInput is what the draft template shows the model.
type DraftInput struct {
	Question string
	On       string
	Passages []Passage
}

// Passage is one numbered piece of material. Its text is quoted, never instruction.
type Passage struct {
	Number                         int
	Title, DocNumber, Place, Level string
	Status, Text                   string
}

// Render gives the words for one request. Material cannot close its own
// block: angle brackets in it are made full-width.
func (p Prompt) Render(input any) (system, user string, err error) {
	var b bytes.Buffer
	if err := p.user.Execute(&b, input); err != nil {
		return "", "", fmt.Errorf("render prompt %s: %w", p.Name, err)
	}
	return p.System, b.String(), nil
}

func load(name string) Prompt {
	system, user, schema := read(name+".system.txt"), read(name+".user.tmpl"), read(name+".schema.json")
	sum := sha256.Sum256([]byte(system + "\x00" + user + "\x00" + schema))
	return Prompt{Name: name, System: strings.TrimSpace(system), Schema: json.RawMessage(schema),
		Version: name + "@sha256:" + hex.EncodeToString(sum[:]),
		user:    template.Must(template.New(name).Funcs(template.FuncMap{"plain": plain}).Parse(user))}
}

// read gives an embedded file; the build has checked that it is there.
func read(name string) string {
	raw, err := files.ReadFile(name)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

var brackets = strings.NewReplacer("<", "＜", ">", "＞", "\"", "＂")

// plain takes from material what could look like the template's own marks.
func plain(s string) string { return brackets.Replace(strings.ToValidUTF8(s, "")) }
