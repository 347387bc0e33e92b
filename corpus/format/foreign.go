package format

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"advisor/internal/problem"
)

const perOffice = 3 * time.Minute // for LibreOffice to turn one file

// officeSlot lets one LibreOffice run at a time: it takes half a gigabyte.
var officeSlot = make(chan struct{}, 1)

// readForeign lets LibreOffice turn a DOC, WPS, RTF or the like into what is
// read here. It runs in a folder of its own, with a profile of its own, without
// network, and with limits.
func readForeign(ctx context.Context, r io.ReaderAt, size int64, ext string, out *sink) error {
	if size > maxPacked {
		return out.tooLarge(maxPacked)
	}
	office, err := lookPath("soffice", "libreoffice", "soffice.bin")
	if err != nil {
		return out.refuse("no-office", "读取 "+strings.ToUpper(ext)+" 文件需要 LibreOffice，本机没有安装",
			"请安装 libreoffice-writer、libreoffice-calc 和 libreoffice-impress，或用 Office、WPS 打开后另存为新格式（DOCX、XLSX、PPTX）再导入").Because(err)
	}
	select {
	case officeSlot <- struct{}{}:
		defer func() { <-officeSlot }()
	case <-ctx.Done():
		return ctx.Err()
	}
	turned, err := turn(ctx, office, r, size, ext)
	if err != nil {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, errSlow):
			return out.refuse("too-slow", "LibreOffice 转换超过 3 分钟仍未完成", "请用 Office 或 WPS 打开后另存为新格式再导入").Because(err)
		}
		return out.refuse("broken-file", "LibreOffice 没能打开这份文件，文件可能已损坏或加了密码", "请用 Office 或 WPS 打开，去掉密码，另存为新格式后再导入").Because(err)
	}
	return readPacked(ctx, bytes.NewReader(turned), int64(len(turned)), becomes(ext), out)
}

// becomes is the format that a foreign file is turned into.
func becomes(ext string) string {
	switch ext {
	case "xls", "et", "ods":
		return "xlsx"
	case "ppt", "pps", "dps", "odp":
		return "pptx"
	}
	return "docx"
}

func turn(ctx context.Context, office string, r io.ReaderAt, size int64, ext string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "advisor-office-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	in, err := os.OpenFile(filepath.Join(dir, "in."+ext), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = io.Copy(in, io.NewSectionReader(r, 0, size))
	if err := errors.Join(err, in.Close()); err != nil {
		return nil, err
	}
	_, err = outside{path: office, dir: dir, limit: perOffice, args: []string{"-env:UserInstallation=file://" + dir + "/profile",
		"--headless", "--norestore", "--nolockcheck", "--nodefault", "--convert-to", becomes(ext), "--outdir", dir, in.Name()}}.run(ctx)
	if err != nil {
		return nil, err
	}
	made, err := os.Open(filepath.Join(dir, "in."+becomes(ext)))
	if err != nil {
		return nil, err
	}
	defer func() { _ = made.Close() }()
	data, err := io.ReadAll(io.LimitReader(made, maxPacked+1))
	if len(data) > maxPacked {
		return nil, errors.New("turned file too large")
	}
	return data, err
}

// plainly is an error in words for people, without its advice.
func plainly(err error) string {
	var p *problem.Problem
	if errors.As(err, &p) {
		return p.Why
	}
	return "内容异常"
}
