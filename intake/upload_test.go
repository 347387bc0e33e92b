package intake_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/ulikunitz/xz"

	"advisor/corpus"
	"advisor/corpus/format/formattest"
	"advisor/intake"
	"advisor/internal/problem"
	"advisor/retrieval"
)

var parking = formattest.Text{Title: "云川市停车场收费办法", Lines: []string{
	"第一条　为了规范停车场收费，制定本办法。", "第二条　停车不足三十分钟的，免收停车费。", "第三条　本办法自2026年1月1日起施行。"}}

func (o *office) receive(t *testing.T, upload int64, name string, data []byte) intake.Uploaded {
	t.Helper()
	f, err := o.importer.Receive(t.Context(), o.admin, "", upload, name, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// workAll works off an upload as its jobs would, those of archives' files too.
func (o *office) workAll(t *testing.T, upload int64) intake.Upload {
	t.Helper()
	for range 6 {
		u, err := o.importer.Job(t.Context(), o.admin, upload)
		if err != nil {
			t.Fatal(err)
		}
		if u.State != "running" {
			return u
		}
		for _, f := range u.Files {
			if err := o.importer.Work(t.Context(), o.people, f.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Fatal("the upload does not come to an end")
	return intake.Upload{}
}

func stages(u intake.Upload) (all []string) {
	for _, f := range u.Files {
		all = append(all, f.Name+" "+f.Stage)
	}
	return all
}

func wantStages(t *testing.T, u intake.Upload, want ...string) {
	t.Helper()
	if got := stages(u); !slices.Equal(want, got) {
		t.Errorf("want files %q, got %q: %+v", want, got, u.Files)
	}
}

func TestUploadedFilesBecomeSearchable(t *testing.T) {
	o := newOffice(t)
	f := o.receive(t, 0, "办法.pdf", parking.PDF())
	o.receive(t, f.UploadID, "坏.pdf", []byte("%PDF-1.7 不完整"))
	u := o.workAll(t, f.UploadID)
	wantStages(t, u, "办法.pdf done", "坏.pdf failed")
	if u.State != "partly" || u.Files[0].Provisions != 3 || u.Files[0].DocumentID == 0 || !strings.Contains(u.Files[1].Reason, "损坏") {
		t.Errorf("want 3 provisions and a reason, got %+v", u)
	}
	hits, err := o.index.Search(t.Context(), o.admin, retrieval.Query{Text: "停车三十分钟收费吗", K: 1})
	if err != nil || len(hits.Hits) == 0 || !strings.Contains(hits.Hits[0].Text, "三十分钟") {
		t.Fatalf("want the provision found, got %+v, %v", hits, err)
	}
	o.originalShows(t, u.Files[0].VersionID, "三十分钟")
	again := o.receive(t, 0, "办法.pdf", parking.PDF())
	wantStages(t, o.workAll(t, again.UploadID), "办法.pdf unchanged")
}

// originalShows checks that the file is kept, and knows where words stand.
func (o *office) originalShows(t *testing.T, version int64, words string) {
	t.Helper()
	err := o.db.Read(t.Context(), o.admin.ID, func(tx pgx.Tx) error {
		v, err := corpus.VersionByID(t.Context(), tx, version)
		if err != nil {
			return err
		}
		kept, err := corpus.OriginalOf(t.Context(), tx, version)
		if err != nil {
			return err
		}
		at := strings.Index(v.Text, words)
		marked := kept.Marked(v.Text, at, at+len(words))
		if len(marked) != 1 || marked[0].Page != 1 || marked[0].Box.X1-marked[0].Box.X0 < 50 || marked[0].Box.X1-marked[0].Box.X0 > 80 {
			t.Errorf("want four characters of 16 points marked on page 1, got %+v", marked)
		}
		var file bytes.Buffer
		if err := corpus.CopyOriginal(t.Context(), tx, version, &file); err != nil {
			return err
		}
		if !bytes.Equal(file.Bytes(), parking.PDF()) {
			t.Error("want the file back byte for byte")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestArchivesAreOpenedFileByFile(t *testing.T) {
	o := newOffice(t)
	inner := formattest.Zip(map[string]string{"附/办法.md": string(parking.Markdown()), "说明.exe": "MZ"})
	var packed bytes.Buffer
	z, err := xz.NewWriter(&packed)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(z)
	for name, data := range map[string][]byte{"里.zip": inner} {
		if err := errors.Join(w.WriteHeader(&tar.Header{Name: name, Size: int64(len(data)), Mode: 0o600}), second(w.Write(data))); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	f := o.receive(t, 0, "外.tar.xz", packed.Bytes())
	u := o.workAll(t, f.UploadID)
	wantStages(t, u, "外.tar.xz opened", "里.zip opened", "办法.md done")
	if len(u.Files[1].Warnings) != 1 {
		t.Errorf("want the file that cannot be read named, got %+v", u.Files[1])
	}
}

func second(_ int, err error) error { return err }

func TestCancelAndRetry(t *testing.T) {
	o := newOffice(t)
	f := o.receive(t, 0, "办法.md", parking.Markdown())
	if err := o.importer.Cancel(t.Context(), o.admin, f.ID); err != nil {
		t.Fatal(err)
	}
	wantStages(t, o.workAll(t, f.UploadID), "办法.md cancelled")
	if err := o.importer.Cancel(t.Context(), o.admin, f.ID); code(err) != "not-running" {
		t.Errorf("want nothing to cancel, got %v", err)
	}
	if err := o.importer.Retry(t.Context(), o.admin, f.ID); err != nil {
		t.Fatal(err)
	}
	wantStages(t, o.workAll(t, f.UploadID), "办法.md done")
	if err := o.importer.Retry(t.Context(), o.admin, f.ID); code(err) != "not-failed" {
		t.Errorf("want nothing to retry, got %v", err)
	}
}

func code(err error) string {
	var p *problem.Problem
	if errors.As(err, &p) {
		return p.Code
	}
	return ""
}

func TestADeadWorkersFileIsTakenUpAgain(t *testing.T) {
	o := newOffice(t)
	f := o.receive(t, 0, "办法.md", parking.Markdown())
	set := func(age string) {
		t.Helper()
		err := o.db.Work(t.Context(), func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), `update upload_file set stage = 'reading', beat_at = now() - $2::interval where id = $1`, f.ID, age)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	set("5 seconds") // its worker lives
	if err := o.importer.Work(t.Context(), o.people, f.ID); err != nil {
		t.Fatal(err)
	}
	if u, _ := o.importer.Job(t.Context(), o.admin, f.UploadID); u.Files[0].Stage != "reading" {
		t.Errorf("want a file left to the worker that is at it, got %s", u.Files[0].Stage)
	}
	set("2 minutes")
	if err := o.importer.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantStages(t, o.workAll(t, f.UploadID), "办法.md done")
}

func TestAStoppedProgramGivesItsFileBack(t *testing.T) {
	o := newOffice(t)
	f := o.receive(t, 0, "办法.md", parking.Markdown())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_ = o.importer.Work(ctx, o.people, f.ID)
	wantStages(t, o.workAll(t, f.UploadID), "办法.md done")
}

func TestOneNameForTwoDocuments(t *testing.T) {
	o := newOffice(t)
	other := parking
	other.Title = "云川市公园管理办法"
	a := o.receive(t, 0, "通知.md", parking.Markdown())
	b := o.receive(t, a.UploadID, "通知.md", other.Markdown())
	u := o.workAll(t, a.UploadID)
	wantStages(t, u, "通知.md done", "通知.md done")
	if u.Files[0].DocumentID == u.Files[1].DocumentID || b.ID == a.ID {
		t.Errorf("want two documents, got %+v", u.Files)
	}
}

func TestFileNamesAreMadeSafe(t *testing.T) {
	o := newOffice(t)
	for name, want := range map[string]string{
		"../../etc/passwd.md": "passwd.md", `C:\文件\办法.md`: "办法.md", "办\u202e法\x00\u200b.md": "办法.md", "....md": "未命名.md",
		strings.Repeat("长", 200) + ".md": strings.Repeat("长", 59) + ".md", "CON.md": "CON.md",
	} {
		if f := o.receive(t, 0, name, parking.Markdown()); f.Name != want {
			t.Errorf("%q: want %q, got %q", name, want, f.Name)
		}
	}
	if _, err := o.importer.Receive(t.Context(), o.admin, "", 0, "程序.exe", strings.NewReader("MZ")); code(err) != "file-type" {
		t.Errorf("want an unknown type refused at once, got %v", err)
	}
}

func TestTheUploadersRightsCount(t *testing.T) {
	o := newOffice(t)
	if _, err := o.importer.Receive(t.Context(), o.admin, "nowhere", 0, "a.md", strings.NewReader("甲")); code(err) != "no-scope" {
		t.Errorf("want an unknown scope refused, got %v", err)
	}
	f := o.receive(t, 0, "办法.md", parking.Markdown())
	asker := o.admin
	asker.ID, asker.Roles = 0, nil
	if _, err := o.importer.Job(t.Context(), asker, f.UploadID); code(err) != "no-upload" {
		t.Errorf("want nothing shown to others, got %v", err)
	}
}

func TestArchivesThatLieAreRefused(t *testing.T) {
	o := newOffice(t)
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	zeros := make([]byte, 1<<20)
	for range 300 {
		if _, err := z.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	_ = z.Close()
	greedy := []byte("\xfd7zXZ\x00\x00\x04\xe6\xd6\xb4F\x02\x00!\x01\x28\x00\x00\x00")
	for name, data := range map[string][]byte{"炸弹.txt.gz": bomb.Bytes(), "坏.zip": []byte("PK\x03\x04坏"), "大.txt.xz": greedy, "空.zip": formattest.Zip(nil)} {
		f := o.receive(t, 0, name, data)
		if u := o.workAll(t, f.UploadID); u.State != "failed" || u.Files[0].Reason == "" {
			t.Errorf("%s: want it refused with a reason, got %+v", name, u)
		}
	}
}
