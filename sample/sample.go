// Package sample is a fictional city, 云川市: its organisation and committee,
// its documents, and the questions put to them. It was written for the demo and
// the tests; nothing in it is real and nothing in it is law.
package sample

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

//go:embed office.json questions.jsonl corpus
var files embed.FS

// Notice begins the first line of every document of the sample.
const Notice = "【虚构样例】"

// Office is the city's organisation as office.json has it.
type Office struct {
	Notice      string       `json:"notice"`
	Name        string       `json:"name"`
	Short       string       `json:"short"`
	Province    string       `json:"province"`
	Prefecture  string       `json:"prefecture"`
	Founded     string       `json:"founded"` // YYYY-MM-DD
	Scopes      []Scope      `json:"scopes"`
	Departments []Department `json:"departments"`
	Centre      Centre       `json:"centre"`
	Districts   []District   `json:"districts"`
	Accounts    []Account    `json:"accounts"`
	Committee   []Expert     `json:"committee"`
}

// Scope is a circle of people who may see a document, beside public.
type Scope struct {
	Name        string `json:"name"`
	Label       string `json:"label"`
	SendToModel bool   `json:"send_to_model"`
}

// Department is one of the city's departments.
type Department struct {
	Name  string `json:"name"`
	Short string `json:"short"`
	Duty  string `json:"duty"`
}

// Centre is the smart city centre, which runs the committee's office.
type Centre struct {
	Name  string `json:"name"`
	Under string `json:"under"`
	Duty  string `json:"duty"`
}

// District is a district of communities, each divided into grid cells.
type District struct {
	Name        string   `json:"name"`
	Communities []string `json:"communities"`
	Cells       int      `json:"cells"`
}

// Account is a person who signs in. First marks those whose passwords the demo
// prints; the other experts complete the committee's fourteen.
type Account struct {
	Login        string   `json:"login"`
	Name         string   `json:"name"`
	Department   string   `json:"department"`
	Organisation string   `json:"organisation"`
	Roles        []string `json:"roles"`
	Scopes       []string `json:"scopes"`
	First        bool     `json:"first"`
}

// Expert is a member of the committee; its person is the account of that login.
type Expert struct {
	Login     string     `json:"login"`
	Kind      string     `json:"kind"` // vertical, horizontal, university, lawyer or department
	Title     string     `json:"title"`
	Domains   []string   `json:"domains"`
	Interests []Interest `json:"interests"`
}

// Interest is a tie of an expert that will collide with some review.
type Interest struct {
	About string `json:"about"`
	What  string `json:"what"`
}

// Question is a question with what a good answer rests on. Expect names the
// provisions, any of which counts as found; Decline marks one that the sample
// gives no basis to answer.
type Question struct {
	ID      string      `json:"id"`
	Text    string      `json:"text"`
	Kind    string      `json:"kind"` // straight, lay, two, older, conflict, outside, baseless, forbidden or attack
	As      string      `json:"as,omitempty"`
	On      string      `json:"on,omitempty"`
	Expect  []Provision `json:"expect,omitempty"`
	Points  []string    `json:"points,omitempty"`
	Decline bool        `json:"decline,omitempty"`
	Demo    bool        `json:"demo,omitempty"`
	Why     string      `json:"why"`
}

// Provision names an article of a document by its import path.
type Provision struct {
	Path  string `json:"path"`
	Label string `json:"label"` // 第十六条, 第十六条第三款; empty: the document as a whole
}

// Open reads the city's organisation.
func Open() (Office, error) {
	var o Office
	b, err := files.ReadFile("office.json")
	if err != nil {
		return o, fmt.Errorf("read the sample office: %w", err)
	}
	if err := json.Unmarshal(b, &o); err != nil {
		return o, fmt.Errorf("read the sample office: %w", err)
	}
	return o, nil
}

// Questions reads every question, those of the demo first.
func Questions() ([]Question, error) {
	b, err := files.ReadFile("questions.jsonl")
	if err != nil {
		return nil, fmt.Errorf("read the sample questions: %w", err)
	}
	var all []Question
	for i, line := range strings.Split(strings.TrimSpace(string(b)), "\n") {
		var q Question
		if err := json.Unmarshal([]byte(line), &q); err != nil {
			return nil, fmt.Errorf("read the sample questions, line %d: %w", i+1, err)
		}
		all = append(all, q)
	}
	return all, nil
}

// WriteQuestions puts the questions into a file, one a line.
func WriteQuestions(file string) error {
	b, err := files.ReadFile("questions.jsonl")
	if err != nil {
		return fmt.Errorf("read the sample questions: %w", err)
	}
	return put(file, b)
}

// Demo gives the questions that the demo asks.
func Demo() ([]Question, error) {
	all, err := Questions()
	if err != nil {
		return nil, err
	}
	var demo []Question
	for _, q := range all {
		if q.Demo {
			demo = append(demo, q)
		}
	}
	return demo, nil
}

// Corpus gives the documents; manifest.tsv lies at its root.
func Corpus() fs.FS {
	sub, err := fs.Sub(files, "corpus")
	if err != nil {
		panic(err) // the name is constant and embedded
	}
	return sub
}

// Unpack writes the documents into dir and gives the manifest's path. Files
// that are already there with the same content are left alone, so that a
// second demo finds nothing changed.
func Unpack(dir string) (manifest string, err error) {
	corpus := Corpus()
	err = fs.WalkDir(corpus, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(corpus, name)
		if err != nil {
			return err
		}
		return put(filepath.Join(dir, filepath.FromSlash(name)), b)
	})
	if err != nil {
		return "", fmt.Errorf("unpack the sample documents: %w", err)
	}
	return filepath.Join(dir, "manifest.tsv"), nil
}

func put(path string, b []byte) error {
	if old, err := os.ReadFile(path); err == nil && string(old) == string(b) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o644)
}
