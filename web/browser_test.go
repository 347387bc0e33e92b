package web_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"advisor/web"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// screen is a person at a real Chromium.
type screen struct {
	h      *house
	t      *testing.T
	ctx    context.Context
	name   string
	mu     sync.Mutex
	noises []string // what the browser complained of: errors of script, refused by policy
}

// chromium finds the browser, or says why the test does not run.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatal("no Chromium: install it (Debian: apt-get install chromium fonts-noto-cjk)")
	}
	t.Skip("no Chromium: install it (Debian: apt-get install chromium fonts-noto-cjk)")
	return ""
}

// chrome starts one browser for a test; screen opens windows in it.
func chrome(t *testing.T) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium(t)), chromedp.NoSandbox,
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("force-color-profile", "srgb"), chromedp.Flag("lang", "zh-CN"))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	return ctx
}

// at opens a window of the given width for a signed-in person; "" is a stranger.
func (h *house) at(t *testing.T, browser context.Context, login string, width int64, dark bool) *screen {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 6*time.Minute)
	t.Cleanup(cancel)
	s := &screen{h: h, t: t, ctx: ctx, name: login}
	s.run()
	err := chromedp.Listen(ctx, func(ev any) {
		switch ev := ev.(type) {
		case *runtime.EventExceptionThrown:
			s.noise(ev.ExceptionDetails.Text + fmt.Sprintf(" %+v", ev.ExceptionDetails.Exception))
		case *log.EventEntryAdded:
			if ev.Entry.Level == log.EntryLevelError && ev.Entry.Source != log.EntrySourceNetwork {
				s.noise(ev.Entry.Text)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	height := int64(800)
	if width < 500 {
		height = 844
	}
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	call(s, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 1, Mobile: width < 500})
	call(s, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	if login != "" {
		token, err := h.accounts.StartSession(t.Context(), h.people[login].ID)
		if err != nil {
			t.Fatal(err)
		}
		call(s, network.SetCookie, network.SetCookieParams{Name: "advisor_session", Value: token, URL: h.server.URL})
	}
	t.Cleanup(func() {
		for _, n := range s.noises {
			t.Errorf("%s at %d px: the browser complains: %s", login, width, n)
		}
	})
	return s
}

// call gives the browser one command of its protocol.
func call[P, R any](s *screen, cmd cdp.Command[P, R], params P) {
	s.t.Helper()
	if _, err := chromedp.Call(s.ctx, cmd, params); err != nil {
		s.t.Fatalf("%s: %v", s.name, err)
	}
}

func (s *screen) noise(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.noises = append(s.noises, what)
}

func (s *screen) run(actions ...chromedp.Action[chromedp.Void]) *screen {
	s.t.Helper()
	if err := chromedp.Do(s.ctx, actions...); err != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), 5*time.Second)
		defer cancel()
		html, _ := chromedp.Run(ctx, chromedp.InnerHTML(chromedp.CSS("body")))
		s.t.Fatalf("%s: %v\n%s", s.name, err, html)
	}
	return s
}

func (s *screen) open(path string) *screen {
	s.t.Helper()
	s.run(chromedp.Navigate(s.h.server.URL+path), chromedp.WaitReady(chromedp.CSS("main")))
	return s
}

func (s *screen) see(selector string) *screen {
	s.t.Helper()
	s.run(chromedp.WaitVisible(chromedp.CSS(selector)))
	return s
}

func (s *screen) click(selector string) *screen {
	s.t.Helper()
	s.run(chromedp.Click(chromedp.CSS(selector)))
	return s
}

func (s *screen) keys(keys string) *screen {
	s.t.Helper()
	for _, k := range keys {
		s.run(chromedp.KeyEvent(string(k)))
	}
	return s
}

func (s *screen) text(selector string) string {
	s.t.Helper()
	text, err := chromedp.Run(s.ctx, chromedp.Text(chromedp.CSS(selector)))
	if err != nil {
		s.t.Fatalf("%s: %v", s.name, err)
	}
	return text
}

func (s *screen) eval(js string) any {
	s.t.Helper()
	value, err := chromedp.Run(s.ctx, chromedp.Evaluate[any](js))
	if err != nil {
		s.t.Fatalf("%s: %s: %v", s.name, js, err)
	}
	return value
}

// typing is SendKeys by selector.
func typing(selector, text string) chromedp.Action[chromedp.Void] {
	return chromedp.SendKeys(chromedp.CSS(selector), text)
}

// shot keeps a picture where ADVISOR_SHOTS says, for people to look at, and
// checks what a picture would show: nothing wider than the window.
func (s *screen) shot(name string) {
	s.t.Helper()
	if wide := s.eval(`document.documentElement.scrollWidth - document.documentElement.clientWidth`); wide != float64(0) {
		s.t.Errorf("%s: the page is %v px wider than the window", name, wide)
	}
	s.axe(name)
	dir := os.Getenv("ADVISOR_SHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(s.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		s.t.Fatal(err)
	}
}

// axe runs axe-core on the page where ADVISOR_AXE names its file; it is not
// part of the repository. Findings that are serious fail the test.
func (s *screen) axe(name string) {
	s.t.Helper()
	file := os.Getenv("ADVISOR_AXE")
	if file == "" {
		return
	}
	source, err := os.ReadFile(file)
	if err != nil {
		s.t.Fatal(err)
	}
	s.eval(string(source) + ";1")
	found, err := chromedp.Run(s.ctx, chromedp.Evaluate[[]string](`axe.run().then(r => r.passes.length < 5 ? ['axe did not run'] : r.violations.filter(v => v.impact === 'serious' || v.impact === 'critical')
		.flatMap(v => v.nodes.map(n => v.id + ' ' + n.target.join(' ') + ': ' + n.failureSummary.replace(/\s+/g, ' '))))`, chromedp.EvalAwaitPromise))
	if err != nil {
		s.t.Fatalf("axe on %s: %v", name, err)
	}
	for _, f := range found {
		s.t.Errorf("%s: %s", name, f)
	}
}

// The same story in a real browser, by mouse and keyboard, on a desk and on a phone.
func TestStoryInChromium(t *testing.T) {
	browser := chrome(t)
	for _, width := range []int64{1280, 390} {
		t.Run(fmt.Sprint(width), func(t *testing.T) { story(t, browser, width) })
	}
}

func story(t *testing.T, browser context.Context, width int64) {
	h := newHouse(t, false)
	shot := func(s *screen, name string) { t.Helper(); s.shot(fmt.Sprintf("%d-%s", width, name)) }

	stranger := h.at(t, browser, "", width, false).open("/chat").see("#login")
	shot(stranger, "01-login")
	stranger.run(typing("#login", "wangmin"), typing("#password", "wrong"), chromedp.Submit(chromedp.CSS("#password")))
	stranger.see("#problem")
	if v := stranger.eval(`document.getElementById('login').value`); v != "wangmin" {
		t.Errorf("want the typed login kept, got %v", v)
	}
	stranger.run(typing("#password", secret), chromedp.Submit(chromedp.CSS("#password")))
	asker := stranger.see("#question")
	shot(asker, "02-chat-empty")

	asker.run(typing("#question", question), chromedp.KeyEvent("\r"))
	asker.see("#turns .draft")
	shot(asker, "03-chat-answer")
	asker.click(".card-cite a[data-source]").see("#source #cited mark")
	shot(asker, "04-chat-source")
	asker.run(chromedp.KeyEvent("\x1b"), chromedp.WaitNotVisible(chromedp.CSS("#source")))
	asker.click(".acts .primary").see(".way .now").open("/reviews/1").see("#standing")
	shot(asker, "05-review-asker")

	office := h.at(t, browser, "zhoujing", width, false).open("/reviews")
	shot(office, "06-reviews")
	office.keys("j").see("tr[aria-current]").keys("\r").see("#experts")
	shot(office, "07-review-route")
	office.run(typing("#experts", "liangqiwen qinzheng bairuolan")).click(".gate .primary").see(".note.ok")

	votes := map[string]*screen{}
	for _, login := range []string{"liangqiwen", "qinzheng", "bairuolan"} {
		e := h.at(t, browser, login, width, false).open("/reviews/1").see("#declare")
		if login == "liangqiwen" {
			shot(e, "08-review-declare")
		}
		e.click("#declare input[value=none]").click("#declare .primary").see("#vote")
		votes[login] = e
	}
	shot(votes["qinzheng"], "09-review-vote")
	if width > 1000 {
		votes["qinzheng"].keys("5s").see(".note.ok") // +2, then submit, by keyboard
	} else {
		votes["qinzheng"].click("#overall .scores label:last-child").click(".foot .primary").see(".note.ok")
	}
	shot(votes["qinzheng"], "10-review-voted")

	editor := votes["liangqiwen"].keys("e").see("#edit")
	shot(editor, "11-review-edit")
	editor.run(chromedp.SetValue(chromedp.CSS("#conclusion"), "应当在五个工作日内答复；逾期不答复的，由市大数据中心督办，不视为同意。"), typing("#reason", "结论写明期限和逾期的后果"))
	editor.click("#edit .primary").see("#diff ins")
	shot(editor, "12-review-diff")

	for _, login := range []string{"qinzheng", "bairuolan"} {
		votes[login].open("/reviews/1").see("#vote").click("#overall .scores label:last-child").click(".foot .primary").see(".note.ok")
	}
	office.open("/reviews/1").click(".foot .primary").see(".draft.approved")
	shot(office, "13-review-approved")
	decider := h.at(t, browser, "shenliyan", width, false).open("/reviews/1").click(".foot .primary").see("dl.facts")
	shot(decider, "14-application")
	decider.keys("gl").see("table")
	shot(decider, "15-ledger")
	decider.keys("gd").see(".filters")
	shot(decider, "16-corpus")
	decider.open("/corpus?q=" + url.QueryEscape("数据共享 答复 期限")).see(".hit-item")
	shot(decider, "17-corpus-search")
	decider.click(".hit-item a").see(".text")
	shot(decider, "18-document")
	decider.keys("?").see("#keys[open]")
	shot(decider, "19-keys")
	admin := h.at(t, browser, "sunwei", width, false).open("/admin").see("table")
	shot(admin, "20-admin")
	admin.open("/admin/accounts/wangmin").see("h1")
	shot(admin, "21-person")
	asker.open("/chat/1").see(".draft.approved")
	shot(asker, "22-chat-applied")
	if !strings.Contains(asker.text(".frame"), "已采纳落实") {
		t.Error("want the applied label in the frame")
	}
	night := h.at(t, browser, "qinzheng", width, true).open("/reviews/1").see(".draft")
	shot(night, "23-dark-review")
	night.open("/corpus").see("table")
	shot(night, "24-dark-corpus")
}

func TestFirstDayInChromium(t *testing.T) {
	h := newHouse(t, true)
	s := h.at(t, chrome(t), "", 1280, false).open("/").see("#office")
	s.shot("setup")
	s.run(typing("#office", "云川市人民政府"), typing("#name", "孙巍"), typing("#login", "sunwei"),
		typing("#password", secret), typing("#again", secret), chromedp.Submit(chromedp.CSS("#again")))
	s.see(".top").open("/chat").see(".empty")
	s.shot("setup-chat")
	s.open("/corpus").see(".empty")
	h.browser().get("/setup", http.StatusOK) // closed by now: it leads to the sign-in
	if page := h.browser().get("/setup", http.StatusOK); strings.Contains(page, "首次设置") {
		t.Error("the first day is still open")
	}
}

// Long names, everything wrong at once, far too much: nothing breaks the window.
func TestGalleryInChromium(t *testing.T) {
	h := newHouse(t, true)
	h.rooms.Development = true
	pages, err := web.New(h.rooms)
	if err != nil {
		t.Fatal(err)
	}
	h.server.Config.Handler = pages.Handler()
	browser := chrome(t)
	for _, width := range []int64{1280, 390} {
		s := h.at(t, browser, "", width, width == 390)
		for _, name := range []string{"answer", "declined", "review", "corpus", "error"} {
			s.open("/gallery/" + name).shot(fmt.Sprintf("%d-gallery-%s", width, name))
		}
	}
}

func TestGalleryIsForDevelopmentOnly(t *testing.T) {
	newHouse(t, true).browser().get("/gallery/answer", http.StatusNotFound)
}
