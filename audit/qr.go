package audit

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
	"rsc.io/qr"
)

// qrPrefix begins the text inside a receipt's QR code.
const qrPrefix = "ADVISOR-RECEIPT:1:"

// QR is the receipt as a QR code, a PNG: the whole receipt, not a link to one,
// so that paper alone verifies, offline.
func (r Receipt) QR() ([]byte, error) {
	text, err := r.packed()
	if err != nil {
		return nil, err
	}
	// Low redundancy: the code is large already, and it is printed, not worn.
	c, err := qr.Encode(text, qr.L)
	if err != nil {
		return nil, fmt.Errorf("draw the receipt's QR code: %w", err)
	}
	c.Scale = 4
	return c.PNG(), nil
}

// packed is the receipt as short text: sequence, proof hashes raw, then leaf
// and checkpoint deflated.
func (r Receipt) packed() (string, error) {
	var b bytes.Buffer
	b.Write(binary.AppendUvarint(nil, uint64(r.Seq)))
	b.WriteByte(byte(len(r.Proof)))
	for _, h := range r.Proof {
		b.Write(h[:])
	}
	z, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		return "", err
	}
	_, err = io.WriteString(z, r.Leaf+"\x00"+r.Checkpoint)
	if err = errors.Join(err, z.Close()); err != nil {
		return "", err
	}
	return qrPrefix + base64.RawURLEncoding.EncodeToString(b.Bytes()), nil
}

// readReceipt takes a receipt's file, or the text of its QR code as a phone reads it.
func readReceipt(file []byte) (r Receipt, err error) {
	text, coded := strings.CutPrefix(strings.TrimSpace(string(file)), qrPrefix)
	if !coded {
		if err := json.Unmarshal(file, &r); err != nil || r.Format != receiptFormat {
			return r, errors.Join(err, errors.New("not a receipt"))
		}
		return r, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return r, err
	}
	b := bytes.NewReader(raw)
	seq, err := binary.ReadUvarint(b)
	n, err2 := b.ReadByte()
	if err != nil || err2 != nil {
		return r, errors.Join(err, err2)
	}
	for range n {
		var h tlog.Hash
		if _, err := io.ReadFull(b, h[:]); err != nil {
			return r, err
		}
		r.Proof = append(r.Proof, h)
	}
	// The limit keeps a few bytes from unfolding into gigabytes.
	rest, err := io.ReadAll(io.LimitReader(flate.NewReader(b), 2*maxBody))
	if err != nil {
		return r, err
	}
	leaf, checkpoint, ok := strings.Cut(string(rest), "\x00")
	if !ok || b.Len() > 0 {
		return r, errors.New("no checkpoint in the code")
	}
	r.Format, r.Seq, r.Leaf, r.Checkpoint = receiptFormat, int64(seq), leaf, checkpoint
	return r, nil
}
