package audit_test

import (
	"bytes"
	"image"
	_ "image/png"
	"testing"

	"advisor/audit"
	"advisor/internal/db/dbtest"

	"github.com/jackc/pgx/v5"
	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

// The code on paper is read by another's decoder and verified with the key alone.
func TestQRVerifiesOffline(t *testing.T) {
	d, key := dbtest.New(t), openKey(t)
	appendN(t, d, 300) // a proof as long as a real log's
	sign(t, d, key)
	var r audit.Receipt
	err := d.Work(t.Context(), func(tx pgx.Tx) (err error) {
		r, err = audit.NewReceipt(t.Context(), tx, 123, key.Public())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	png, err := r.QR()
	if err != nil {
		t.Fatal(err)
	}
	picture, _, err := image.Decode(bytes.NewReader(png))
	if err != nil {
		t.Fatal(err)
	}
	bitmap, err := gozxing.NewBinaryBitmapFromImage(picture)
	if err != nil {
		t.Fatal(err)
	}
	read, err := qrcode.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_PURE_BARCODE: true})
	if err != nil {
		t.Fatal(err)
	}
	p, err := audit.VerifyReceipt([]byte(read.GetText()), key.Public())
	if err != nil || p.Seq != 123 {
		t.Fatalf("want leaf 123 proved by the code, got %d, %v", p.Seq, err)
	}
	t.Logf("%d characters, %d bytes of PNG", len(read.GetText()), len(png))
	for _, broken := range []string{"ADVISOR-RECEIPT:1:", "ADVISOR-RECEIPT:1:AAAA", read.GetText()[:200], read.GetText() + "x"} {
		if p, err := audit.VerifyReceipt([]byte(broken), key.Public()); err == nil {
			t.Errorf("want a broken code refused, got %+v", p)
		}
	}
}
