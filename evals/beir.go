package evals

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"advisor/internal/problem"
)

// document and question are lines of a BEIR folder.
type document struct {
	ID    string `json:"_id"`
	Title string `json:"title"`
	Text  string `json:"text"`
}

type question struct {
	ID   string `json:"_id"`
	Text string `json:"text"`
}

// folder is a question set as read from disk.
type folder struct {
	name      string
	documents []document
	questions []question // those that the split judges, in the file's order
	judged    map[string]judged
}

// readFolder reads a BEIR folder. Its corpus is its own corpus.jsonl or, by a
// one-line file CORPUS, another folder's.
func readFolder(dir, split string) (folder, error) {
	f := folder{name: filepath.Base(filepath.Clean(dir))}
	var err error
	if f.judged, err = readJudged(filepath.Join(dir, "qrels", split+".tsv")); err != nil {
		return f, wrong(dir, err)
	}
	questions, err := readLines[question](filepath.Join(dir, "queries.jsonl"))
	if err != nil {
		return f, wrong(dir, err)
	}
	for _, q := range questions {
		if f.judged[q.ID] != nil {
			f.questions = append(f.questions, q)
		}
	}
	file, err := corpusFile(dir)
	if err != nil {
		return f, wrong(dir, err)
	}
	if f.documents, err = readLines[document](file); err != nil {
		return f, wrong(dir, err)
	}
	if len(f.documents) == 0 || len(f.questions) == 0 {
		return f, wrong(dir, errors.New("没有文件或没有问题"))
	}
	return f, nil
}

func wrong(dir string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return problem.New(problem.NotFound, "no-dataset", "读取测评集 "+dir, err.Error(),
			"测评集文件夹须有 corpus.jsonl（或 CORPUS）、queries.jsonl 和 qrels/ 下该分组的 tsv").Because(err)
	}
	return problem.New(problem.Failed, "bad-dataset", "读取测评集 "+dir, err.Error(), "请检查文件格式").Because(err)
}

func corpusFile(dir string) (string, error) {
	b, err := os.ReadFile(filepath.Join(dir, "CORPUS"))
	if errors.Is(err, fs.ErrNotExist) {
		return filepath.Join(dir, "corpus.jsonl"), nil
	}
	return filepath.Join(dir, filepath.FromSlash(strings.TrimSpace(string(b)))), err
}

// readLines reads one JSON object a line. A document may be megabytes long.
func readLines[T any](file string) ([]T, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	in := bufio.NewScanner(f)
	in.Buffer(make([]byte, 1<<16), 64<<20)
	var out []T
	for line := 1; in.Scan(); line++ {
		if len(bytes.TrimSpace(in.Bytes())) == 0 {
			continue
		}
		var v T
		if err := json.Unmarshal(in.Bytes(), &v); err != nil {
			return nil, fmt.Errorf("%s 第 %d 行：%w", filepath.Base(file), line, err)
		}
		out = append(out, v)
	}
	return out, in.Err()
}

func readJudged(file string) (map[string]judged, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	out := make(map[string]judged)
	for i, line := range strings.Split(strings.TrimRight(string(b), "\r\n"), "\n") {
		cells := strings.Split(strings.TrimRight(line, "\r"), "\t")
		if i == 0 || len(cells) == 1 && cells[0] == "" {
			continue
		}
		if len(cells) < 3 {
			return nil, fmt.Errorf("%s 第 %d 行不足三列", filepath.Base(file), i+1)
		}
		grade, err := strconv.Atoi(strings.TrimSpace(cells[2]))
		if err != nil {
			return nil, fmt.Errorf("%s 第 %d 行：%w", filepath.Base(file), i+1, err)
		}
		if out[cells[0]] == nil {
			out[cells[0]] = make(judged)
		}
		out[cells[0]][cells[1]] = grade
	}
	return out, nil
}
