package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"advisor/corpus"
	"advisor/intake"
)

// document finds a document of the sample by words of its title.
func (h *house) document(t *testing.T, words string) corpus.Listed {
	t.Helper()
	list, err := h.rooms.Library.Documents(t.Context(), h.admin.ID, corpus.Filter{Words: words}, corpus.Today(h.rooms.Now()))
	if err != nil || len(list) == 0 {
		t.Fatalf("want %q in the sample, got %v, %v", words, list, err)
	}
	return list[0]
}

// doubtful brings in a rule on trial that nobody has touched for twenty years.
func (h *house) doubtful(t *testing.T) {
	t.Helper()
	_, err := intake.New(h.db, h.rooms.Index, h.rooms.Now, nil).ImportText(t.Context(), h.admin, "", "old/parking.md", corpus.Header{Issuer: "云川市人民政府", Level: "规范性文件"},
		"云川市停车管理暂行办法\n2001年3月1日云川市人民政府发布\n第一条 为了规范停车，制定本办法。\n第二条 本办法自2001年4月1日起施行。")
	if err != nil {
		t.Fatal(err)
	}
}

// Everything about a document on one page, without script.
func TestDocumentPage(t *testing.T) {
	h := newHouse(t, false)
	keeper, asker := h.as("linshu"), h.as("wangmin")
	d := h.document(t, "公共数据管理办法")
	at := fmt.Sprintf("/corpus/%d", d.DocumentID)
	page := asker.get(at, http.StatusOK)
	for _, want := range []string{`id="第二十三条"`, `class="anchor" href="#`, `class="ref"`, "知悉范围", ">对照<", `class="place"`, "本单位全部登录人员"} {
		if !strings.Contains(page, want) {
			t.Errorf("want %s on the page", want)
		}
	}
	if strings.Contains(page, "登记效力核定") {
		t.Error("want no keeper's form for an asker")
	}
	old := asker.get(at+"?on=2024-01-01", http.StatusOK)
	if !strings.Contains(old, "按 2024-01-01 的效力") || strings.Contains(old, `<div class="text over">`) {
		t.Error("want the version in force on the day, not struck through")
	}
	history, err := h.rooms.Library.Versions(t.Context(), h.admin.ID, d.DocumentID, corpus.Today(h.rooms.Now()))
	if err != nil || len(history) < 2 {
		t.Fatalf("want two versions, got %v, %v", history, err)
	}
	over := asker.get(fmt.Sprintf("%s?v=%d", at, history[1].VersionID), http.StatusOK)
	if !strings.Contains(over, `<div class="text over">`) || !strings.Contains(over, "此后不得作为依据") {
		t.Error("want the repealed version struck through, with the warning")
	}
	for _, m := range regexp.MustCompile(`class="ref" href="#([^"]+)"`).FindAllStringSubmatch(page, -1) {
		anchor, err := url.PathUnescape(m[1])
		if err != nil || !strings.Contains(page, `id="`+anchor+`"`) {
			t.Errorf("want every reference to lead to a place on the page, %q leads nowhere", anchor)
		}
	}
	compared := asker.get(fmt.Sprintf("%s/compare?a=%d&b=%d", at, history[1].VersionID, history[0].VersionID), http.StatusOK)
	if !strings.Contains(compared, "<ins>") || !strings.Contains(compared, "条未变") {
		t.Errorf("want changed and unchanged provisions, got %s", compared)
	}
	asker.get(at+"/compare?a=1", http.StatusBadRequest)
	asker.get("/corpus/doubts", http.StatusForbidden)

	form := url.Values{"version": {fmt.Sprint(history[0].VersionID)}, "on": {"2026-01-01"}, "ground": {"云政发〔2025〕99号"}}
	done := keeper.post(at+"/validity", form, http.StatusOK)
	if !strings.Contains(done, "效力核定已登记") || !strings.Contains(done, "云政发〔2025〕99号") {
		t.Errorf("want the end registered with its ground, got %s", done)
	}
	if page := asker.get(at, http.StatusOK); !strings.Contains(page, "已于 2026-01-01 失效") {
		t.Error("want it over for everybody")
	}
}

// What the program is not sure of waits for the keeper, who answers on the page.
func TestDoubtsPage(t *testing.T) {
	h := newHouse(t, false)
	h.doubtful(t)
	keeper := h.as("linshu")
	page := keeper.get("/corpus/doubts", http.StatusOK)
	m := regexp.MustCompile(`name="version" value="(\d+)"><input type="hidden" name="doubt" value="([^"]+)"><input type="hidden" name="name" value="([^"]*)"`).FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("want a doubt in the sample, got %s", page)
	}
	before := strings.Count(page, `class="doubt"`)
	form := url.Values{"version": {m[1]}, "doubt": {m[2]}, "name": {m[3]}}
	form.Set("answer", "ended")
	if m[2] != corpus.DoubtRepeal {
		keeper.post("/corpus/doubts", form, http.StatusBadRequest) // no day, no ground
	}
	form.Set("answer", "stands")
	done := keeper.post("/corpus/doubts", form, http.StatusOK)
	if !strings.Contains(done, "效力核定已登记") || strings.Count(done, `class="doubt"`) != before-1 {
		t.Errorf("want one doubt less, had %d: %s", before, done)
	}
}

// The document's pages in a browser, on a desk and on a phone.
func TestDocumentInChromium(t *testing.T) {
	browser := chrome(t)
	h := newHouse(t, false)
	h.doubtful(t)
	d := h.document(t, "公共数据管理办法")
	history, err := h.rooms.Library.Versions(t.Context(), h.admin.ID, d.DocumentID, corpus.Today(h.rooms.Now()))
	if err != nil {
		t.Fatal(err)
	}
	for _, width := range []int64{1280, 390} {
		s := h.at(t, browser, "linshu", width, false)
		s.open(fmt.Sprintf("/corpus/%d?p=第二十三条#第二十三条", d.DocumentID)).see("p.hit")
		s.shot(fmt.Sprintf("document-%d", width))
		if top := s.eval(`document.querySelector('p.hit').getBoundingClientRect().top`).(float64); top < 0 || top > 700 {
			t.Errorf("want the cited article in view at %d px, it is at %v", width, top)
		}
		s.open(fmt.Sprintf("/corpus/%d?v=%d", d.DocumentID, history[1].VersionID)).see(".text.over")
		s.shot(fmt.Sprintf("document-over-%d", width))
		s.open(fmt.Sprintf("/corpus/%d/compare?a=%d&b=%d", d.DocumentID, history[1].VersionID, history[0].VersionID)).see("ins")
		s.shot(fmt.Sprintf("compare-%d", width))
		s.open("/corpus/doubts").see(".doubt")
		s.shot(fmt.Sprintf("doubts-%d", width))
	}
}
