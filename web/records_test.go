package web_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/chromedp"

	"advisor/corpus/format/formattest"
	"advisor/intake"
)

var parking = formattest.Text{Title: "云川市停车场收费办法", Lines: []string{
	"第一条　为了规范停车场收费，制定本办法。", "第二条　停车不足三十分钟的，免收停车费。", "第三条　本办法自2026年1月1日起施行。"}}

// upload sends files as a browser without script does.
func (b *browser) upload(path, accept string, files map[string][]byte, want int) string {
	b.h.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	if err := form.WriteField("scope", "public"); err != nil {
		b.h.t.Fatal(err)
	}
	for name, data := range files {
		part, err := form.CreateFormFile("file", name)
		if err == nil {
			_, err = part.Write(data)
		}
		if err != nil {
			b.h.t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		b.h.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(b.h.t.Context(), "POST", b.h.server.URL+path, &body)
	if err != nil {
		b.h.t.Fatal(err)
	}
	req.Header.Set("Content-Type", form.FormDataContentType())
	req.Header.Set("Origin", b.h.server.URL)
	req.Header.Set("Accept", accept)
	resp, err := b.client.Do(req)
	if err != nil {
		b.h.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != want {
		b.h.t.Fatalf("%s: want status %d, got %d, %v\n%s", path, want, resp.StatusCode, err, answer)
	}
	return string(answer)
}

// work takes every waiting file in, as the jobs of serve do.
func (h *house) work() []intake.Uploaded {
	h.t.Helper()
	all, err := h.rooms.Importer.Recent(h.t.Context(), h.people["linshu"], 20)
	if err != nil {
		h.t.Fatal(err)
	}
	var files []intake.Uploaded
	for _, u := range all {
		for _, f := range u.Files {
			if err := h.rooms.Importer.Work(h.t.Context(), h.accounts, f.ID); err != nil {
				h.t.Fatal(err)
			}
		}
		again, err := h.rooms.Importer.Job(h.t.Context(), h.people["linshu"], u.ID)
		if err != nil {
			h.t.Fatal(err)
		}
		files = append(files, again.Files...)
	}
	return files
}

func TestRecordsDeskWithoutScript(t *testing.T) {
	h := newHouse(t, false)
	keeper := h.as("linshu")
	page := keeper.upload("/corpus/records", "text/html", map[string][]byte{"办法.pdf": parking.PDF(), "程序.exe": []byte("MZ")}, http.StatusOK)
	for _, want := range []string{"办法.pdf", "排队", "程序.exe：还不能读取这种类型的文件"} {
		if !strings.Contains(page, want) {
			t.Fatalf("want %q on the page:\n%s", want, page)
		}
	}
	f := h.work()[0]
	if page = keeper.get("/corpus/records", http.StatusOK); !strings.Contains(page, "已入库") || !strings.Contains(page, "3 条") {
		t.Errorf("want the file done with 3 articles:\n%s", page)
	}
	// Whoever may read the document sees its page, with the cited words marked.
	asker := h.as("wangmin")
	original := fmt.Sprintf("/corpus/versions/%d/", f.VersionID)
	page = asker.get(original+"original?p=第二条", http.StatusOK)
	if strings.Count(page, `class="cited"`) != 1 || !strings.Contains(page, original+"pages/1") {
		t.Errorf("want one line of page 1 marked:\n%s", page)
	}
	if png := asker.get(original+"pages/1", http.StatusOK); !strings.HasPrefix(png, "\x89PNG") || len(png) < 2000 {
		t.Errorf("want a picture of the page, got %d bytes", len(png))
	}
	if file := asker.get(original+"file", http.StatusOK); file != string(parking.PDF()) {
		t.Error("want the file back byte for byte")
	}
	asker.get(original+"pages/9", http.StatusNotFound)
	asker.get("/corpus/versions/999999/original", http.StatusNotFound)
	asker.get("/corpus/records", http.StatusForbidden)
	page = keeper.upload("/corpus/records", "text/html", nil, http.StatusBadRequest)
	if !strings.Contains(page, "没有选择文件") {
		t.Errorf("want to be told that no file was chosen:\n%s", page)
	}
}

func TestUploadByAPI(t *testing.T) {
	h := newHouse(t, false)
	keeper := h.as("linshu")
	var got struct {
		JobID string `json:"job_id"`
		Files []struct{ ID, Name, Stage string }
	}
	answer := keeper.upload("/api/v1/documents", "application/json", map[string][]byte{"办法.ofd": parking.OFD()}, http.StatusAccepted)
	if err := json.Unmarshal([]byte(answer), &got); err != nil || got.JobID == "" || len(got.Files) != 1 || got.Files[0].Stage != "waiting" {
		t.Fatalf("want a job with one waiting file, got %s, %v", answer, err)
	}
	h.work()
	var job struct {
		State string
		Files []struct {
			Stage, VersionID string `json:",omitempty"`
			Provisions       int
		}
	}
	if err := json.Unmarshal([]byte(keeper.get("/api/v1/jobs/"+got.JobID, http.StatusOK)), &job); err != nil || job.State != "done" || job.Files[0].Provisions != 3 {
		t.Errorf("want it done with 3 provisions, got %+v, %v", job, err)
	}
	h.as("wangmin").get("/api/v1/jobs/"+got.JobID, http.StatusNotFound)
	h.as("wangmin").upload("/api/v1/documents", "application/json", map[string][]byte{"a.md": []byte("甲")}, http.StatusForbidden)
}

func TestRecordsDeskInChromium(t *testing.T) {
	browser := chrome(t)
	h := newHouse(t, false)
	file := filepath.Join(t.TempDir(), "办法.ofd")
	if err := os.WriteFile(file, parking.OFD(), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, width := range []int64{1280, 390} {
		s := h.at(t, browser, "linshu", width, width == 390).open("/corpus/records")
		nodes, err := chromedp.Run(s.ctx, chromedp.Nodes(chromedp.CSS("#file")))
		if err != nil {
			t.Fatal(err)
		}
		call(s, dom.SetFileInputFiles, dom.SetFileInputFilesParams{Files: []string{file}, NodeID: nodes[0].NodeID})
		s.click("#drop button")
		waitFor(t, func() bool {
			return strings.Contains(fmt.Sprint(s.eval(`document.getElementById('batches').innerText`)), "排队")
		})
		f := h.work()[0]
		waitFor(t, func() bool {
			words := fmt.Sprint(s.eval(`document.getElementById('batches').innerText`))
			return strings.Contains(words, "已入库") && !strings.Contains(words, "排队") || strings.Contains(words, "没有变化")
		})
		s.shot(fmt.Sprintf("%d-records", width))
		s.open(fmt.Sprintf("/corpus/%d?p=第二条", f.DocumentID))
		if link := fmt.Sprint(s.eval(`document.querySelector('aside a[href*="/original"]')?.getAttribute('href')`)); !strings.HasPrefix(link, fmt.Sprintf("/corpus/versions/%d/original", f.VersionID)) {
			t.Errorf("the document leads to its original: got %q", link)
		}
		s.open(fmt.Sprintf("/corpus/versions/%d/original?p=第二条", f.VersionID)).shot(fmt.Sprintf("%d-original", width))
	}
}

func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	for until := time.Now().Add(30 * time.Second); !ok(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatal("the page does not say so in time")
		}
	}
}

func TestDictionaryPage(t *testing.T) {
	h := newHouse(t, false)
	keeper := h.as("linshu")
	page := keeper.post("/corpus/records/dictionary", url.Values{"kind": {"synonym"}, "term": {"农民工"}, "means": {"进城务工人员、务工人员"}}, http.StatusOK)
	if !strings.Contains(page, "农民工") || !strings.Contains(page, "进城务工人员、务工人员") {
		t.Errorf("want the entry on the page:\n%s", page)
	}
	page = keeper.post("/corpus/records/dictionary", url.Values{"kind": {"synonym"}, "term": {strings.Repeat("长", 200)}, "means": {"短"}}, http.StatusBadRequest)
	if !strings.Contains(page, strings.Repeat("长", 200)) {
		t.Error("want what was typed back with the refusal")
	}
	page = keeper.post("/corpus/records/dictionary/remove", url.Values{"kind": {"synonym"}, "term": {"农民工"}}, http.StatusOK)
	if strings.Contains(page, `value="农民工"`) {
		t.Error("want the entry gone")
	}
	h.as("wangmin").get("/corpus/records/dictionary", http.StatusForbidden)
}
